"""The minute pass: what changed in Teleport that the ledger doesn't know, and which open tickets' requests are gone.

It only asks for looks; `sync` does the work. With event forwarding off the product still works, a minute later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from access_bridge.access_request import AccessRequest
from access_bridge.aws.queues import Message, Queue, look_message
from access_bridge.ledger.items import TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.convert import Cluster
from access_bridge.tickets.story import EXPIRY_GRACE

ASK_AGAIN_SECONDS: Final = 3600.0
GONE: Final = "gone"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True)
class Ask:
    """A look to ask for: at which request, and at which revision of it (or `gone`, `expired`)."""

    request_id: str
    revision: str


def changed(listed: Iterable[AccessRequest], tickets: Mapping[str, TicketItem], now: datetime) -> list[Ask]:
    """Return the requests whose revision the ledger doesn't have; the same revision is asked for again after an
    hour."""
    asks = []
    for request in listed:
        ticket = tickets.get(request.id, TicketItem(request.id))
        if request.revision != ticket.revision and _due(ticket, request.revision, now):
            asks.append(Ask(request.id, request.revision))
    return asks


def missing(
    listed: Iterable[AccessRequest], open_tickets: Sequence[TicketItem], now: datetime
) -> tuple[list[Ask], bool]:
    """Return the open requests that the list doesn't show, and whether that is suspicious.

    A list that shows none of the open ones proves nothing (*may not see* looks like *gone*), so only those are asked
    for whose time is over. None shown is an alarm where two or more should be: those that nobody can decide any more
    don't count, for Teleport removes them.
    """
    ids = {request.id for request in listed}
    shown = [ticket for ticket in open_tickets if ticket.request_id in ids]
    asks = []
    for ticket in open_tickets:
        if ticket.request_id in ids:
            continue
        over = (
            ticket.pending_until is not None and now.timestamp() > ticket.pending_until + EXPIRY_GRACE.total_seconds()
        )
        mark = EXPIRED if over else GONE
        if (over or shown) and _due(ticket, mark, now):
            asks.append(Ask(ticket.request_id, mark))
    waiting = [
        ticket for ticket in open_tickets if ticket.pending_until is None or now.timestamp() <= ticket.pending_until
    ]
    return asks, len(waiting) > 1 and not shown


def edition_problem(mode: Mode, cluster: Cluster) -> str:
    """Return what is wrong where the rules want reviews and the cluster takes none; empty where nothing is.

    Teleport's open-source edition refuses every review; `Ping` tells by `advanced_access_workflows` (recorded).
    """
    if mode == "set_state" or cluster.advanced_access_workflows:
        return ""
    return (
        f"decisions.mode is {mode}, and the cluster {cluster.name} takes no reviews (it is of Teleport's open-source "
        "edition): no decision made in ServiceNow can be applied. Set decisions.mode to set_state in the rules file, "
        "and give the role of servicenow_decisions' bot the verb update on access_request."
    )


def _due(ticket: TicketItem, revision: str, now: datetime) -> bool:
    return ticket.asked_revision != revision or now.timestamp() - ticket.asked_at >= ASK_AGAIN_SECONDS


def minute_pass(
    teleport: Teleport, ledger: Ledger, queue: Queue, *, now: datetime, count: Callable[[str], None]
) -> Sequence[Ask]:
    """List the requests and ask for a look at each that moved; returns what was asked for.

    Raises
    ------
    Retry, BrokenConfiguration
        Teleport, the ledger or the queue can't be used; the next pass does it all again.
    """
    listed = teleport.access_requests()
    tickets = ledger.tickets([request.id for request in listed])
    gone, suspicious = missing(listed, ledger.open_tickets(), now)
    if suspicious:
        count("NoRequestSeen")
    asks = [*changed(listed, tickets, now), *gone]
    queue.send([_message(ask, now) for ask in asks])
    for ask in asks:
        ledger.note_asked(ask.request_id, ask.revision, now.timestamp())
    return asks


def _message(ask: Ask, now: datetime) -> Message:
    return look_message(ask.request_id, f"{ask.request_id}:{ask.revision}:{now:%Y%m%d%H%M}")
