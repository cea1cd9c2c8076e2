"""The joined identity of an environment: kept in memory, renewed before it ends, one join at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from access_bridge.errors import BridgeError, Retry
from access_bridge.teleport.identity import Identity

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_RENEWED_IN_LAST: Final = 0.25
_YOUNG_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Held:
    identity: Identity
    joined: datetime
    joined_seconds: float

    @property
    def renewal(self) -> datetime:
        """When its last quarter begins."""
        return self.identity.not_after - (self.identity.not_after - self.joined) * _RENEWED_IN_LAST


@dataclass(frozen=True, slots=True)
class _Failure:
    """The last failure, how many there were in a row, and until when it stands for an answer."""

    error: BridgeError
    number: int
    until_seconds: float


class JoinedIdentities:
    """Hands out the identity of the last join, and joins anew in the last quarter of its life.

    While a renewal fails the old identity serves until it ends. After a failure nothing is tried for a while, twice as
    long after each, from a second to a minute, varied at random so that many environments don't come back at once;
    meanwhile that failure stands for an answer.

    Parameters
    ----------
    join
        Joins, and returns an identity, or raises a BridgeError.
    clock
        The time now, aware. A frozen environment's identity may have ended meanwhile.
    monotonic
        Seconds of a clock that only goes forward.
    failed
        Told of a failed renewal that the old identity still covers.
    """

    def __init__(
        self,
        join: Callable[[], Identity],
        *,
        clock: Callable[[], datetime],
        failed: Callable[[BridgeError], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._join = join
        self._clock = clock
        self._failed = failed
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failure: _Failure | None = None

    def current(self) -> Identity:
        """Return an identity that is good now.

        Raises
        ------
        BridgeError
            as `join` does, or did a moment ago.
        """
        with self._lock:
            held, now = self._held, self._clock()
            if held is None or now >= held.identity.not_after:
                pause = self._pause()
                if self._failure is not None and pause > 0:
                    raise _again(self._failure.error, pause)
                return self._renew()
            if now >= held.renewal and self._pause() <= 0:
                try:
                    return self._renew()
                except BridgeError as error:
                    self._failed(error)
            return held.identity

    def refuse(self, identity: Identity) -> None:
        """Forget an identity that was refused, unless it was only just made: joining again would give the same."""
        with self._lock:
            held = self._held
            if held is None or held.identity is not identity:
                return
            if self._monotonic() - held.joined_seconds >= _YOUNG_SECONDS:
                self._held = None

    def not_permitted(self, identity: Identity) -> None:
        """Keep it. Joining again would give the same: a certificate carries the names of roles, and what they allow is
        looked up at each call."""

    def _pause(self) -> float:
        return self._failure.until_seconds - self._monotonic() if self._failure else 0.0

    def _renew(self) -> Identity:
        try:
            identity = self._join()
        except BridgeError as error:
            number = self._failure.number + 1 if self._failure else 1
            pause = min(FIRST_PAUSE * 2.0 ** (number - 1), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311
            self._failure = _Failure(error, number, self._monotonic() + pause)
            raise
        self._failure = None
        self._held = _Held(identity, self._clock(), self._monotonic())
        return identity


def _again(error: BridgeError, seconds: float) -> BridgeError:
    """The same failure for whoever comes in the pause after it; he needn't come before it is over."""
    if isinstance(error, Retry):
        return type(error)(str(error), after=seconds)
    return error
