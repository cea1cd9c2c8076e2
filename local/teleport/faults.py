"""Disturbances that a test can order: refusals, delays and lost connections, before or after a call took effect."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

from grpclib.const import Status

from local.teleport.errors import RefusedError


class ConnectionDroppedError(Exception):
    """The connection is to be cut, without an answer."""


@dataclass
class _Fault:
    method: str
    times: int
    after_commit: bool
    status: Status | None = None
    message: str = ""
    drop: bool = False
    delay: float = 0.0


class Faults:
    """What is to go wrong next. A method is named as in its path: `SubmitAccessReview`; `*` is every method.

    `after_commit`: the call takes effect first, and only its answer is lost or replaced.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []

    def fail(
        self, method: str, status: Status, message: str = "", *, times: int = 1, after_commit: bool = False
    ) -> None:
        """The next `times` calls are answered with this status."""
        self._add(_Fault(method, times, after_commit, status=status, message=message))

    def drop(self, method: str, *, times: int = 1, after_commit: bool = False) -> None:
        """The next `times` calls lose their connection."""
        self._add(_Fault(method, times, after_commit, drop=True))

    def delay(self, method: str, seconds: float, *, times: int = 1, after_commit: bool = False) -> None:
        """The next `times` calls wait this long."""
        self._add(_Fault(method, times, after_commit, delay=seconds))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    async def strike(self, method: str, *, after_commit: bool) -> None:
        """Lets happen what was ordered for this moment of this call.

        Raises RefusedError for a status, ConnectionDroppedError for a lost connection.
        """
        for fault in self._take(method, after_commit):
            await asyncio.sleep(fault.delay)
            if fault.drop:
                raise ConnectionDroppedError
            if fault.status is not None:
                raise RefusedError(fault.status, fault.message)

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def _take(self, method: str, after_commit: bool) -> list[_Fault]:
        """The delays that are due, up to and including the first fault that ends the call."""
        taken: list[_Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.method in (method, "*") and fault.after_commit == after_commit and fault.times > 0:
                    fault.times -= 1
                    taken.append(fault)
                    if fault.drop or fault.status is not None:
                        break
            self._faults = [fault for fault in self._faults if fault.times > 0]
        return taken
