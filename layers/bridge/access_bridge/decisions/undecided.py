"""The pass over decision rows: decisions made in ServiceNow of which nothing came, because their callback never did.

It only asks. `decide` judges such a row as it judges any other, and what came of a decision the tickets' side writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from aws_lambda_powertools import Logger
from pydantic import ValidationError

from access_bridge.decisions.evidence import TABLE
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.ledger.items import DecisionItem, Sweep
from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import MOST_ROWS, ServiceNow
from access_bridge.servicenow.paging import Page, pages
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from access_bridge.sweep import Sweeper
from access_bridge.times import parse_time

MIN_AGE_SECONDS: Final = 120.0
"""A younger row's callback may still be on its way."""
TELL_AFTER_SECONDS: Final = 600.0
"""The tickets' side has had that long to write what came of a decision into its row."""
ASK_AGAIN_SECONDS: Final = 3600.0
HORIZON: Final = timedelta(days=30)
"""How old a row may be. Teleport keeps no request that long, and a row that nobody can write isn't read for ever."""

_NAME: Final = "decisions"
_FIELDS: Final = ("ticket_table", "ticket", "request_id", "decision")
_MOST_NAMED: Final = 5


class Step(StrEnum):
    """What is to be done about a row without an outcome."""

    DECIDE = "decide"
    TELL = "tell"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Systems:
    """What the pass works with, for one invocation. `send` puts decisions on their queue, `look` asks the tickets' side
    for looks at requests; `time_left` are the invocation's seconds; `page_size` is how many rows one call asks for."""

    ledger: Ledger
    servicenow: ServiceNow
    cluster: str
    send: Callable[[Sequence[DecisionMessage]], None]
    look: Callable[[Sequence[str]], None]
    now: Callable[[], datetime]
    time_left: Callable[[], float]
    count: Callable[[str, int], None]
    log: Logger
    page_size: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Found:
    """What the pass found: how many rows have no outcome, which of them are to be decided, which have their outcome in
    the ledger and it is to be written, which (by sys_id) are no decisions, how many more the instance doesn't show, and
    whether all were seen."""

    rows: int = 0
    decide: tuple[DecisionMessage, ...] = ()
    tell: tuple[DecisionMessage, ...] = ()
    unusable: tuple[str, ...] = ()
    hidden: int = 0
    finished: bool = False

    def and_then(self, found: Found) -> Found:
        """Return both together."""
        return Found(
            self.rows + found.rows,
            self.decide + found.decide,
            self.tell + found.tell,
            self.unusable + found.unusable,
            self.hidden + found.hidden,
        )


def message_of(row: Row, cluster: str) -> DecisionMessage | None:
    """Return the message that a row's callback would have caused; None where the row is no decision for this
    cluster."""
    if row.get("cluster") != cluster:
        return None
    try:
        return DecisionMessage.model_validate(
            {
                "decision_id": row["sys_id"],
                "table": row.get("ticket_table", ""),
                "sys_id": row.get("ticket", ""),
                "request_id": row.get("request_id", ""),
                "decision": row.get("decision", ""),
            }
        )
    except ValidationError:
        return None


def next_step(item: DecisionItem, created: datetime | None, now: float) -> Step:
    """Return what is to be done about a row without an outcome.

    The same is asked for again after an hour, and then ever more rarely: after as long again as it has waited so far.

    Parameters
    ----------
    item
        What the ledger has of the decision; one that has its outcome there only has to be told.
    created
        When the row was made; None where that can't be read.
    now
        Seconds since the epoch.
    """
    step, since, first = Step.DECIDE, created.timestamp() if created else 0.0, MIN_AGE_SECONDS
    if item.outcome:
        step, since, first = Step.TELL, item.decided_at, TELL_AFTER_SECONDS
    if item.asked_at <= since or not item.asked_at:
        return step if now - since >= first else Step.WAIT
    again = max(ASK_AGAIN_SECONDS, item.asked_at - since if since else 0.0)
    return step if now - item.asked_at >= again else Step.WAIT


def undecided_pass(systems: Systems, *, report: bool = False) -> Found:
    """Find the rows without an outcome and ask for what is to be done about each; with `report` only say what.

    Raises
    ------
    Retry, Refused, BrokenConfiguration
        ServiceNow, the ledger or a queue can't be used; the next pass does it all again.
    """
    return _Pass(systems, report=report).run()


class _Pass:
    def __init__(self, systems: Systems, *, report: bool) -> None:
        self._systems = systems
        self._report = report
        self._now = systems.now()

    def run(self) -> Found:
        systems = self._systems
        query = Query().equals("cluster", systems.cluster).is_empty("outcome")
        query = query.since("sys_created_on", self._now - HORIZON)
        sweeper = Sweeper(_NAME, systems.ledger, now=self._now, time_left=systems.time_left, report=self._report)
        all_found = Found()

        def read(sweep: Sweep) -> Iterator[Page]:
            return pages(systems.servicenow, TABLE, query, _FIELDS, after=sweep.after, size=systems.page_size)

        for page in sweeper.pages(read):
            found = replace(self._look_through(page.rows), hidden=page.hidden)
            if not self._report:
                self._ask(found)
                self._say(found)
            all_found = all_found.and_then(found)
        if not sweeper.finished and not self._report:
            systems.count("ReconcileUnfinished", 1)
        return replace(all_found, finished=sweeper.finished)

    def _look_through(self, rows: Sequence[Row]) -> Found:
        cluster, now = self._systems.cluster, self._now.timestamp()
        read = [(row, message_of(row, cluster)) for row in sorted(rows, key=_order)]
        known = self._systems.ledger.decisions_of([_key(message) for _, message in read if message])
        steps: dict[Step, list[DecisionMessage]] = {step: [] for step in Step}
        for row, message in read:
            if message:
                item = known.get(_key(message)) or DecisionItem(*_key(message))
                steps[next_step(item, parse_time(row.get("sys_created_on")), now)].append(message)
        unusable = tuple(row["sys_id"] for row, message in read if message is None)
        return Found(len(read), tuple(steps[Step.DECIDE]), tuple(steps[Step.TELL]), unusable)

    def _ask(self, found: Found) -> None:
        """Sent first, then noted: asking twice does no harm."""
        systems = self._systems
        systems.send(found.decide)
        systems.look(tuple(dict.fromkeys(message.request_id for message in found.tell)))
        for message in (*found.decide, *found.tell):
            systems.ledger.note_decision_asked(*_key(message), self._now.timestamp())

    def _say(self, found: Found) -> None:
        systems = self._systems
        for message in found.decide:
            systems.log.info(
                "a decision without an outcome is decided now: its callback didn't come",
                extra={"request_id": message.request_id, "decision_id": message.decision_id},
            )
        if found.unusable:
            systems.log.info("decision rows that are no decisions", extra={"rows": found.unusable[:_MOST_NAMED]})
        if found.hidden:
            systems.log.warning(
                "ServiceNow hides decision rows from this account",
                extra={"problem": f"{found.hidden} rows of {TABLE} can't be read. Give the account the right to."},
            )
        for metric, number in {
            "DecisionFound": len(found.decide),
            "OutcomeMissing": len(found.tell),
            "DecisionRowUnusable": len(found.unusable),
            "BrokenConfiguration": int(found.hidden > 0),
        }.items():
            if number:
                systems.count(metric, number)


def _key(message: DecisionMessage) -> tuple[str, str]:
    return message.request_id, message.decision_id


def _order(row: Row) -> tuple[str, bool, str]:
    """As they were made; of two in the same second the denial comes first."""
    return row.get("sys_created_on", ""), row.get("decision") == "approved", row["sys_id"]
