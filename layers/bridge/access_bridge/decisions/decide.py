"""Decides what becomes of a decision made in ServiceNow: reads everything back, judges it, and carries it to Teleport
once.

Failure policy: what can't be read or reached raises and the message comes again. Whatever the verdict, it is in the
ledger before the tickets queue is asked to tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.decisions import judge
from access_bridge.decisions.apply import Application, applied_before, apply
from access_bridge.decisions.evidence import DecisionRow, Evidence, TicketRow
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome, Verdict
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Retry
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.model import DecisionRules
from access_bridge.servicenow.users import User
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.callers import email_addresses


@dataclass(frozen=True, slots=True)
class Systems:
    """What a decision is decided with, for one invocation. `look` asks the tickets queue for a look at a request."""

    ledger: Ledger
    teleport: Teleport
    evidence: Evidence
    rules: DecisionRules
    now: Callable[[], datetime]
    look: Callable[[str], None]
    count: Callable[[str], None]
    log: Logger


def decide(message: DecisionMessage, systems: Systems) -> None:
    """Decide one decision; a repeat of one that has its outcome only asks for it to be told again.

    Raises
    ------
    Retry, BrokenConfiguration
        It isn't decided yet; the message may come again.
    """
    ledger = systems.ledger
    item = ledger.decision(message.request_id, message.decision_id)
    if not item.outcome or item.outcome == Outcome.FAILED:
        item = replace(item, table=message.table, sys_id=message.sys_id, decision=message.decision)
        work = _Decide(message, item, systems)
        verdict = work.run()
        ledger.save_decision(with_verdict(work.item, verdict))
        if item.failure:
            ledger.clear_decision_failure(message.request_id, message.decision_id)
        systems.count(f"Decision{''.join(word.capitalize() for word in verdict.outcome.split('_'))}")
        systems.log.info(
            "decided",
            extra={
                "decision_id": message.decision_id,
                "decision": message.decision,
                "decided_by": work.item.decided_by,
                "outcome": verdict.outcome,
                "code": verdict.reason,
            },
        )
    systems.look(message.request_id)


def with_verdict(item: DecisionItem, verdict: Verdict) -> DecisionItem:
    """Return a decision's item with what became of it."""
    return replace(item, outcome=verdict.outcome.value, code=verdict.reason.value, sentence=verdict.sentence)


class _Decided(Exception):
    """A verdict that ends the work early."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.detail)
        self.verdict = verdict


class _Decide:
    def __init__(self, message: DecisionMessage, item: DecisionItem, systems: Systems) -> None:
        self.item = item
        self._message = message
        self._systems = systems
        self._state = judge.STATES[message.decision]

    def run(self) -> Verdict:
        try:
            self._settle()
            row = self._row()
            user = self._human(row)
            records = self._systems.ledger.records(self._message.request_id)
            ticket = self._ticket(row, records.ticket)
            self._judge_people(row, user, self._request(records.ticket))
            # Nothing slow may stand between this read and the write: setting a state has no compare-and-set.
            request = self._request(records.ticket)
            self._judge_request(user, request)
        except _Decided as decided:
            return decided.verdict
        application = Application(row, ticket, user, self._state, self._systems.rules.mode)
        return self._apply(application, request)

    def _apply(self, application: Application, request: AccessRequest) -> Verdict:
        """Apply it; where Teleport certainly didn't take it, the attempt is taken back: it was none."""
        before = self.item
        try:
            verdict = apply(application, request, self._systems.teleport, self._record_attempt)
        except OutcomeUnknown:
            raise
        except (Retry, BrokenConfiguration):
            self._systems.ledger.save_decision(before)
            raise
        if before.attempt_mode and verdict.outcome in {Outcome.REFUSED, Outcome.CONFLICT}:
            # The earlier attempt may have arrived after we looked for it: then Teleport refuses this one because of it.
            again = self._systems.teleport.access_request(self._message.request_id)
            return (applied_before(again, before, self._state) if again else None) or verdict
        return verdict

    def _settle(self) -> None:
        """An attempt without a recorded end is looked for before anything is judged anew: what was applied, was."""
        if not self.item.attempt_mode:
            return
        request = self._systems.teleport.access_request(self._message.request_id)
        known = request or self._systems.ledger.records(self._message.request_id).ticket.snapshot
        if known is not None:
            _stop(applied_before(known, self.item, self._state))

    def _row(self) -> DecisionRow:
        row = self._systems.evidence.row(self._message.decision_id)
        if row is None:
            raise _Decided(judge.ROW_ABSENT)
        _stop(judge.judge_row(self._message, row, self._systems.teleport.cluster_name))
        return row

    def _human(self, row: DecisionRow) -> User:
        evidence, rules = self._systems.evidence, self._systems.rules
        user = evidence.user(row.decided_by)
        if user is None:
            self.item = replace(self.item, decided_by=row.created_by)
            raise _Decided(judge.APPROVER_UNKNOWN)
        self.item = replace(self.item, decided_by=f"{user.name} ({user.user_name})" if user.name else user.user_name)
        _stop(judge.judge_approver(row, user, evidence.users_named((user.user_name, user.email))))
        _stop(judge.judge_not_integration(user, rules.integration_users))
        if rules.approvers is None:
            raise _Decided(judge.NO_APPROVER_GROUP)
        if not evidence.is_member(user, rules.approvers.group):
            raise _Decided(judge.NOT_IN_GROUP)
        return user

    def _ticket(self, row: DecisionRow, known: TicketItem) -> TicketRow:
        if not known.sys_id and known.attempt is not None:
            raise Retry("the ledger doesn't know yet which ticket was made: its making isn't settled")
        ticket = self._systems.evidence.ticket(row.ticket)
        if ticket is None:
            raise _Decided(judge.FOREIGN_TICKET)
        _stop(judge.judge_ticket(row, ticket, known.sys_id))
        return ticket

    def _request(self, ticket: TicketItem) -> AccessRequest:
        """The request as Teleport has it; gone only where it surely is, for *may not see* looks the same."""
        systems = self._systems
        request = systems.teleport.access_request(self._message.request_id)
        if request is not None:
            return request
        over = ticket.pending_until is not None and systems.now().timestamp() > ticket.pending_until
        if not over and not ticket.gone and ticket.outcome not in {"expired", "deleted"}:
            seen = systems.teleport.access_requests(limit=2)
            if not any(other.id != self._message.request_id for other in seen):
                systems.count("RequestNotSeen")
                raise BrokenConfiguration(
                    "Teleport role of servicenow_decisions",
                    "the request isn't shown, and no other one is either.",
                    "Give the bot's role the verbs list and read on access_request.",
                )
        raise _Decided(judge.GONE_UNPROVED if self.item.attempt_mode else judge.REQUEST_GONE)

    def _judge_people(self, row: DecisionRow, user: User, request: AccessRequest) -> None:
        systems = self._systems
        names = (request.user, *email_addresses(systems.teleport, request.user))
        _stop(judge.judge_requester(user, names, systems.evidence.users_named(names)))
        _stop(judge.judge_withdrawn(row, systems.evidence.others_of(row)))

    def _judge_request(self, user: User, request: AccessRequest) -> None:
        systems = self._systems
        _stop(applied_before(request, self.item, self._state))
        _stop(judge.judge_time(request, systems.now()))
        _stop(judge.judge_resolved(request, self._state))
        authors = {review.author for review in request.reviews} - {systems.teleport.username}
        addresses = {author: email_addresses(systems.teleport, author) for author in authors}
        _stop(judge.judge_own_review(request, user, self._state, addresses))

    def _record_attempt(self, mode: str, author: str) -> None:
        self.item = replace(
            self.item, attempt_mode=mode, attempt_author=author, attempt_at=self._systems.now().timestamp()
        )
        self._systems.ledger.save_decision(self.item)


def _stop(verdict: Verdict | None) -> None:
    if verdict is not None:
        raise _Decided(verdict)
