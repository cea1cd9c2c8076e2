"""Tickets that people change in ServiceNow against their requests: told once, counted, and never undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local.aws.environment import EnvironmentLost
from local.servicenow.faults import Fault, Incoming
from local.system import PATIENCE, LocalSystem
from tests.system.conftest import NewSystem
from tests.system.tickets.asking import (
    Since,
    about,
    approve,
    ask,
    asked_and_told,
    deny,
    events_of,
    incident,
    ledger_ticket,
    notes,
    state,
    times_told,
)

FUNCTION = "teleport_events"
PENDING = "while its access request is pending"
RESOLVED = {"state": "6", "close_code": "User error", "close_notes": "done"}


def pass_over_tickets(system: LocalSystem, wanted: str = "run") -> dict[str, Any]:
    """The function is called as every five minutes; returns what it answered."""
    answer: dict[str, Any] = system.invoke(FUNCTION, {"reconcile": wanted})
    return answer


def edit(system: LocalSystem, request_id: str, user: str = "carol", **values: str) -> None:
    """Somebody edits the request's incident; carol may close."""
    system.servicenow.update_as(user, "incident", incident(system, request_id)["sys_id"], values)


def found(answer: dict[str, Any], request_id: str) -> list[str]:
    return [one["found"] for one in answer["differing"]["first"] if one["request_id"] == request_id]


def test_a_ticket_resolved_by_hand_is_told_once_and_its_request_stays_open(system: LocalSystem) -> None:
    request_id, since = asked_and_told(system), Since(system)
    edit(system, request_id, **RESOLVED)
    for _ in range(3):
        pass_over_tickets(system)
        system.settle()
    assert (times_told(system, request_id, PENDING), len(notes(system, request_id))) == (1, 1)
    assert (state(system, request_id), incident(system, request_id)["close_code"]) == ("Resolved", "User error")
    assert system.teleport.requests[request_id].Spec.State == 1
    assert since.counted("TicketEndedByPerson") >= 1


def test_closed_by_hand_and_then_approved_in_teleport(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    edit(system, request_id, **RESOLVED)
    pass_over_tickets(system)
    system.settle()
    approve(system, request_id, "bob", "known window")
    system.settle()
    pass_over_tickets(system)
    system.settle()
    assert len(notes(system, request_id)) == 2
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert times_told(system, request_id, "The request is approved.") == 1
    assert incident(system, request_id)["close_code"] == "User error"


@pytest.mark.parametrize(("number", "label"), [("7", "Closed"), ("8", "Canceled")])
def test_one_that_takes_no_note_any_more_is_counted(system: LocalSystem, number: str, label: str) -> None:
    request_id, since = asked_and_told(system), Since(system)
    edit(system, request_id, **{**RESOLVED, "state": number})
    pass_over_tickets(system)
    system.settle()
    pass_over_tickets(system)
    system.settle()
    assert (state(system, request_id), notes(system, request_id)) == (label, [])
    assert since.counted("TicketEndedByPerson") >= 1
    assert since.counted("TicketCannotTakeFact") >= 1
    deny(system, request_id, "bob")
    system.settle()
    assert system.dead_letters() == []


def test_a_requester_who_closes_his_own_ticket_still_has_his_request(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "alice")
    system.servicenow.add_role("alice", "sn_incident_write")
    try:
        edit(system, request_id, "alice", **RESOLVED)
    finally:
        system.servicenow.remove_role("alice", "sn_incident_write")
    pass_over_tickets(system)
    system.settle()
    assert times_told(system, request_id, PENDING) == 1
    assert system.teleport.requests[request_id].Spec.State == 1
    approve(system, request_id, "bob")
    system.settle()
    assert times_told(system, request_id, "The request is approved.") == 1


def test_a_ticket_opened_again_in_time_is_ended_with_its_request(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    for last in (RESOLVED, {"state": "2"}):
        edit(system, request_id, **last)
        pass_over_tickets(system)
        system.settle()
    assert len(notes(system, request_id)) == 1
    deny(system, request_id, "bob")
    system.settle()
    assert (state(system, request_id), incident(system, request_id)["close_code"]) == (
        "Resolved",
        "No resolution provided",
    )


def test_a_ticket_reopened_after_the_denial_stays_open_and_gives_no_access(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    deny(system, request_id, "bob")
    system.settle()
    since = Since(system)
    edit(system, request_id, "erin", state="2")
    for _ in range(2):
        pass_over_tickets(system)
        system.settle()
    assert state(system, request_id) == "In Progress"
    assert times_told(system, request_id, "That changes nothing in Teleport: the request is denied.") == 1
    assert since.counted("TicketReopened") >= 1


def test_a_denied_request_whose_ticket_says_approved_is_told_once(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    deny(system, request_id, "bob")
    system.settle()
    since = Since(system)
    edit(system, request_id, "erin", close_code="Resolved by request")
    for _ in range(2):
        pass_over_tickets(system)
        system.settle()
    assert incident(system, request_id)["close_code"] == "Resolved by request"
    assert times_told(system, request_id, "Teleport has the last word") == 1
    assert since.counted("TicketContradictsRequest") >= 1


def test_what_the_instance_itself_closes_is_in_order(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    approve(system, request_id, "bob")
    system.settle()
    told = notes(system, request_id)
    system.servicenow.auto_close(incident(system, request_id)["sys_id"])
    assert found(pass_over_tickets(system), request_id) == []
    system.settle()
    assert notes(system, request_id) == told


def test_a_ticket_that_a_person_deleted_is_not_made_again(system: LocalSystem) -> None:
    """The pass sees only what is there: a deleted ticket is found when there is something to tell."""
    request_id, since = asked_and_told(system), Since(system)
    system.servicenow.delete("incident", incident(system, request_id)["sys_id"])
    pass_over_tickets(system)
    system.settle()
    approve(system, request_id, "bob")
    system.settle()
    assert since.counted("TicketCannotTakeFact") >= 1
    assert ledger_ticket(system, request_id)["ended_by"] == "deleted"


# ---- whatever fails


def test_servicenow_is_down_for_a_while(system: LocalSystem) -> None:
    request_id, since = asked_and_told(system), Since(system)
    edit(system, request_id, **RESOLVED)
    system.servicenow.stop()
    try:
        for _ in range(2):
            assert "no connection" in pass_over_tickets(system)["problem"]
    finally:
        system.servicenow.start()
    assert since.counted("ReconcileFailed", 2) == 2
    pass_over_tickets(system)
    system.settle()
    assert times_told(system, request_id, PENDING) == 1


def test_teleport_is_down_and_the_look_waits_for_it(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    edit(system, request_id, **RESOLVED)
    pass_over_tickets(system)  # which knows the cluster by its certificate
    system.teleport.stop()
    try:
        system.wait_until(lambda: "failure" in ledger_ticket(system, request_id) or notes(system, request_id))
    finally:
        system.teleport.start()
    system.settle()
    assert times_told(system, request_id, PENDING) == 1


def test_killed_over_the_pass_it_is_done_again(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    edit(system, request_id, **RESOLVED)
    fault = system.servicenow.faults.drop_before(table="incident", when=_kill(system, lambda call: call.sys_id == ""))
    with pytest.raises(EnvironmentLost):
        pass_over_tickets(system)
    assert fault.wait_until_hit(PATIENCE)
    pass_over_tickets(system)
    system.settle()
    assert times_told(system, request_id, PENDING) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit"])
def test_killed_over_the_note_it_is_told_once(system: LocalSystem, kind: Any) -> None:
    request_id = asked_and_told(system)
    edit(system, request_id, **RESOLVED)
    mine = about(request_id)
    fault = system.servicenow.faults.add(Fault(kind, method="PATCH", when=_kill(system, mine)))
    pass_over_tickets(system)
    assert fault.wait_until_hit(PATIENCE)
    system.settle()  # a killed function's message comes back after its visibility timeout
    pass_over_tickets(system)
    system.settle()
    assert (times_told(system, request_id, PENDING), len(notes(system, request_id))) == (1, 1)


# ---- without events, and only a report


def test_without_events_a_closed_ticket_is_told_of_its_requests_end_too(new_system: NewSystem) -> None:
    system = new_system(forwarding=False)
    system.teleport.expiry_delay = 0.1
    request_id, other = ask(system, ttl=timedelta(seconds=15)), ask(system)
    system.tick(FUNCTION)
    system.settle()
    edit(system, request_id, **RESOLVED)
    pass_over_tickets(system)
    system.settle()
    system.wait_until(lambda: request_id not in system.teleport.requests)
    system.tick(FUNCTION)
    system.settle()
    assert times_told(system, request_id, PENDING) == 1
    assert len(notes(system, request_id)) == 2
    assert state(system, other) == "New"
    assert events_of(system, request_id)


def test_a_report_says_what_differs_and_tells_nobody(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    edit(system, request_id, **RESOLVED)
    report = pass_over_tickets(system, "report")
    assert (report["report"], report["finished"], found(report, request_id)) == (True, True, ["ended"])
    system.settle()
    assert notes(system, request_id) == []
    assert pass_over_tickets(system, "reprot") == {"problem": "reconcile must be run or report: nothing was done."}
    pass_over_tickets(system)
    system.settle()
    assert len(notes(system, request_id)) == 1


def _kill(system: LocalSystem, wanted: Any) -> Any:
    """Kills the function when the call reaches ServiceNow, so that nobody hears the answer."""

    def killing(call: Incoming) -> bool:
        return bool(wanted(call)) and system.kill(FUNCTION) > 0

    return killing
