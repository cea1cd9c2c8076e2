"""An incident follows its access request from the first minute to the last, whoever decides and however it ends."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from local.system import LocalSystem
from tests.system.tickets.asking import (
    approve,
    ask,
    asked_and_told,
    deliver,
    deny,
    incident,
    incidents,
    made_up_event,
    notes,
    state,
    times_told,
)


def test_a_request_becomes_an_incident_that_says_who_asks_for_what_and_how_to_decide(system: LocalSystem) -> None:
    request_id = asked_and_told(system, roles=["dba", "prod-access"], reason="Restart billing, INC0012345")
    row = incident(system, request_id)
    text = row["description"]
    assert row["short_description"] == "Teleport access request: alice asks for dba, prod-access"
    assert row["sys_id"] == request_id.replace("-", "")
    assert row["correlation_display"] == "Teleport tele.example.test #1"
    assert system.servicenow.row("sys_user", row["caller_id"])["user_name"] == "alice"
    assert system.servicenow.row("sys_user_group", row["assignment_group"])["name"] == "Access approvers"
    assert "Requester: alice" in text
    assert "Roles: dba, prod-access" in text
    assert "Restart billing, INC0012345" in text
    assert "Pending until: 2" in text
    assert f"https://{system.teleport.proxy_addr}/web/requests/{request_id}" in text
    for command in ("tctl requests approve", "tctl requests deny", "tsh request review --approve"):
        assert f"{command} {request_id}" in text
    assert (state(system, request_id), notes(system, request_id)) == ("New", [])


def test_a_review_that_approves_is_told_and_resolves_the_incident(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    approve(system, request_id, "bob", "known maintenance window")
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "Resolved by request")
    assert "approved in Teleport" in row["close_notes"]
    assert "bob" in row["close_notes"]
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert times_told(system, request_id, "known maintenance window") == 1
    assert times_told(system, request_id, "The request is approved.") == 1
    assert "set directly" not in "".join(notes(system, request_id))


def test_a_review_that_denies_is_told_and_resolves_the_incident(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    deny(system, request_id, "carol", "say which host")
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "No resolution provided")
    assert times_told(system, request_id, "carol reviewed the request: denied") == 1
    assert times_told(system, request_id, "say which host") == 1
    assert times_told(system, request_id, "The request is denied.") == 1


def test_with_two_approvals_needed_the_first_says_how_many_are_missing(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave")
    approve(system, request_id, "bob")
    system.settle()
    assert times_told(system, request_id, "Approvals: 1 of 2. 1 more needed.") == 1
    assert state(system, request_id) == "New"
    approve(system, request_id, "carol")
    system.settle()
    assert state(system, request_id) == "Resolved"
    for reviewer in ("bob", "carol"):
        assert times_told(system, request_id, f"{reviewer} reviewed the request: approved") == 1
    assert times_told(system, request_id, "more needed") == 1


def test_who_approves_with_tctl_is_named_in_words_once(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.teleport.tctl_approve(request_id, reason="agreed on the phone")
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "an administrator on the auth server set the request to approved") == 1
    assert times_told(system, request_id, "agreed on the phone") == 1
    assert system.teleport.host_id not in f"{incident(system, request_id)} {notes(system, request_id)}"


def test_the_person_for_whom_a_plugin_denies_is_named(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.teleport.tctl_deny(request_id, delegator="carol", reason="not today")
    system.settle()
    assert times_told(system, request_id, "on behalf of carol set the request to denied") == 1
    assert "carol" in incident(system, request_id)["close_notes"]


def test_fewer_roles_than_asked_for_are_told(system: LocalSystem) -> None:
    request_id = asked_and_told(system, roles=["dba", "prod-access"])
    system.teleport.tctl_approve(request_id, roles=["dba"])
    system.settle()
    sentence = "Granted roles: dba (asked: dba, prod-access)"
    assert times_told(system, request_id, sentence) == 1
    assert sentence in incident(system, request_id)["close_notes"]
    assert "asks for dba, prod-access" in incident(system, request_id)["short_description"]


def test_a_denial_after_an_approval_is_told_as_a_correction(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.teleport.tctl_approve(request_id)
    system.settle()
    assert incident(system, request_id)["close_code"] == "Resolved by request"
    system.teleport.tctl_deny(request_id, reason="wrong person")
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "No resolution provided")
    assert "was denied in Teleport" in row["close_notes"]
    assert times_told(system, request_id, "This ticket said approved before.") == 1
    assert times_told(system, request_id, "The request is denied.") == 1


def test_a_promotion_resolves_the_incident(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    promoted = {"state": "PROMOTED", "proposed_state": "PROMOTED", "reviewer": "bob", "reason": "needs it for longer"}
    deliver(system, [made_up_event("access_request.review", request_id, **promoted)])
    system.settle()
    assert (state(system, request_id), incident(system, request_id)["close_code"]) == (
        "Resolved",
        "Resolved by request",
    )
    assert times_told(system, request_id, "The request is promoted to an access list.") == 1
    assert times_told(system, request_id, "needs it for longer") == 1


def test_a_request_that_expires_undecided_says_so(system: LocalSystem) -> None:
    system.teleport.expiry_delay = 0.1
    request_id = ask(system, ttl=timedelta(seconds=1.5))
    system.wait_until(lambda: incidents(system, request_id))
    system.wait_until(lambda: request_id not in system.teleport.requests)
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "No resolution provided")
    assert "Nobody decided before the access request expired" in row["close_notes"]
    assert times_told(system, request_id, "Nobody decided: the request expired") == 1


def test_access_that_ends_after_an_approval_is_no_undecided_request(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    approve(system, request_id, "bob")
    system.settle()
    before, told = incident(system, request_id), notes(system, request_id)
    system.teleport.remove_request(request_id)
    deliver(system, [made_up_event("access_request.expire", request_id, expiry="2026-11-23T10:00:00Z")])
    system.settle()
    assert (incident(system, request_id), notes(system, request_id)) == (before, told)


def test_a_deleted_request_names_who_deleted_it(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.teleport.tctl_rm(request_id)
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "No resolution provided")
    assert "deleted by an administrator on the auth server before anybody decided" in row["close_notes"]
    assert times_told(system, request_id, "The request was deleted by an administrator on the auth server") == 1


def test_a_request_that_vanishes_without_an_event_is_closed_as_deleted(system: LocalSystem) -> None:
    seen = asked_and_told(system)
    request_id = asked_and_told(system)
    system.teleport.remove_request(request_id)
    system.tick("teleport_events")
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "The request was deleted before anybody decided.") == 1
    assert state(system, seen) == "New"


@pytest.mark.parametrize("kind", ["access_request.delete", "access_request.expire"])
def test_an_end_of_a_request_that_nobody_knows_makes_no_incident(system: LocalSystem, kind: str) -> None:
    request_id = str(uuid.uuid4())
    deliver(system, [made_up_event(kind, request_id)])
    system.settle()
    assert incidents(system, request_id) == []
