"""Between the last look at a request and the change of it nothing else is asked: setting a state has no
compare-and-set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local.servicenow.faults import Fault
from local.servicenow.schema import DECISION
from tests.contract.decisions.court import BOT, GROUP, Court

WRITES = {"SubmitAccessReview", "SetAccessRequestState"}


@pytest.mark.parametrize(
    ("decisions", "author"),
    [
        ({"mode": "bot", "approvers": {"group": GROUP}}, BOT),
        ({"mode": "on_behalf"}, ""),
        ({"mode": "set_state", "approvers": {"group": GROUP}}, ""),
    ],
)
def test_the_request_is_read_right_before_it_is_changed(
    court: Court, decisions: Mapping[str, Any], author: str
) -> None:
    court.rules = {"decisions": decisions}
    case = court.ask(court.requester(role="two-requester"))
    reviewer = court.approver()
    court.cluster.as_user(reviewer).review(case.request_id, "APPROVED")
    row = court.click(court.approver(), case)
    before = len(court.cluster.calls)
    court.instance.servicenow.reset_calls()
    court.decide(row, case)
    calls = [call.path.rpartition("/")[2] for call in court.cluster.calls[before:]]
    assert calls[-2] == "ListAccessRequests"
    assert calls[-1] in WRITES
    assert calls.count(calls[-1]) == 1
    if author:
        assert author in {review.Author for review in court.request(case).Spec.Reviews}


def test_it_is_read_again_after_a_check_of_the_bot_s_own(court: Court) -> None:
    """What the bot decides by itself takes a while to look up; somebody may have approved meanwhile."""
    rule = {"when": {"roles": ["dba"]}, "then": "ticket", "closed": "deny"}
    court.rules = {"decisions": {"mode": "set_state", "approvers": {"group": GROUP}}, "rules": [rule]}
    case = court.ask()
    court.end(court.approver(), case)
    meanwhile = Fault("late", table=DECISION, then=lambda: court.cluster.tctl_approve(case.request_id))
    court.instance.servicenow.faults.add(meanwhile)
    assert court.check_closed(case).outcome == "conflict"
    assert court.state(case) == "APPROVED"
