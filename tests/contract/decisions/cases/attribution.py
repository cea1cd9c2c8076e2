"""Who did it: what Teleport, its audit log and the ledger say about a decision."""

from __future__ import annotations

from dataclasses import replace

from access_bridge.ledger.items import DecisionItem
from tests.contract.decisions.cases.declare import Chapter, Ended
from tests.contract.decisions.cases.ends import NOT_IN_GROUP, applied
from tests.contract.decisions.court import BOT, Court

CHAPTER = Chapter(
    "Who did it",
    "Each side names the human, his ServiceNow user, and the incident: the reason in Teleport, its audit log, one "
    "line of the log, and the ledger's item, which `access-bridge decisions export` gives to auditors.",
)
_SAID = "in ServiceNow by {approver's name} ({approver}, {approver}@example.test) on {incident}: fine with me"
_APPROVED = applied(words=f"Approved {_SAID}")
_DENIED = applied("denied", words=f"Denied {_SAID}")


def _names(boss: str) -> dict[str, str]:
    return {"approver": boss, "approver's name": f"{boss.title()} Manager"}


def _check_kept(court: Court, item: DecisionItem, boss: str, author: str, kind: str = "human") -> None:
    """The ledger's item has what an auditor asks for, and the log's line the same."""
    request, sys_id = item.request_id, court.user_id(boss)
    assert (item.kind, item.table, item.decided_by) == (kind, "incident", f"{boss.title()} Manager ({boss})")
    assert (item.user_name, item.user_id, item.attempt_author) == (boss, sys_id, author)
    assert item.attempt_mode == court.rules["decisions"]["mode"]
    assert item.sys_id == court.ledger.records(request).ticket.sys_id
    assert item.ticket_number == court.instance.servicenow.row("incident", item.sys_id)["number"]
    assert 0 < item.attempt_at <= item.decided_at
    (line,) = court.log_lines(item.decision_id)
    shown = (line["decided_by"], line["ticket"], line["teleport_user"], line["outcome"], line["code"])
    assert shown == (item.decided_by, item.ticket_number, author, item.outcome, item.code)


@CHAPTER.case("bot", _APPROVED["bot"])
def bot_approves(court: Court) -> Ended:
    """Audit log: `access_request.review`, `reviewer` is the bot, the human stands in the reason."""
    boss, case = court.approver(), court.ask()
    item = court.decide(court.click(boss, case), case)
    (event,) = court.audit(case, "access_request.review")
    assert (event["reviewer"], event["proposed_state"]) == (BOT, "APPROVED")
    assert "submitted_by" not in event
    assert event["reason"] == f"[access-bridge decision {item.decision_id}] {court.told_in_teleport(case)}"
    _check_kept(court, item, boss, BOT)
    return Ended(case, item, _names(boss))


@CHAPTER.case("on_behalf", _APPROVED["on_behalf"])
def human_approves(court: Court) -> Ended:
    """Audit log: `access_request.review`, `reviewer` is the human, `submitted_by` the bot."""
    boss, case = court.approver(), court.ask()
    item = court.decide(court.click(boss, case), case)
    (event,) = court.audit(case, "access_request.review")
    assert (event["reviewer"], event["submitted_by"]) == (boss, BOT)
    assert court.request(case).Spec.Reviews[0].SubmittedBy == BOT
    _check_kept(court, item, boss, boss)
    return Ended(case, item, _names(boss))


@CHAPTER.case("set_state", _APPROVED["set_state"])
def state_is_set(court: Court) -> Ended:
    """Audit log: `access_request.update`, `updated_by` is the bot, `delegator` the human's e-mail address."""
    boss, case = court.approver(), court.ask()
    item = court.decide(court.click(boss, case), case)
    (event,) = court.audit(case, "access_request.update")
    assert (event["updated_by"], event["delegator"]) == (BOT, f"servicenow:{boss}@example.test")
    assert event["annotations"] == {"access-bridge/decision": [item.decision_id], "servicenow": [case.number]}
    _check_kept(court, item, boss, BOT)
    return Ended(case, item, _names(boss))


@CHAPTER.case("bot", _DENIED["bot"])
def bot_denies(court: Court) -> Ended:
    """A denial names the human in the same way."""
    boss, case = court.approver(), court.ask()
    item = court.decide(court.click(boss, case, "rejected"), case)
    (event,) = court.audit(case, "access_request.review")
    assert event["proposed_state"] == "DENIED"
    return Ended(case, item, _names(boss))


@CHAPTER.case(
    "bot",
    replace(
        _APPROVED["bot"],
        words="Approved in ServiceNow by {approver's name} ({approver}) on {incident}: fine with me",
    ),
)
def without_address(court: Court) -> Ended:
    """The approver has no e-mail address in ServiceNow."""
    boss, case = court.approver(email=""), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), _names(boss))


@CHAPTER.case(
    "on_behalf",
    replace(
        _APPROVED["on_behalf"],
        words="Approved in ServiceNow by {approver's name} ({approver}, {approver}@example.test) as delegate of "
        "{colleague's name} ({colleague}) on {incident}",
    ),
)
def a_delegate(court: Court) -> Ended:
    """A delegate's vote names both."""
    boss, colleague, case = court.approver(), court.approver(), court.ask()
    court.instance.servicenow.add_delegate(colleague, boss)
    item = court.decide(court.vote(boss, court.ask_for_approval(colleague, case)), case)
    names = {"colleague": colleague, "colleague's name": f"{colleague.title()} Manager"}
    assert item.approval
    assert (
        item.decided_by == f"{boss.title()} Manager ({boss}) as delegate of {colleague.title()} Manager ({colleague})"
    )
    return Ended(case, item, _names(boss) | names)


@CHAPTER.case("bot", NOT_IN_GROUP)
def a_refusal(court: Court) -> Ended:
    """A refusal names the human too, in the ledger and in the log, where nothing was tried in Teleport."""
    boss, case = court.approver(groups=()), court.ask()
    item = court.decide(court.click(boss, case), case)
    assert (item.user_name, item.user_id, item.ticket_number) == (boss, court.user_id(boss), case.number)
    assert (item.attempt_mode, item.attempt_author, item.attempt_at) == ("", "", 0)
    (line,) = court.log_lines(item.decision_id)
    assert (line["decided_by"], line["ticket"], line["code"]) == (item.decided_by, case.number, "not_in_group")
    return Ended(case, item)
