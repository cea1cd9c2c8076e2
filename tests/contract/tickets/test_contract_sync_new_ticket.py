"""What a new ticket says about the tickets that its reason names, who gets it, and who is then asked to decide."""

from __future__ import annotations

import pytest

from access_bridge.access_request import RequestState
from access_bridge.decisions.messages import JustificationMessage, OnCallMessage
from access_bridge.decisions.outcome import decision_mark
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown
from access_bridge.ledger.items import DecisionItem
from tests.contract.tickets.desk import BOT, ID, UNKNOWN_OUTCOME_SECONDS, Desk, vote

JUSTIFY = "justification: {}"
DENY = "justification: {}\nrules: [{when: {roles: [dba]}, then: ticket, unjustified: deny}]"
ON_CALL = "rules: [{when: {roles: [dba]}, then: ticket, on_call: approve}]"
BOTH = "justification: {}\nrules: [{when: {roles: [dba]}, then: ticket, unjustified: deny, on_call: approve}]"
DEFAULT_GROUP = "ticket: {assignment_group: Access approvers}"
SCHEDULES = {"teleport.dev/schedules": ("0a" * 16,)}
NONE_NAMED = "NOT justified: the reason names no ticket."


def number_of_alices(desk: Desk) -> str:
    """The number of a new incident of alice's."""
    sys_id = desk.instance.insert_as("erin", "incident", {"caller_id": desk.user("alice"), "short_description": "slow"})
    return desk.instance.row("incident", sys_id)["number"]


# ---- the justifying ticket


def test_the_approver_reads_the_verdict_first_and_the_tickets_are_linked(desk: Desk) -> None:
    number = number_of_alices(desk)
    desk.use_rules(JUSTIFY)
    desk.shows(reason=f"to mend {number}")
    desk.look()
    row = desk.incident()
    verdict = f"Justification: {number} is active (New), and alice is its caller."
    assert row["description"].startswith(f"{verdict}\n\nalice asks for access through Teleport.")
    assert desk.instance.row("incident", row["parent"])["number"] == number
    assert (desk.item().justification, desk.asked) == (verdict, [])


def test_the_verdict_stays_as_it_was_when_the_ticket_was_made(desk: Desk) -> None:
    desk.use_rules(JUSTIFY)
    desk.shows(reason="please")
    desk.look()
    desk.use_rules("version: 1")
    desk.shows(reason="please", state=RequestState.APPROVED, revision="r-2", reviews=(vote("bob"), vote("carol")))
    desk.look()
    assert desk.incident()["state"] == "6"
    assert desk.incident()["description"].startswith(f"{NONE_NAMED}\n\n")


def test_without_the_section_no_reason_is_searched(desk: Desk) -> None:
    desk.shows(reason=f"to mend {number_of_alices(desk)}")
    desk.look()
    row = desk.incident()
    assert (row["parent"], desk.item().justification) == ("", "")
    assert row["description"].startswith("alice asks for access through Teleport.")


def test_a_ticket_whose_making_was_cut_short_keeps_its_verdict(desk: Desk) -> None:
    desk.use_rules(DENY)
    desk.shows(reason="please")
    desk.instance.faults.error_after_commit(method="POST", table="incident")
    with pytest.raises(OutcomeUnknown):
        desk.look()
    assert desk.asked == []
    desk.later(UNKNOWN_OUTCOME_SECONDS + 1)
    desk.look()
    assert desk.incident()["description"].startswith(f"{NONE_NAMED}\n\n")
    assert desk.asked == [JustificationMessage(request_id=ID)]


# ---- asking for decisions


def test_a_request_that_nothing_justifies_is_asked_to_be_denied_once_its_ticket_is_made(desk: Desk) -> None:
    desk.use_rules(DENY)
    desk.shows(reason="please")
    desk.look()
    desk.look()
    assert desk.asked == [JustificationMessage(request_id=ID)]
    assert desk.incident()["state"] == "1"


def test_a_request_with_a_schedule_is_asked_for_on_call_once(desk: Desk) -> None:
    desk.use_rules(ON_CALL)
    desk.shows(system_annotations=SCHEDULES)
    desk.look()
    desk.look()
    assert desk.asked == [OnCallMessage(request_id=ID)]


def test_what_is_to_be_denied_is_asked_for_on_call_only_if_it_was_justified_after_all(desk: Desk) -> None:
    desk.use_rules(BOTH)
    desk.shows(reason="please", system_annotations=SCHEDULES)
    desk.look()
    assert desk.asked == [JustificationMessage(request_id=ID)]
    item = DecisionItem(ID, f"justification-{ID}", kind="justification", decision="rejected")
    desk.ledger.save_decision(
        DecisionItem(item.request_id, item.decision_id, kind=item.kind, outcome="refused", code="justified")
    )
    desk.look()
    assert desk.asked == [JustificationMessage(request_id=ID), OnCallMessage(request_id=ID)]
    assert desk.notes() == []


def test_nobody_is_asked_about_a_request_that_is_decided(desk: Desk) -> None:
    desk.use_rules(BOTH)
    desk.shows(reason="please", system_annotations=SCHEDULES, state=RequestState.DENIED)
    desk.look()
    assert (desk.asked, desk.incident()["state"]) == ([], "6")


def test_the_ticket_is_made_and_told_though_nobody_can_be_asked(desk: Desk) -> None:
    desk.use_rules(ON_CALL)
    desk.shows(system_annotations=SCHEDULES, reviews=(vote("bob"),))
    desk.asking_fails = True
    with pytest.raises(BrokenConfiguration, match="DECISIONS_QUEUE_URL"):
        desk.look()
    assert desk.notes() == ["bob reviewed the request: approved.\n\nApprovals: 1 of 2. 1 more needed."]
    desk.asking_fails = False
    desk.look()
    assert desk.asked == [OnCallMessage(request_id=ID)]


def test_a_decision_of_the_bots_own_is_told_on_the_ticket_and_written_to_no_row(desk: Desk) -> None:
    desk.use_rules(ON_CALL)
    desk.shows(system_annotations=SCHEDULES)
    desk.look()
    decision_id = f"oncall-{ID}"
    why = f"{decision_mark(decision_id)} Approved automatically by Access Bridge: alice is on call for Databases"
    desk.shows(system_annotations=SCHEDULES, state=RequestState.APPROVED, revision="r-2", reviews=(vote(BOT, why),))
    desk.ledger.save_decision(
        DecisionItem(
            ID,
            decision_id,
            kind="on_call",
            decision="approved",
            attempt_mode="bot",
            attempt_author=BOT,
            outcome="applied",
            code="applied",
            sentence="The request is approved in Teleport (as a review by the bot).",
        )
    )
    desk.instance.reset_calls()
    desk.look()
    (note,) = desk.notes()
    assert note.startswith(
        "Approved automatically: The request is approved in Teleport (as a review by the bot).\n"
        "Reason: Approved automatically by Access Bridge: alice is on call for Databases\n\nThe request is approved."
    )
    assert not [call for call in desk.instance.calls if "x_acbr_bridge_decision" in call.path]


# ---- who gets it


@pytest.mark.parametrize(
    ("named", "group"),
    [
        (("Service Desk",), "Service Desk"),
        (("No such group", "Service Desk", "Access approvers"), "Service Desk"),
        (("", "Service Desk"), "Service Desk"),
        ((), "Access approvers"),
    ],
)
def test_the_first_group_that_the_role_names_gets_the_ticket(desk: Desk, named: tuple[str, ...], group: str) -> None:
    desk.use_rules(DEFAULT_GROUP)
    desk.shows(system_annotations={"teleport.dev/notify-services": named})
    desk.look()
    assert desk.incident()["assignment_group"] == desk.group(group)
    assert desk.notes() == []


def test_a_group_may_be_named_by_its_sys_id(desk: Desk) -> None:
    desk.shows(system_annotations={"teleport.dev/notify-services": (desk.group("Service Desk"),)})
    desk.look()
    assert desk.incident()["assignment_group"] == desk.group("Service Desk")


@pytest.mark.parametrize(
    ("rules", "named", "group", "note"),
    [
        (
            DEFAULT_GROUP,
            ("Pagers",),
            "Access approvers",
            "Role annotation teleport.dev/notify-services names Pagers, which is no group in ServiceNow; the default "
            "group Access approvers got this ticket.",
        ),
        (
            DEFAULT_GROUP,
            ("Pagers", "a^b", "[code]x"),
            "Access approvers",
            "Role annotation teleport.dev/notify-services names Pagers, a^b, (code]x, of which none is a group in "
            "ServiceNow; the default group Access approvers got this ticket.",
        ),
        (
            "version: 1",
            ("Pagers",),
            "",
            "Role annotation teleport.dev/notify-services names Pagers, which is no group in ServiceNow; this ticket "
            "has no group.",
        ),
    ],
)
def test_a_role_that_names_no_group_is_remarked_once(
    desk: Desk, rules: str, named: tuple[str, ...], group: str, note: str
) -> None:
    desk.use_rules(rules)
    desk.shows(system_annotations={"teleport.dev/notify-services": named})
    desk.look()
    desk.look()
    assert desk.incident()["assignment_group"] == (desk.group(group) if group else "")
    assert desk.notes() == [note]
