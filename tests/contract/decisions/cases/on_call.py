"""Requests of people who are on call, which the bot approves under a rule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from access_bridge.decisions.outcome import Outcome, Reason
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.rules.decisions import Mode
from access_bridge.servicenow.errors import CredentialsRefused
from access_bridge.teleport.errors import ReviewsUnsupported
from local.servicenow.access import DECISIONS
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended, Expected
from tests.contract.decisions.cases.ends import LONG_TERM, NEVER, NO_REVIEWS, NOT_YET, TOO_LONG, applied, refused
from tests.contract.decisions.court import Case, Court

CHAPTER = Chapter(
    "The requester is on call",
    "A rule of the rules file names the roles, the annotation `teleport.dev/schedules` of the requester's role the "
    "rotas (as sys_ids). The bot approves in its own name.",
)
_BOTS = "Approved automatically by Access Bridge: {requester} is on call for {rota} in ServiceNow ({incident})"
_BY_MODE = applied(words=_BOTS)
_APPLIED: Mapping[Mode, Expected] = {**_BY_MODE, "on_behalf": _BY_MODE["bot"]}
_NOT_ON_CALL = refused(Reason.NOT_ON_CALL, "{requester} is not on call now for {rota}. Somebody has to decide.")
_NO_RULE = refused(
    Reason.NO_RULE, "No rule lets whoever is on call have these roles without a decision. Somebody has to decide."
)
_RULE: Mapping[str, Any] = {"when": {"roles": ["dba"]}, "then": "ticket", "on_call": "approve"}


def _rota(court: Court) -> tuple[str, str]:
    """A rota of the instance: its sys_id, and its name."""
    name = f"Rota {uuid.uuid4().hex[:10]}"
    return court.instance.servicenow.add_rota(name), name


def _ask(
    court: Court,
    *rotas: str,
    rule: Mapping[str, Any] = _RULE,
    requester: str = "",
    thresholds: Sequence[Mapping[str, Any]] = (),
    **asked: Any,
) -> Case:
    """A request of somebody whose role names these rotas, with a rule that lets the bot approve."""
    court.rules = {**court.rules, "rules": [rule]}
    request: dict[str, Any] = {"roles": ["dba", "prod-access"]}
    if rotas:
        request["annotations"] = {"teleport.dev/schedules": list(rotas)}
    if thresholds:
        request["thresholds"] = list(thresholds)
    role = court.teleport_role(f"asker-{uuid.uuid4().hex[:10]}", request=request)
    if requester:
        court.teleport_user(requester, role)
    return court.ask(requester or court.requester(role=role), **asked)


def _at(court: Court, case: Case, rota: str, **shift: Any) -> None:
    court.instance.servicenow.put_on_call(rota, case.requester, **shift)


@CHAPTER.case(MODES, _APPLIED)
def on_call(court: Court) -> Ended:
    """The requester is on call for the rota: he is approved, by the bot itself in every mode."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _APPLIED)
def on_call_for_one_of_two(court: Court) -> Ended:
    """The role names two rotas, and the requester is on call for one of them."""
    first, (rota, name) = _rota(court)[0], _rota(court)
    case = _ask(court, first, rota)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _APPLIED)
def on_call_by_another_name(court: Court) -> Ended:
    """The table of the rules says who the requester is in ServiceNow."""
    rota, name = _rota(court)
    login, there = f"login-{name[5:]}", court.requester(known=False)
    court.instance.servicenow.add_user(login)
    court.rule(teleport_users={login: there})
    case = _ask(court, rota, requester=there)
    court.instance.servicenow.put_on_call(rota, login)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case(MODES, _NOT_ON_CALL)
def not_on_call(court: Court) -> Ended:
    """Somebody else is on call."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    court.instance.servicenow.put_on_call(rota, court.requester())
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _NOT_ON_CALL)
def his_shift_is_over(court: Court) -> Ended:
    """The requester's shift is over (times are UTC)."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota, starts="2026-01-01 00:00:00", ends="2026-01-02 00:00:00")
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _NOT_ON_CALL)
def second_level(court: Court) -> Ended:
    """The requester is on the second escalation level."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    court.instance.servicenow.put_on_call(rota, court.requester(), order=1)
    _at(court, case, rota, order=2)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _APPLIED)
def second_level_counts(court: Court) -> Ended:
    """The requester is on the second escalation level, and `on_call_levels` is 2."""
    court.rule(on_call_levels=2)
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota, order=2)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _NOT_ON_CALL)
def a_device(court: Court) -> Ended:
    """On call is a device of the requester's."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota, device=uuid.uuid4().hex)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", _NOT_ON_CALL)
def a_group(court: Court) -> Ended:
    """On call is a group that the requester is in."""
    rota, name = _rota(court)
    group_name = f"Group {uuid.uuid4().hex[:10]}"
    group, case = court.instance.servicenow.add_group(group_name), _ask(court, rota)
    court.instance.servicenow.add_member(group_name, case.requester)
    court.instance.servicenow.put_on_call(rota, group=group)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case(
    "bot",
    refused(
        Reason.NOT_ON_CALL,
        "The ServiceNow user of {requester} is inactive or locked out. Somebody has to decide.",
    ),
)
def inactive(court: Court) -> Ended:
    """The requester is on call, and his ServiceNow account is inactive."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.instance.servicenow.update_raw("sys_user", court.user_id(case.requester), {"active": "false"})
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.REQUESTER_UNKNOWN,
        "{requester} is no ServiceNow user, so the schedule doesn't tell whether he is on call. Somebody has to "
        "decide.",
    ),
)
def nobody_in_servicenow(court: Court) -> Ended:
    """The requester is no ServiceNow user."""
    case = _ask(court, _rota(court)[0], requester=court.requester(known=False))
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(MODES, _NO_RULE)
def no_rule(court: Court) -> Ended:
    """The requester is on call, and no rule has `on_call: approve` for the role."""
    rota, _ = _rota(court)
    case = _ask(court, rota, rule={"when": {"roles": ["dba"]}, "then": "ticket"})
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case("bot", _NO_RULE)
def a_mixed_request(court: Court) -> Ended:
    """The requester is on call, and asks for a role besides that the rule doesn't name."""
    rota, _ = _rota(court)
    case = _ask(court, rota, roles=("dba", "prod-access"))
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.NO_SCHEDULE,
        "The requested roles have no annotation teleport.dev/schedules, so there is no rota to look at. Somebody has "
        "to decide.",
    ),
)
def no_schedule(court: Court) -> Ended:
    """The requester's role has no annotation `teleport.dev/schedules`."""
    case = _ask(court)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.NO_SCHEDULE,
        "The annotation teleport.dev/schedules names what is no sys_id of a rota: Database rota. Somebody has to "
        "decide.",
    ),
)
def a_schedule_by_name(court: Court) -> Ended:
    """The annotation names a rota by its name, and not by its sys_id."""
    case = _ask(court, "Database rota")
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.NOT_ON_CALL,
        "{requester} is not on call now for {rota}. ServiceNow doesn't know: {rota}. Somebody has to decide.",
    ),
)
def an_unknown_rota(court: Court) -> Ended:
    """ServiceNow has no such rota, and answers 404."""
    rota = uuid.uuid4().hex
    case = _ask(court, rota)
    habits = court.instance.servicenow.habits
    before, habits.unknown_rota = habits.unknown_rota, "not_found"
    try:
        return Ended(case, court.check_on_call(case), {"rota": rota})
    finally:
        habits.unknown_rota = before


@CHAPTER.case(MODES, NOT_YET)
def the_schedule_does_not_answer(court: Court) -> Ended:
    """ServiceNow doesn't answer who is on call: it is asked again later."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.instance.servicenow.faults.unavailable(table="whoisoncall")
    with pytest.raises(Retry):
        court.check_on_call(case)
    return Ended(case, court.on_call_item(case))


@CHAPTER.case(
    "bot",
    refused(Reason.CHECK_REFUSED, "ServiceNow doesn't let the bridge look this up. Somebody has to decide."),
)
def the_schedule_may_not_be_asked(court: Court) -> Ended:
    """The bridge's account may not ask who is on call: an alarm, and people decide without waiting for it."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    servicenow = court.instance.servicenow
    servicenow.disallow("cmn_rota", "read", DECISIONS)
    try:
        item = court.check_on_call(case)
    finally:
        servicenow.allow("cmn_rota", "read", DECISIONS)
    assert "BrokenConfiguration" in court.counted
    return Ended(case, item)


@CHAPTER.case(MODES, NOT_YET)
def the_credentials_are_refused(court: Court) -> Ended:
    """ServiceNow refuses the bridge's credentials (401), which say nothing of the schedule: it is asked again later."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.instance.servicenow.faults.unauthorized(table="whoisoncall")
    with pytest.raises(CredentialsRefused):
        court.check_on_call(case)
    return Ended(case, court.on_call_item(case))


@CHAPTER.case("bot", NOT_YET)
def the_users_are_hidden(court: Court) -> Ended:
    """The bridge's account sees no users, so that nobody is found proves nothing: it is asked again later."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    servicenow = court.instance.servicenow
    servicenow.disallow("sys_user", "read", DECISIONS)
    try:
        with pytest.raises(BrokenConfiguration, match="no user can be read"):
            court.check_on_call(case)
    finally:
        servicenow.allow("sys_user", "read", DECISIONS)
    return Ended(case, court.on_call_item(case))


@CHAPTER.case("bot", _APPLIED)
def the_schedule_answers_again(court: Court) -> Ended:
    """ServiceNow didn't answer who is on call; the next look applies it."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.instance.servicenow.faults.unavailable(table="whoisoncall")
    with pytest.raises(Retry):
        court.check_on_call(case)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case(MODES, NEVER)
def never_approved(court: Court) -> Ended:
    """The requester is on call, and `never_approve` names the role."""
    court.rule(never_approve=["dba"])
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case("bot", TOO_LONG)
def too_long(court: Court) -> Ended:
    """The requester is on call, and asks for longer than `longest_access`."""
    court.rule(longest_access="1h")
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case("bot", LONG_TERM)
def long_term(court: Court) -> Ended:
    """The requester is on call, and asks for long-term access."""
    rota, _ = _rota(court)
    case = _ask(court, rota, long_term=True)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    ("bot", "set_state"),
    refused(
        Reason.ALREADY_RESOLVED,
        "The request was already approved in Teleport; there was nothing left to do.",
        state="APPROVED",
    ),
)
def approved_already(court: Court) -> Ended:
    """The requester is on call, and somebody approved meanwhile."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.cluster.tctl_approve(case.request_id)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case(
    ("bot", "set_state"),
    Expected(
        Outcome.CONFLICT,
        Reason.CONFLICT,
        "The request was already denied in Teleport, and Teleport has the last word.",
        state="DENIED",
    ),
)
def denied_already(court: Court) -> Ended:
    """The requester is on call, and somebody denied meanwhile."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.cluster.tctl_deny(case.request_id)
    return Ended(case, court.check_on_call(case))


@CHAPTER.case("bot", _APPLIED)
def looked_at_twice(court: Court) -> Ended:
    """The look comes twice: one review."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    court.check_on_call(case)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case("bot", NO_REVIEWS, teleport="open source")
def on_open_source(court: Court) -> Ended:
    """The requester is on call, on an open-source cluster, where nobody can review."""
    rota, _ = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    with pytest.raises(ReviewsUnsupported):
        court.check_on_call(case)
    return Ended(case, court.on_call_item(case))


@CHAPTER.case("set_state", _APPLIED, teleport="open source")
def set_on_open_source(court: Court) -> Ended:
    """The requester is on call, on an open-source cluster."""
    rota, name = _rota(court)
    case = _ask(court, rota)
    _at(court, case, rota)
    return Ended(case, court.check_on_call(case), {"rota": name})


@CHAPTER.case(
    "bot",
    refused(
        Reason.BOT_VOTE_SPENT,
        "{bot} already used its one vote on this request for an earlier decision. Give this one in Teleport: {link}",
        reviews=("{bot}",),
    ),
)
def then_a_human(court: Court) -> Ended:
    """Two approvals are needed: the bot gave one for whoever is on call, and an approver approves on the incident."""
    rota, _ = _rota(court)
    thresholds = [{"name": "two", "approve": 2, "deny": 1}]
    case = _ask(court, rota, thresholds=thresholds)
    _at(court, case, rota)
    assert court.check_on_call(case).outcome == Outcome.RECORDED
    boss = court.approver()
    return Ended(case, court.decide(court.click(boss, case), case))
