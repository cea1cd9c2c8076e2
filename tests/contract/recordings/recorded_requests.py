"""The recorded requests: what Teleport showed of each while it was pending and in the end, and the events about it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.events.audit_event import CREATE, TYPES, AuditEvent
from access_bridge.teleport import convert
from access_bridge.teleport.proto import teleport_pb2 as pb

RECORDINGS = Path(__file__).parents[2] / "recordings"
CLUSTER = "tele.example.test"
TOKEN = "tok+en"


@dataclass(frozen=True, slots=True)
class Posted:
    """One call of the event handler, as it came."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        """The event in the body."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request of the recorded cluster; `opened` and `final` are None where Teleport had forgotten it."""

    id: str
    opened: AccessRequest | None
    final: AccessRequest | None
    events: tuple[AuditEvent, ...]


@cache
def posted() -> tuple[Posted, ...]:
    """Every call that the event handler made, in order."""
    lines = (RECORDINGS / "events.jsonl").read_text(encoding="utf-8").splitlines()
    calls = [json.loads(line) for line in lines]
    return tuple(
        Posted(call["method"], call["path"], tuple((name, value) for name, value in call["headers"]), call["body"])
        for call in calls
    )


@cache
def recorded_requests() -> tuple[RecordedRequest, ...]:
    """Every request that an event speaks of."""
    finals = json.loads((RECORDINGS / "requests.json").read_text(encoding="utf-8"))
    return tuple(_recorded(request_id, saved) for request_id, saved in finals.items())


def _recorded(request_id: str, saved: dict[str, Any] | None) -> RecordedRequest:
    records = [call.event for call in posted() if call.event["event"] in TYPES]
    events = tuple(AuditEvent.from_record(record) for record in records if record["id"] == request_id)
    if saved is None:
        return RecordedRequest(request_id, None, None, events)
    final = _request(saved["wire"])
    return RecordedRequest(request_id, _created().get(request_id) or _as_opened(final, events), final, events)


@cache
def _created() -> dict[str, AccessRequest]:
    """The requests as they were returned to whoever created them."""
    calls = [json.loads(line) for line in (RECORDINGS / "grpc.jsonl").read_text(encoding="utf-8").splitlines()]
    made = [
        _request(call["response_wire"])
        for call in calls
        if call["path"].endswith("/CreateAccessRequestV2") and call["status"] == "OK"
    ]
    return {request.id: request for request in made}


def _as_opened(final: AccessRequest, events: tuple[AuditEvent, ...]) -> AccessRequest:
    """What a request must have been while it was pending, where nobody recorded it then."""
    roles = next((event.roles for event in events if event.event == CREATE), final.roles)
    return replace(
        final, state=RequestState.PENDING, roles=roles, reviews=(), resolve_reason="", resolve_annotations={}
    )


def _request(wire: str) -> AccessRequest:
    return convert.access_request(pb.AccessRequest.FromString(base64.b64decode(wire)))
