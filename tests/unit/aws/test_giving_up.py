"""When servicenow_decisions stops trying: a human's decision after the last attempt, the bot's own much earlier, since
people's decisions on the same request wait behind it.
"""

from __future__ import annotations

import pytest

from access_bridge.aws.servicenow_decisions import ServiceNowDecisions
from tests.unit.aws.function import CLOSED, HUMAN, ID, JUSTIFICATION, ON_CALL, Function


@pytest.fixture
def function(aws: None) -> Function:
    return Function(ServiceNowDecisions)


@pytest.mark.parametrize(
    ("body", "decision_id", "kind", "decision"),
    [
        (ON_CALL, f"oncall-{ID}", "on_call", "approved"),
        (JUSTIFICATION, f"justification-{ID}", "justification", "rejected"),
        (CLOSED, f"closed-{ID}", "closed", "rejected"),
    ],
)
def test_a_check_of_the_bot_s_own_is_given_up_after_twelve_attempts_and_that_is_told(
    function: Function, body: str, decision_id: str, kind: str, decision: str
) -> None:
    assert function.tried(body, 11)
    assert function.decision(decision_id).outcome == ""
    assert function.looks() == []
    assert not function.tried(body, 12)
    item = function.decision(decision_id)
    assert (item.outcome, item.code, item.kind, item.decision) == ("failed", "gave_up", kind, decision)
    assert item.failure
    assert function.looks() == [ID]


def test_a_human_s_decision_is_kept_until_the_dead_letters_and_told_as_failed_at_the_last_attempt(
    function: Function,
) -> None:
    assert function.tried(HUMAN, 99)
    assert function.decision("d" * 32).outcome == ""
    assert function.tried(HUMAN, 100)
    item = function.decision("d" * 32)
    assert (item.outcome, item.code, item.decision, item.sys_id) == ("failed", "gave_up", "approved", "7" * 32)
    assert (item.attempts, item.failure_kind, item.failed) == (100, "configuration", True)
    assert function.looks() == [ID]
