"""What a look at Teleport changes in the ledger's view of a request; plain functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.ledger.items import TicketItem
from access_bridge.rules.model import Rules
from access_bridge.tickets.story import Story


def seen(ticket: TicketItem, request: AccessRequest) -> TicketItem:
    """Return the item after Teleport has shown the request."""
    pending = request.state is RequestState.PENDING
    until = request.pending_until
    return replace(
        ticket,
        snapshot=request,
        revision=request.revision,
        asked_roles=ticket.asked_roles or (request.roles if pending else ()),
        pending_until=until.timestamp() if pending and until else ticket.pending_until,
        gone=False,
        not_seen_since=None,
    )


def not_seen(ticket: TicketItem, story: Story, now: datetime, *, proved: bool) -> TicketItem:
    """Return the item after Teleport didn't show the request: gone, since the identity first proved that it sees
    others, else only *not seen since*."""
    until = story.request.pending_until
    newly_gone = proved and not ticket.gone
    return replace(
        ticket,
        gone=ticket.gone or proved,
        not_seen_since=(None if newly_gone else ticket.not_seen_since) or now.timestamp(),
        pending_until=ticket.pending_until or (until.timestamp() if until else None),
    )


def selects(rules: Rules, story: Story, first_run: datetime) -> bool:
    """Tell whether the rules make a ticket of this request. One whose creation isn't known is judged by its first sign
    of life; roles that aren't known match no rule."""
    times = [review.created for review in story.request.reviews] + [change.time for change in story.changes]
    first_sign = min((time for time in times if time), default=None)
    made = story.request.created or first_sign
    if made and made < (rules.ignore_before or first_run):
        return False
    return rules.selects(story.asked_roles if story.known else ())
