"""What became of an earlier attempt is found out before anything is judged anew, and after Teleport has refused another
one: a decision that was applied was applied.
"""

from __future__ import annotations

import pytest

from access_bridge.decisions.outcome import Outcome, Reason, decision_mark
from access_bridge.errors import BrokenConfiguration, OutcomeUnknown
from local.servicenow.access import DECISIONS
from local.servicenow.schema import DECISION
from tests.contract.decisions.court import BOT, Court

REVIEW = "SubmitAccessReview"


def test_what_was_applied_stays_applied_though_its_human_may_not_decide_any_more(court: Court) -> None:
    boss, case = court.approver(), court.ask()
    row = court.click(boss, case)
    court.cluster.faults.drop(REVIEW, after_commit=True)
    assert court.decide_in_vain(row, case, OutcomeUnknown).outcome == ""
    court.instance.servicenow.update_raw("sys_user", court.user_id(boss), {"active": "false"})
    assert court.decide(row, case).code == Reason.APPLIED
    assert len(court.request(case).Spec.Reviews) == 1


def test_an_attempt_that_arrives_when_the_next_one_is_made_counts(court: Court) -> None:
    case = court.ask()
    row = court.click(court.approver(), case)
    court.cluster.faults.drop(REVIEW)
    court.decide_in_vain(row, case, OutcomeUnknown)

    def arrive() -> None:
        court.cluster.as_user(BOT).review(case.request_id, "APPROVED", f"{decision_mark(row)} Approved")

    court.cluster.faults.delay(REVIEW, 0, then=arrive)
    assert court.decide(row, case).outcome == Outcome.APPLIED
    assert len(court.request(case).Spec.Reviews) == 1


def test_a_row_that_may_only_be_hidden_decides_nothing_and_is_not_taken_for_absent(court: Court) -> None:
    case = court.ask()
    row = court.click(court.approver(), case)
    servicenow = court.instance.servicenow
    servicenow.disallow(DECISION, "read", DECISIONS)
    try:
        with pytest.raises(BrokenConfiguration, match="neither can any other record"):
            court.decide(row, case, said="approved")
    finally:
        servicenow.allow(DECISION, "read", DECISIONS)
    assert court.decide(row, case).code == Reason.APPLIED


def test_a_row_that_is_shown_again_before_its_absence_is_proved_is_decided(court: Court) -> None:
    case = court.ask()
    row = court.click(court.approver(), case)
    court.instance.servicenow.faults.hidden(table=DECISION, when=lambda call: call.sys_id == row)
    assert court.decide(row, case).code == Reason.APPLIED


def test_a_request_that_is_shown_again_before_its_absence_is_proved_is_decided(court: Court) -> None:
    court.ask()
    case = court.ask()
    row = court.click(court.approver(), case)
    court.cluster.faults.empty("ListAccessRequests")
    assert court.decide(row, case).code == Reason.APPLIED
