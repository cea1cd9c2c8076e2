"""Requests that the bot denies because no ticket justifies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access_bridge.decisions.outcome import Reason
from tests.contract.decisions.cases.declare import MODES, Chapter, Ended
from tests.contract.decisions.cases.ends import APPLIED, denied_by_bot, refused
from tests.contract.decisions.court import Case, Court

CHAPTER = Chapter(
    "The ticket that justifies the access",
    "With `unjustified: deny` in a rule the bot denies a request whose reason names no ticket that justifies it. A "
    "good ticket approves nothing: everybody can open one for himself.",
)
_RULE: Final[Mapping[str, Any]] = {"when": {"roles": ["dba"]}, "then": "ticket", "unjustified": "deny"}
_JUSTIFIED = refused(Reason.JUSTIFIED, "A ticket justifies the request, so it is not denied: somebody has to decide.")
_UNKNOWN = refused(
    Reason.JUSTIFICATION_UNKNOWN,
    "Whether a ticket justifies the request can't be told, so it is not denied: somebody has to decide.",
)


def _ask(court: Court, reason: str, requester: str = "", rules: Sequence[Mapping[str, Any]] = (_RULE,)) -> Case:
    court.rules = {**court.rules, "justification": {}, "rules": list(rules)}
    return court.ask(requester, reason=reason)


def _incident(court: Court, **values: str) -> str:
    """An incident; returns its number."""
    servicenow = court.instance.servicenow
    return servicenow.row("incident", servicenow.insert_raw("incident", {"short_description": "slow", **values}))[
        "number"
    ]


def _own_incident(court: Court, requester: str, **values: str) -> str:
    return _incident(court, caller_id=court.user_id(requester), **values)


def _change(court: Court, requester: str, starts: timedelta, ends: timedelta) -> str:
    """A change of the requester's, being implemented, planned for this time from now; returns its number."""
    now = datetime.now(UTC)
    window = {"start_date": f"{now + starts:%Y-%m-%d %H:%M:%S}", "end_date": f"{now + ends:%Y-%m-%d %H:%M:%S}"}
    servicenow = court.instance.servicenow
    made = servicenow.add_change(state="-1", requested_by=requester, **window)
    return servicenow.row("change_request", made)["number"]


def _window(court: Court, number: str) -> str:
    """A change's planned times as people are shown them."""
    (row,) = (row for row in court.instance.servicenow.rows("change_request") if row["number"] == number)
    return f"{row['start_date']} UTC to {row['end_date']} UTC"


@CHAPTER.case(MODES, denied_by_bot("NOT justified: the reason names no ticket."))
def no_ticket(court: Court) -> Ended:
    """The reason names no ticket."""
    case = _ask(court, "because I need it")
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", denied_by_bot("NOT justified: ServiceNow has no ticket INC9999999 of a kind that counts."))
def not_found(court: Court) -> Ended:
    """ServiceNow has no ticket of that number."""
    case = _ask(court, "for INC9999999")
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", denied_by_bot("NOT justified: {ticket} is not active any more (Closed)."))
def not_active(court: Court) -> Ended:
    """The incident is closed."""
    requester = court.requester()
    ticket = _own_incident(court, requester, state="7", active="false")
    case = _ask(court, f"for {ticket}", requester)
    return Ended(case, court.check_justification(case), {"ticket": ticket})


@CHAPTER.case("bot", denied_by_bot("NOT justified: {ticket} is in a state that justifies no access (Resolved)."))
def wrong_state(court: Court) -> Ended:
    """The incident is resolved."""
    requester = court.requester()
    ticket = _own_incident(court, requester, state="6", active="true")
    case = _ask(court, f"for {ticket}", requester)
    return Ended(case, court.check_justification(case), {"ticket": ticket})


@CHAPTER.case("bot", denied_by_bot("NOT justified: {requester} takes no part in {ticket}."))
def not_involved(court: Court) -> Ended:
    """The incident is somebody else's."""
    ticket = _own_incident(court, court.requester(), state="2", active="true")
    case = _ask(court, f"for {ticket}")
    return Ended(case, court.check_justification(case), {"ticket": ticket})


@CHAPTER.case("bot", _UNKNOWN)
def requester_unknown(court: Court) -> Ended:
    """The requester is no ServiceNow user, so nobody knows whether the incident is his: that is no reason to deny."""
    ticket = _own_incident(court, court.requester(), state="2", active="true")
    case = _ask(court, f"for {ticket}", court.requester(known=False))
    return Ended(case, court.check_justification(case), {"ticket": ticket})


@CHAPTER.case("bot", denied_by_bot("NOT justified: {ticket} is itself about an access request, so it justifies none."))
def own_ticket(court: Court) -> Ended:
    """The reason names the incident that the bridge made for another request of his."""
    requester = court.requester()
    earlier = court.ask(requester)
    case = _ask(court, f"for {earlier.number}", requester)
    return Ended(case, court.check_justification(case), {"ticket": earlier.number})


@CHAPTER.case("bot", denied_by_bot("NOT justified: {ticket} is outside its planned window ({window})."))
def outside_its_window(court: Court) -> Ended:
    """The change is planned for tomorrow."""
    requester = court.requester()
    ticket = _change(court, requester, timedelta(days=1), timedelta(days=1, hours=2))
    case = _ask(court, f"for {ticket}", requester)
    return Ended(case, court.check_justification(case), {"ticket": ticket, "window": _window(court, ticket)})


@CHAPTER.case("bot", _JUSTIFIED)
def within_its_window(court: Court) -> Ended:
    """The change is the requester's, being implemented, and planned for now."""
    requester = court.requester()
    ticket = _change(court, requester, timedelta(hours=-1), timedelta(hours=1))
    case = _ask(court, f"for {ticket}", requester)
    return Ended(case, court.check_justification(case))


@CHAPTER.case(MODES, _JUSTIFIED)
def his_own_incident(court: Court) -> Ended:
    """The incident is the requester's own and in progress: he isn't denied, nor is anything approved."""
    requester = court.requester()
    case = _ask(court, f"for {_own_incident(court, requester, state='2', active='true')}", requester)
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", _JUSTIFIED)
def one_of_two(court: Court) -> Ended:
    """The reason names two tickets, and one of them justifies the access."""
    requester = court.requester()
    good = _own_incident(court, requester, state="2", active="true")
    case = _ask(court, f"for INC9999999 or {good}", requester)
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", _UNKNOWN)
def unreadable(court: Court) -> Ended:
    """The bridge may not read whose the incident is: that is no reason to deny."""
    requester = court.requester()
    case = _ask(court, f"for {_incident(court, state='2', active='true')}", requester)
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", refused(Reason.NO_RULE, "No rule denies this request: somebody has to decide."))
def no_rule(court: Court) -> Ended:
    """The reason names no ticket, and no rule has `unjustified: deny` for the role."""
    case = _ask(court, "because I need it", rules=())
    return Ended(case, court.check_justification(case))


@CHAPTER.case("bot", APPLIED)
def then_a_human(court: Court) -> Ended:
    """The incident justifies the access, and an approver approves."""
    requester = court.requester()
    case = _ask(court, f"for {_own_incident(court, requester, state='2', active='true')}", requester)
    court.check_justification(case)
    return Ended(case, court.decide(court.click(court.approver(), case), case))


@CHAPTER.case(
    "bot",
    refused(
        Reason.ALREADY_RESOLVED,
        "The request was already denied in Teleport; there was nothing left to do.",
        state="DENIED",
    ),
)
def denied_already(court: Court) -> Ended:
    """The reason names no ticket, and somebody denied meanwhile."""
    case = _ask(court, "because I need it")
    court.cluster.tctl_deny(case.request_id)
    return Ended(case, court.check_justification(case))
