"""Brings one ticket into line with its request: reads the request as Teleport has it now, works out the ticket that
should exist and what hasn't been told on it yet, and applies the difference.

Failure policy: what can't be finished raises, and the message comes again; the ledger makes that harmless. Before each
write that tells something the attempt is recorded, so that after a crash the ticket itself says whether it was applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from aws_lambda_powertools import Logger

from access_bridge.access_request import AccessRequest
from access_bridge.decisions.messages import AutomaticMessage
from access_bridge.decisions.outcome import Outcome, marked_decision
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown, Refused, Retry
from access_bridge.events.audit_event import AuditEvent
from access_bridge.justification.judge import Justification
from access_bridge.ledger.items import DELETED_IT, PERSON, Attempt, DecisionItem, Records, TicketItem
from access_bridge.ledger.table import Ledger
from access_bridge.rules.model import Rules
from access_bridge.servicenow.errors import NotPermitted, Rejected
from access_bridge.servicenow.incident_states import CLOSED, ENDED_STATES, READ_ONLY_STATES
from access_bridge.servicenow.records import Row
from access_bridge.servicenow.text import LENGTHS, cut
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.sight import look_again
from access_bridge.tickets.asks import asks
from access_bridge.tickets.callers import Callers
from access_bridge.tickets.content import Cluster, counter_display, counter_of, ticket_fields
from access_bridge.tickets.drift import compared, ended_fact, metric
from access_bridge.tickets.facts import Fact
from access_bridge.tickets.incidents import Incidents, wanted_sys_id
from access_bridge.tickets.observe import not_seen, seen, selects
from access_bridge.tickets.outcomes import write_outcomes
from access_bridge.tickets.plan import END_FIELDS, Plan, digests, plan
from access_bridge.tickets.story import Story, tell_story

T = TypeVar("T")
_STAYS: Final = "This ticket was ended in ServiceNow before its request was decided, so it stays as it is."


@dataclass(frozen=True, slots=True)
class Systems:
    """What a sync works with, for one invocation.

    `justify` looks up the tickets that a request's reason names (None: the rules don't want that); `ask` sends a
    message to the decisions queue; `count` adds to a metric; `unknown_outcome_seconds` is how long ServiceNow may still
    be working on a write whose answer didn't come.
    """

    ledger: Ledger
    teleport: Teleport
    incidents: Incidents
    callers: Callers
    rules: Rules
    justify: Callable[[AccessRequest], Justification] | None
    ask: Callable[[AutomaticMessage], None]
    web_addr: str
    now: Callable[[], datetime]
    unknown_outcome_seconds: float
    count: Callable[[str], None]
    log: Logger


def sync(request_id: str, event: AuditEvent | None, systems: Systems, *, look_at_ticket: bool = False) -> None:
    """Look at a request and bring its ticket into line.

    Parameters
    ----------
    request_id
        The access request's id.
    event
        The audit event that caused the look, if one did; it is stored before anything is called.
    systems
        What to work with.
    look_at_ticket
        Whether to look at the ticket too, for what people did to it; else it is only written.

    Raises
    ------
    Retry, Refused, BrokenConfiguration
        The ticket isn't in line yet; looking again is safe.
    """
    if event is not None and event.cluster_name not in {"", systems.teleport.cluster_name}:
        systems.count("ForeignClusterEvent")
        before = systems.ledger.records(request_id).ticket
    else:
        if event is not None:
            systems.ledger.put_event(event)
        before = _Sync(request_id, systems).run(look_at_ticket=look_at_ticket)
    if before.failure:
        systems.ledger.clear_ticket_failure(request_id)


class _Sync:
    def __init__(self, request_id: str, systems: Systems) -> None:
        self._id = request_id
        self._systems = systems
        self._ledger = systems.ledger
        self._incidents = systems.incidents

    def run(self, *, look_at_ticket: bool) -> TicketItem:
        """Do it, and return the ticket's item as it was before."""
        records = self._settle(self._ledger.records(self._id))
        systems = self._systems
        ticket = write_outcomes(records.decisions, records.ticket, self._incidents, systems.count, systems.log)
        if ticket != records.ticket:
            records = replace(records, ticket=self._ledger.save_ticket(ticket))
        try:
            request = systems.teleport.access_request(self._id)
        except (Retry, BrokenConfiguration):
            self._tell_failures(records)
            raise
        if request is not None and any(marked_decision(review.reason) for review in request.reviews):
            # A decision may have been applied since the ledger was read: its attempt is there before the review is.
            records = replace(records, decisions=self._ledger.records(self._id).decisions)
        ticket, story = self._observe(request, records)
        if story is not None and ticket.selected is None:
            first_run = self._ledger.started(self._systems.now())
            ticket = replace(ticket, selected=selects(self._systems.rules, story, first_run))
        if story is not None and records.events:
            ticket = replace(ticket, announced=True)
        if ticket != records.ticket:
            ticket = self._ledger.save_ticket(ticket)
        if story is None or not ticket.selected:
            return records.ticket
        cluster = Cluster(self._systems.teleport.cluster_name, self._web_addr())
        found: tuple[Fact, ...] = ()
        if not ticket.sys_id:
            ticket = self._create(ticket, story, cluster)
        elif look_at_ticket:
            ticket, found = self._compare(ticket, story)
        fields = ticket_fields(story, cluster, self._systems.rules.ticket, ticket.justification)
        ticket = self._tell(ticket, story, fields, found)
        if request is not None:
            self._ask(replace(request, state=story.request.state), ticket, records.decisions)
        return records.ticket

    def _compare(self, ticket: TicketItem, story: Story) -> tuple[TicketItem, tuple[Fact, ...]]:
        """Look what people did to the ticket; return the item after it, and what is to be told of that."""
        rules, before = self._systems.rules, ticket
        rule = rules.rule_for(story.request.roles)
        ticket, facts = compared(
            ticket,
            self._incidents.read(ticket.sys_id, self._id),
            story.outcome,
            rules.ticket.outcomes,
            may_deny=rule is not None and rule.closed == "deny",
        )
        if ticket == before:
            return ticket, facts
        if ticket.ended_by == DELETED_IT:
            self._systems.count("TicketDeleted")
            self._systems.log.warning("the ticket was deleted in ServiceNow", extra={"ticket": ticket.sys_id})
        elif ticket.opened_again > before.opened_again:
            self._systems.count("TicketOpenAgain")
        return self._ledger.save_ticket(ticket), facts

    def _ask(self, request: AccessRequest, ticket: TicketItem, decisions: Iterable[DecisionItem]) -> None:
        """Ask for decisions that the bot makes itself. Sent first, then marked: asking twice does no harm."""
        for mark, message in asks(request, ticket, self._systems.rules, decisions).items():
            self._systems.ask(message)
            ticket = self._ledger.save_ticket(replace(ticket, told=ticket.told | {mark}))

    def _tell_failures(self, records: Records) -> None:
        """Tell of decisions that failed while Teleport is away, from what was last seen: the approver waits."""
        ticket = records.ticket
        failed = any(item.outcome == Outcome.FAILED for item in records.decisions)
        if failed and ticket.snapshot is not None and ticket.sys_id:
            story = self._story(ticket.snapshot, records)
            if story is not None:
                self._tell(ticket, story, {})

    # ---- what is known ----

    def _observe(self, request: AccessRequest | None, records: Records) -> tuple[TicketItem, Story | None]:
        if request is not None:
            ticket = seen(records.ticket, request)
            return ticket, self._story(request, replace(records, ticket=ticket))
        story = self._story(None, records)
        if story is None or story.outcome:
            return records.ticket, story
        again, proved = look_again(self._systems.teleport, self._id)
        if again is not None:
            return self._observe(again, records)
        if not proved:
            self._systems.count("RequestNotSeen")
            self._systems.log.warning("Teleport doesn't show this request, and no other one: nothing is closed by that")
        ticket = not_seen(records.ticket, story, self._systems.now(), proved=proved)
        return ticket, self._story(None, replace(records, ticket=ticket))

    def _story(self, request: AccessRequest | None, records: Records) -> Story | None:
        return tell_story(request, records, cluster=self._systems.teleport.cluster_name, now=self._systems.now())

    def _web_addr(self) -> str:
        return self._systems.teleport.ping().proxy_public_addr or self._systems.web_addr

    # ---- a write whose end isn't known ----

    def _settle(self, records: Records) -> Records:
        ticket, attempt = records.ticket, records.ticket.attempt
        if attempt is None:
            return records
        wait = attempt.at + self._systems.unknown_outcome_seconds - self._systems.now().timestamp()
        if wait > 0:
            raise Retry("ServiceNow may still be working on the last write: its ticket is looked at later", after=wait)
        if not ticket.sys_id:
            found = self._incidents.find(self._id)
            settled = self._adopt(ticket, found) if found else replace(ticket, attempt=None)
        else:
            settled = self._settle_note(ticket, attempt)
        self._systems.count("UnknownOutcomeSettled")
        return replace(records, ticket=self._ledger.save_ticket(settled))

    def _settle_note(self, ticket: TicketItem, attempt: Attempt) -> TicketItem:
        row = self._incidents.read(ticket.sys_id, self._id)
        if row is None:
            return replace(ticket, attempt=None, ended_by=DELETED_IT)
        shown = counter_of(row.get("correlation_display", ""))
        if shown == attempt.after:
            return self._told(ticket, attempt)
        if shown != attempt.before:
            self._systems.count("CounterEdited")
            self._systems.log.warning("the counter in correlation_display was changed by hand: a note may appear twice")
            return replace(ticket, attempt=None, counter=max(attempt.after, shown or 0))
        return replace(ticket, attempt=None)

    # ---- the ticket ----

    def _create(self, ticket: TicketItem, story: Story, cluster: Cluster) -> TicketItem:
        if self._may_exist(story):
            found = self._incidents.find(self._id)
            if found:
                return self._ledger.save_ticket(self._adopt(ticket, found))
        justify = self._systems.justify if story.known else None
        justification = justify(story.request) if justify else None
        names, remarks = self._systems.callers.fields(story.request)
        ticket = replace(ticket, justification=justification.text if justification else "", remarks=remarks)
        fields = ticket_fields(story, cluster, self._systems.rules.ticket, ticket.justification)
        opening = {name: value for name, value in fields.items() if name not in END_FIELDS}
        link = {"parent": justification.sys_id} if justification and justification.sys_id else {}
        values = names | opening | link | self._marks(1)
        attempt = Attempt(self._systems.now().timestamp(), before=0, after=1, fields=digests(opening))
        ticket = self._ledger.save_ticket(replace(ticket, attempt=attempt))
        row = self._written(ticket, lambda: self._incidents.insert(self._id, values))
        if row["sys_id"] != wanted_sys_id(self._id):
            self._ledger.learn_ids_are_ignored()
        self._systems.count("TicketCreated")
        return self._ledger.save_ticket(
            replace(ticket.tell(attempt), sys_id=row["sys_id"], number=row.get("number", ""))
        )

    def _may_exist(self, story: Story) -> bool:
        made = story.request.created
        old = made is None or made < self._ledger.started(self._systems.now())
        return old or self._ledger.ids_are_ignored()

    def _adopt(self, ticket: TicketItem, row: Row) -> TicketItem:
        """Take over a ticket that was found: what it was made with is known only if the attempt is recorded."""
        if row["sys_id"] != wanted_sys_id(self._id):
            self._ledger.learn_ids_are_ignored()
        told = ticket.tell(ticket.attempt) if ticket.attempt else ticket
        counter = counter_of(row.get("correlation_display", "")) or 1
        return replace(told, sys_id=row["sys_id"], number=row.get("number", ""), counter=counter)

    def _marks(self, counter: int) -> dict[str, str]:
        display = counter_display(self._systems.teleport.cluster_name, counter)
        return {"correlation_id": self._id, "correlation_display": display}

    def _tell(
        self, ticket: TicketItem, story: Story, fields: Mapping[str, str], found: tuple[Fact, ...] = ()
    ) -> TicketItem:
        """Write what is left to write, and return the item after it."""
        step = plan(story, fields, ticket, found)
        if step.empty:
            return ticket
        if ticket.ended_by == DELETED_IT:
            return self._count_as_told(ticket, step, ended_by=DELETED_IT)
        if step.changes_state:
            row = self._incidents.read(ticket.sys_id, self._id)
            if row is None:
                return self._count_as_told(ticket, step, ended_by=DELETED_IT)
            state = row.get("state", "")
            if state == CLOSED:
                return self._count_as_told(ticket, step, ended_by=_ended_by(ticket))
            if state in ENDED_STATES and not ticket.outcome:
                facts = (*step.facts, ended_fact(ticket))
                step = replace(
                    step, fields={}, note=cut(f"{_STAYS}\n\n{step.note}", LENGTHS["work_notes"]), facts=facts
                )
                ticket = replace(ticket, ended_by=PERSON)
        ticket, taken = self._patch(ticket, step)
        return self._tell(ticket, story, fields, found) if step.more and taken else ticket

    def _patch(self, ticket: TicketItem, step: Plan) -> tuple[TicketItem, bool]:
        """Write, and return the item after it, and whether the ticket still takes anything."""
        values = dict(step.fields)
        counter = ticket.counter
        if step.note:
            counter += 1
            values |= {"work_notes": step.note, **self._marks(counter)}
            del values["correlation_id"]
        outcome = step.outcome if END_FIELDS & step.fields.keys() else ticket.outcome
        now = self._systems.now().timestamp()
        attempt = Attempt(now, ticket.counter, counter, step.facts, digests(step.fields), outcome)
        if step.note:
            ticket = self._ledger.save_ticket(replace(ticket, attempt=attempt))
        try:
            row = self._written(ticket, lambda: self._incidents.update(ticket.sys_id, values))
        except (Rejected, NotPermitted):
            if not self._is_read_only(ticket.sys_id):
                raise
            current = self._ledger.records(self._id).ticket
            return self._count_as_told(current, step, ended_by=_ended_by(ticket)), False
        if row is None:
            if self._incidents.read(ticket.sys_id, self._id) is not None:
                raise Retry("ServiceNow didn't show the ticket when it was to be written, and shows it now")
            return self._count_as_told(ticket, step, ended_by=DELETED_IT), False
        if step.note:
            self._systems.count("NoteTold")
        return self._ledger.save_ticket(self._told(ticket, attempt)), True

    def _written(self, ticket: TicketItem, write: Callable[[], T]) -> T:
        """Do a write; where it certainly wasn't applied, take its attempt back."""
        try:
            return write()
        except OutcomeUnknown as error:
            raise OutcomeUnknown(str(error), after=self._systems.unknown_outcome_seconds) from error
        except (Retry, Refused, BrokenConfiguration):
            if ticket.attempt is not None:
                self._ledger.save_ticket(replace(ticket, attempt=None))
            raise

    def _is_read_only(self, sys_id: str) -> bool:
        row = self._incidents.read(sys_id, self._id)
        return row is not None and row.get("state") in READ_ONLY_STATES

    def _count_as_told(self, ticket: TicketItem, step: Plan, *, ended_by: str) -> TicketItem:
        """The ticket can't take these facts any more: they count as told, in the log and a metric."""
        facts = step.facts
        if ended_by == PERSON != ticket.ended_by:
            facts = (*facts, ended_fact(ticket))
        attempt = Attempt(0, ticket.counter, ticket.counter, facts, digests(step.fields), step.outcome)
        self._systems.count("TicketCannotTakeFact")
        self._systems.log.warning(
            "the ticket is closed or deleted and can't be told", extra={"ticket": ticket.sys_id, "facts": step.facts}
        )
        return self._ledger.save_ticket(replace(self._told(ticket, attempt), ended_by=ended_by))

    def _told(self, ticket: TicketItem, attempt: Attempt) -> TicketItem:
        """The item after an attempt of which it is known that ServiceNow has it, or can't take it; what people did to
        the ticket is counted now, and so once."""
        for name in filter(None, map(metric, attempt.facts)):
            self._systems.count(name)
        return ticket.tell(attempt)


def _ended_by(ticket: TicketItem) -> str:
    """Who ended a ticket that is closed by now: a person, unless we know better."""
    return ticket.ended_by or ("" if ticket.outcome else PERSON)
