"""Two invocations at the same decision, as when one takes longer than its message stays hidden: one carries it, and the
other one's view of things is too old to say what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from typing import Any, Final

import pytest

from access_bridge.errors import Retry
from access_bridge.ledger.items import DecisionItem
from local.servicenow.faults import Fault
from local.servicenow.schema import DECISION
from tests.contract.decisions.court import GROUP, Case, Court

ROW: Final = "the decision row"
GROUPS: Final = {"approvers": {"group": GROUP}}


def times_applied(court: Court, case: Case) -> int:
    return len(court.audit(case, "access_request.review")) + len(court.audit(case, "access_request.update"))


@pytest.mark.parametrize(
    ("decisions", "call"),
    [
        *product(({"mode": "bot", **GROUPS}, {"mode": "on_behalf"}), (ROW, "ListAccessRequests", "SubmitAccessReview")),
        # Not SetAccessRequestState: it has no compare-and-set, and sets the same state twice.
        *product(({"mode": "set_state", **GROUPS},), (ROW, "ListAccessRequests")),
    ],
)
def test_what_the_other_one_applied_stays_applied(court: Court, decisions: Mapping[str, Any], call: str) -> None:
    """The other one begins and ends while this one waits for the answer to a call."""
    court.rules = {"decisions": decisions}
    case = court.ask()
    row = court.click(court.approver(), case)
    others: list[DecisionItem] = []

    def decide_too() -> None:
        others.append(court.decide(row, case))

    if call == ROW:
        court.instance.servicenow.faults.add(Fault("late", table=DECISION, then=decide_too))
    else:
        court.cluster.faults.delay(call, 0, then=decide_too)
    with suppress(Retry):
        court.decide(row, case)
    assert [other.outcome for other in others] == ["applied"]
    assert court.decide(row, case).outcome == "applied"
    assert times_applied(court, case) == 1
