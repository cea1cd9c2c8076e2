"""EventBridge's schedules: calls functions every so many seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.environment import EnvironmentLost
from local.aws.events import schedule_event
from local.aws.function import Function, FunctionError


@dataclass(frozen=True, slots=True)
class Timer:
    """One schedule of a function: its interval in seconds, and its input, or None for the event of a plain schedule."""

    name: str
    function: Function
    seconds: float
    input: Mapping[str, Any] | None = None


class Schedule:
    """Calls each function whenever its interval has passed. A failed call isn't repeated."""

    def __init__(self, timers: Iterable[Timer]) -> None:
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(timer,), daemon=True) for timer in timers]

    def start(self) -> None:
        """Begin; the first calls come after one interval."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Make no more calls."""
        self._stopped.set()

    def _run(self, timer: Timer) -> None:
        while not self._stopped.wait(timer.seconds):
            try:
                timer.function.invoke(timer.input or schedule_event(timer.name))
            except (FunctionError, EnvironmentLost):
                continue  # the function's own log says what it was
