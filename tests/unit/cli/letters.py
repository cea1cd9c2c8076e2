"""Messages of each kind, as they come into the queues, for tests of dead letters."""

from __future__ import annotations

import json
import uuid

from access_bridge.aws.queues import malformed_message
from access_bridge.events.accept import MalformedRecord

REQUESTS = [str(uuid.UUID(int=0x01A20645_0000_7000_8000_000000000000 + number)) for number in range(12)]
CREATED = {
    "uid": "u-1",
    "event": "access_request.create",
    "id": REQUESTS[0],
    "user": "alice",
    "roles": ["dba", "prod"],
    "time": "2026-11-23T03:00:00Z",
}
MALFORMED = malformed_message(MalformedRecord("no event", "no JSON")).body


def look(request_id: str) -> str:
    return json.dumps({"request_id": request_id})


def look_with_event(request_id: str) -> str:
    return json.dumps({"request_id": request_id, "event": {**CREATED, "id": request_id}})


def decision(request_id: str, decision_id: str = "d" * 32, said: str = "approved") -> str:
    values = {"decision_id": decision_id, "table": "incident", "sys_id": "7" * 32, "decision": said}
    return json.dumps({**values, "request_id": request_id})


def on_call(request_id: str) -> str:
    return json.dumps({"request_id": request_id, "on_call": True})


def justification(request_id: str) -> str:
    return json.dumps({"request_id": request_id, "justification": True})
