"""Whether a decision may be carried to Teleport: plain functions on what was read, each with a reason and a sentence.

Each returns None where it finds nothing against the decision. What can't be read refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.evidence import DecisionRow, TicketRow
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome, Reason, Verdict
from access_bridge.servicenow.users import User

STATES = {"approved": RequestState.APPROVED, "rejected": RequestState.DENIED}


def refused(reason: Reason, sentence: str) -> Verdict:
    """Return a refusal."""
    return Verdict(Outcome.REFUSED, reason, sentence)


ROW_ABSENT: Final = refused(
    Reason.ROW_ABSENT, "The callback names a decision that ServiceNow doesn't have. Decide again on the ticket."
)
APPROVER_UNKNOWN: Final = refused(
    Reason.APPROVER_UNKNOWN, "ServiceNow shows no user for whoever decided. Ask your ServiceNow administrator."
)
NO_APPROVER_GROUP: Final = refused(
    Reason.NO_APPROVER_GROUP,
    "No approver group is configured, so no decision from ServiceNow is applied. Ask whoever runs the bridge to set "
    "decisions.approvers.group.",
)
NOT_IN_GROUP: Final = refused(Reason.NOT_IN_GROUP, "You are not in the group that may decide access requests.")
FOREIGN_TICKET: Final = refused(
    Reason.FOREIGN_TICKET,
    "This ticket is not the one of that access request. Decide on the ticket that the bridge made.",
)
REQUEST_GONE: Final = refused(
    Reason.REQUEST_GONE, "Teleport no longer has this access request: it expired or was deleted."
)

GONE_UNPROVED: Final = Verdict(
    Outcome.APPLIED_UNPROVED,
    Reason.APPLIED_UNPROVED,
    "Teleport no longer has this access request, and the answer to our own call was lost: it is not certain that this "
    "decision was applied. Teleport's audit log tells.",
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


def judge_approver(row: DecisionRow, user: User, same_names: Mapping[str, User]) -> Verdict | None:
    """The human is the one who made the row, and exactly one user, active, not locked out, and no web-service
    account."""
    if not row.created_by or row.created_by.casefold() != user.user_name.casefold():
        return refused(
            Reason.NOT_BY_ITS_USER,
            "The decision row was not made by the user whom it names. Decide again on the ticket yourself.",
        )
    if set(same_names) - {user.sys_id}:
        return refused(
            Reason.APPROVER_UNKNOWN,
            "Another ServiceNow user has your user name or e-mail address, so you can't be told apart. "
            "Ask your ServiceNow administrator.",
        )
    flags = (user.active, user.locked_out, user.web_service_access_only)
    if None in flags or not user.user_name:
        return refused(
            Reason.APPROVER_UNREADABLE,
            "The bridge may not read whether your account is active. Ask your ServiceNow administrator to let it.",
        )
    if not user.active or user.locked_out:
        return refused(Reason.APPROVER_INACTIVE, "Your ServiceNow account is inactive or locked out.")
    if user.web_service_access_only or user.internal_integration_user:
        return refused(Reason.APPROVER_NOT_HUMAN, "Accounts for web services can't decide.")
    return None


def judge_not_integration(user: User, integration_users: Iterable[str]) -> Verdict | None:
    """The human is none of the integration users that the rules name."""
    if user.user_name.casefold() in {name.casefold() for name in integration_users}:
        return refused(Reason.APPROVER_NOT_HUMAN, "Integration accounts can't decide.")
    return None


def judge_requester(user: User, names: Iterable[str], requesters: Mapping[str, User]) -> Verdict | None:
    """The human is not the requester, by every name of both; a requester who is no single user can't be told apart.

    Parameters
    ----------
    user
        Who decided.
    names
        What Teleport calls the requester: user name and e-mail addresses.
    requesters
        The ServiceNow users whom these names fit.
    """
    theirs = {name.casefold() for name in names if name}
    for requester in requesters.values():
        theirs |= {name.casefold() for name in (requester.user_name, requester.email) if name}
    mine = {name.casefold() for name in (user.user_name, user.email) if name}
    if user.sys_id in requesters or mine & theirs:
        return refused(Reason.OWN_REQUEST, "You can't decide your own access request. Ask another approver.")
    if len(requesters) != 1:
        return refused(
            Reason.REQUESTER_UNKNOWN,
            "The requester is not exactly one ServiceNow user, so he can't be told apart from you. "
            "Decide in Teleport, or ask your ServiceNow administrator.",
        )
    return None


def judge_time(request: AccessRequest, now: datetime) -> Verdict | None:
    """The request must not be past its time: Teleport would still take a decision for a minute (recorded)."""
    until = request.pending_until
    if request.state is RequestState.PENDING and until and now >= until:
        return refused(Reason.REQUEST_EXPIRED, "The access request has expired. The requester has to make a new one.")
    return None


def judge_resolved(request: AccessRequest, wanted: RequestState) -> Verdict | None:
    """A request that has an outcome which isn't ours: agreeing changes nothing, disagreeing is a conflict."""
    if request.state is RequestState.PENDING:
        return None
    done = {RequestState.APPROVED: "approved", RequestState.DENIED: "denied"}.get(
        request.state, "promoted to an access list"
    )
    if request.state is wanted:
        return refused(
            Reason.ALREADY_RESOLVED, f"The request was already {done} in Teleport; there was nothing left to do."
        )
    return Verdict(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        f"The request was already {done} in Teleport, and Teleport has the last word.",
    )


def judge_own_review(
    request: AccessRequest, user: User, wanted: RequestState, addresses: Mapping[str, Iterable[str]]
) -> Verdict | None:
    """The human's own review in Teleport meanwhile counts there already: a second vote of his would count twice.

    Parameters
    ----------
    request
        The request with its reviews.
    user
        Who decided.
    wanted
        His vote.
    addresses
        The e-mail addresses of the reviewers, by their names in Teleport.
    """
    mine = {name.casefold() for name in (user.user_name, user.email) if name}
    for review in request.reviews:
        if mine & {name.casefold() for name in (review.author, *addresses.get(review.author, ()))}:
            if review.proposed_state is wanted:
                return refused(
                    Reason.ALREADY_REVIEWED, "You already reviewed this request in Teleport, with the same vote."
                )
            return Verdict(
                Outcome.CONFLICT,
                Reason.CONFLICT,
                "You reviewed this request in Teleport with the other vote, which counts there.",
            )
    return None
