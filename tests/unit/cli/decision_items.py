"""Decisions as the ledger has them, for tests of what is exported."""

from __future__ import annotations

from datetime import UTC, datetime

from access_bridge.ledger.items import DecisionItem

REQUEST = "01a20645-1700-710f-912d-cd7494dd7fa3"
OTHER = "01a20646-293f-7a1b-b5ec-0850e708ae9e"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

APPROVED = DecisionItem(
    REQUEST,
    "5f1c0e9a7b3d4c2e8a6f0b1d2c3e4f50",
    kind="human",
    table="incident",
    sys_id="01a206451700710f912dcd7494dd7fa3",
    ticket_number="INC0010004",
    decision="approved",
    decided_by="Bob Reviewer (bob)",
    user_name="bob",
    user_id="b0b00000000000000000000000000000",
    attempt_mode="on_behalf",
    attempt_author="bob@example.test",
    attempt_at=NOON.timestamp(),
    outcome="applied",
    code="applied",
    sentence="The request is approved in Teleport.",
    decided_at=NOON.timestamp() + 0.5,
)
REFUSED = DecisionItem(
    OTHER,
    "6f1c0e9a7b3d4c2e8a6f0b1d2c3e4f50",
    kind="approval",
    table="incident",
    sys_id="01a20646293f7a1bb5ec0850e708ae9e",
    ticket_number="INC0010005",
    decision="approved",
    decided_by="Dave Developer (dave)",
    user_name="dave",
    user_id="da7e0000000000000000000000000000",
    approval="a9900000000000000000000000000000",
    outcome="refused",
    code="own_request",
    sentence="You can't decide your own access request.",
    decided_at=NOON.timestamp() - 3600,
)
FAILING = DecisionItem(REQUEST, f"oncall-{REQUEST}", kind="on_call", decision="approved", attempts=3, failure="down")
