"""What the rules let be decided from ServiceNow, and by which group."""

from __future__ import annotations

import uuid
from datetime import timedelta

from access_bridge.decisions.outcome import Reason
from access_bridge.errors import BrokenConfiguration
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended
from tests.contract.decisions.cases.ends import (
    APPLIED,
    DENIED,
    LONG_TERM,
    NEVER,
    NOT_IN_GROUP,
    NOT_YET,
    TOO_LONG,
    applied_as,
    refused,
)
from tests.contract.decisions.court import GROUP, Court

CHAPTER = Chapter(
    "Guard rails in the rules",
    "What may not be approved from ServiceNow can be decided in Teleport: each refusal links there. A denial gives "
    "nobody access, so it is mostly allowed.",
)
_NO_GROUP = refused(
    Reason.NO_APPROVER_GROUP,
    "No approver group is configured, so no decision from ServiceNow is applied. Ask whoever runs the bridge to set "
    "decisions.approvers, or decide in Teleport: {link}",
)
_NO_GROUP_FOR_ROLE = refused(
    Reason.NO_APPROVER_GROUP,
    "No approver group is configured for a role of this request. Ask whoever runs the bridge to name one in "
    "decisions.approvers, or decide in Teleport: {link}",
)
_NOT_IN_ITS_GROUP = refused(
    Reason.NOT_IN_GROUP,
    "You are not in the group '{group}', which decides this access request. Ask somebody in it, or decide in Teleport: "
    "{link}",
)


def _group(court: Court) -> str:
    name = f"Group {uuid.uuid4().hex[:10]}"
    court.instance.servicenow.add_group(name)
    return name


# ---- roles


@CHAPTER.case(MODES, NEVER)
def never_approved(court: Court) -> Ended:
    """An approver approves a role that `never_approve` names."""
    court.rule(never_approve=["db*"])
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", NEVER)
def never_approved_among_others(court: Court) -> Ended:
    """An approver approves several roles, one of which `never_approve` names."""
    court.rule(never_approve=["dba"])
    boss, case = court.approver(), court.ask(roles=("prod-access", "dba"))
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, DENIED)
def never_approved_but_denied(court: Court) -> Ended:
    """An approver denies a role that `never_approve` names."""
    court.rule(never_approve=["dba"])
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case), {"approver": boss})


# ---- groups


@CHAPTER.case(("bot", "set_state"), _NO_GROUP)
def no_group_at_all(court: Court) -> Ended:
    """No approver group is configured."""
    court.rule(approvers=None)
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def teleport_judges_alone(court: Court) -> Ended:
    """No approver group is configured, and Teleport's roles let the approver review."""
    court.rule(approvers=None)
    boss, case = court.approver(groups=()), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", NOT_IN_GROUP)
def teleport_does_not_judge_alone(court: Court) -> Ended:
    """Teleport's roles let the approver review, and he is not in the group that is configured."""
    boss, case = court.approver(groups=()), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", APPLIED)
def in_the_roles_group(court: Court) -> Ended:
    """`by_role`: the approver is in the group of the requested role, and not in the general one."""
    group = _group(court)
    court.rule(approvers={"group": GROUP, "by_role": [{"roles": ["dba"], "group": group}]})
    boss, case = court.approver(groups=(group,)), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, _NOT_IN_ITS_GROUP)
def not_in_the_roles_group(court: Court) -> Ended:
    """`by_role`: the approver is in the general group, and not in that of the requested role."""
    group = _group(court)
    court.rule(approvers={"group": GROUP, "by_role": [{"roles": ["dba"], "group": group}]})
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"group": group})


@CHAPTER.case("bot", _NOT_IN_ITS_GROUP)
def in_one_of_two_groups(court: Court) -> Ended:
    """`by_role`: two roles are requested, and the approver is in the group of one of them."""
    group = _group(court)
    court.rule(approvers={"group": GROUP, "by_role": [{"roles": ["dba"], "group": group}]})
    boss, case = court.approver(), court.ask(roles=("prod-access", "dba"))
    return Ended(case, court.decide(court.click(boss, case), case), {"group": group})


@CHAPTER.case("bot", APPLIED)
def in_both_groups(court: Court) -> Ended:
    """`by_role`: two roles are requested, and the approver is in the groups of both."""
    group = _group(court)
    court.rule(approvers={"group": GROUP, "by_role": [{"roles": ["dba"], "group": group}]})
    boss, case = court.approver(groups=(GROUP, group)), court.ask(roles=("prod-access", "dba"))
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, _NO_GROUP_FOR_ROLE)
def no_group_for_a_role(court: Court) -> Ended:
    """`by_role` alone is configured, and none of its patterns fits the requested role."""
    court.rule(approvers={"by_role": [{"roles": ["prod-*"], "group": GROUP}]})
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", NOT_YET)
def a_group_that_is_not_there(court: Court) -> Ended:
    """ServiceNow has no group of the configured name: an alarm, and the decision is tried again."""
    court.rule(approvers={"group": "Nobody has called a group so"})
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide_in_vain(court.click(boss, case), case, BrokenConfiguration))


# ---- how long


@CHAPTER.case(MODES, LONG_TERM)
def long_term(court: Court) -> Ended:
    """An approver approves long-term access, which comes by an access list."""
    boss, case = court.approver(), court.ask(long_term=True)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", LONG_TERM)
def long_term_denied(court: Court) -> Ended:
    """An approver denies long-term access."""
    boss, case = court.approver(), court.ask(long_term=True)
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case))


@CHAPTER.case(MODES, TOO_LONG)
def too_long(court: Court) -> Ended:
    """An approver approves access that lasts longer than `longest_access`."""
    court.rule(longest_access="1h")
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("bot", DENIED)
def too_long_but_denied(court: Court) -> Ended:
    """An approver denies access that lasts longer than `longest_access`."""
    court.rule(longest_access="1h")
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case, "rejected"), case))


@CHAPTER.case("bot", APPLIED)
def short_enough(court: Court) -> Ended:
    """An approver approves access that lasts no longer than `longest_access`."""
    court.rule(longest_access="1h")
    boss, case = court.approver(), court.ask(max_duration=timedelta(minutes=30))
    return Ended(case, court.decide(court.click(boss, case), case))
