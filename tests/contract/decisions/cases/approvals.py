"""Clicks and votes in ServiceNow: which of them count as a human's decision."""

from __future__ import annotations

from access_bridge.decisions.outcome import Outcome, Reason
from local.servicenow.schema import DECISION
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended, Expected
from tests.contract.decisions.cases.ends import (
    APPLIED,
    DENIED,
    NO_DECISION,
    NOT_IN_GROUP,
    OWN_REQUEST,
    WITHDRAWN,
    applied_as,
    refused,
)
from tests.contract.decisions.court import APPROVER_ROLE, Case, Court

CHAPTER = Chapter(
    "Clicks and votes in ServiceNow",
    "A decision is a click on the incident, or a vote on one of its approvals (`sysapproval_approver`). One click or "
    "vote is one decision row, and at most one review.",
)
_NO_VOTE = refused(
    Reason.VOTE_NOT_BY_APPROVER,
    "The approval was not given by its approver or his delegate: a time-out, a flow, an administrator or mail without "
    "a user never counts. The approver has to decide himself.",
)
_INTEGRATION = refused(Reason.APPROVER_NOT_HUMAN, "Integration accounts can't decide.")
_CONTRADICTION = refused(
    Reason.ROW_CONTRADICTS_CALLBACK,
    "The callback and the decision row say different things. Decide again on the ticket.",
)
_FOREIGN = refused(
    Reason.FOREIGN_TICKET,
    "This ticket is not the one of that access request. Decide on the ticket that the bridge made.",
)
_INACTIVE = refused(Reason.APPROVER_INACTIVE, "Your ServiceNow account is inactive or locked out.")


def _row(court: Court, case: Case, user: str, **values: str) -> str:
    """A decision row that somebody put into the database as he liked."""
    row = {
        "ticket_table": "incident",
        "ticket": case.ticket,
        "request_id": case.request_id,
        "cluster": court.cluster.name,
        "decision": "approved",
        "decided_by": court.user_id(user),
        "sys_created_by": user,
    }
    return court.instance.servicenow.insert_raw(DECISION, row | values)


# ---- clicks


@CHAPTER.case(MODES, APPLIED)
def an_approver_approves(court: Court) -> Ended:
    """An approver approves on the incident."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(MODES, DENIED)
def an_approver_denies(court: Court) -> Ended:
    """An approver denies on the incident."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case), {"approver": boss})


@CHAPTER.case(("bot", "set_state"), NOT_IN_GROUP)
def not_in_the_group(court: Court) -> Ended:
    """Somebody who is not in the approver group clicks."""
    boss, case = court.approver(groups=()), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", WITHDRAWN)
def he_changes_his_mind(court: Court) -> Ended:
    """An approver approves and denies afterwards: what becomes of the approval."""
    boss, case = court.approver(), court.ask()
    first = court.click(boss, case)
    court.click(boss, case, "rejected")
    return Ended(case, court.decide(first, case))


@CHAPTER.case("bot", DENIED)
def his_last_word_counts(court: Court) -> Ended:
    """An approver approves and denies afterwards: what becomes of the denial."""
    boss, case = court.approver(), court.ask()
    first, last = court.click(boss, case), court.click(boss, case, "rejected")
    court.decide(first, case)
    return Ended(case, court.decide(last, case))


@CHAPTER.case("bot", APPLIED)
def delivered_twice(court: Court) -> Ended:
    """The same click is delivered twice: one review."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.decide(row, case)
    return Ended(case, court.decide(row, case))


@CHAPTER.case("bot", _INACTIVE)
def he_has_left(court: Court) -> Ended:
    """His account is inactive by the time the decision is looked at."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw("sys_user", court.user_id(boss), {"active": "false"})
    return Ended(case, court.decide(row, case))


@CHAPTER.case("bot", _INACTIVE)
def he_is_locked_out(court: Court) -> Ended:
    """His account is locked out by the time the decision is looked at."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw("sys_user", court.user_id(boss), {"locked_out": "true"})
    return Ended(case, court.decide(row, case))


@CHAPTER.case("bot", refused(Reason.APPROVER_NOT_HUMAN, "Accounts for web services can't decide."))
def a_web_service_account(court: Court) -> Ended:
    """An account for web services makes the row."""
    boss, case = court.approver(web_service_access_only=True), court.ask()
    return Ended(case, court.decide(_row(court, case, boss), case))


@CHAPTER.case(MODES, _INTEGRATION)
def an_integration_user(court: Court) -> Ended:
    """An account that the rules call an integration clicks."""
    boss, case = court.approver(), court.ask()
    court.rule(integration_users=[boss.upper()])
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.APPROVER_UNREADABLE,
        "The bridge may not read whether your account is active. Ask your ServiceNow administrator to let it.",
    ),
)
def his_account_cannot_be_read(court: Court) -> Ended:
    """The bridge may not read whether his account is active."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw("sys_user", court.user_id(boss), {"active": ""})
    return Ended(case, court.decide(row, case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.APPROVER_UNKNOWN,
        "Another ServiceNow user has your user name or e-mail address, so you can't be told apart. Ask your ServiceNow "
        "administrator.",
    ),
)
def two_with_one_address(court: Court) -> Ended:
    """Another ServiceNow user has the approver's e-mail address."""
    boss, case = court.approver(), court.ask()
    court.approver(teleport=None, email=f"{boss}@example.test")
    return Ended(case, court.decide(court.click(boss, case), case))


# ---- rows that are not what they say


@CHAPTER.case(
    MODES,
    refused(
        Reason.NOT_BY_ITS_USER,
        "The decision row was not made by the user whom it names. Decide again on the ticket yourself.",
    ),
)
def a_row_in_anothers_name(court: Court) -> Ended:
    """Somebody who can write the table makes a row that names an approver."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(_row(court, case, boss, sys_created_by="mallory"), case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.ROW_ABSENT, "The callback names a decision that ServiceNow doesn't have. Decide again on the ticket."
    ),
)
def no_such_row(court: Court) -> Ended:
    """A signed callback names a decision that ServiceNow doesn't have."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.click(boss, court.ask())
    court.instance.servicenow.delete(DECISION, row)
    return Ended(case, court.decide(row, case, said="approved"))


@CHAPTER.case("bot", _CONTRADICTION)
def the_callback_says_otherwise(court: Court) -> Ended:
    """The callback says approved, and the row says rejected."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case, said="approved"))


@CHAPTER.case("bot", _CONTRADICTION)
def the_callback_is_about_another_request(court: Court) -> Ended:
    """The callback carries an approval to another request than the row."""
    boss, case, other = court.approver(), court.ask(), court.ask()
    return Ended(other, court.decide(court.click(boss, case), other))


@CHAPTER.case("bot", refused(Reason.FOREIGN_CLUSTER, "The decision is for another Teleport cluster."))
def another_cluster(court: Court) -> Ended:
    """The row is for another Teleport cluster."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(_row(court, case, boss, cluster="other.example.test"), case))


@CHAPTER.case("bot", _FOREIGN)
def a_ticket_of_his_own(court: Court) -> Ended:
    """The incident says that it is for the request, and is not the one that the bridge made."""
    boss, case = court.approver(), court.ask()
    values = {"correlation_id": case.request_id, "correlation_display": f"Teleport {court.cluster.name} #1"}
    forged = court.instance.servicenow.insert_raw("incident", values)
    forgery = Case(case.request_id, case.requester, forged, case.number)
    return Ended(case, court.decide(court.click(boss, forgery), forgery))


@CHAPTER.case("bot", _FOREIGN)
def the_ticket_was_turned_to_another_request(court: Court) -> Ended:
    """Somebody changed which request the bridge's own incident stands for."""
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.instance.servicenow.update_raw("incident", case.ticket, {"correlation_id": court.ask().request_id})
    return Ended(case, court.decide(row, case))


# ---- votes


@CHAPTER.case(MODES, APPLIED)
def the_approver_votes(court: Court) -> Ended:
    """The approver votes for it on his approval."""
    boss, case = court.approver(), court.ask()
    item = court.decide(court.vote(boss, court.ask_for_approval(boss, case)), case)
    assert (item.kind, item.user_name) == ("approval", boss)
    return Ended(case, item, {"approver": boss})


@CHAPTER.case("bot", DENIED)
def the_approver_votes_against(court: Court) -> Ended:
    """The approver votes against it on his approval."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.vote(boss, court.ask_for_approval(boss, case), "rejected"), case))


@CHAPTER.case("bot", NOT_IN_GROUP)
def the_approver_is_not_in_the_group(court: Court) -> Ended:
    """An approver who is not in the approver group votes."""
    boss, case = court.approver(groups=()), court.ask()
    return Ended(case, court.decide(court.vote(boss, court.ask_for_approval(boss, case)), case))


@CHAPTER.case(("bot", "set_state"), APPLIED)
@CHAPTER.case("on_behalf", applied_as("{delegate}"))
def a_delegate_votes(court: Court) -> Ended:
    """The approver's delegate votes while the delegation lasts."""
    boss, delegate, case = court.approver(), court.approver(), court.ask()
    court.instance.servicenow.add_delegate(boss, delegate)
    item = court.decide(court.vote(delegate, court.ask_for_approval(boss, case)), case)
    assert item.user_name == delegate
    assert item.decided_by.endswith(f"({delegate}) as delegate of {boss.title()} Manager ({boss})")
    assert f"as delegate of {boss.title()} Manager ({boss})" in court.told_in_teleport(case)
    return Ended(case, item, {"delegate": delegate})


@CHAPTER.case("bot", _NO_VOTE)
def a_delegate_too_late(court: Court) -> Ended:
    """A delegate's vote stands there after his delegation has ended."""
    boss, delegate, case = court.approver(), court.approver(), court.ask()
    court.instance.servicenow.add_delegate(boss, delegate, "2026-01-01 00:00:00", "2026-01-31 00:00:00")
    return Ended(case, court.decide(court.vote_without_person(court.ask_for_approval(boss, case), delegate), case))


@CHAPTER.case("bot", _NO_VOTE)
def a_delegate_for_other_things(court: Court) -> Ended:
    """A delegate's vote stands there, and his delegation is not for approvals."""
    boss, delegate, case = court.approver(), court.approver(), court.ask()
    court.instance.servicenow.add_delegate(boss, delegate, approvals=False)
    return Ended(case, court.decide(court.vote_without_person(court.ask_for_approval(boss, case), delegate), case))


@CHAPTER.case("bot", NOT_IN_GROUP)
def a_delegate_who_is_not_in_the_group(court: Court) -> Ended:
    """The delegate is not in the approver group."""
    boss, delegate, case = court.approver(), court.approver(groups=()), court.ask()
    court.instance.servicenow.add_delegate(boss, delegate)
    return Ended(case, court.decide(court.vote(delegate, court.ask_for_approval(boss, case)), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def the_requester_is_the_delegate(court: Court) -> Ended:
    """The requester is the approver's delegate and votes."""
    boss, requester = court.approver(), court.approver(teleport=None)
    court.teleport_user(requester, "requester", "reviewer")
    case = court.ask(requester)
    court.instance.servicenow.add_delegate(boss, requester)
    return Ended(case, court.decide(court.vote(requester, court.ask_for_approval(boss, case)), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def the_requester_delegates(court: Court) -> Ended:
    """The requester is asked for approval, and a colleague votes as his delegate."""
    requester, colleague = court.approver(teleport=None), court.approver()
    court.teleport_user(requester, "requester", "reviewer")
    case = court.ask(requester)
    court.instance.servicenow.add_delegate(requester, colleague)
    return Ended(case, court.decide(court.vote(colleague, court.ask_for_approval(requester, case)), case))


@CHAPTER.case("bot", _NO_VOTE)
def approved_by_time_out(court: Court) -> Ended:
    """The approval is given because its time is out (by `system`)."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.vote_without_person(court.ask_for_approval(boss, case), "system"), case))


@CHAPTER.case(MODES, _NO_VOTE)
def approved_by_a_flow(court: Court) -> Ended:
    """The approval is given by a flow that runs as a user of the approver group."""
    boss, runner, case = court.approver(), court.approver(), court.ask()
    return Ended(case, court.decide(court.vote_without_person(court.ask_for_approval(boss, case), runner), case))


@CHAPTER.case("bot", _NO_VOTE)
def approved_by_mail(court: Court) -> Ended:
    """The approval is given by e-mail without a user of its own (by `guest`)."""
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.vote_without_person(court.ask_for_approval(boss, case), "guest"), case))


@CHAPTER.case("bot", refused(Reason.APPROVER_NOT_HUMAN, "Accounts for web services can't decide."))
def approved_by_a_web_service_account(court: Court) -> Ended:
    """The approval is given by the bridge's own account."""
    boss, case = court.approver(), court.ask()
    row = court.vote_without_person(court.ask_for_approval(boss, case), "svc.access.bridge.decisions")
    return Ended(case, court.decide(row, case))


@CHAPTER.case("bot", _INTEGRATION)
def approved_by_an_integration_user(court: Court) -> Ended:
    """The approval is asked of, and given by, an account that the rules call an integration."""
    boss, case = court.approver(), court.ask()
    court.rule(integration_users=[boss])
    return Ended(case, court.decide(court.vote(boss, court.ask_for_approval(boss, case)), case))


@CHAPTER.case(MODES, _NO_VOTE)
def an_administrator_edits_the_approval(court: Court) -> Ended:
    """A ServiceNow administrator, himself an approver, sets somebody else's approval to approved."""
    boss, admin, case = court.approver(), court.approver(roles=("admin", "itil", APPROVER_ROLE)), court.ask()
    return Ended(case, court.decide(court.vote(admin, court.ask_for_approval(boss, case)), case))


@CHAPTER.case("bot", _NO_VOTE)
def an_administrator_edits_it_afterwards(court: Court) -> Ended:
    """Somebody else edits the approval after the vote, before it is looked at."""
    boss, case = court.approver(), court.ask()
    approval = court.ask_for_approval(boss, case)
    row = court.vote(boss, approval)
    court.instance.servicenow.update_raw("sysapproval_approver", approval, {"sys_updated_by": "mallory"})
    return Ended(case, court.decide(row, case))


@CHAPTER.case(
    "bot",
    Expected(Outcome.WITHDRAWN, Reason.WITHDRAWN, "The approval says otherwise now, so this decision does not count."),
)
def a_vote_is_changed(court: Court) -> Ended:
    """The approver changes his vote to rejected: what becomes of the approval."""
    boss, case = court.approver(), court.ask()
    approval = court.ask_for_approval(boss, case)
    first = court.vote(boss, approval)
    court.vote(boss, approval, "rejected")
    return Ended(case, court.decide(first, case))


@CHAPTER.case("bot", DENIED)
def a_changed_vote_counts(court: Court) -> Ended:
    """The approver changes his vote to rejected: what becomes of the denial."""
    boss, case = court.approver(), court.ask()
    approval = court.ask_for_approval(boss, case)
    first, last = court.vote(boss, approval), court.vote(boss, approval, "rejected")
    court.decide(first, case)
    return Ended(case, court.decide(last, case))


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def a_vote_is_delivered_twice(court: Court) -> Ended:
    """The same vote is delivered twice: one review."""
    boss, case = court.approver(), court.ask()
    row = court.vote(boss, court.ask_for_approval(boss, case))
    court.decide(row, case)
    return Ended(case, court.decide(row, case), {"approver": boss})


@CHAPTER.case("set_state", refused(Reason.VOTE_COUNTED, "This vote was already taken to Teleport.", state="APPROVED"))
@CHAPTER.case(
    "on_behalf",
    refused(Reason.VOTE_COUNTED, "This vote was already taken to Teleport.", state="PENDING", reviews=("{approver}",)),
)
def two_rows_for_one_vote(court: Court) -> Ended:
    """A second row is made of one vote (two approvals are needed): what becomes of it."""
    boss, case = court.approver(), court.ask(court.requester(role="two-requester"))
    approval = court.ask_for_approval(boss, case)
    court.decide(court.vote(boss, approval), case)
    second = _row(court, case, boss, approval=approval, sys_created_by="system")
    return Ended(case, court.decide(second, case), {"approver": boss})


@CHAPTER.case(
    "bot", refused(Reason.VOTE_FOREIGN, "The approval that this decision came from is not one of this ticket.")
)
def an_approval_of_another_ticket(court: Court) -> Ended:
    """The row names an approval of another incident."""
    boss, case, other = court.approver(), court.ask(), court.ask()
    approval = court.ask_for_approval(boss, other)
    court.vote(boss, approval)
    return Ended(case, court.decide(_row(court, case, boss, approval=approval), case))


@CHAPTER.case(
    "bot",
    refused(Reason.VOTE_ABSENT, "The approval that this decision came from is not there. Decide again on the ticket."),
)
def the_approval_is_deleted(court: Court) -> Ended:
    """The approval is deleted before the vote is looked at."""
    boss, case = court.approver(), court.ask()
    approval = court.ask_for_approval(boss, case)
    row = court.vote(boss, approval)
    court.ask_for_approval(boss, court.ask())
    court.instance.servicenow.delete("sysapproval_approver", approval)
    return Ended(case, court.decide(row, case))


@CHAPTER.case("bot", NO_DECISION)
def the_roll_up(court: Court) -> Ended:
    """Somebody sets the incident's own `approval` field, the roll-up, to approved."""
    case = court.ask()
    court.instance.servicenow.update_as("erin", "incident", case.ticket, {"approval": "approved"})
    assert court.instance.servicenow.wait_for_callbacks()
    assert not [row for row in court.instance.servicenow.rows(DECISION) if row["ticket"] == case.ticket]
    return Ended(case, None)
