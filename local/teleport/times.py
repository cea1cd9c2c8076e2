"""Times as Teleport has them: nanoseconds on the wire, RFC 3339 in the audit log, and Go's zero time for "not set"."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

GO_ZERO_SECONDS = -62135596800
"""Seconds of 0001-01-01T00:00:00Z: how a time that Go requires but nobody set arrives (recorded)."""

GO_ZERO_TEXT = "0001-01-01T00:00:00Z"


def now_ns() -> int:
    """The time now in nanoseconds since 1970."""
    return time.time_ns()


def expiry(metadata: Mapping[str, Any]) -> int:
    """When a resource of this metadata ends, in nanoseconds since 1970; 0 for never.

    Raises ValueError for a time without its zone.
    """
    written = metadata.get("expires")
    if written is None:
        return 0
    end = written if isinstance(written, datetime) else datetime.fromisoformat(str(written))
    if end.tzinfo is None:
        raise ValueError(f"{metadata['name']}: write metadata.expires with its time zone")
    return int(end.timestamp() * SECOND)


def moment(nanoseconds: int) -> datetime:
    """The time, to the microsecond, from nanoseconds since 1970."""
    return datetime.fromtimestamp(nanoseconds / SECOND, UTC)


def timestamp(nanoseconds: int) -> Timestamp:
    """A protobuf time from nanoseconds since 1970."""
    return Timestamp(seconds=nanoseconds // SECOND, nanos=nanoseconds % SECOND)


def nanoseconds(value: Timestamp) -> int:
    """Nanoseconds since 1970 of a protobuf time."""
    return value.seconds * SECOND + value.nanos


def go_zero() -> Timestamp:
    """The time that Go sends when it has none."""
    return Timestamp(seconds=GO_ZERO_SECONDS)


def rfc3339_seconds(ns: int) -> str:
    """RFC 3339 in UTC, whole seconds: as Teleport puts it into the keys of sorted lists."""
    return datetime.fromtimestamp(ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_nano(ns: int) -> str:
    """RFC 3339 in UTC with as many fractional digits as are needed: as Teleport puts it into audit events."""
    fraction = f"{ns % SECOND:09d}".rstrip("0")
    whole = rfc3339_seconds(ns)[:-1]
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def round_to_milliseconds(ns: int) -> int:
    """The nearest millisecond: audit events carry their own time no finer."""
    return (ns + 500_000) // 1_000_000 * 1_000_000
