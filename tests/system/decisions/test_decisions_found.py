"""Decisions whose callback never came: the function finds them by itself and judges them like any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from grpclib.const import Status

from local.aws.environment import EnvironmentLost
from local.servicenow.access import DECISIONS, TICKETS
from local.servicenow.schema import DECISION
from local.system import PATIENCE, LocalSystem
from tests.system.decisions.office import FUNCTION, Choice, Office, Ticket
from tests.system.tickets.asking import Since

REVIEW = "SubmitAccessReview"


def lost(office: Office, user: str, ticket: Ticket, choice: Choice = "approved", minutes: float = 3) -> str:
    """A click whose callback got lost so many minutes ago. Returns the decision row's sys_id."""
    row = office.decide_silently(user, ticket, choice)
    made = f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
    office.system.servicenow.update_raw(DECISION, row, {"sys_created_on": made})
    return row


def assert_applied(office: Office, row: str) -> None:
    """The decision was applied; else its reason is shown."""
    told = office.told(row)
    assert (told.outcome, told.code) == ("applied", "applied"), told.sentence


def five_minutes_pass(office: Office) -> dict[str, Any]:
    """The function is called as every five minutes; returns what it answered."""
    answer: dict[str, Any] = office.system.tick(FUNCTION)
    return answer


def test_a_decision_whose_callback_got_lost_is_applied(office: Office) -> None:
    since, boss, ticket = Since(office.system), office.approver(), office.ask()
    row = lost(office, boss, ticket)
    five_minutes_pass(office)
    assert_applied(office, row)
    assert (office.state(ticket), office.incident_state(ticket)) == ("APPROVED", "6")
    assert (len(office.writes(ticket)), office.times_told(ticket)) == (1, 1)
    assert since.counted("DecisionFound") >= 1
    (line,) = [one for one in since.logs() if one["message"].startswith("a decision without an outcome")]
    assert (line["request_id"], line["decision_id"]) == (ticket.request_id, row)


def test_one_whose_callback_may_still_come_is_not_touched(office: Office) -> None:
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    five_minutes_pass(office)
    assert office.told(row).outcome == ""
    assert office.state(ticket) == "PENDING"
    office.call_back(ticket, row)
    assert_applied(office, row)


def test_a_callback_that_comes_after_all_changes_nothing(office: Office) -> None:
    ticket = office.ask()
    row = lost(office, office.approver(), ticket)
    five_minutes_pass(office)
    office.told(row)
    office.call_back(ticket, row)
    five_minutes_pass(office)
    assert_applied(office, row)
    assert (len(office.writes(ticket)), office.times_told(ticket)) == (1, 1)


def test_whoever_may_not_decide_may_not_so_either(office: Office) -> None:
    requester = office.requester()
    office.promote(requester)
    own, foreign, outside = office.ask(requester), office.ask(), office.ask()
    rows = {
        "own_request": lost(office, requester, own),
        "not_in_group": lost(office, office.approver(member=False), outside),
        "foreign_ticket": office.row(
            office.approver(), foreign, ticket=own.sys_id, sys_created_on="2026-01-01 00:00:00"
        ),
    }
    office.system.servicenow.update_raw(
        DECISION,
        rows["foreign_ticket"],
        {"sys_created_on": f"{datetime.now(UTC) - timedelta(minutes=9):%Y-%m-%d %H:%M:%S}"},
    )
    five_minutes_pass(office)
    for code, row in rows.items():
        assert (office.told(row).outcome, office.told(row).code) == ("refused", code)
    assert {office.state(ticket) for ticket in (own, foreign, outside)} == {"PENDING"}


def test_of_two_decisions_of_one_human_the_later_counts(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    earlier = lost(office, boss, ticket, "approved", minutes=9)
    later = lost(office, boss, ticket, "rejected", minutes=5)
    five_minutes_pass(office)
    assert (office.told(earlier).outcome, office.told(later).outcome) == ("withdrawn", "applied")
    assert office.state(ticket) == "DENIED"


def test_servicenow_is_down_for_a_while(office: Office) -> None:
    since, ticket = Since(office.system), office.ask()
    row = lost(office, office.approver(), ticket)
    office.system.servicenow.stop()
    try:
        assert "no connection" in five_minutes_pass(office)["problem"]
        assert since.counted("ReconcileFailed") >= 1
    finally:
        office.system.servicenow.start()
    five_minutes_pass(office)
    assert_applied(office, row)


def test_teleport_is_down_for_a_while_and_the_decision_lies_in_its_queue_once(office: Office) -> None:
    ticket = office.ask()
    row = lost(office, office.approver(), ticket)
    office.system.teleport.faults.fail(REVIEW, Status.UNAVAILABLE, "down", times=2)
    for _ in range(3):
        five_minutes_pass(office)
    assert_applied(office, row)
    lines = office.system.logs(FUNCTION)
    found = [one for one in lines if one.get("decision_id") == row and "callback didn't come" in one["message"]]
    assert len(found) == 1


def test_the_function_is_killed_over_the_pass(office: Office) -> None:
    ticket = office.ask()
    row = lost(office, office.approver(), ticket)
    fault = office.system.servicenow.faults.drop_before(
        table=DECISION, when=lambda call: call.sys_id == "" and office.system.kill(FUNCTION) > 0
    )
    with pytest.raises(EnvironmentLost):
        five_minutes_pass(office)
    assert fault.wait_until_hit(PATIENCE)
    five_minutes_pass(office)
    assert_applied(office, row)


def test_an_outcome_that_could_not_be_written_is_written_when_the_account_may_again(office: Office) -> None:
    since, system, ticket = Since(office.system), office.system, office.ask()
    system.servicenow.disallow(DECISION, "write", TICKETS)
    try:
        row = office.decide(office.approver(), ticket)
        system.settle()
        assert office.told_now(row).outcome == ""
        assert office.state(ticket) == "APPROVED"
        assert since.counted("DecisionRowNotWritten") >= 1
    finally:
        system.servicenow.allow(DECISION, "write", TICKETS)
    _decided_earlier(system, ticket, row, minutes=11)
    answer = five_minutes_pass(office)
    assert row in [one["decision_id"] for one in answer["write_outcome"]["first"]]
    assert_applied(office, row)
    assert office.times_told(ticket) == 1


def test_rows_that_the_account_may_no_longer_read_raise_the_alarm(office: Office) -> None:
    since, servicenow, ticket = Since(office.system), office.system.servicenow, office.ask()
    row = lost(office, office.approver(), ticket)
    servicenow.disallow(DECISION, "read", DECISIONS)
    try:
        assert five_minutes_pass(office)["hidden"] >= 1
        assert since.counted("BrokenConfiguration") >= 1
    finally:
        servicenow.allow(DECISION, "read", DECISIONS)
    five_minutes_pass(office)
    assert_applied(office, row)


def test_a_report_says_what_would_be_done_and_does_nothing(office: Office) -> None:
    ticket = office.ask()
    row = lost(office, office.approver(), ticket)
    report = office.system.invoke(FUNCTION, {"reconcile": "report"})
    mine = [one for one in report["decide"]["first"] if one["decision_id"] == row]
    assert [one["request_id"] for one in mine] == [ticket.request_id]
    assert (report["report"], report["finished"]) == (True, True)
    assert office.told(row).outcome == ""
    assert office.state(ticket) == "PENDING"
    five_minutes_pass(office)
    assert_applied(office, row)


def test_a_misspelt_wish_does_nothing(office: Office) -> None:
    ticket = office.ask()
    row = lost(office, office.approver(), ticket)
    answer = office.system.invoke(FUNCTION, {"reconcile": "reprot"})
    assert answer == {"problem": "reconcile must be run or report: nothing was done."}
    assert office.told(row).outcome == ""
    five_minutes_pass(office)
    office.told(row)


def _decided_earlier(system: LocalSystem, ticket: Ticket, row: str, minutes: float) -> None:
    """Let it be so long ago that the ledger got a decision's outcome."""
    system.aws.dynamodb.update_item(
        TableName=system.resources.ledger_table,
        Key={"pk": {"S": ticket.request_id}, "sk": {"S": f"DECISION#{row}"}},
        UpdateExpression="SET decided_at = :at",
        ExpressionAttributeValues={":at": {"N": str((datetime.now(UTC) - timedelta(minutes=minutes)).timestamp())}},
    )
