"""What failed for good is found by whoever gets the alarm, and done once the cause is mended and it is redriven."""

from __future__ import annotations

from grpclib.const import Status

from local.system import LocalSystem
from tests.system.dead_letters.operator import Operator
from tests.system.decisions.office import Office
from tests.system.tickets.asking import ask, incident, incidents, ledger_ticket

MARKS = {"attempts", "failure", "failure_kind", "failing_since", "failed"}
REVIEW = "SubmitAccessReview"
AWAY = "no connection to "


def die_of_servicenow(system: LocalSystem, operator: Operator) -> str:
    """A request whose ticket can't be made because ServiceNow is away, until it is a dead letter."""
    system.settle()
    system.servicenow.stop()
    try:
        request_id = ask(system, reason="restart the database")
        operator.wait_until_listed(request_id)
    finally:
        system.servicenow.start()
    return request_id


def test_a_request_that_servicenow_was_away_for_is_listed_and_once_redriven_has_its_ticket(
    mortal: LocalSystem, on_call: Operator
) -> None:
    request_id = die_of_servicenow(mortal, on_call)
    request, asked_by, roles, ticket, _, tries, messages, why = on_call.row(request_id)
    assert (request, asked_by, roles, ticket, tries, messages) == (request_id, "alice", "dba", "-", "2", "1")
    said = on_call.types("list")
    (reason,) = [line for line in said.splitlines() if line.startswith(f"Why {why}: ")]
    assert AWAY in reason
    assert "Do: See that what the reason names is up and answers. Then redrive." in said
    assert AWAY in on_call.types("show", request_id)
    assert incidents(mortal, request_id) == []

    said = on_call.types("redrive", request_id)
    assert "│ tickets   │ 1         │ 0 " in said
    mortal.settle()
    assert incident(mortal, request_id)["correlation_id"] == request_id
    assert not MARKS & ledger_ticket(mortal, request_id).keys()
    assert not on_call.lists(request_id)
    assert mortal.dead_letters() == []


def test_a_decision_that_teleport_was_away_for_is_listed_and_once_redriven_is_applied_once(
    mortal: LocalSystem, on_call: Operator
) -> None:
    office = Office(mortal)
    boss, ticket = office.approver(), office.ask()
    mortal.teleport.faults.fail(REVIEW, Status.UNAVAILABLE, "closed for maintenance", times=2)
    row = office.decide(boss, ticket)
    on_call.wait_until_listed(ticket.request_id)
    mortal.settle()
    cells = on_call.row(ticket.request_id)
    assert cells[1].startswith(f"approved by {boss.title()} Manager ({boss}")
    assert (cells[2].startswith("asker-"), cells[3], cells[4]) == (True, "dba", ticket.number)
    assert cells[6:8] == ["2", "1"]
    assert "closed for maintenance" in on_call.types("list")

    assert "│ decisions │ 1         │ 0 " in on_call.types("redrive", "--all")
    told = office.told(row)
    assert (told.outcome, office.state(ticket), len(office.writes(ticket))) == ("applied", "APPROVED", 1)
    assert office.incident_state(ticket) == "6"
    assert not on_call.lists(ticket.request_id)


def test_after_sqs_s_fourteen_days_the_ledger_remembers_and_the_message_is_made_anew(
    mortal: LocalSystem, on_call: Operator
) -> None:
    office = Office(mortal)
    request_id = die_of_servicenow(mortal, on_call)
    ticket = office.ask()
    mortal.teleport.faults.fail(REVIEW, Status.UNAVAILABLE, "closed for maintenance", times=2)
    row = office.decide(office.approver(), ticket)
    on_call.wait_until_listed(ticket.request_id)
    mortal.settle()
    mortal.aws.empty_queues()  # as SQS does then
    assert on_call.row(request_id)[6] == "not seen"
    assert on_call.row(ticket.request_id)[7] == "not seen"

    said = on_call.types("redrive", request_id, ticket.request_id)
    assert "│ tickets   │ 0         │ 1 " in said
    assert "│ decisions │ 0         │ 1 " in said
    assert office.told(row).outcome == "applied"
    assert len(incidents(mortal, request_id)) == 1
    assert (office.state(ticket), len(office.writes(ticket))) == ("APPROVED", 1)
    assert on_call.types("list") == "There are no dead letters.\n"
    assert on_call.tries("redrive", request_id).exit_code == 1
