"""Plain values that the tables below start from: a decision against which nothing can be said."""

from __future__ import annotations

from datetime import UTC, datetime

from access_bridge.access_request import AccessRequest, RequestState, Review, Threshold
from access_bridge.decisions.evidence import DecisionRow, TicketRow
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.ledger.items import DecisionItem
from access_bridge.servicenow.users import User

REQUEST_ID = "0190a8e4-9c1d-7def-8123-456789abcdef"
DECISION_ID = "d" * 32
TICKET_ID = "7" * 32
BOT = "bot-access-bridge-decisions"
CLUSTER = "tele.example.test"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

BOB = User(
    sys_id="b" * 32,
    user_name="bob",
    email="bob@example.test",
    name="Bob Reviewer",
    active=True,
    locked_out=False,
    web_service_access_only=False,
    internal_integration_user=False,
)
ALICE = User(sys_id="a" * 32, user_name="alice", email="alice@example.test", name="Alice Engineer", active=True)
MESSAGE = DecisionMessage(
    decision_id=DECISION_ID, table="incident", sys_id=TICKET_ID, request_id=REQUEST_ID, decision="approved"
)
ROW = DecisionRow(
    decision_id=DECISION_ID,
    ticket_table="incident",
    ticket=TICKET_ID,
    request_id=REQUEST_ID,
    cluster=CLUSTER,
    decision="approved",
    reason="The nightly job matters.",
    decided_by=BOB.sys_id,
    approval="",
    created_by="bob",
    created_on="2026-11-01 11:00:00",
)
TICKET = TicketRow(TICKET_ID, "INC0010001", REQUEST_ID)
REQUEST = AccessRequest(id=REQUEST_ID, user="alice", roles=("dba",), expires_resource=NOON)
ITEM = DecisionItem(REQUEST_ID, DECISION_ID)
TWO_APPROVALS = (Threshold("two", approve=2, deny=1),)


def vote(author: str, state: RequestState, reason: str = "") -> Review:
    """Return a review that counts for the first threshold."""
    return Review(author, state, reason, threshold_indexes=(0,))
