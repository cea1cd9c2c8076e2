"""What is random or passes by itself elsewhere, and here only as the test says: time and ids."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from uuid import UUID


class Clock:
    """Seconds since the epoch. It begins at the present, which certificates are good for, at a full second, so that
    every run with the same choices is the same."""

    def __init__(self) -> None:
        self.begin()

    def time(self) -> float:
        """The time now, in seconds."""
        return self._seconds

    def time_ns(self) -> int:
        """The time now, in nanoseconds, as `time.time_ns` has it."""
        return int(self._seconds * 1_000_000) * 1000

    def now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.fromtimestamp(self._seconds, UTC)

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds

    def begin(self) -> None:
        """Begin at the present again."""
        self._seconds = float(int(time.time()))


class Ids:
    """UUIDs in an order that looks random and is the same each time, for whatever asks `uuid.uuid4`."""

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._given = 0

    def begin(self, order: int) -> None:
        """Begin again, in one of many orders."""
        self._random.seed(order)

    def __call__(self) -> UUID:
        """Return another UUID; none comes twice."""
        self._given += 1
        return UUID(int=self._random.getrandbits(64) << 64 | self._given, version=4)
