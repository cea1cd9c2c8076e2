"""Whatever fails meanwhile, a decision reaches Teleport once or is told as failed; and what is told is true."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from grpclib.const import Status

from tests.system.conftest import NewSystem
from tests.system.decisions.office import BOT, FUNCTION, Office, Ticket
from tests.system.decisions.secrets_told import secret_texts, secrets_told

REVIEW, SET_STATE = "SubmitAccessReview", "SetAccessRequestState"
RULES = """
version: 1
decisions:
  mode: {mode}
  approvers: {{group: Access approvers}}
"""
MODES = pytest.mark.parametrize(("mode", "call"), [("bot", REVIEW), ("set_state", SET_STATE)])


def use_mode(office: Office, mode: str) -> None:
    """Change the rules to this mode; the local system's own is `bot`."""
    if mode == "bot":
        return
    office.system.put_parameter(FUNCTION, "RULES_PARAMETER", RULES.format(mode=mode))
    office.system.restart(FUNCTION)


def assert_applied_once(office: Office, ticket: Ticket, row: str, state: str = "APPROVED") -> None:
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied", "applied")
    assert (office.state(ticket), len(office.writes(ticket))) == (state, 1)
    assert office.times_told(ticket) == 1
    assert office.incident_state(ticket) == "6"


def test_teleport_is_down_when_a_decision_comes(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    office.system.teleport.stop()
    try:
        before = office.kept()
        row = office.decide(boss, ticket)
        office.wait_until_kept(before)
        assert office.told_now(row).outcome == ""
    finally:
        office.system.teleport.start()
    assert_applied_once(office, ticket, row)


def test_servicenow_is_down_when_a_decision_comes(office: Office) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.system.servicenow.stop()
    try:
        before = office.kept()
        office.call_back(ticket, row)
        office.wait_until_kept(before)
        assert office.state(ticket) == "PENDING"
    finally:
        office.system.servicenow.start()
    assert_applied_once(office, ticket, row)


@MODES
def test_the_function_is_killed_after_teleport_applied_it_and_before_the_ledger_knows(
    office: Office, mode: str, call: str
) -> None:
    use_mode(office, mode)
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.system.teleport.faults.delay(call, 5, after_commit=True)
    office.call_back(ticket, row)
    office.system.wait_until(lambda: office.state(ticket) == "APPROVED", what="Teleport did not get it")
    assert office.system.kill(FUNCTION) > 0
    office.wait_for_outcome(row, "applied")
    assert_applied_once(office, ticket, row)


@MODES
def test_teleport_s_answer_is_lost_after_it_applied_the_decision(office: Office, mode: str, call: str) -> None:
    use_mode(office, mode)
    ticket = office.ask()
    office.system.teleport.faults.drop(call, after_commit=True)
    row = office.decide(office.approver(), ticket)
    office.system.wait_until(lambda: office.state(ticket) == "APPROVED", what="Teleport did not get it")
    assert_applied_once(office, ticket, row)


def test_the_call_is_lost_before_teleport_applies_it(office: Office) -> None:
    ticket = office.ask()
    office.system.teleport.faults.drop(REVIEW)
    row = office.decide(office.approver(), ticket)
    assert_applied_once(office, ticket, row)


def test_after_a_lost_call_somebody_else_approves_and_nobody_claims_to_know_who_did_it(office: Office) -> None:
    ticket = office.ask()
    office.system.teleport.faults.drop(REVIEW)
    row = office.decide_silently(office.approver(), ticket)
    before = office.kept()
    office.call_back(ticket, row)
    office.wait_until_kept(before)
    office.system.teleport.tctl_approve(ticket.request_id, reason="by hand")
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied_unproved", "applied_unproved")
    assert office.writes(ticket) == []
    assert "not certain" in told.sentence
    assert "not certain" in office.notes(ticket)


def test_what_teleport_did_not_take_for_certain_is_not_told_as_perhaps_applied(office: Office) -> None:
    ticket = office.ask()
    office.system.teleport.faults.fail(
        REVIEW, Status.PERMISSION_DENIED, 'user "bot-access-bridge-decisions" cannot submit reviews'
    )
    row = office.decide_silently(office.approver(), ticket)
    before = office.kept()
    office.call_back(ticket, row)
    office.wait_until_kept(before)
    office.system.teleport.tctl_approve(ticket.request_id, reason="by hand")
    told = office.told(row)
    assert (told.outcome, told.code) == ("refused", "already_resolved")


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "code"),
    [
        (Status.NOT_FOUND, 'cannot apply review to access request "{id}" (not found)', "refused", "request_gone"),
        (Status.ALREADY_EXISTS, f'user "{BOT}" has already reviewed this request', "refused", "bot_vote_spent"),
        (Status.PERMISSION_DENIED, "the access request has been already approved", "refused", "already_resolved"),
        (Status.PERMISSION_DENIED, "the access request has been already denied", "conflict", "conflict"),
        (Status.PERMISSION_DENIED, f'user "{BOT}" cannot review request "{{id}}"', "refused", "may_not_review"),
        (
            Status.INVALID_ARGUMENT,
            "request is uninitialized or does not support reviews",
            "refused",
            "refused_by_teleport",
        ),
    ],
)
def test_what_teleport_refuses_only_when_it_is_asked_is_told_with_its_reason(
    office: Office, status: Status, answer: str, outcome: str, code: str
) -> None:
    ticket = office.ask()
    office.system.teleport.faults.fail(REVIEW, status, answer.format(id=ticket.request_id))
    told = office.told(office.decide(office.approver(), ticket))
    assert (told.outcome, told.code) == (outcome, code)
    assert office.notes(ticket).count(f"Not applied ({code}): ") == 1
    assert office.writes(ticket) == []


def test_an_approval_that_waits_is_withdrawn_when_its_human_denies(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    office.system.teleport.stop()
    try:
        before = office.kept()
        approval = office.decide(boss, ticket, "approved")
        office.wait_until_kept(before)
        denial = office.decide(boss, ticket, "rejected")
        assert office.system.servicenow.wait_for_callbacks()
    finally:
        office.system.teleport.start()
    assert (office.told(approval).outcome, office.told(approval).code) == ("withdrawn", "withdrawn")
    assert office.told(denial).outcome == "applied"
    assert (office.state(ticket), len(office.writes(ticket))) == ("DENIED", 1)
    assert "Not applied (withdrawn)" in office.notes(ticket)


def test_an_approval_of_another_human_is_not_withdrawn_by_a_denial(office: Office) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket, "approved")
    office.decide_silently(office.approver(), ticket, "rejected")
    office.call_back(ticket, row)
    assert_applied_once(office, ticket, row)


def test_after_the_last_attempt_it_is_told_as_failed_and_a_redelivery_still_applies_it(new_system: NewSystem) -> None:
    office = Office(new_system(max_receive_count=2))
    ticket = office.ask()
    office.system.teleport.faults.fail(REVIEW, Status.UNAVAILABLE, "closed for maintenance", times=2)
    row = office.decide(office.approver(), ticket)
    told = office.wait_for_outcome(row, "failed")
    assert told.code == "gave_up"
    office.system.settle()
    assert "Not applied (gave_up)" in office.notes(ticket)
    assert (office.state(ticket), office.incident_state(ticket)) == ("PENDING", "1")
    (item,) = [item for item in office.system.ledger(ticket.request_id) if item["sk"] == f"DECISION#{row}"]
    assert (item["attempts"], item["failed"], item["failure_kind"]) == (2, "1", "retry")
    assert "closed for maintenance" in item["failure"]
    (letter,) = office.system.wait_until(office.system.dead_letters, what="no dead letter")
    assert letter.group == ticket.request_id
    office.system.servicenow.redeliver(row)
    told = office.wait_for_outcome(row, "applied")
    office.system.settle()
    assert (office.state(ticket), len(office.writes(ticket))) == ("APPROVED", 1)
    assert "The request is approved." in office.notes(ticket)
    (item,) = [item for item in office.system.ledger(ticket.request_id) if item["sk"] == f"DECISION#{row}"]
    assert "failed" not in item


def test_a_failed_decision_is_told_though_teleport_is_still_down(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    office.system.set_environment(FUNCTION, MAX_RECEIVE_COUNT="1")
    office.system.teleport.stop()
    try:
        row = office.decide(boss, ticket)
        office.wait_for_outcome(row, "failed")
        office.system.wait_until(lambda: "Not applied (gave_up)" in office.notes(ticket), what="not told")
    finally:
        office.system.teleport.start()
    assert office.told(row).outcome == "applied"


def test_a_decision_that_fails_for_an_expired_identity_is_told_although_nothing_can_be_read_from_teleport(
    office: Office,
) -> None:
    system, boss, ticket = office.system, office.approver(), office.ask()
    system.settle()
    for function in ("teleport_events", FUNCTION):
        bot = f"bot-access-bridge-{'tickets' if function == 'teleport_events' else 'decisions'}"
        expired = system.teleport.identity_file(bot, ttl=timedelta(hours=-1), shape="tbot")
        system.use_identity_file(function, expired)
        system.set_environment(function, MAX_RECEIVE_COUNT="1")
    row = office.decide(boss, ticket)
    office.wait_for_outcome(row, "failed")
    system.wait_until(lambda: "Not applied (gave_up)" in office.notes(ticket), what="not told")
    assert office.logged("expired")


def test_the_open_source_edition_takes_no_reviews_and_the_log_says_what_to_set(new_system: NewSystem) -> None:
    office = Office(new_system(edition="oss"))
    ticket = office.ask()
    row = office.decide(office.approver(), ticket)
    office.system.wait_until(lambda: office.logged("Set decisions.mode to set_state"), what="the log does not say it")
    office.system.wait_until(lambda: office.system.metrics("BrokenConfiguration"), what="no alarm")
    assert office.wait_for_outcome(row, "failed").code == "reviews_unsupported"
    assert office.state(ticket) == "PENDING"
    use_mode(office, "set_state")
    assert_applied_once(office, ticket, row)


def test_no_secret_is_told_whatever_is_wrong(office: Office) -> None:
    system, ticket = office.system, office.ask()
    secrets_before = secret_texts(system)
    row = office.decide_silently(office.approver(), ticket)
    wrong = {"username": "svc.access.bridge.decisions", "password": "not-the-password"}
    system.put_secret(FUNCTION, "SERVICENOW_SECRET_ARN", json.dumps(wrong))
    system.restart(FUNCTION)
    before = office.kept()
    office.call_back(ticket, row)
    office.wait_until_kept(before)
    system.put_secret(FUNCTION, "SERVICENOW_SECRET_ARN", system.stand_ins.servicenow_secret(FUNCTION))
    identity = system.teleport.identity_file("bot-access-bridge-decisions", shape="tbot")
    system.use_identity_file(FUNCTION, identity[: len(identity) // 3])
    system.wait_until(lambda: office.logged("TELEPORT_IDENTITY_SECRET_ARN"))
    assert office.logged("SERVICENOW_SECRET_ARN")
    assert not [line for line in system.logs() if "not-the-password" in str(line)]
    assert not [line for line in system.logs() if any(secret in str(line) for secret in secrets_before)]
    assert secrets_told(system) == []


def test_no_secret_is_told_where_everything_is_logged(office: Office) -> None:
    system = office.system
    for function in ("teleport_events", FUNCTION):
        system.set_environment(function, AWS_LAMBDA_LOG_LEVEL="DEBUG", POWERTOOLS_LOG_LEVEL="DEBUG")
    row = office.decide(office.approver(), office.ask())
    assert office.told(row).outcome == "applied"
    joined = [line for line in system.logs() if line.get("message") == "joined Teleport"]
    assert {line["function_name"] for line in joined} >= {"teleport_events", FUNCTION}
    assert secrets_told(system) == []
