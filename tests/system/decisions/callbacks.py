"""Callbacks as somebody who only read the contract would make them: signed with nothing but the standard library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import requests

from local.system import PATIENCE


@dataclass(frozen=True, slots=True)
class Signed:
    """A callback, signed, as it goes over the wire. `changed` makes one that was altered on the way."""

    timestamp: str
    event_id: str
    signature: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers, without those whose value is empty."""
        named = {
            "X-Bridge-Timestamp": self.timestamp,
            "X-Bridge-Event-Id": self.event_id,
            "X-Bridge-Signature": self.signature,
        }
        return {"Content-Type": "application/json"} | {name: value for name, value in named.items() if value}

    def changed(self, **parts: str | bytes) -> Signed:
        """Return the callback with these parts altered and the signature as it was."""
        return replace(self, **parts)  # type: ignore[arg-type]

    def post(self, url: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """Send it."""
        return requests.post(url, data=self.body, headers={**self.headers, **(headers or {})}, timeout=PATIENCE)


def new_key() -> str:
    """Return the Base64 text of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def sign(key: str, body: bytes | Mapping[str, object], *, event_id: str, age: float = 0) -> Signed:
    """Return a callback signed with `key` (Base64), `age` seconds ago."""
    content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    timestamp = str(int(time.time() - age))
    mac = hmac.new(base64.b64decode(key), f"v1.{timestamp}.{event_id}.".encode() + content, hashlib.sha256).digest()
    return Signed(timestamp, event_id, f"v1={base64.b64encode(mac).decode()}", content)
