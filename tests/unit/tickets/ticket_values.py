"""Plain values that the tables below start from: a pending request by alice, its events, and stories made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from access_bridge.access_request import AccessRequest, RequestState, Review, Threshold
from access_bridge.ledger.items import DecisionItem, Records, TicketItem
from access_bridge.tickets.content import Cluster
from access_bridge.tickets.story import Story, tell_story

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
CLUSTER = Cluster("tele.example.test", "teleport.example.test:443")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOST_USER = "ca48428a-c6e5-4e63-946d-bdc7446fe17b.tele.example.test"
BOT = "bot-sn-decisions"
DECISION = "d" * 32
PENDING = AccessRequest(
    ID,
    "alice",
    roles=("dba", "prod"),
    created=NOON,
    access_until=NOON + timedelta(hours=8),
    expires_resource=NOON + timedelta(hours=1),
    reason="restart the database",
    thresholds=(Threshold("default", approve=2, deny=1),),
    role_thresholds={"dba": ((0,),), "prod": ((0,),)},
    revision="r-1",
)


def event(kind: str, uid: str = "", minutes: float = 1, **fields: Any) -> Mapping[str, Any]:
    """An event about the request, as the ledger has it."""
    time = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"uid": uid or f"u-{kind}", "event": f"access_request.{kind}", "id": ID, "time": time, **fields}


CREATED = event(
    "create",
    minutes=0,
    user="alice",
    roles=["dba", "prod"],
    state="PENDING",
    expires=(NOON + timedelta(hours=8)).isoformat(),
    reason="restart the database",
    cluster_name=CLUSTER.name,
)


def vote(author: str, state: RequestState, reason: str = "", minutes: float = 1) -> Review:
    """A review that counts for the first threshold."""
    return Review(author, state, reason, NOON + timedelta(minutes=minutes), threshold_indexes=(0,))


def story_of(
    request: AccessRequest | None = None,
    *events: Mapping[str, Any],
    ticket: TicketItem | None = None,
    decisions: Iterable[DecisionItem] = (),
    now: datetime = NOON + timedelta(minutes=10),
) -> Story:
    """What is known, from all of that."""
    records = Records(ticket or TicketItem(ID), events, tuple(decisions))
    story = tell_story(request, records, cluster=CLUSTER.name, now=now)
    assert story is not None
    return story
