"""A function that is killed, or runs out of its time, writes nothing: what the ledger knows all the same."""

from __future__ import annotations

import json

import pytest

from access_bridge.aws.servicenow_decisions import ServiceNowDecisions
from access_bridge.aws.teleport_events import TeleportEvents
from access_bridge.ledger.items import DecisionItem
from access_bridge.ledger.table import NO_WORD
from tests.unit.aws.function import HUMAN, ID, JUSTIFICATION, ON_CALL, DeadlySettings, Function, Killed

DELETED = {"uid": "u-9", "event": "access_request.delete", "id": ID, "user": "alice"}
LOOK = json.dumps({"request_id": ID, "event": DELETED})
MALFORMED = json.dumps({"malformed": "no event", "problem": "is no JSON"}, separators=(",", ":"))


def killed_over(function: Function, body: str, *attempts: int) -> None:
    """The function is killed over each of these attempts at a message."""
    for attempt in attempts:
        with pytest.raises(Killed):
            function.tried(body, attempt)


@pytest.fixture
def tickets(aws: None) -> Function:
    return Function(TeleportEvents, DeadlySettings)


@pytest.fixture
def decisions(aws: None) -> Function:
    return Function(ServiceNowDecisions, DeadlySettings)


def test_the_attempt_after_one_that_was_killed_says_so_and_stores_the_event_that_may_be_nowhere_else(
    tickets: Function,
) -> None:
    killed_over(tickets, LOOK, 1)
    assert tickets.ledger.records(ID).events == ()
    killed_over(tickets, LOOK, 2)
    ticket = tickets.ticket()
    assert (ticket.attempts, ticket.failure, ticket.failure_kind, ticket.failed) == (1, NO_WORD, "silent", False)
    assert ticket.failing_since > 0
    assert tickets.ledger.records(ID).events == (DELETED,)


def test_a_request_over_which_the_function_was_killed_each_time_is_in_the_ledger_as_failed(tickets: Function) -> None:
    killed_over(tickets, LOOK, 1, 2, 99, 100)
    ticket = tickets.ticket()
    assert (ticket.attempts, ticket.failure, ticket.failure_kind, ticket.failed) == (100, NO_WORD, "silent", True)
    assert [one.request_id for one in tickets.ledger.failed()] == [ID]


def test_an_attempt_that_says_why_it_failed_is_counted_with_those_that_were_killed(aws: None) -> None:
    function = Function(TeleportEvents)
    assert function.tried(LOOK, 7)
    ticket = function.ticket()
    assert (ticket.attempts, ticket.failure_kind) == (7, "configuration")
    assert "RULES_PARAMETER: is not set." in ticket.failure


def test_a_decision_over_which_the_function_was_killed_each_time_is_in_the_ledger_as_failed(
    decisions: Function,
) -> None:
    killed_over(decisions, HUMAN, 1, 2, 99)
    item = decisions.decision("d" * 32)
    assert (item.attempts, item.failure, item.failure_kind, item.failed) == (98, NO_WORD, "silent", False)
    assert (item.table, item.sys_id, item.decision, item.outcome) == ("incident", "7" * 32, "approved", "")
    killed_over(decisions, HUMAN, 100)
    item = decisions.decision("d" * 32)
    assert (item.attempts, item.failed, item.outcome, item.code) == (100, True, "failed", "gave_up")
    assert [one.decision_id for one in decisions.ledger.failed() if isinstance(one, DecisionItem)] == ["d" * 32]


def test_an_outcome_that_a_decision_has_is_not_taken_for_a_failed_one(decisions: Function) -> None:
    decided = DecisionItem(ID, "d" * 32, table="incident", sys_id="7" * 32, decision="approved", outcome="applied")
    decisions.ledger.save_decision(decided)
    killed_over(decisions, HUMAN, 99, 100)
    item = decisions.decision("d" * 32)
    assert (item.outcome, item.code, item.failed) == ("applied", "", True)


@pytest.mark.parametrize(("body", "decision_id"), [(ON_CALL, f"oncall-{ID}"), (JUSTIFICATION, f"justification-{ID}")])
def test_a_check_of_the_bot_s_own_over_which_the_function_was_killed_each_time_is_given_up_as_others_are(
    decisions: Function, body: str, decision_id: str
) -> None:
    killed_over(decisions, body, *range(1, 13))
    assert decisions.decision(decision_id).outcome == ""
    assert not decisions.tried(body, 13)
    item = decisions.decision(decision_id)
    assert (item.outcome, item.code, item.attempts, item.failed) == ("failed", "gave_up", 12, True)
    assert decisions.looks() == [ID]


@pytest.mark.parametrize("attempts", [1, 2, 100])
def test_a_malformed_record_that_cannot_be_sent_back_to_the_dead_letters_is_kept_and_is_about_no_request(
    tickets: Function, attempts: int
) -> None:
    assert tickets.tried(MALFORMED, attempts)
    assert list(tickets.ledger.failed()) == []
