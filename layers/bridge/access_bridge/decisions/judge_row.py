"""Whether a decision row is what it says to be: plain functions on what was read, each with a reason and a sentence.

Each returns None where it finds nothing against the row. What can't be read refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from access_bridge.decisions.evidence import DecisionRow, Delegation, TicketRow, Vote
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome, Reason, Verdict, refused
from access_bridge.servicenow.users import User

ROW_ABSENT: Final = refused(
    Reason.ROW_ABSENT, "The callback names a decision that ServiceNow doesn't have. Decide again on the ticket."
)
FOREIGN_TICKET: Final = refused(
    Reason.FOREIGN_TICKET,
    "This ticket is not the one of that access request. Decide on the ticket that the bridge made.",
)
VOTE_NOT_BY_APPROVER: Final = refused(
    Reason.VOTE_NOT_BY_APPROVER,
    "The approval was not given by its approver or his delegate: a time-out, a flow, an administrator or mail without "
    "a user never counts. The approver has to decide himself.",
)


def judge_row(message: DecisionMessage, row: DecisionRow, cluster: str) -> Verdict | None:
    """The row must say what the callback said, and be for this cluster."""
    said = (row.ticket_table, row.ticket, row.request_id, row.decision)
    if said != (message.table, message.sys_id, message.request_id, message.decision):
        return refused(
            Reason.ROW_CONTRADICTS_CALLBACK,
            "The callback and the decision row say different things. Decide again on the ticket.",
        )
    if row.cluster != cluster:
        return refused(Reason.FOREIGN_CLUSTER, "The decision is for another Teleport cluster.")
    return None


def judge_ticket(row: DecisionRow, ticket: TicketRow, ledger_sys_id: str) -> Verdict | None:
    """The ticket must be the one that the ledger has for this request, in ServiceNow too."""
    ours = ledger_sys_id and row.ticket == ledger_sys_id and ticket.correlation_id == row.request_id
    return None if ours else FOREIGN_TICKET


def judge_withdrawn(row: DecisionRow, others: Iterable[DecisionRow]) -> Verdict | None:
    """A later decision of the same human takes this one back; of two in the same second, the denial stands."""
    for other in others:
        later = other.created_on > row.created_on
        same_second = other.created_on == row.created_on and row.decision == "approved"
        if other.decision != row.decision and (later or same_second):
            return Verdict(
                Outcome.WITHDRAWN, Reason.WITHDRAWN, "You decided otherwise later, so this decision does not count."
            )
    return None


def judge_vote(row: DecisionRow, vote: Vote | None, voter: User, delegations: Iterable[Delegation]) -> Verdict | None:
    """A decision that came from a vote: the approval is one of this ticket, still says so, and was last changed by its
    approver, or by somebody to whom he had delegated his approvals at that time.

    That leaves out what a flow, a time-out, an administrator or mail without a session user did: these change the
    approval under another name.
    """
    if vote is None:
        return refused(
            Reason.VOTE_ABSENT, "The approval that this decision came from is not there. Decide again on the ticket."
        )
    if vote.ticket != row.ticket:
        return refused(Reason.VOTE_FOREIGN, "The approval that this decision came from is not one of this ticket.")
    if vote.state != row.decision:
        return Verdict(
            Outcome.WITHDRAWN, Reason.WITHDRAWN, "The approval says otherwise now, so this decision does not count."
        )
    by_voter = bool(vote.updated_by) and vote.updated_by.casefold() == voter.user_name.casefold()
    delegated = any(given.starts <= vote.updated_on <= given.ends for given in delegations if given.starts)
    if not by_voter or not vote.approver or not (voter.sys_id == vote.approver or delegated):
        return VOTE_NOT_BY_APPROVER
    return None
