"""A decision that must not count is refused, with its reason on the decision row and on the incident, and nothing
changes in Teleport.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import yaml

from local.servicenow.schema import DECISION
from tests.system.decisions.office import FUNCTION, Choice, Office, Ticket

INTEGRATION_USER = "svc.access.bridge"


def assert_refused(office: Office, ticket: Ticket, row: str, code: str) -> None:
    told = office.told(row)
    assert (told.outcome, told.code) == ("refused", code)
    assert told.sentence
    assert_told_and_unchanged(office, ticket, code)


def assert_told_and_unchanged(office: Office, ticket: Ticket, code: str) -> None:
    assert office.notes(ticket).count(f"Not applied ({code}): ") == 1
    assert office.incident_state(ticket) == "1"
    assert office.state(ticket) == "PENDING"
    assert len(office.request(ticket).Spec.Reviews) == 0
    assert office.writes(ticket) == []


# ---- the callback and the row


def test_a_decision_that_servicenow_does_not_have(office: Office) -> None:
    office.decide_silently(office.approver(), office.ask(), "approved")  # another row proves that the account sees rows
    ticket = office.ask()
    office.call_back(ticket, secrets.token_hex(16))
    office.system.settle()
    assert_told_and_unchanged(office, ticket, "row_absent")


@pytest.mark.parametrize(("row_says", "callback_says"), [("rejected", "approved"), ("approved", "rejected")])
def test_a_callback_that_says_another_decision_than_the_row(
    office: Office, row_says: Choice, callback_says: Choice
) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket, row_says)
    office.call_back(ticket, row, callback_says)
    assert_refused(office, ticket, row, "row_contradicts_callback")


def test_a_callback_that_names_another_ticket_than_the_row(office: Office) -> None:
    ticket, other = office.ask(), office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.call_back(Ticket(ticket.request_id, other.sys_id, other.number), row)
    assert_refused(office, ticket, row, "row_contradicts_callback")


def test_a_row_for_another_request_s_ticket(office: Office) -> None:
    ticket, other = office.ask(), office.ask()
    row = office.row(office.approver(), ticket, ticket=other.sys_id)
    office.call_back(Ticket(ticket.request_id, other.sys_id, other.number), row)
    assert_refused(office, ticket, row, "foreign_ticket")
    assert office.state(other) == "PENDING"


def test_a_decision_on_a_copy_of_the_ticket(office: Office) -> None:
    ticket = office.ask()
    copied = office.system.servicenow.row("incident", ticket.sys_id)
    marks = {name: copied[name] for name in ("correlation_id", "correlation_display", "short_description")}
    copy = office.system.servicenow.insert_as(office.approver(), "incident", marks)
    row = office.decide(office.approver(), Ticket(ticket.request_id, copy, ""))
    assert_refused(office, ticket, row, "foreign_ticket")


def test_a_decision_on_the_ticket_after_somebody_gave_it_to_another_request(office: Office) -> None:
    ticket, other = office.ask(), office.ask()
    row = office.row(office.approver(), ticket, request_id=other.request_id)
    office.call_back(Ticket(other.request_id, ticket.sys_id, ticket.number), row)
    assert_refused(office, other, row, "foreign_ticket")
    assert office.state(ticket) == "PENDING"


def test_a_decision_on_a_ticket_that_was_deleted(office: Office) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.system.servicenow.delete("incident", ticket.sys_id)
    office.call_back(ticket, row)
    assert (office.told(row).outcome, office.told(row).code) == ("refused", "foreign_ticket")
    assert (office.state(ticket), office.writes(ticket)) == ("PENDING", [])


def test_a_row_for_another_cluster(office: Office) -> None:
    ticket = office.ask()
    row = office.row(office.approver(), ticket, cluster="other.example.test")
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "foreign_cluster")


# ---- the request


def test_a_request_that_was_deleted(office: Office) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.system.teleport.tctl_rm(ticket.request_id)
    office.system.settle()
    office.call_back(ticket, row)
    told = office.told(row)
    assert (told.outcome, told.code) == ("refused", "request_gone")
    assert office.notes(ticket).count("Not applied (request_gone): ") == 1
    assert office.writes(ticket) == []


def test_a_request_that_teleport_forgot_without_an_event(office: Office) -> None:
    office.ask()  # what proves that the bot sees requests at all
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    office.system.teleport.remove_request(ticket.request_id)
    office.call_back(ticket, row)
    told = office.told(row)
    assert (told.outcome, told.code) == ("refused", "request_gone")
    assert office.notes(ticket).count("Not applied (request_gone): ") == 1
    assert office.writes(ticket) == []


def test_a_request_past_its_time_that_teleport_still_shows_and_would_approve(office: Office) -> None:
    life = 8
    made = time.time()
    ticket = office.ask(ttl=timedelta(seconds=life))
    row = office.decide_silently(office.approver(), ticket)
    office.system.wait_until(lambda: time.time() > made + life + 0.2, what="its time did not pass")
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "request_expired")


# ---- the requester


def test_the_requester_by_the_user_name(office: Office) -> None:
    asker = office.requester()
    office.promote(asker)
    ticket = office.ask(asker)
    assert_refused(office, ticket, office.decide(asker, ticket), "own_request")


def test_the_requester_by_the_user_name_in_other_letters(office: Office) -> None:
    asker = office.requester(known=False)
    boss = office.approver(name=asker.upper(), email="somebody.else@example.test")
    ticket = office.ask(asker)
    assert_refused(office, ticket, office.decide(boss, ticket), "own_request")


def test_the_requester_by_the_e_mail_address_of_his_teleport_user(office: Office) -> None:
    boss = office.approver()
    ticket = office.ask(office.requester(email=f"{boss.upper()}@Example.test", known=False))
    assert_refused(office, ticket, office.decide(boss, ticket), "own_request")


def test_the_requester_whose_teleport_user_name_is_his_e_mail_address(office: Office) -> None:
    boss = office.approver()
    asker = f"{boss}@example.test"
    office.teleport_user(asker, "requester", "nobody@example.test")
    ticket = office.ask(asker)
    assert_refused(office, ticket, office.decide(boss, ticket), "own_request")


def test_a_requester_who_is_no_servicenow_user(office: Office) -> None:
    ticket = office.ask(office.requester(known=False))
    assert_refused(office, ticket, office.decide(office.approver(), ticket), "requester_unknown")


# ---- the approver


def test_an_approver_who_shares_his_e_mail_address_with_another_user(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    office.system.servicenow.add_user(f"{boss}.two", email=f"{boss}@example.test")
    assert_refused(office, ticket, office.decide(boss, ticket), "approver_unknown")


def test_a_row_that_names_no_user(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.row(boss, ticket, decided_by=secrets.token_hex(16))
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "approver_unknown")


def test_a_user_outside_the_approver_group(office: Office) -> None:
    ticket = office.ask()
    row = office.decide(office.approver(member=False), ticket)
    assert_refused(office, ticket, row, "not_in_group")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"active": "false"}, "approver_inactive"),
        ({"locked_out": "true"}, "approver_inactive"),
        ({"web_service_access_only": "true"}, "approver_not_human"),
        ({"active": ""}, "approver_unreadable"),
        ({"locked_out": ""}, "approver_unreadable"),
        ({"web_service_access_only": ""}, "approver_unreadable"),
    ],
)
def test_a_user_who_may_not_decide_any_more_when_his_decision_is_looked_at(
    office: Office, change: dict[str, str], code: str
) -> None:
    boss, ticket = office.approver(), office.ask()
    row = office.decide_silently(boss, ticket)
    office.change_user(boss, **change)
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, code)


def test_the_integration_user_itself(office: Office) -> None:
    ticket = office.ask()
    row = office.row(INTEGRATION_USER, ticket)
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "approver_not_human")


def _rules(change: Callable[[dict[str, object]], object]) -> str:
    decisions: dict[str, object] = {"mode": "bot", "approvers": {"group": "Access approvers"}}
    change(decisions)
    return yaml.safe_dump({"version": 1, "decisions": decisions})


def _use_rules(office: Office, text: str) -> None:
    office.system.put_parameter(FUNCTION, "RULES_PARAMETER", text)
    office.system.restart(FUNCTION)


def test_an_integration_user_that_the_rules_name_though_it_could_pass_for_a_human(office: Office) -> None:
    robot, ticket = office.approver(), office.ask()
    _use_rules(office, _rules(lambda decisions: decisions.update(integration_users=[robot.upper()])))
    assert_refused(office, ticket, office.decide(robot, ticket), "approver_not_human")


def test_a_row_that_was_made_by_another_than_the_user_whom_it_names(office: Office) -> None:
    boss, other, ticket = office.approver(), office.approver(), office.ask()
    row = office.row(boss, ticket, sys_created_by=other)
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "not_by_its_user")


@pytest.mark.parametrize("mode", ["bot", "set_state"])
def test_nothing_is_applied_while_no_approver_group_is_configured(office: Office, mode: str) -> None:
    boss, ticket = office.approver(), office.ask()
    _use_rules(office, yaml.safe_dump({"version": 1, "decisions": {"mode": mode}}))
    assert_refused(office, ticket, office.decide(boss, ticket), "no_approver_group")


def test_setting_the_state_needs_the_same_right_person(office: Office) -> None:
    asker = office.requester()
    office.promote(asker)
    own, foreign = office.ask(asker), office.ask()
    _use_rules(office, _rules(lambda decisions: decisions.update(mode="set_state")))
    assert_refused(office, own, office.decide(asker, own), "own_request")
    assert_refused(office, foreign, office.decide(office.approver(member=False), foreign), "not_in_group")


def test_a_refusal_is_told_once_however_often_the_callback_comes(office: Office) -> None:
    ticket = office.ask()
    row = office.decide(office.approver(member=False), ticket)
    assert_refused(office, ticket, row, "not_in_group")
    written = office.system.servicenow.row(DECISION, row)["sys_mod_count"]
    office.system.servicenow.redeliver(row)
    office.call_back(ticket, row)
    assert_refused(office, ticket, row, "not_in_group")
    assert office.system.servicenow.row(DECISION, row)["sys_mod_count"] >= written
