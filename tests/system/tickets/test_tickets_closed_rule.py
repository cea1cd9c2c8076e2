"""A rule that denies a request whose ticket a person ended, through the whole system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.system import LocalSystem
from local.teleport.proto import local_teleport_pb2 as pb
from tests.system.tickets.asking import asked_and_told, events_of, incident, notes, state, times_told

FUNCTION = "teleport_events"
BOT = "bot-access-bridge-decisions"
RULE = "rules: [{{when: {{roles: [{role}]}}, then: ticket, closed: deny}}]\n"
RESOLVED = {"state": "6", "close_code": "User error", "close_notes": "done"}
CANCELED = {**RESOLVED, "state": "8"}


@pytest.fixture(autouse=True)
def rule(system: LocalSystem) -> None:
    """Both functions have the rule, and are awake."""
    put_rule(system, "dba")


def put_rule(system: LocalSystem, role: str) -> None:
    for function in (FUNCTION, "servicenow_decisions"):
        system.put_parameter(function, "RULES_PARAMETER", system.options.rules + RULE.format(role=role))
        system.restart(function)
        system.tick(function)


def closed(system: LocalSystem, request_id: str, user: str = "carol", **values: str) -> None:
    """Somebody ends the ticket, and the function is called as every five minutes."""
    system.servicenow.update_as(user, "incident", incident(system, request_id)["sys_id"], values or RESOLVED)
    system.invoke(FUNCTION, {"reconcile": "run"})
    system.settle()


def in_teleport(system: LocalSystem, request_id: str) -> str:
    return pb.RequestState.Name(system.teleport.requests[request_id].Spec.State)


def reviews(system: LocalSystem, request_id: str) -> list[dict[str, Any]]:
    return [dict(event) for event in events_of(system, request_id) if event["event"] == "access_request.review"]


def test_a_request_whose_ticket_a_person_resolves_is_denied_by_the_bot_once(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    for _ in range(2):
        closed(system, request_id)
    assert in_teleport(system, request_id) == "DENIED"
    (review,) = reviews(system, request_id)
    assert review["reviewer"] == BOT
    assert review["reason"] == (
        f"[access-bridge decision closed-{request_id}] Denied automatically by Access Bridge: its ticket was resolved "
        f"in ServiceNow by Carol Manager (carol) ({incident(system, request_id)['number']})"
    )
    assert times_told(system, request_id, "A rule may deny such a request") == 1
    assert times_told(system, request_id, "Denied automatically: The request is denied in Teleport") == 1
    assert times_told(system, request_id, "The request is denied.") == 1
    assert (state(system, request_id), incident(system, request_id)["close_code"]) == ("Resolved", "User error")


def test_one_whose_ticket_is_canceled_is_denied_though_the_ticket_can_not_be_told(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    closed(system, request_id, **CANCELED)
    assert in_teleport(system, request_id) == "DENIED"
    assert (state(system, request_id), notes(system, request_id)) == ("Canceled", [])


def test_a_requester_who_closes_his_own_ticket_is_not_denied(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "alice")
    system.servicenow.add_role("alice", "sn_incident_write")
    try:
        closed(system, request_id, "alice")
    finally:
        system.servicenow.remove_role("alice", "sn_incident_write")
    assert in_teleport(system, request_id) == "PENDING"
    assert reviews(system, request_id) == []
    assert times_told(system, request_id, "not denied automatically (closed_by_requester)") == 1


def test_a_rule_for_other_roles_denies_nothing(system: LocalSystem) -> None:
    put_rule(system, "prod-*")
    request_id = asked_and_told(system)
    closed(system, request_id)
    assert in_teleport(system, request_id) == "PENDING"
    assert times_told(system, request_id, "That decides nothing: the request stays open in Teleport.") == 1


def test_a_click_before_it_comes_first_though_its_callback_got_lost(system: LocalSystem) -> None:
    """The approver approves, his callback is lost, and he resolves the ticket because he has done his part."""
    request_id = asked_and_told(system)
    system.servicenow.callbacks.enabled = False
    try:
        row = system.servicenow.decide("bob", incident(system, request_id)["sys_id"])
    finally:
        system.servicenow.callbacks.enabled = True
    closed(system, request_id)
    assert in_teleport(system, request_id) == "PENDING"
    system.servicenow.update_raw("x_acbr_bridge_decision", row, {"sys_created_on": _minutes_ago(3)})
    system.tick("servicenow_decisions")
    system.settle()
    assert in_teleport(system, request_id) == "APPROVED"
    assert system.servicenow.row("x_acbr_bridge_decision", row)["outcome"] == "applied"


def _minutes_ago(minutes: float) -> str:
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
