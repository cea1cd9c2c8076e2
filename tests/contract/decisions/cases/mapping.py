"""Who is who in the two systems, and that nobody decides on his own request."""

from __future__ import annotations

import uuid

from access_bridge.decisions.outcome import Reason
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended
from tests.contract.decisions.cases.ends import (
    APPLIED,
    NO_TELEPORT_USER,
    NOT_IN_GROUP,
    OWN_REQUEST,
    applied_as,
    refused,
)
from tests.contract.decisions.court import BOT, GROUP, Court

CHAPTER = Chapter(
    "Who is who",
    "`decisions.teleport_user` says how a ServiceNow user is found in Teleport; the table `decisions.teleport_users` "
    "wins over it. In `on_behalf` the approver has to be exactly one Teleport user, in `bot` and `set_state` the "
    "requester exactly one ServiceNow user.",
)
_REQUESTER_UNKNOWN = refused(
    Reason.REQUESTER_UNKNOWN,
    "The requester is not exactly one ServiceNow user, so he can't be told apart from you. Decide in Teleport, or ask "
    "your ServiceNow administrator.",
)
_TRAIT = "servicenow_id"


def _someone() -> str:
    return f"someone-{uuid.uuid4().hex[:10]}"


# ---- the approver in Teleport


@CHAPTER.case("on_behalf", applied_as("{teleport}"))
def by_user_name_in_another_case(court: Court) -> Ended:
    """`user_name`: Teleport has the approver's user name in lower case."""
    boss = court.approver(name=_someone().upper(), teleport=None)
    court.teleport_user(boss.lower(), "reviewer")
    case = court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"teleport": boss.lower()})


@CHAPTER.case("on_behalf", applied_as("{approver}@example.test"))
def by_email(court: Court) -> Ended:
    """`email`: the Teleport user's name is the approver's e-mail address."""
    court.rule(teleport_user="email")
    boss = court.approver(teleport=None)
    court.teleport_user(f"{boss}@example.test", "reviewer")
    case = court.ask(_known_by_email(court))
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", applied_as("{approver}@example.test"))
def by_email_in_another_case(court: Court) -> Ended:
    """`email`: ServiceNow writes the address with capital letters."""
    court.rule(teleport_user="email")
    boss = _someone()
    court.approver(name=boss, teleport=None, email=f"{boss.title()}@Example.Test")
    court.teleport_user(f"{boss}@example.test", "reviewer")
    case = court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_UNKNOWN,
        "Teleport has no user for you (looked for: {approver}@example.test). Sign in to Teleport once, then decide "
        "again.",
    ),
)
def not_by_email(court: Court) -> Ended:
    """`email`: Teleport has the approver's user name, and not his address."""
    court.rule(teleport_user="email")
    boss, case = court.approver(), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def by_trait(court: Court) -> Ended:
    """`trait:NAME`: the Teleport user of his name has his sys_id in the trait."""
    court.rule(teleport_user=f"trait:{_TRAIT}")
    boss, case = court.approver(teleport=None), court.ask()
    court.teleport_user(boss, "reviewer", **{_TRAIT: [court.user_id(boss)]})
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_UNKNOWN,
        "Teleport has no user for you (looked for: {approver}, {approver}@example.test). Sign in to Teleport once, "
        "then decide again.",
    ),
)
def by_anothers_trait(court: Court) -> Ended:
    """`trait:NAME`: the Teleport user of his name has another sys_id in the trait."""
    court.rule(teleport_user=f"trait:{_TRAIT}")
    boss, other, case = court.approver(teleport=None), court.approver(teleport=None), court.ask()
    court.teleport_user(boss, "reviewer", **{_TRAIT: [court.user_id(other)]})
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_AMBIGUOUS,
        "You are more than one Teleport user ({approver}, {approver}@example.test). Ask whoever runs the bridge to "
        "name the right one in decisions.teleport_users.",
    ),
)
def two_teleport_users(court: Court) -> Ended:
    """`trait:NAME`: two Teleport users have his sys_id in the trait."""
    court.rule(teleport_user=f"trait:{_TRAIT}")
    boss, case = court.approver(teleport=None), court.ask()
    for name in (boss, f"{boss}@example.test"):
        court.teleport_user(name, "reviewer", **{_TRAIT: [court.user_id(boss)]})
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", applied_as("{teleport}"))
def the_table_wins(court: Court) -> Ended:
    """The table names another Teleport user than the one of his user name."""
    boss, there, case = court.approver(), _someone(), court.ask()
    court.teleport_user(there, "reviewer")
    court.rule(teleport_users={boss: there})
    return Ended(case, court.decide(court.click(boss, case), case), {"teleport": there})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_UNKNOWN,
        "The rules give your name in Teleport to somebody else, or you have none. Ask whoever runs the bridge to name "
        "your Teleport user in decisions.teleport_users.",
    ),
)
def the_table_gave_his_name_away(court: Court) -> Ended:
    """The table says that the Teleport user of his user name is a colleague."""
    boss, colleague, case = court.approver(), court.approver(teleport=None), court.ask()
    court.rule(teleport_users={colleague: boss})
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", NO_TELEPORT_USER)
@CHAPTER.case(("bot", "set_state"), APPLIED)
def no_teleport_user(court: Court) -> Ended:
    """The approver has no Teleport user."""
    boss, case = court.approver(teleport=None), court.ask()
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", NO_TELEPORT_USER)
def signed_out(court: Court) -> Ended:
    """The approver's Teleport user comes from SSO, and he is not signed in."""
    boss, case = court.approver(), court.ask()
    court.cluster.remove_user(boss)
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case("on_behalf", applied_as("{approver}"))
def signed_in_again(court: Court) -> Ended:
    """He was refused so, signs in to Teleport, and decides again."""
    boss, case = court.approver(), court.ask()
    court.cluster.remove_user(boss)
    court.decide(court.click(boss, case), case)
    court.teleport_user(boss, "reviewer")
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(
    "on_behalf",
    refused(
        Reason.TELEPORT_USER_UNKNOWN,
        "The rules give your name in Teleport to somebody else, or you have none. Ask whoever runs the bridge to name "
        "your Teleport user in decisions.teleport_users.",
    ),
)
def mapped_to_the_bot(court: Court) -> Ended:
    """The table makes the approver the bridge's own bot."""
    boss, case = court.approver(), court.ask()
    court.rule(teleport_users={boss: BOT})
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("on_behalf", NO_TELEPORT_USER)
def the_mapping_is_removed(court: Court) -> Ended:
    """His entry was removed from the table after an earlier decision of his."""
    boss, there, earlier, case = court.approver(teleport=None), _someone(), court.ask(), court.ask()
    court.teleport_user(there, "reviewer")
    court.rule(teleport_users={boss: there})
    assert court.decide(court.click(boss, earlier), earlier).outcome == "applied"
    court.rule(teleport_users={})
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(MODES, NOT_IN_GROUP)
def he_leaves_the_group(court: Court) -> Ended:
    """He left the approver group after an earlier decision of his."""
    boss, earlier, case = court.approver(), court.ask(), court.ask()
    assert court.decide(court.click(boss, earlier), earlier).outcome == "applied"
    row = court.click(boss, case)
    court.remove_member(GROUP, boss)
    return Ended(case, court.decide(row, case))


# ---- the requester in ServiceNow


def _known_by_email(court: Court) -> str:
    """A requester whose name in Teleport is the e-mail address that ServiceNow has of him."""
    login = _someone()
    court.instance.servicenow.add_user(login, email=f"{login}@example.test")
    return court.requester(name=f"{login}@example.test", email=f"{login}@example.test", known=False)


@CHAPTER.case(("bot", "set_state"), APPLIED)
def the_requester_is_known_by_email(court: Court) -> Ended:
    """The requester's name in Teleport is his e-mail address in ServiceNow, and the mapping is by e-mail address."""
    court.rule(teleport_user="email")
    boss, case = court.approver(), court.ask(_known_by_email(court))
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(("bot", "set_state"), _REQUESTER_UNKNOWN)
def the_requester_is_known_by_email_alone(court: Court) -> Ended:
    """The requester's name in Teleport is his e-mail address in ServiceNow, and the mapping is by user name: an address
    that people can change themselves tells nothing then."""
    boss, case = court.approver(), court.ask(_known_by_email(court))
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(("bot", "set_state"), _REQUESTER_UNKNOWN)
@CHAPTER.case("on_behalf", applied_as("{approver}"))
def the_requester_is_nobody(court: Court) -> Ended:
    """The requester is no ServiceNow user."""
    boss, case = court.approver(), court.ask(court.requester(known=False))
    return Ended(case, court.decide(court.click(boss, case), case), {"approver": boss})


@CHAPTER.case(("bot", "set_state"), _REQUESTER_UNKNOWN)
def the_requester_is_two(court: Court) -> Ended:
    """The mapping is by e-mail address, and two ServiceNow users have the requester's."""
    court.rule(teleport_user="email")
    boss, requester = court.approver(), _known_by_email(court)
    court.instance.servicenow.add_user(_someone(), email=requester)
    case = court.ask(requester)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(("bot", "set_state"), _REQUESTER_UNKNOWN)
def the_requester_s_name_is_given_away(court: Court) -> Ended:
    """The table makes the ServiceNow user of the requester's name somebody else in Teleport; the requester himself has
    another user name in ServiceNow, and approves under it."""
    requester = court.requester()
    court.rule(teleport_users={requester: _someone()})
    case = court.ask(requester)
    return Ended(case, court.decide(court.click(court.approver(teleport=None), case), case))


@CHAPTER.case(("bot", "set_state"), _REQUESTER_UNKNOWN)
def the_requester_s_name_has_another_case(court: Court) -> Ended:
    """The requester's name in Teleport differs in letter case from the user name in ServiceNow: that may be two
    people."""
    name = _someone()
    court.instance.servicenow.add_user(name, email=f"{name}@example.test")
    case = court.ask(court.requester(name=name.title(), email="", known=False))
    return Ended(case, court.decide(court.click(court.approver(), case), case))


@CHAPTER.case(("bot", "set_state"), APPLIED)
def the_requester_stands_in_the_table(court: Court) -> Ended:
    """Only the table says who the requester is in ServiceNow."""
    boss, login, there = court.approver(), _someone(), court.requester(known=False)
    court.instance.servicenow.add_user(login, email=f"{login}@example.test")
    court.rule(teleport_users={login: there})
    case = court.ask(there)
    return Ended(case, court.decide(court.click(boss, case), case))


# ---- own requests


@CHAPTER.case(MODES, OWN_REQUEST)
def own_by_user_name(court: Court) -> Ended:
    """The requester approves: he has the same user name in both systems."""
    boss = court.approver(teleport=None)
    court.teleport_user(boss, "requester", "reviewer")
    case = court.ask(boss)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_in_another_case(court: Court) -> Ended:
    """The requester approves: Teleport writes his name with capital letters."""
    boss = court.approver(teleport=None)
    court.teleport_user(boss, "reviewer")
    court.teleport_user(boss.upper(), "requester")
    case = court.ask(boss.upper())
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_by_email(court: Court) -> Ended:
    """The requester approves: his Teleport user has another name, and his e-mail address in a trait."""
    boss, there = court.approver(), _someone()
    court.teleport_user(there, "requester", email=[f"{boss.upper()}@example.test"])
    case = court.ask(there)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_by_name_that_is_an_address(court: Court) -> Ended:
    """The requester approves: his Teleport user's name is his e-mail address."""
    boss = court.approver()
    court.teleport_user(f"{boss}@example.test", "requester")
    case = court.ask(f"{boss}@example.test")
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_by_trait(court: Court) -> Ended:
    """The requester approves: the names differ, the trait of his Teleport user holds his sys_id."""
    court.rule(teleport_user=f"trait:{_TRAIT}")
    boss, there = court.approver(), _someone()
    court.teleport_user(there, "requester", **{_TRAIT: [court.user_id(boss)]})
    case = court.ask(there)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_by_table(court: Court) -> Ended:
    """The requester approves: the names differ, the table says that he is the same."""
    boss, there = court.approver(), court.requester(known=False)
    court.rule(teleport_users={boss: there})
    case = court.ask(there)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case(MODES, OWN_REQUEST)
def own_while_signed_out(court: Court) -> Ended:
    """The requester approves: he is signed out of Teleport, and has the same user name."""
    boss = court.approver(teleport=None)
    court.teleport_user(boss, "requester")
    case = court.ask(boss)
    court.cluster.remove_user(boss)
    return Ended(case, court.decide(court.click(boss, case), case))


@CHAPTER.case("set_state", OWN_REQUEST, teleport="open source")
def own_on_open_source(court: Court) -> Ended:
    """The requester approves on an open-source cluster, which would let the bot approve anything."""
    boss = court.approver(teleport=None)
    court.teleport_user(boss, "requester")
    case = court.ask(boss)
    return Ended(case, court.decide(court.click(boss, case), case))
