"""What is decided is handed on to be told, however often that fails: the ledger knows the outcome before anybody is
told.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.decisions.decide import decide
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.errors import Retry
from access_bridge.ledger.items import Failure, FailureKind
from access_bridge.teleport.errors import ReviewsUnsupported
from tests.contract.decisions.conftest import NewCourt
from tests.contract.decisions.court import Case, Court


def message(case: Case, row: str) -> DecisionMessage:
    """The message of a callback that says *approved*."""
    return DecisionMessage(
        decision_id=row, table="incident", sys_id=case.ticket, request_id=case.request_id, decision="approved"
    )


def lost(request_id: str) -> None:
    """A queue that is away."""
    raise Retry(f"the queue can't be reached for {request_id}")


def test_a_decision_whose_telling_got_lost_is_told_by_the_next_attempt_and_not_decided_again(court: Court) -> None:
    case = court.ask()
    row = court.click(court.approver(), case)
    with court.systems() as systems, pytest.raises(Retry):
        decide(message(case, row), replace(systems, look=lost))
    court.ledger.note_decision_failure(case.request_id, row, Failure(1, "the queue is away", FailureKind.RETRY), 5.0)
    item = court.decide(row, case)
    assert (item.outcome, item.failure, court.looks) == ("applied", "", [case.request_id])
    assert len(court.request(case).Spec.Reviews) == 1
    assert len(court.log_lines(row)) == 1


def test_a_failure_that_a_person_has_to_mend_is_told_even_if_its_first_telling_got_lost(new_court: NewCourt) -> None:
    court = new_court(edition="oss")
    case = court.ask()
    row = court.click(court.approver(teleport=None), case)
    with court.systems() as systems, pytest.raises(Retry):
        decide(message(case, row), replace(systems, look=lost))
    assert court.ledger.decision(case.request_id, row).code == "reviews_unsupported"
    with court.systems() as systems, pytest.raises(ReviewsUnsupported):
        decide(message(case, row), systems)
    assert court.looks == [case.request_id]
