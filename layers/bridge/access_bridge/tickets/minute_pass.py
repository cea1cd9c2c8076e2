"""The minute pass: what changed in Teleport that the ledger doesn't know, and which open tickets' requests are gone.

It only asks for looks; `sync` does the work. With event forwarding off the product still works, a minute later. Where
events came once and now none announces what the pass finds, it says so: the exporter may be dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.aws.queues import Message, Queue, look_message
from access_bridge.ledger.items import TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.convert import Cluster
from access_bridge.tickets.story import EXPIRY_GRACE

ASK_AGAIN_SECONDS: Final = 3600.0
MOST_ASKS: Final = 500
"""How many looks one pass asks for: it has to end within its minute, and the next one goes on. What waits in the queue
anyway, after an outage, isn't doubled by it."""
UNANNOUNCED_SECONDS: Final = 900.0
"""How long an event may come after the pass has found its request: Teleport Cloud exports in batches of five minutes,
and exporters try again."""
EVENTS_NOTED_SECONDS: Final = 300.0
"""How often it is noted that events come, at most."""
EVENTS_STOPPED: Final = timedelta(days=30)
"""After so long without any event none is expected: forwarding was switched off."""
GONE: Final = "gone"
EXPIRED: Final = "expired"


Events = tuple[datetime, datetime] | None
"""When the first and the last audit event were noted, if any ever was."""


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


def found_alone(
    listed: Iterable[AccessRequest], tickets: Mapping[str, TicketItem], now: datetime
) -> list[AccessRequest]:
    """Return the requests that the pass found, that were looked at since, and of which no event has come in time. One
    whose looks fail says nothing: its event may wait behind them."""
    return [
        request
        for request in listed
        if (ticket := tickets.get(request.id)) is not None
        and ticket.selected is not None
        and not (ticket.announced or ticket.unannounced or ticket.failure)
        and ticket.asked_at
        and now.timestamp() - ticket.asked_at >= UNANNOUNCED_SECONDS
    ]


def unannounced(requests: Iterable[AccessRequest], events: Events, now: datetime) -> list[AccessRequest]:
    """Return those of the requests that an event was to be expected of: they were made while events came. Where none
    ever came, or none for long, forwarding is off on purpose."""
    if events is None or now - events[1] > EVENTS_STOPPED:
        return []
    return [request for request in requests if request.created and request.created > events[0]]


def events_missing(request: AccessRequest, events: Events) -> bool:
    """Tell whether no event at all came since a request was made: one that is lost alone is no dead exporter."""
    noted = timedelta(seconds=EVENTS_NOTED_SECONDS)
    return events is not None and request.created is not None and events[1] + noted < request.created


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


def minute_pass(  # noqa: PLR0913 - all that it works with is handed in
    teleport: Teleport, ledger: Ledger, queue: Queue, *, now: datetime, count: Callable[[str], None], log: Logger
) -> Sequence[Ask]:
    """List the requests and ask for a look at each that moved, 500 at most; returns what was asked for.

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
    asks = [*gone, *changed(listed, tickets, now)][:MOST_ASKS]
    queue.send([_message(ask, now) for ask in asks])
    for ask in asks:
        ledger.note_asked(ask.request_id, ask.revision, now.timestamp())
    _say_unannounced(found_alone(listed, tickets, now), ledger, now, count, log)
    return asks


def _say_unannounced(
    alone: Sequence[AccessRequest], ledger: Ledger, now: datetime, count: Callable[[str], None], log: Logger
) -> None:
    """Count each once."""
    events = ledger.events_came() if alone else None
    for request in unannounced(alone, events, now):
        ledger.note_unannounced(request.id)
        count("RequestUnannounced")
        log.warning("a request was found that no event announced", extra={"request_id": request.id})
        if events_missing(request, events):
            count("EventsMissing")


def _message(ask: Ask, now: datetime) -> Message:
    return look_message(ask.request_id, f"{ask.request_id}:{ask.revision}:{now:%Y%m%d%H%M}")
