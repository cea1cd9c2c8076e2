"""What failed, as a person on call has to see it: dead letters, and what the ledger knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome
from access_bridge.events.audit_event import CREATE
from access_bridge.ledger.items import DecisionItem, FailureKind, TicketItem
from access_bridge.ledger.table import Ledger
from cli.dead_letters.letters import Item, Letter, Subject, subject_of

_AT_ONCE: Final = 100
_CHECKS: Final = {"oncall": "on-call check", "justification": "justification check"}
_NO_REASON: Final = "none in the ledger: a look since has succeeded, or the ledger itself could not be written"
_UNKNOWN: Final = "none in the ledger, which knows nothing of it"


@dataclass(frozen=True, slots=True)
class Found:
    """What the queue tells of a subject: how many messages there are, since when (seconds since the epoch; 0: none),
    who asked for which roles and what was decided, where they say so."""

    messages: int = 0
    sent: float = 0.0
    requester: str = ""
    roles: tuple[str, ...] = ()
    decision: str = ""

    def and_then(self, letter: Letter) -> Found:
        """Return this with one message more."""
        requester, roles = letter.asked
        decision = letter.content.decision if isinstance(letter.content, DecisionMessage) else ""
        return Found(
            self.messages + 1,
            min(self.sent or letter.sent, letter.sent),
            self.requester or requester,
            self.roles or roles,
            self.decision or decision,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that failed.

    `what` is in words; `since` is in seconds since the epoch; `kind` is None where nothing is known to fail.
    `messages` is how many dead letters were seen of it: 0 where only the ledger tells (after SQS's fourteen days,
    behind others of the same request, or redriven a moment ago and not tried yet).
    """

    subject: Subject
    what: str
    requester: str
    roles: tuple[str, ...]
    ticket: str
    since: float
    attempts: int
    reason: str
    kind: FailureKind | None
    messages: int


def with_marked(found: Mapping[Subject, Found], items: Iterable[Item]) -> dict[Subject, Found]:
    """Return what was found, and after it what only the ledger's marks tell."""
    return {**found, **{subject: Found() for item in items if (subject := subject_of(item)) not in found}}


def cases(found: Mapping[Subject, Found], ledger: Ledger) -> Iterator[Case]:
    """Yield what failed, in the order of `found`, each with what the ledger knows of it.

    Parameters
    ----------
    found
        Whatever has dead letters, or a mark in the ledger.
    ledger
        Is read some at a time.

    Raises
    ------
    Retry, BrokenConfiguration
        The ledger can't be read.
    """
    subjects = list(found)
    for start in range(0, len(subjects), _AT_ONCE):
        part = subjects[start : start + _AT_ONCE]
        tickets = ledger.tickets([subject.request_id for subject in part])
        decisions = ledger.decisions_of(
            [(subject.request_id, subject.decision_id) for subject in part if subject.decision_id]
        )
        for subject in part:
            ticket = tickets.get(subject.request_id) or TicketItem(subject.request_id)
            decision = decisions.get((subject.request_id, subject.decision_id))
            yield case(subject, _with_requester(found[subject], ticket, ledger), ticket, decision)


def case(subject: Subject, found: Found, ticket: TicketItem, decision: DecisionItem | None) -> Case:
    """Return what failed, from what the queue tells and what the ledger does."""
    item: Item = ticket
    if subject.decision_id:
        item = decision or DecisionItem(subject.request_id, subject.decision_id, decision=found.decision)
    return Case(
        subject=subject,
        what=_words(item),
        requester=found.requester,
        roles=found.roles,
        ticket=ticket.number or (decision.ticket_number if decision else "") or ticket.sys_id,
        since=item.failing_since or found.sent,
        attempts=item.attempts,
        reason=item.failure or _without_failure(item),
        kind=_kind(item),
        messages=found.messages,
    )


def _with_requester(found: Found, ticket: TicketItem, ledger: Ledger) -> Found:
    """With who asked: as Teleport last showed the request, else as the message or the ledger's create event says."""
    request = ticket.snapshot
    if request is not None:
        return replace(found, requester=request.user, roles=ticket.asked_roles or request.roles)
    if found.requester:
        return found
    for event in ledger.records(ticket.request_id).events:
        if event["event"] == CREATE:
            return replace(found, requester=event.get("user", ""), roles=tuple(event.get("roles", ())))
    return found


def _kind(item: Item) -> FailureKind | None:
    if not item.failure:
        return None
    try:
        return FailureKind(item.failure_kind)
    except ValueError:  # of a later version
        return FailureKind.RETRY


def _without_failure(item: Item) -> str:
    if isinstance(item, TicketItem):
        return _NO_REASON if item.version else _UNKNOWN
    if item.outcome and item.outcome != Outcome.FAILED:
        return f"none any more: it was decided ({item.outcome})"
    return _UNKNOWN


def _words(item: Item) -> str:
    if isinstance(item, TicketItem):
        return "the ticket"
    check, _, own = item.decision_id.partition("-")
    if own:
        return _CHECKS.get(check, f"{check} check")
    return f"{item.decision} by {item.decided_by}" if item.decided_by else item.decision
