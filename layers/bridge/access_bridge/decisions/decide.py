"""Decides what becomes of a decision that a human made in ServiceNow: reads everything back, judges it, and carries it
to Teleport once.

Failure policy: what can't be read or reached raises and the message comes again. Whatever the verdict, it is in the
ledger before the tickets queue is asked to tell it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from access_bridge.access_request import AccessRequest
from access_bridge.decisions import judge_people, judge_request, judge_row
from access_bridge.decisions.apply import Application
from access_bridge.decisions.carry import Carrier, Decided, Systems, carried, stop
from access_bridge.decisions.evidence import DecisionRow, TicketRow
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import STATES, Outcome, Reason, Verdict, refused
from access_bridge.decisions.words import human_words, shown
from access_bridge.errors import Retry
from access_bridge.ledger.items import DecisionItem, Records, TicketItem
from access_bridge.servicenow.users import User

_LOOKS: Final = 5
_COUNTED: Final = {Outcome.APPLIED, Outcome.RECORDED, Outcome.APPLIED_UNPROVED}


def decide(message: DecisionMessage, systems: Systems) -> None:
    """Decide one decision; a repeat of one that has its outcome only asks for it to be told again.

    Raises
    ------
    Retry, BrokenConfiguration
        It isn't decided yet; the message may come again.
    """
    item = systems.ledger.decision(message.request_id, message.decision_id)
    work = _Decide(message, begun(item, message), systems)
    carried(item, work.run, work.carrier, systems)


def begun(item: DecisionItem, message: DecisionMessage) -> DecisionItem:
    """Return a decision's item with what its message says."""
    return replace(item, table=message.table, sys_id=message.sys_id, decision=message.decision)


class _Decide:
    def __init__(self, message: DecisionMessage, item: DecisionItem, systems: Systems) -> None:
        self._message = message
        self._systems = systems
        self._assigned: User | None = None
        """For a delegate's vote: the approver of whom the approval was asked."""
        self.carrier = Carrier(item, STATES[message.decision], systems)

    def run(self) -> Verdict:
        self.carrier.settle()
        row = self._row()
        user = self._human(row)
        records = self._systems.ledger.records(self._message.request_id)
        self._judge_uncounted(row, records)
        ticket = self._ticket(row, records.ticket)
        request = self.carrier.request(records.ticket)
        author = self._judge_people(row, user, request)
        request = self._latest(request, records.ticket, user)
        self._judge_request(user, request)
        return self.carrier.apply(self._application(row, ticket, user, author), request)

    # ---- the row

    def _row(self) -> DecisionRow:
        row = self._systems.evidence.row(self._message.decision_id)
        if row is None:
            raise Decided(judge_row.ROW_ABSENT)
        if row.approval:
            self._note(kind="approval", approval=row.approval)
        stop(judge_row.judge_row(self._message, row, self._systems.teleport.cluster_name))
        return row

    def _ticket(self, row: DecisionRow, known: TicketItem) -> TicketRow:
        if not known.sys_id and known.attempt is not None:
            raise Retry("the ledger doesn't know yet which ticket was made: its making isn't settled")
        ticket = self._systems.evidence.ticket(row.ticket)
        if ticket is None:
            raise Decided(judge_row.FOREIGN_TICKET)
        self._note(ticket_number=ticket.number)
        stop(judge_row.judge_ticket(row, ticket, known.sys_id))
        return ticket

    def _judge_uncounted(self, row: DecisionRow, records: Records) -> None:
        """One vote, one review: a second row of the same vote says nothing new."""
        for item in records.decisions:
            same = row.approval and item.approval == row.approval and item.decision_id != row.decision_id
            if same and item.decision == row.decision and item.outcome in _COUNTED:
                raise Decided(refused(Reason.VOTE_COUNTED, "This vote was already taken to Teleport."))

    # ---- the people

    def _human(self, row: DecisionRow) -> User:
        evidence = self._systems.evidence
        user = evidence.user(row.decided_by)
        if user is None:
            self._note(decided_by=row.created_by)
            raise Decided(judge_row.VOTE_NOT_BY_APPROVER if row.approval else judge_people.APPROVER_UNKNOWN)
        self._note(decided_by=shown(user), user_name=user.user_name, user_id=user.sys_id)
        stop(judge_people.judge_approver(row, user, self._systems.people.named((user.user_name, user.email))))
        stop(judge_people.judge_not_integration(user, self._systems.rules.decisions.integration_users))
        if row.approval:
            self._judge_vote(row, user)
        return user

    def _judge_vote(self, row: DecisionRow, voter: User) -> None:
        evidence = self._systems.evidence
        vote = evidence.vote(row.approval)
        assigned = vote.approver if vote and vote.approver != voter.sys_id else ""
        stop(judge_row.judge_vote(row, vote, voter, evidence.delegations(assigned, voter.sys_id) if assigned else ()))
        if assigned:
            self._assigned = evidence.user(assigned)
            if self._assigned is None:
                raise Decided(judge_people.APPROVER_UNKNOWN)
            self._note(decided_by=shown(voter, self._assigned))

    def _judge_people(self, row: DecisionRow, user: User, request: AccessRequest) -> str:
        """Judge who decides for whom, and return the Teleport user in whose own name it is; empty where it is the
        bot's."""
        people, rules = self._systems.people, self._systems.rules.decisions
        names = people.names_of(request.user)
        alike = people.alike(request.user)
        for human in filter(None, (user, self._assigned)):  # nor may a requester have his delegate approve
            stop(judge_people.judge_own_request(human, names, alike, people.known_as(human)))
        if rules.mode != "on_behalf":
            stop(judge_people.judge_requester(user, names, people.mapped(request.user)))
        self._judge_groups(user, request)
        stop(judge_row.judge_withdrawn(row, self._systems.evidence.others_of(row)))
        if rules.mode != "on_behalf":
            return ""
        bot = self._systems.teleport.username
        found = [name for name in people.teleport_names(user) if name != bot]
        stop(judge_people.judge_teleport_user(found, [name for name in people.candidates(user) if name != bot]))
        return found[0]

    def _judge_groups(self, user: User, request: AccessRequest) -> None:
        rules, link = self._systems.rules.decisions, self._systems.link(request.id)
        if rules.approvers is None:
            if rules.mode != "on_behalf":
                raise Decided(judge_people.no_group_configured(link))
            return
        groups = rules.approvers.groups(request.roles)
        if groups is None:
            raise Decided(judge_people.no_group_for_role(link))
        for group in groups:
            member = self._systems.evidence.is_member(user, group)
            stop(judge_people.judge_group(group, member=member, link=link))

    # ---- the request

    def _latest(self, request: AccessRequest, ticket: TicketItem, user: User) -> AccessRequest:
        """The request as it is after every look-up that it needs, for setting a state has no compare-and-set: whom it
        names is looked up before, and it is read again until it names nobody new."""
        known: set[str] = set()
        for _ in range(_LOOKS):
            new = {review.author for review in request.reviews} - known
            for author in new:
                self._names_of_reviewer(author, user)
            known |= new
            request = self.carrier.request(ticket)
            if {review.author for review in request.reviews} <= known:
                break
        return request

    def _judge_request(self, user: User, request: AccessRequest) -> None:
        systems = self._systems
        self.carrier.judge_open(request)
        authors = {review.author for review in request.reviews} - {systems.teleport.username}
        names = {author: self._names_of_reviewer(author, user) for author in authors}
        known_as = systems.people.known_as(user)
        stop(judge_request.judge_own_review(request, user, self.carrier.state, names, known_as))
        link = systems.link(request.id)
        stop(judge_request.judge_limits(request, self.carrier.state, systems.rules.decisions, systems.now(), link))

    def _names_of_reviewer(self, author: str, user: User) -> tuple[str, ...]:
        """What a reviewer is called; the human's own user name is among it where the mapping says that he is it."""
        people = self._systems.people
        return (*people.names_of(author), *((user.user_name,) if user.sys_id in people.mapped(author) else ()))

    def _application(self, row: DecisionRow, ticket: TicketRow, user: User, author: str) -> Application:
        return Application(
            decision_id=row.decision_id,
            state=self.carrier.state,
            mode=self._systems.rules.decisions.mode,
            words=human_words(self.carrier.state, user, ticket.number, row.reason, self._assigned),
            ticket_number=ticket.number,
            delegator=f"servicenow:{user.email or user.user_name}",
            link=self._systems.link(row.request_id),
            author=author,
        )

    def _note(self, **values: str) -> None:
        self.carrier.item = replace(self.carrier.item, **values)  # type: ignore[arg-type]
