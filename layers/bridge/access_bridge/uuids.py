"""Ids of access requests: UUIDs of any version (Teleport has made v4 and v7), written in lower case."""

from __future__ import annotations

from uuid import UUID


def request_uuid(text: str) -> str:
    """Return a request id in its usual form; raises ValueError where the text is no UUID."""
    return str(UUID(text))
