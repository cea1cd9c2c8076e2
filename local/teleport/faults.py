"""Disturbances that a test can order: refusals, delays and lost connections, before or after a call took effect."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from google.protobuf.message import Message
from grpclib.const import Status

from local.teleport.errors import RefusedError


class ConnectionDroppedError(Exception):
    """The connection is to be cut, without an answer."""


@dataclass(slots=True)
class Fault:
    """One disturbance for the next `times` calls that match, but for the first `skip`."""

    method: str
    times: int = 1
    after_commit: bool = False
    when: Callable[[Any], bool] | None = None
    skip: int = 0
    then: Callable[[], object] | None = None
    status: Status | None = None
    message: str = ""
    drop: bool = False
    empty: bool = False
    delay: float = 0.0
    _hit: threading.Event = field(default_factory=threading.Event)

    @property
    def ends_the_call(self) -> bool:
        """Whether nothing else can happen to the call after this."""
        return self.drop or self.empty or self.status is not None

    def takes(self, method: str, request: Message | None, *, after_commit: bool) -> bool:
        """Whether it is for that moment of that call, which is then counted."""
        if self.method not in (method, "*") or self.after_commit != after_commit or self.times == 0:
            return False
        if self.when is not None and (request is None or not self.when(request)):
            return False
        self.skip -= 1
        if self.skip >= 0:
            return False
        self.times -= 1
        self._hit.set()
        return True

    def wait_until_hit(self, timeout: float) -> bool:
        """Waits until it hit its first call; False where `timeout` seconds passed first."""
        return self._hit.wait(timeout)

    @property
    def seen(self) -> bool:
        """Whether it hit a call."""
        return self._hit.is_set()


class Which(TypedDict, total=False):
    """Which calls a disturbance is for: so many, which messages, after how many that match.

    `after_commit`: the call takes effect first, and only its answer is lost or replaced. `then` is called as it
    happens, in a thread of its own.
    """

    times: int
    after_commit: bool
    when: Callable[[Any], bool]
    skip: int
    then: Callable[[], object]


class Faults:
    """What is to go wrong next. A method is named as in its path: `SubmitAccessReview`; `*` is every method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def fail(self, method: str, status: Status, message: str = "", **which: Unpack[Which]) -> Fault:
        """The next calls are answered with this status."""
        return self.add(Fault(method, status=status, message=message, **which))

    def drop(self, method: str, **which: Unpack[Which]) -> Fault:
        """The next calls lose their connection."""
        return self.add(Fault(method, drop=True, **which))

    def delay(self, method: str, seconds: float, **which: Unpack[Which]) -> Fault:
        """The next calls wait this long."""
        return self.add(Fault(method, delay=seconds, **which))

    def empty(self, method: str, **which: Unpack[Which]) -> Fault:
        """The next calls are answered with success and nothing in it: a list as for who may see no request."""
        return self.add(Fault(method, empty=True, **which))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    async def strike(self, method: str, request: Message | None = None, *, after_commit: bool) -> bool:
        """Lets happen what was ordered for this moment of this call. True: its answer is to be empty.

        Raises RefusedError for a status, ConnectionDroppedError for a lost connection.
        """
        for fault in self._take(method, request, after_commit):
            if fault.then is not None:
                await asyncio.to_thread(fault.then)
            await asyncio.sleep(fault.delay)
            if fault.drop:
                raise ConnectionDroppedError
            if fault.status is not None:
                raise RefusedError(fault.status, fault.message)
            if fault.empty:
                return True
        return False

    def add(self, fault: Fault) -> Fault:
        """Orders a disturbance; several that match one call follow each other."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def _take(self, method: str, request: Message | None, after_commit: bool) -> list[Fault]:
        """The delays that are due, up to and including the first fault that ends the call."""
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.takes(method, request, after_commit=after_commit):
                    taken.append(fault)
                    if fault.ends_the_call:
                        break
            self._faults = [fault for fault in self._faults if fault.times > 0]
        return taken
