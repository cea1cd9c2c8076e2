"""What an auditor reads of each decision, and which decisions he gets in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from access_bridge.ledger.items import DecisionItem
from cli.export import Period, line, select
from tests.unit.cli.decision_items import APPROVED, FAILING, NOON, OTHER, REFUSED, REQUEST

HOUR = timedelta(hours=1)


def test_a_line_says_who_approved_what_on_which_ticket_as_whom_in_teleport_and_when() -> None:
    assert json.loads(line(APPROVED)) == {
        "request_id": REQUEST,
        "decision_id": "5f1c0e9a7b3d4c2e8a6f0b1d2c3e4f50",
        "kind": "human",
        "decision": "approved",
        "outcome": "applied",
        "code": "applied",
        "sentence": "The request is approved in Teleport.",
        "decided_by": "Bob Reviewer (bob)",
        "servicenow_user": "bob",
        "servicenow_user_id": "b0b00000000000000000000000000000",
        "approval": "",
        "ticket": {"table": "incident", "sys_id": "01a206451700710f912dcd7494dd7fa3", "number": "INC0010004"},
        "teleport": {"user": "bob@example.test", "mode": "on_behalf", "at": "2026-11-23T12:00:00.000Z"},
        "decided_at": "2026-11-23T12:00:00.500Z",
    }


def test_a_line_says_what_was_refused_and_why_and_that_teleport_was_not_asked() -> None:
    document = json.loads(line(REFUSED))
    assert (document["outcome"], document["code"]) == ("refused", "own_request")
    assert document["sentence"] == "You can't decide your own access request."
    assert document["approval"] == "a9900000000000000000000000000000"
    assert document["teleport"] == {"user": "", "mode": "", "at": None}


def test_a_decision_that_could_not_be_carried_out_yet_says_how_often_it_was_tried_and_what_failed() -> None:
    document = json.loads(line(FAILING))
    assert (document["attempts"], document["failure"]) == (3, "down")
    assert (document["outcome"], document["decided_at"]) == ("", None)
    assert {"attempts", "failure"}.isdisjoint(json.loads(line(APPROVED)))


def test_what_people_wrote_neither_ends_a_line_nor_reaches_a_terminal_raw() -> None:
    name = "Zoë\n\x1b[2J\u202e\u2028\x9b"
    text = line(replace(APPROVED, decided_by=name))
    assert text.isascii() and text.isprintable()
    assert json.loads(text)["decided_by"] == name


def test_decisions_come_oldest_first_and_what_has_no_time_comes_last() -> None:
    trying = replace(APPROVED, decision_id="trying", outcome="", decided_at=0.0, attempt_at=NOON.timestamp() - 60)
    same = [replace(APPROVED, request_id=OTHER), replace(APPROVED, decision_id="0")]
    selection = select([FAILING, *same, APPROVED, trying, REFUSED], Period())
    assert selection.decisions == (REFUSED, trying, same[1], APPROVED, same[0], FAILING)
    assert selection.without_time == 0


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, (REFUSED, APPROVED, FAILING)),
        (NOON, None, (APPROVED,)),
        (None, NOON, (REFUSED,)),
        (NOON - HOUR, NOON + HOUR, (REFUSED, APPROVED)),
        (NOON - HOUR, NOON - HOUR + HOUR / 60, (REFUSED,)),
        (NOON - 2 * HOUR, NOON - HOUR, ()),
        (NOON + HOUR, None, ()),
    ],
)
def test_a_period_has_its_beginning_and_not_its_end(
    since: datetime | None, until: datetime | None, found: tuple[DecisionItem, ...]
) -> None:
    assert select([APPROVED, REFUSED, FAILING], Period(since, until)).decisions == found


def test_no_decision_is_left_out_of_a_period_in_silence() -> None:
    assert select([APPROVED, FAILING], Period(since=NOON)).without_time == 1
    assert select([APPROVED, FAILING], Period(until=NOON)).without_time == 1
