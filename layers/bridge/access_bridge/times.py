"""Times as Teleport writes them, and as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def parse_time(text: object) -> datetime | None:
    """Return the time of an RFC 3339 text in UTC, or None where it is no time.

    Teleport writes nanoseconds, which are cut to microseconds, and writes `0001-01-01T00:00:00Z` for *not set*
    (recorded).
    """
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time.year > 1 else None


def show_time(time: datetime | None) -> str:
    """Return a time for people, in UTC and to the second, or an empty text."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""
