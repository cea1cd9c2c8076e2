"""EventBridge's schedules: calls each function every so many seconds."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from local.aws.environment import EnvironmentLost
from local.aws.events import schedule_event
from local.aws.function import Function, FunctionError


class Schedule:
    """Calls each function whenever its interval (seconds) has passed. A failed call isn't repeated."""

    def __init__(self, intervals: Mapping[str, tuple[Function, float]]) -> None:
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name, function, seconds), daemon=True)
            for name, (function, seconds) in intervals.items()
        ]

    def start(self) -> None:
        """Begin; the first calls come after one interval."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Make no more calls."""
        self._stopped.set()

    def _run(self, name: str, function: Function, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            try:
                function.invoke(schedule_event(name))
            except (FunctionError, EnvironmentLost):
                continue  # the function's own log says what it was
