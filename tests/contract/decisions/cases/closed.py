"""Requests that the bot denies because a person ended their ticket."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from access_bridge.decisions.outcome import Reason
from local.servicenow.schema import DECISION
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended
from tests.contract.decisions.cases.ends import LONG_TERM, denied_by_bot, refused
from tests.contract.decisions.court import APPROVER_ROLE, Case, Court

CHAPTER = Chapter(
    "The ticket that a person ends",
    "With `closed: deny` in a rule the bot denies a pending request whose incident a person resolved, closed or "
    "canceled. What the requester does himself decides nothing, nor does an integration or the instance, and whoever "
    "decided or approved comes first. Where nothing else is said, the rule is there.",
)
_RULE: Final[Mapping[str, Any]] = {"when": {"roles": ["dba"]}, "then": "ticket", "closed": "deny"}
_RESOLVED = denied_by_bot("its ticket was resolved in ServiceNow by {closer}")
_CANCELED = denied_by_bot("its ticket was canceled in ServiceNow by {closer}")
_NOT_ENDED = refused(Reason.NOT_CLOSED, "The ticket is not ended any more. Somebody has to decide.")
_UNKNOWN = refused(
    Reason.CLOSER_UNKNOWN, "ServiceNow doesn't show which person ended the ticket. Somebody has to decide."
)
_INTEGRATION = refused(
    Reason.CLOSER_NOT_HUMAN,
    "The ticket was ended by {closer}, an account for integrations. Somebody has to decide.",
)
_HIMSELF = refused(
    Reason.CLOSED_BY_REQUESTER,
    "The requester ended the ticket himself, which decides nothing. The request expires by itself, or somebody decides "
    "in Teleport.",
)


def _ask(court: Court, requester: str = "", rules: Sequence[Mapping[str, Any]] = (_RULE,), **asked: Any) -> Case:
    court.rules = {**court.rules, "rules": list(rules)}
    return court.ask(requester, **asked)


def _shown(court: Court, user_name: str) -> str:
    """A person as he is named to others."""
    user = court.instance.servicenow.row("sys_user", court.user_id(user_name))
    return f"{user['name']} ({user_name})"


def _ended(court: Court, case: Case, closer: str = "") -> Ended:
    names = {"closer": _shown(court, closer)} if closer else {}
    return Ended(case, court.check_closed(case), names)


@CHAPTER.case(MODES, _CANCELED)
def canceled(court: Court) -> Ended:
    """An approver cancels the incident."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case)
    return _ended(court, case, boss)


@CHAPTER.case("bot", _RESOLVED)
def resolved_by_the_service_desk(court: Court) -> Ended:
    """Somebody who may not decide resolves it: a denial gives nobody access."""
    agent, case = court.approver(groups=(), roles=("itil",)), _ask(court)
    court.end(agent, case, "6")
    return _ended(court, case, agent)


@CHAPTER.case("bot", denied_by_bot("its ticket was closed in ServiceNow by {closer}"))
def closed_by_the_instance_afterwards(court: Court) -> Ended:
    """A person resolves it, and some days later the instance closes what is resolved."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case, "6")
    court.instance.servicenow.auto_close(case.ticket)
    return _ended(court, case, boss)


@CHAPTER.case(MODES, _HIMSELF)
def by_the_requester(court: Court) -> Ended:
    """The requester, who works in the service desk, cancels his own incident."""
    requester = court.requester()
    court.instance.servicenow.add_role(requester, "itil")
    case = _ask(court, requester)
    court.end(requester, case)
    return _ended(court, case)


@CHAPTER.case("bot", _HIMSELF)
def by_the_requester_s_second_account(court: Court) -> Ended:
    """Somebody with the requester's e-mail address cancels it."""
    requester = court.requester(email=f"{uuid.uuid4().hex}@example.test")
    case = _ask(court, requester)
    address = court.instance.servicenow.row("sys_user", court.user_id(requester))["email"]
    court.end(court.approver(email=address), case)
    return _ended(court, case)


@CHAPTER.case(
    "bot",
    refused(
        Reason.REQUESTER_UNKNOWN,
        "The requester is not exactly one ServiceNow user, so he may have ended the ticket. Somebody has to decide.",
    ),
)
def the_requester_is_unknown(court: Court) -> Ended:
    """The requester is no ServiceNow user, so nobody knows whether he canceled it himself."""
    boss, case = court.approver(), _ask(court, court.requester(known=False))
    court.end(boss, case)
    return _ended(court, case)


@CHAPTER.case("bot", _INTEGRATION)
def by_an_integration_account(court: Court) -> Ended:
    """An account in `decisions.integration_users` resolves it."""
    robot, case = court.approver(), _ask(court)
    court.rule(integration_users=[robot.upper()])
    court.end(robot, case, "6")
    return _ended(court, case, robot)


@CHAPTER.case("bot", _INTEGRATION)
def by_a_web_service_account(court: Court) -> Ended:
    """An account for web services alone resolves it."""
    robot, case = court.approver(web_service_access_only=True), _ask(court)
    ended = {"state": "6", "resolved_by": court.user_id(robot)}  # it has no session in which a person would do so
    court.instance.servicenow.update_raw("incident", case.ticket, ended)
    return _ended(court, case, robot)


@CHAPTER.case("bot", _UNKNOWN)
def by_the_instance(court: Court) -> Ended:
    """A job of the instance closes it, and nobody had resolved it."""
    case = _ask(court)
    court.instance.servicenow.auto_close(case.ticket)
    return _ended(court, case)


@CHAPTER.case("bot", _UNKNOWN)
def by_a_user_who_is_gone(court: Court) -> Ended:
    """The user who canceled it has been deleted."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case)
    court.instance.servicenow.delete("sys_user", court.user_id(boss))
    return _ended(court, case)


@CHAPTER.case("bot", _NOT_ENDED)
def reopened(court: Court) -> Ended:
    """It is resolved and reopened before it is looked at."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case, "6")
    court.instance.servicenow.update_as(boss, "incident", case.ticket, {"state": "2"})
    return _ended(court, case)


@CHAPTER.case("bot", _NOT_ENDED)
def gone(court: Court) -> Ended:
    """The incident is deleted: who did that is known nowhere."""
    case = _ask(court)
    court.instance.servicenow.delete("incident", case.ticket)
    return _ended(court, case)


@CHAPTER.case(
    "bot",
    refused(
        Reason.FOREIGN_TICKET,
        "This ticket is not the one of that access request. Decide on the ticket that the bridge made.",
    ),
)
def another_request_s(court: Court) -> Ended:
    """Its correlation_id says that it is another request's."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case, "6", correlation_id=str(uuid.uuid4()))
    return _ended(court, case)


@CHAPTER.case(
    "bot",
    refused(
        Reason.DECISION_WAITING, "Somebody has decided on the ticket, and that counts first. Somebody has to decide."
    ),
)
def somebody_has_decided(court: Court) -> Ended:
    """An approver approves, and cancels the incident before the approval has reached Teleport."""
    boss, case = court.approver(), _ask(court)
    court.click(boss, case)
    court.end(boss, case)
    return _ended(court, case)


@CHAPTER.case("bot", _CANCELED)
def a_decision_was_refused(court: Court) -> Ended:
    """An approver's decision is refused, and then he cancels the incident."""
    boss, case = court.approver(groups=(), roles=("itil", APPROVER_ROLE)), _ask(court)
    row = court.click(boss, case)
    court.decide(row, case)
    assert court.instance.servicenow.row(DECISION, row)["outcome"] == ""
    court.end(boss, case)
    return _ended(court, case, boss)


@CHAPTER.case(
    "bot",
    refused(
        Reason.APPROVAL_GIVEN,
        "Somebody has approved the request, and it needs more approvals. Somebody has to decide.",
        reviews=("{approver}",),
    ),
)
def half_approved(court: Court) -> Ended:
    """Two approvals are needed; an approver gives one in Teleport, and cancels the incident."""
    boss, case = court.approver(), _ask(court, court.requester(role="two-requester"))
    court.cluster.as_user(boss).review(case.request_id, "APPROVED", "fine")
    court.end(boss, case)
    return Ended(case, court.check_closed(case), {"approver": boss})


@CHAPTER.case("bot", refused(Reason.NO_RULE, "No rule denies this request: somebody has to decide."))
def no_rule(court: Court) -> Ended:
    """No rule has `closed: deny` for the role."""
    boss, case = court.approver(), _ask(court, rules=())
    court.end(boss, case)
    return _ended(court, case)


@CHAPTER.case("bot", LONG_TERM)
def long_term(court: Court) -> Ended:
    """The request is for long-term access."""
    boss, case = court.approver(), _ask(court, long_term=True)
    court.end(boss, case)
    return _ended(court, case)


@CHAPTER.case(
    "bot",
    refused(
        Reason.ALREADY_RESOLVED,
        "The request was already denied in Teleport; there was nothing left to do.",
        state="DENIED",
    ),
)
def denied_already(court: Court) -> Ended:
    """Somebody denied it in Teleport meanwhile."""
    boss, case = court.approver(), _ask(court)
    court.end(boss, case)
    court.cluster.tctl_deny(case.request_id)
    return _ended(court, case)
