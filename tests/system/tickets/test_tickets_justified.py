"""The ticket that a reason names, through the whole system: shown, linked, and missed where a rule denies without."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.system import LocalSystem
from tests.system.tickets.asking import (
    Since,
    ask,
    asked_and_told,
    incident,
    incidents,
    ledger_ticket,
    look,
    notes,
    state,
    times_told,
)

NewSystem = Callable[..., LocalSystem]
JUSTIFY = "justification: {}\n"
DENY = f"{JUSTIFY}rules: [{{when: {{roles: [dba]}}, then: ticket, unjustified: deny}}]\n"


@pytest.fixture
def with_rules(system: LocalSystem) -> Callable[[str], None]:
    """Adds sections to the rules file of both functions, which they see at once."""

    def put(text: str) -> None:
        for function in ("teleport_events", "servicenow_decisions"):
            system.put_parameter(function, "RULES_PARAMETER", system.options.rules + text)
            system.restart(function)

    return put


def incident_of(system: LocalSystem, user_name: str) -> str:
    """The number of a new incident, opened by erin for somebody."""
    caller = next(row["sys_id"] for row in system.servicenow.rows("sys_user") if row["user_name"] == user_name)
    sys_id = system.servicenow.insert_as("erin", "incident", {"caller_id": caller, "short_description": "slow"})
    return system.servicenow.row("incident", sys_id)["number"]


def test_a_request_that_no_ticket_justifies_is_denied_and_its_ticket_says_why(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules(DENY)
    request_id = ask(system, reason="please")
    system.wait_until(
        lambda: bool(incidents(system, request_id)) and state(system, request_id) == "Resolved", what="not denied"
    )
    system.settle()
    assert incident(system, request_id)["close_notes"].startswith("The access request was denied in Teleport.")
    assert incident(system, request_id)["description"].startswith("NOT justified: the reason names no ticket.\n\n")
    assert times_told(system, request_id, "Denied automatically: The request is denied in Teleport") == 1
    assert times_told(system, request_id, "NOT justified: the reason names no ticket.") == 1
    look(system, request_id)
    system.settle()
    assert len(notes(system, request_id)) == 1


def test_a_request_that_a_ticket_justifies_waits_for_people(
    system: LocalSystem, with_rules: Callable[[str], None]
) -> None:
    with_rules(DENY)
    number = incident_of(system, "alice")
    request_id = asked_and_told(system, reason=f"to mend {number}")
    row = incident(system, request_id)
    assert row["description"].startswith(f"Justification: {number} is active (New), and alice is its caller.\n\n")
    assert system.servicenow.row("incident", row["parent"])["number"] == number
    assert state(system, request_id) == "New"
    assert not [mark for mark in ledger_ticket(system, request_id).get("told", ()) if mark.startswith("asked:")]


def test_a_cluster_that_takes_no_reviews_is_said_to_need_another_mode_before_anybody_decides(
    new_system: NewSystem,
) -> None:
    system = new_system(edition="oss")
    since = Since(system)
    system.tick("teleport_events")
    assert since.counted("BrokenConfiguration") == 1
    assert any("Set decisions.mode to set_state" in problem for problem in since.problems())
