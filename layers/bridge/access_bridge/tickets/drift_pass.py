"""The pass over tickets: which were changed in ServiceNow since the last one, and differ from their requests.

It only asks for looks; `sync` does the work. What our own writes changed is found too, and in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from aws_lambda_powertools import Logger

from access_bridge.ledger.items import Sweep, TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.model import Outcomes
from access_bridge.servicenow.client import MOST_ROWS, ServiceNow
from access_bridge.servicenow.paging import Page, pages
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from access_bridge.sweep import Sweeper
from access_bridge.tickets.content import display_start
from access_bridge.tickets.drift import Finding, find, known_outcome
from access_bridge.tickets.incidents import TABLE
from access_bridge.uuids import request_uuid

OVERLAP: Final = timedelta(minutes=15)
"""How much of the time before the last pass is looked at again: clocks differ, and a change shows when it is
committed."""
FIRST_LOOK: Final = timedelta(days=1)
"""How far back the first pass looks."""
ASK_AGAIN_SECONDS: Final = 3600.0

_NAME: Final = "tickets"
_FIELDS: Final = ("number", "state", "close_code", "correlation_id")


@dataclass(frozen=True, slots=True)
class Systems:
    """What the pass works with, for one invocation. `outcomes` are what the rules write on a ticket; `look` asks for
    looks at requests and their tickets; `time_left` are the invocation's seconds; `page_size` is how many tickets one
    call asks for."""

    ledger: Ledger
    servicenow: ServiceNow
    cluster: str
    outcomes: Outcomes
    look: Callable[[Sequence[str]], None]
    now: Callable[[], datetime]
    time_left: Callable[[], float]
    count: Callable[[str, int], None]
    log: Logger
    page_size: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Differing:
    """A ticket that differs from its request in a way that isn't told yet."""

    request_id: str
    number: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Found:
    """What the pass found: how many tickets were changed, which of them differ, how many the ledger doesn't know, how
    many more the instance doesn't show, and whether all were seen."""

    tickets: int = 0
    differing: tuple[Differing, ...] = ()
    unknown: int = 0
    hidden: int = 0
    finished: bool = False

    def and_then(self, found: Found) -> Found:
        """Return both together."""
        return Found(
            self.tickets + found.tickets,
            self.differing + found.differing,
            self.unknown + found.unknown,
            self.hidden + found.hidden,
        )


def drift_pass(systems: Systems, *, report: bool = False) -> Found:
    """Find the tickets that differ from their requests and ask for a look at each; with `report` only say which.

    Raises
    ------
    Retry, Refused, BrokenConfiguration
        ServiceNow, the ledger or the queue can't be used; the next pass does it all again.
    """
    return _Pass(systems, report=report).run()


class _Pass:
    def __init__(self, systems: Systems, *, report: bool) -> None:
        self._systems = systems
        self._report = report
        self._now = systems.now()

    def run(self) -> Found:
        systems = self._systems
        sweeper = Sweeper(_NAME, systems.ledger, now=self._now, time_left=systems.time_left, report=self._report)
        all_found = Found()
        for page in sweeper.pages(self._read):
            found = replace(self._look_through(page.rows), hidden=page.hidden)
            if not self._report:
                self._ask(found.differing)
                self._say(found)
            all_found = all_found.and_then(found)
        if not sweeper.finished and not self._report:
            systems.count("ReconcileUnfinished", 1)
        return replace(all_found, finished=sweeper.finished)

    def _read(self, sweep: Sweep) -> Iterator[Page]:
        systems = self._systems
        since = sweep.since - OVERLAP if sweep.since else self._now - FIRST_LOOK
        query = Query().starts_with("correlation_display", display_start(systems.cluster))
        query = query.since("sys_updated_on", since)
        return pages(systems.servicenow, TABLE, query, _FIELDS, after=sweep.after, size=systems.page_size)

    def _look_through(self, rows: Sequence[Row]) -> Found:
        """Read the ledger after ServiceNow: a write of ours that the row shows is there, or its attempt is."""
        requests = {row["sys_id"]: _request_of(row) for row in rows}
        tickets = self._systems.ledger.tickets([request_id for request_id in requests.values() if request_id])
        known = [(row, tickets[requests[row["sys_id"]]]) for row in rows if requests[row["sys_id"]] in tickets]
        ours = [(row, ticket) for row, ticket in known if ticket.sys_id == row["sys_id"]]
        being_made = sum(not ticket.sys_id for _, ticket in known)
        differing = tuple(filter(None, (self._differing(row, ticket) for row, ticket in ours)))
        return Found(len(rows), differing, len(rows) - len(ours) - being_made)

    def _differing(self, row: Row, ticket: TicketItem) -> Differing | None:
        finding = find(ticket, row, known_outcome(ticket), self._systems.outcomes)
        if finding is None or not finding.is_news(ticket):
            return None
        asked = ticket.asked_drift == finding.id
        if asked and self._now.timestamp() - ticket.asked_drift_at < ASK_AGAIN_SECONDS and not self._report:
            return None
        return Differing(ticket.request_id, row.get("number", ""), finding)

    def _ask(self, differing: Sequence[Differing]) -> None:
        """Sent first, then noted: asking twice does no harm."""
        self._systems.look(tuple(one.request_id for one in differing))
        for one in differing:
            self._systems.ledger.note_drift_asked(one.request_id, one.finding.id, self._now.timestamp())

    def _say(self, found: Found) -> None:
        systems = self._systems
        for one in found.differing:
            systems.log.info(
                "a ticket was changed in ServiceNow against its request",
                extra={"request_id": one.request_id, "ticket": one.number, "found": one.finding.drift},
            )
        if found.hidden:
            systems.log.warning(
                "ServiceNow hides our own tickets from this account",
                extra={"problem": f"{found.hidden} incidents can't be read. Give the account the right to."},
            )
        for metric, number in {
            "DriftFound": len(found.differing),
            "TicketUnknown": found.unknown,
            "BrokenConfiguration": int(found.hidden > 0),
        }.items():
            if number:
                systems.count(metric, number)


def _request_of(row: Row) -> str:
    """The access request that a ticket says it is for; empty where it is none."""
    try:
        return request_uuid(row.get("correlation_id", ""))
    except ValueError:
        return ""
