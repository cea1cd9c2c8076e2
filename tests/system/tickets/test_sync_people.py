"""What a person did with an incident stays: it is told what still can be told, never reopened and never made again."""

from __future__ import annotations

import pytest

from local.system import LocalSystem
from tests.system.tickets.asking import (
    Since,
    approve,
    asked_and_told,
    enqueue_again,
    events_of,
    incident,
    incidents,
    ledger_ticket,
    look,
    notes,
    state,
    times_told,
)

RESOLVED = {"state": "6", "close_code": "User error", "close_notes": "asked again elsewhere"}
CLOSED = {**RESOLVED, "state": "7"}
CANCELED = {"state": "8"}


@pytest.mark.parametrize("ended", [CLOSED, CANCELED], ids=["closed", "canceled"])
def test_an_incident_that_a_person_ended_stays_as_it_is(system: LocalSystem, ended: dict[str, str]) -> None:
    request_id = asked_and_told(system, "dave")
    sys_id = incident(system, request_id)["sys_id"]
    after = system.servicenow.update_as("carol", "incident", sys_id, ended)
    since = Since(system)
    approve(system, request_id, "bob")
    system.settle()
    approve(system, request_id, "carol")
    system.settle()
    system.tick("teleport_events")
    system.settle()
    assert incidents(system, request_id) == [after]
    assert notes(system, request_id) == []
    assert since.counted("TicketCannotTakeFact", 2) == 2
    assert "failure" not in ledger_ticket(system, request_id)


def test_an_incident_that_a_person_resolved_is_told_once_and_keeps_what_he_wrote(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    sys_id = incident(system, request_id)["sys_id"]
    system.servicenow.update_as("erin", "incident", sys_id, RESOLVED)
    approve(system, request_id, "bob")
    system.settle()
    row = incident(system, request_id)
    assert {name: row[name] for name in RESOLVED} == RESOLVED
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert times_told(system, request_id, "ended in ServiceNow before its request was decided") == 1
    enqueue_again(system, events_of(system, request_id))
    system.settle()
    assert len(notes(system, request_id)) == 1


def test_an_incident_that_is_closed_after_we_resolved_it_is_not_touched_by_a_later_denial(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.teleport.tctl_approve(request_id)
    system.settle()
    sys_id = incident(system, request_id)["sys_id"]
    after, told = system.servicenow.update_as("carol", "incident", sys_id, {"state": "7"}), notes(system, request_id)
    since = Since(system)
    system.teleport.tctl_deny(request_id)
    system.settle()
    assert incidents(system, request_id) == [after]
    assert notes(system, request_id) == told
    assert since.counted("TicketCannotTakeFact") == 1


def test_an_incident_that_a_person_deleted_is_not_made_again(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave")
    system.servicenow.delete("incident", incident(system, request_id)["sys_id"])
    since = Since(system)
    approve(system, request_id, "bob")
    system.settle()
    approve(system, request_id, "carol")
    system.settle()
    enqueue_again(system, events_of(system, request_id))
    look(system, request_id)
    system.tick("teleport_events")
    system.settle()
    assert incidents(system, request_id) == []
    assert since.counted("TicketCannotTakeFact", 2) == 2
    assert "failure" not in ledger_ticket(system, request_id)


def test_an_incident_that_somebody_works_on_is_told_and_resolved_as_any_other(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave")
    desk = next(row["sys_id"] for row in system.servicenow.rows("sys_user_group") if row["name"] == "Service Desk")
    changes = {"state": "2", "assignment_group": desk, "short_description": "dave again", "work_notes": "called him"}
    system.servicenow.update_as("erin", "incident", incident(system, request_id)["sys_id"], changes)
    approve(system, request_id, "bob")
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["assignment_group"], row["short_description"]) == (
        "In Progress",
        desk,
        "dave again",
    )
    approve(system, request_id, "carol")
    system.settle()
    row = incident(system, request_id)
    assert (state(system, request_id), row["assignment_group"]) == ("Resolved", desk)
    assert [times_told(system, request_id, text) for text in ("called him", "bob reviewed", "carol reviewed")] == [
        1
    ] * 3


def test_a_counter_that_a_person_edited_holds_nothing_up(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave")
    edit = {"correlation_display": "our own remark"}
    system.servicenow.update_as("erin", "incident", incident(system, request_id)["sys_id"], edit)
    system.servicenow.faults.error_after_commit(method="PATCH", table="incident")
    approve(system, request_id, "bob")
    system.settle()
    approve(system, request_id, "carol")
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert times_told(system, request_id, "The request is approved.") == 1
