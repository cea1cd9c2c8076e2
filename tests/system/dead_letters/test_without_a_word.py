"""A function that is killed over a message each time, or runs out of its time, can write nothing: it is listed and
redriven all the same. The attempts are made here as Lambda makes them, one after the other; processes really die.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from access_bridge.ledger.table import NO_WORD
from local.aws.environment import EnvironmentLost, TimedOut
from local.system import LocalSystem
from tests.system.conftest import NewSystem
from tests.system.dead_letters.operator import Operator
from tests.system.decisions.office import FUNCTION, Office
from tests.system.tickets.asking import ask, incidents, ledger_ticket, notes, state

ADVICE = f"{NO_WORD}\n  Do: See in the log whether it ran out of time or memory"


def attempt(content: dict[str, Any], number: int) -> dict[str, Any]:
    """The event of the how manieth attempt at a message."""
    message = {
        "messageId": "3f0e8d4c-6b7a-4d5e-9c1f-2a3b4c5d6e7f",
        "receiptHandle": "of no message in the queue",
        "body": json.dumps(content),
        "attributes": {"ApproximateReceiveCount": str(number), "MessageGroupId": content["request_id"]},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:tickets.fifo",
    }
    return {"Records": [message]}


def test_a_request_over_which_the_function_is_killed_each_time(mortal: LocalSystem, on_call: Operator) -> None:
    mortal.settle()
    mortal.stop_forwarding()
    mortal.servicenow.faults.unavailable(times=100, when=lambda _: mortal.kill("teleport_events") > 0)
    look = {"request_id": ask(mortal)}
    request_id = look["request_id"]
    with pytest.raises(EnvironmentLost):
        mortal.invoke("teleport_events", attempt(look, 1))
    assert "attempts" not in ledger_ticket(mortal, request_id)
    with pytest.raises(EnvironmentLost):
        mortal.invoke("teleport_events", attempt(look, 2))
    kept = ledger_ticket(mortal, request_id)
    assert (kept["attempts"], kept["failed"], kept["failure"]) == (2, "1", NO_WORD)
    on_call.die(look)
    assert on_call.row(request_id)[5:7] == ["2", "1"]
    assert ADVICE in on_call.types("list")

    mortal.servicenow.faults.clear()
    on_call.types("redrive", request_id)
    mortal.settle()
    assert len(incidents(mortal, request_id)) == 1
    assert (state(mortal, request_id), notes(mortal, request_id)) == ("New", [])
    assert not on_call.lists(request_id)


def test_a_decision_over_which_the_function_is_killed_each_time(mortal: LocalSystem, on_call: Operator) -> None:
    office = Office(mortal)
    ticket = office.ask()
    row = office.decide_silently(office.approver(), ticket)
    mortal.settle()
    decision = {
        "decision_id": row,
        "table": "incident",
        "sys_id": ticket.sys_id,
        "request_id": ticket.request_id,
        "decision": "approved",
    }
    mortal.servicenow.faults.unavailable(times=100, when=lambda _: mortal.kill(FUNCTION) > 0)
    for number in (1, 2):
        with pytest.raises(EnvironmentLost):
            mortal.invoke(FUNCTION, attempt(decision, number))
    mortal.servicenow.faults.clear()
    # The message is lost as well: what the ledger has must do.
    cells = on_call.row(ticket.request_id)
    assert (cells[1], cells[4], cells[6:8]) == ("approved", ticket.number, ["2", "not seen"])
    assert ADVICE in on_call.types("list")

    on_call.types("redrive", ticket.request_id)
    assert office.told(row).outcome == "applied"
    assert (office.state(ticket), len(office.writes(ticket))) == ("APPROVED", 1)
    assert not on_call.lists(ticket.request_id)


def test_a_request_over_which_the_function_runs_out_of_its_time(new_system: NewSystem) -> None:
    system = new_system(function_timeout=12)
    system.stop_forwarding()
    held = system.servicenow.faults.late(60, times=100)
    look = {"request_id": ask(system)}
    with pytest.raises(TimedOut):
        system.invoke("teleport_events", attempt(look, 100))
    held.release()
    kept = ledger_ticket(system, look["request_id"])
    assert (kept["attempts"], kept["failed"], kept["failure"]) == (100, "1", NO_WORD)
