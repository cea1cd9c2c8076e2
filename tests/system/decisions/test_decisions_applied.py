"""A decision made on an incident reaches Teleport once, and both sides say so."""

from __future__ import annotations

import re

import pytest

from tests.system.decisions.office import BOT, FUNCTION, Choice, Office

RULES_SET_STATE = """
version: 1
decisions:
  mode: set_state
  approvers: {group: Access approvers}
"""
CLOSED_REQUESTS = [("approved", "APPROVED"), ("rejected", "DENIED")]


def test_an_approval_in_servicenow_approves_the_request_and_resolves_the_incident(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.decide(boss, ticket, "approved", "The nightly job matters.")
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied", "applied")
    assert office.state(ticket) == "APPROVED"
    (review,) = office.request(ticket).Spec.Reviews
    assert review.Author == BOT
    assert re.fullmatch(
        rf"\[access-bridge decision {row}\] Approved in ServiceNow by {boss.title()} Manager "
        rf"\({boss}, {boss}@example\.test\) on {ticket.number}: The nightly job matters\.",
        review.Reason,
    )
    assert office.incident_state(ticket) == "6"
    assert office.times_told(ticket) == 1
    assert len(office.writes(ticket)) == 1


def test_a_rejection_in_servicenow_denies_the_request_and_resolves_the_incident(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    told = office.told(office.decide(boss, ticket, "rejected", "Not during the freeze."))
    assert (told.outcome, told.code) == ("applied", "applied")
    assert office.state(ticket) == "DENIED"
    assert office.request(ticket).Spec.ResolveReason.endswith("Not during the freeze.")
    assert office.incident_state(ticket) == "6"


def test_a_request_decided_in_servicenow_takes_two_writes_and_one_read_for_the_ticket_and_one_write_for_the_decision(
    office: Office,
) -> None:
    boss = office.approver()
    office.system.servicenow.reset_calls()
    ticket = office.ask()
    row = office.decide(boss, ticket)
    assert office.told(row).outcome == "applied"
    by_tickets = [
        (call.method, call.table)
        for call in office.system.servicenow.calls
        if call.user == "svc.access.bridge.tickets" and call.table in {"incident", "x_acbr_bridge_decision"}
    ]
    assert sorted(by_tickets) == [
        ("GET", "incident"),
        ("PATCH", "incident"),
        ("PATCH", "x_acbr_bridge_decision"),
        ("POST", "incident"),
    ]


def test_the_account_that_decides_writes_nothing_in_servicenow(office: Office) -> None:
    office.told(office.decide(office.approver(), office.ask()))
    methods = {call.method for call in office.system.servicenow.calls if call.user == "svc.access.bridge.decisions"}
    assert methods == {"GET"}


@pytest.mark.parametrize(("decision", "state"), CLOSED_REQUESTS)
def test_setting_the_state_names_the_human_and_carries_the_decision(
    office: Office, decision: Choice, state: str
) -> None:
    office.system.put_parameter(FUNCTION, "RULES_PARAMETER", RULES_SET_STATE)
    office.system.restart(FUNCTION)
    boss, ticket = office.approver(), office.ask()
    row = office.decide(boss, ticket, decision, "as agreed")
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied", "applied")
    request = office.request(ticket)
    assert (office.state(ticket), len(request.Spec.Reviews)) == (state, 0)
    assert list(request.Spec.ResolveAnnotations.Values["access-bridge/decision"].Values) == [row]
    assert list(request.Spec.ResolveAnnotations.Values["servicenow"].Values) == [ticket.number]
    (event,) = [
        event
        for event in office.system.teleport.audit_log
        if event["event"] == "access_request.update" and event["id"] == ticket.request_id
    ]
    assert event["delegator"] == f"servicenow:{boss}@example.test"
    assert event["updated_by"] == BOT
    assert event["reason"].startswith(f"[access-bridge decision {row}] ")
    assert office.incident_state(ticket) == "6"
    assert office.times_told(ticket) == 1
    assert f"{BOT} set the request to" not in office.notes(ticket)


def test_the_first_of_two_needed_approvals_is_recorded_and_the_bot_has_no_second_vote(office: Office) -> None:
    ticket = office.ask(office.requester(role="two-requester"))
    first = office.told(office.decide(office.approver(), ticket))
    assert (first.outcome, first.code) == ("recorded", "threshold_open")
    assert "1 of 2 approvals" in first.sentence
    second = office.told(office.decide(office.approver(), ticket))
    assert (second.outcome, second.code) == ("refused", "bot_vote_spent")
    assert (office.state(ticket), len(office.writes(ticket))) == ("PENDING", 1)
    assert "1 of 2" in office.notes(ticket)
    assert "Not applied (bot_vote_spent)" in office.notes(ticket)
    assert office.incident_state(ticket) == "1"


def test_a_recorded_approval_and_one_in_teleport_approve_together(office: Office) -> None:
    ticket = office.ask(office.requester(role="two-requester"))
    row = office.decide(office.approver(), ticket)
    assert office.told(row).outcome == "recorded"
    office.system.teleport.as_user(office.reviewer()).review(ticket.request_id, "APPROVED", "me too")
    office.system.settle()
    assert (office.state(ticket), office.incident_state(ticket)) == ("APPROVED", "6")


@pytest.mark.parametrize(
    ("decision", "outcome", "code"),
    [
        ("approved", "refused", "already_resolved"),
        ("rejected", "conflict", "conflict"),
    ],
)
def test_a_request_that_was_resolved_in_teleport_before_stays_as_it_is(
    office: Office, decision: Choice, outcome: str, code: str
) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.decide_silently(boss, ticket, decision)
    office.system.teleport.tctl_approve(ticket.request_id, reason="by hand")
    office.system.settle()
    office.call_back(ticket, row, decision)
    told = office.told(row)
    assert (told.outcome, told.code) == (outcome, code)
    assert f"Not applied ({code})" in office.notes(ticket)
    assert (office.state(ticket), office.writes(ticket)) == ("APPROVED", [])


@pytest.mark.parametrize(
    ("decision", "outcome", "code"),
    [
        ("approved", "refused", "already_reviewed"),
        ("rejected", "conflict", "conflict"),
    ],
)
@pytest.mark.parametrize("known_by", ["user name", "e-mail address"])
def test_a_human_who_reviewed_in_teleport_has_no_second_vote_in_servicenow(
    office: Office, decision: Choice, outcome: str, code: str, known_by: str
) -> None:
    ticket = office.ask(office.requester(role="two-requester"))
    boss = office.approver()
    reviewer = office.reviewer(name=boss if known_by == "user name" else "", email=f"{boss}@example.test")
    office.system.teleport.as_user(reviewer).review(ticket.request_id, "APPROVED", "my own vote")
    told = office.told(office.decide(boss, ticket, decision))
    assert (told.outcome, told.code) == (outcome, code)
    assert f"Not applied ({code})" in office.notes(ticket)
    assert (office.state(ticket), office.writes(ticket)) == ("PENDING", [])


def test_a_newer_decision_of_the_same_human_counts_and_not_the_older_one(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    older = office.row(boss, ticket, "approved", sys_created_on="2020-01-01 00:00:00")
    newer = office.row(boss, ticket, "rejected", sys_created_on="2020-01-01 00:00:01")
    office.call_back(ticket, older, "approved")
    told = office.told(older)
    assert (told.outcome, told.code) == ("withdrawn", "withdrawn")
    office.call_back(ticket, newer, "rejected")
    assert office.told(newer).outcome == "applied"
    assert (office.state(ticket), len(office.writes(ticket))) == ("DENIED", 1)


def test_of_two_decisions_in_the_same_second_the_denial_stands(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    moment = "2020-01-01 00:00:00"
    rejected = office.row(boss, ticket, "rejected", sys_created_on=moment)
    approved = office.row(boss, ticket, "approved", sys_created_on=moment)
    office.call_back(ticket, approved, "approved")
    assert office.told(approved).code == "withdrawn"
    office.call_back(ticket, rejected, "rejected")
    assert office.told(rejected).outcome == "applied"
    assert office.state(ticket) == "DENIED"


def test_what_a_human_writes_is_text_on_both_sides(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.decide(boss, ticket, "approved", "[code]<b>now</b>[/code] ${gs.getUserID()} ^active=true\u2028ok")
    assert office.told(row).outcome == "applied"
    assert "[code]" not in office.notes(ticket)
    assert "${" not in office.notes(ticket)
