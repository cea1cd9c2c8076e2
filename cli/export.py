"""What an auditor reads: the decisions of the ledger in order, each as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from access_bridge.ledger.items import DecisionItem


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on, and before `until`; None leaves that side open."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether both sides are open."""
        return self.since is None and self.until is None

    def contains(self, time: float) -> bool:
        """Tell whether a time, in seconds since the epoch, lies within."""
        return (self.since is None or time >= self.since.timestamp()) and (
            self.until is None or time < self.until.timestamp()
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The decisions of a period, oldest first, and how many were left out because the ledger has no time for them."""

    decisions: tuple[DecisionItem, ...]
    without_time: int


def select(items: Iterable[DecisionItem], period: Period) -> Selection:
    """Return the decisions of a period by when they were decided; what isn't decided yet goes by its attempt.

    A decision that has neither time comes last, and only where the period is everything.
    """
    found: list[DecisionItem] = []
    without_time = 0
    for item in items:
        time = _when(item)
        if period.is_everything or (time and period.contains(time)):
            found.append(item)
        elif not time:
            without_time += 1
    found.sort(key=lambda item: (_when(item) or float("inf"), item.request_id, item.decision_id))
    return Selection(tuple(found), without_time)


def line(item: DecisionItem) -> str:
    """Return a decision as a line of JSON in ASCII, without its end: no terminal acts on what people wrote."""
    return json.dumps(_document(item))


def _document(item: DecisionItem) -> dict[str, Any]:
    document: dict[str, Any] = {
        "request_id": item.request_id,
        "decision_id": item.decision_id,
        "kind": item.kind,
        "decision": item.decision,
        "outcome": item.outcome,
        "code": item.code,
        "sentence": item.sentence,
        "decided_by": item.decided_by,
        "servicenow_user": item.user_name,
        "servicenow_user_id": item.user_id,
        "approval": item.approval,
        "ticket": {"table": item.table, "sys_id": item.sys_id, "number": item.ticket_number},
        "teleport": {"user": item.attempt_author, "mode": item.attempt_mode, "at": _time(item.attempt_at)},
        "decided_at": _time(item.decided_at),
    }
    if item.failure:
        document |= {"attempts": item.attempts, "failure": item.failure}
    return document


def _when(item: DecisionItem) -> float:
    return item.decided_at or item.attempt_at


def _time(seconds: float) -> str | None:
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
