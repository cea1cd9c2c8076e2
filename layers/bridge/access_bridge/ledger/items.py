"""What the ledger holds, as plain values: one ticket for each request, its events, and the decisions on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from access_bridge.access_request import AccessRequest

PERSON: Final = "person"
"""`ended_by`: somebody resolved, closed or canceled the ticket before its request had ended."""
DELETED_IT: Final = "deleted"
"""`ended_by`: somebody deleted the ticket."""


class FailureKind(StrEnum):
    """What a failed attempt at a message means for whoever looks at it: wait, change what refused it, mend a setting,
    report a defect, or look why nobody could write a reason."""

    RETRY = "retry"
    REFUSED = "refused"
    CONFIGURATION = "configuration"
    DEFECT = "defect"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt at a message: the how manieth it was, why it failed, and whether it was the last one before the
    dead letters."""

    attempts: int
    reason: str
    kind: FailureKind
    last: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write to ServiceNow that was begun and whose end isn't recorded yet.

    `after` is the counter that the ticket shows if the write was applied; `facts` are what its note tells, `fields` the
    digests of the fields it sets; `at` is in seconds since the epoch.
    """

    at: float
    before: int
    after: int
    facts: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class TicketItem:
    """What the ledger knows of a request's ticket. `version` grows with each write and guards against a second
    writer. `justification` is what the ticket says about the tickets that the reason names, as it was found when the
    ticket was made; `remarks` are further findings of that moment, each told once. `opened_again` counts how often a
    person opened it again that had been ended by one. `announced` says that an audit event told of the request.

    The two passes note here what they asked for and when, in seconds since the epoch: the minute pass `asked_revision`
    at `asked_at`, and `unannounced` where it counted that no event came; the pass over tickets `asked_drift` at
    `asked_drift_at`.

    `attempts`, `failure` (the reason), `failure_kind`, `failing_since` (seconds since the epoch) and `failed` are of
    looks that failed, as long as none after them has succeeded; `failed` says that a message became a dead letter."""

    request_id: str
    version: int = 0
    selected: bool | None = None
    sys_id: str = ""
    number: str = ""
    counter: int = 0
    attempt: Attempt | None = None
    told: frozenset[str] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""
    ended_by: str = ""
    snapshot: AccessRequest | None = None
    asked_roles: tuple[str, ...] = ()
    gone: bool = False
    not_seen_since: float | None = None
    pending_until: float | None = None
    revision: str = ""
    asked_revision: str = ""
    asked_at: float = 0.0
    attempts: int = 0
    failure: str = ""
    failure_kind: str = ""
    failing_since: float = 0.0
    failed: bool = False
    justification: str = ""
    remarks: tuple[str, ...] = ()
    opened_again: int = 0
    announced: bool = False
    unannounced: bool = False
    asked_drift: str = ""
    asked_drift_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the ticket, or the attempt to make it, still waits for its end; one that a person ended waits to be
        told of its request's."""
        waits = not self.ended_by or (self.ended_by == PERSON and not self.told_of_end)
        return bool(self.selected) and not self.outcome and waits

    @property
    def told_of_end(self) -> bool:
        """Whether the ticket was told how its request ended."""
        return any(fact.startswith(("state:", "end:")) for fact in self.told)

    def tell(self, attempt: Attempt) -> TicketItem:
        """Return the item after an attempt of which it is known that ServiceNow has it."""
        return replace(
            self,
            attempt=None,
            counter=attempt.after,
            told=self.told | frozenset(attempt.facts),
            fields={**self.fields, **attempt.fields},
            outcome=attempt.outcome or self.outcome,
        )


@dataclass(frozen=True, slots=True)
class DecisionItem:
    """A decision and what became of it. `version` grows with each write by who decides, and guards against a second one
    at the same decision.

    `kind` is `human` (a click on the ticket), `approval` (a vote on a sysapproval_approver row, `approval`), or one of
    the bot's own: `on_call`, `justification`, `closed`. `decided_by` names the human as the ticket does; `user_name`
    and `user_id` are his in ServiceNow. `attempt_mode`, `attempt_author` (a Teleport user) and `attempt_at` are
    recorded before Teleport is called. `outcome` is empty until it is known, and `decided_at` is when it was; `failed`
    is no final outcome: a redelivery goes on. `asked_at` is when the pass over decision rows last asked for it. Times
    are in seconds since the epoch. What is known of failed attempts is as in TicketItem.
    """

    request_id: str
    decision_id: str
    version: int = 0
    kind: str = "human"
    table: str = ""
    sys_id: str = ""
    ticket_number: str = ""
    decision: str = ""
    decided_by: str = ""
    user_name: str = ""
    user_id: str = ""
    approval: str = ""
    attempt_mode: str = ""
    attempt_author: str = ""
    attempt_at: float = 0.0
    outcome: str = ""
    code: str = ""
    sentence: str = ""
    decided_at: float = 0.0
    attempts: int = 0
    failure: str = ""
    asked_at: float = 0.0
    failure_kind: str = ""
    failing_since: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Records:
    """All that the ledger has about one request."""

    ticket: TicketItem
    events: tuple[Mapping[str, Any], ...] = ()
    decisions: tuple[DecisionItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far a pass over one of ServiceNow's tables has come.

    `after` is the sys_id behind which it goes on, empty where it begins anew; `begun` is when the one under way began,
    and `since` when the last one that came to its end did.
    """

    after: str = ""
    begun: datetime | None = None
    since: datetime | None = None
