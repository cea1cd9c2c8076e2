"""What is done about a decision row without an outcome: a plain function of the row, the ledger and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.undecided import Step, message_of, next_step
from access_bridge.ledger.items import DecisionItem
from tests.unit.decisions.values import CLUSTER, DECISION_ID, MESSAGE, REQUEST_ID, TICKET_ID

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW = NOON.timestamp()
HOUR = 3600.0
ROW = {
    "sys_id": DECISION_ID,
    "ticket_table": "incident",
    "ticket": TICKET_ID,
    "request_id": REQUEST_ID,
    "cluster": CLUSTER,
    "decision": "approved",
}


def item(outcome: str = "", decided: float = 0, asked: float = 0) -> DecisionItem:
    """A decision, decided and asked for so many seconds ago."""
    return DecisionItem(
        REQUEST_ID,
        DECISION_ID,
        outcome=outcome,
        decided_at=NOW - decided if decided else 0.0,
        asked_at=NOW - asked if asked else 0.0,
    )


def test_a_row_becomes_the_message_that_its_callback_would_have_caused() -> None:
    assert message_of(ROW, CLUSTER) == MESSAGE
    rejected = message_of({**ROW, "decision": "rejected"}, CLUSTER)
    assert isinstance(rejected, DecisionMessage)
    assert rejected.decision == "rejected"


@pytest.mark.parametrize(
    "wrong",
    [
        {"cluster": "another.example.test"},
        {"cluster": ""},
        {"cluster": CLUSTER.upper()},
        {"ticket_table": "change_request"},
        {"ticket_table": ""},
        {"ticket": ""},
        {"ticket": "not a sys_id"},
        {"request_id": ""},
        {"request_id": "INC0010001"},
        {"decision": ""},
        {"decision": "maybe"},
        {"sys_id": "AB" * 16},
    ],
)
def test_a_row_that_is_no_decision_for_this_cluster_becomes_none(wrong: dict[str, str]) -> None:
    assert message_of({**ROW, **wrong}, CLUSTER) is None
    assert message_of({name: value for name, value in ROW.items() if name not in wrong or name == "sys_id"}, "") is None


@pytest.mark.parametrize(
    ("known", "age", "step"),
    [
        # nobody has heard of it: its callback has two minutes
        (item(), 119, Step.WAIT),
        (item(), 120, Step.DECIDE),
        (item(), 29 * 24 * HOUR, Step.DECIDE),
        (item(), -30, Step.WAIT),
        # asked for: again after an hour, then after as long again as it has waited
        (item(asked=1), HOUR, Step.WAIT),
        (item(asked=HOUR - 1), HOUR + 200, Step.WAIT),
        (item(asked=HOUR), HOUR + 200, Step.DECIDE),
        (item(asked=2 * HOUR - 1), 4 * HOUR - 1, Step.WAIT),
        (item(asked=2 * HOUR), 4 * HOUR, Step.DECIDE),
        (item(asked=23 * HOUR), 48 * HOUR, Step.WAIT),
        (item(asked=24 * HOUR), 48 * HOUR, Step.DECIDE),
        # decided: the tickets' side has ten minutes to write it
        (item("applied", decided=599), HOUR, Step.WAIT),
        (item("applied", decided=600), HOUR, Step.TELL),
        (item("refused", decided=600), HOUR, Step.TELL),
        (item("failed", decided=600), HOUR, Step.TELL),
        # asked for as undecided, and decided since then
        (item("applied", decided=600, asked=700), HOUR, Step.TELL),
        (item("applied", decided=599, asked=700), HOUR, Step.WAIT),
        # nobody can write it: ever more rarely
        (item("applied", decided=HOUR + 600, asked=HOUR - 1), 2 * HOUR, Step.WAIT),
        (item("applied", decided=HOUR + 600, asked=HOUR), 2 * HOUR, Step.TELL),
        (item("applied", decided=20 * HOUR, asked=9 * HOUR), 21 * HOUR, Step.WAIT),
        (item("applied", decided=20 * HOUR, asked=10 * HOUR), 21 * HOUR, Step.TELL),
        # decided by a version that didn't record when
        (item("applied"), HOUR, Step.TELL),
        (item("applied", asked=HOUR - 1), 9 * HOUR, Step.WAIT),
        (item("applied", asked=HOUR), 9 * HOUR, Step.TELL),
    ],
)
def test_what_is_done_about_a_row_without_an_outcome(known: DecisionItem, age: float, step: Step) -> None:
    assert next_step(known, NOON - timedelta(seconds=age), NOW) is step


def test_a_row_whose_age_can_not_be_read_is_old_enough() -> None:
    assert next_step(item(), None, NOW) is Step.DECIDE
    assert next_step(item(asked=HOUR - 1), None, NOW) is Step.WAIT
    assert next_step(item(asked=HOUR), None, NOW) is Step.DECIDE
