"""What a real Teleport 18.0.0 was asked and answered (tests/recordings), for the tests of the client."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[2] / "recordings"

PING = "/proto.AuthService/Ping"
LIST = "/proto.AuthService/ListAccessRequests"
REVIEW = "/proto.AuthService/SubmitAccessReview"
SET_STATE = "/proto.AuthService/SetAccessRequestState"
GET_USER = "/teleport.users.v1.UsersService/GetUser"
CREATE = "/proto.AuthService/CreateAccessRequestV2"


@cache
def calls() -> tuple[dict[str, Any], ...]:
    """Every recorded call, in order."""
    lines = (RECORDINGS / "grpc.jsonl").read_text().splitlines()
    return tuple({"number": number, **json.loads(line)} for number, line in enumerate(lines))


def answered(path: str, *, ok: bool = True) -> list[dict[str, Any]]:
    """The calls of one method that were answered with OK, or with anything else."""
    return [call for call in calls() if call["path"] == path and (call["status"] == "OK") is ok]


def label(call: dict[str, Any]) -> str:
    """A test's name for a call."""
    return f"{call['number']}-{call['name']}"


def wire(text: str) -> bytes:
    """A message as it went over the wire."""
    return base64.b64decode(text)


def text(name: str) -> str:
    """A recorded file."""
    return (RECORDINGS / name).read_text()
