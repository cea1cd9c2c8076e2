"""Ids that the cluster makes."""

import threading
import uuid

from local.teleport.times import now_ns


class RequestIds:
    """UUIDs of version 7, each greater than the one before: Teleport 18 names access requests with them (recorded)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        """A new request id."""
        with self._lock:
            # 48 bits of milliseconds, then 12 bits that tell ids of one millisecond apart.
            milliseconds, rest = divmod(now_ns(), 1_000_000)
            self._last = max(self._last + 1, (milliseconds << 12) | (rest * 4096 // 1_000_000))
            milliseconds, sequence = self._last >> 12, self._last & 0xFFF
        tail = uuid.uuid4().int & ((1 << 62) - 1)
        return str(uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (sequence << 64) | (0b10 << 62) | tail))


def new_uuid() -> str:
    """A random UUID: revisions, event ids and hosts."""
    return str(uuid.uuid4())
