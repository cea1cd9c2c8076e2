"""The course of things: time, who goes on when, what arrives late, and who is ended for having taken too long."""

from __future__ import annotations

import time as real_time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from local.teleport.cluster import TeleportCluster
from tests.contract.races.bridge import DECISIONS, TICKETS, Bridge, Name
from tests.contract.races.clock import Clock
from tests.contract.races.steps import Call, Fate, Invocation
from tests.contract.races.watch import Watch

Runner = Literal["tickets", "decisions", "pass"]

NEVER: Final = 1e12
"""Seconds of the expiry job's delay while it isn't to run."""
FUNCTION_SECONDS: Final = 300.0
"""After which Lambda ends an invocation (template.yaml)."""
LATEST_SECONDS: Final = 60.0
"""ServiceNow may still be working on a call for so long: the instance ends a transaction then."""
EXPIRY_SECONDS: Final = 60.0
"""Teleport removes an expired request so much later, at most (recorded)."""
_STEP_SECONDS: Final = 0.02


@dataclass(slots=True)
class Late:
    """What another system still does: which call, by when, and how."""

    call: Call
    by: float
    effect: Callable[[], object]


class Course:
    """What is under way about one request.

    Parameters
    ----------
    cluster, clock, watch
        Where and when it happens, and who looks.
    """

    def __init__(self, cluster: TeleportCluster, clock: Clock, watch: Watch) -> None:
        self.running: dict[Runner, Invocation] = {}
        self.late: list[Late] = []
        self.doubtful = False
        """Whether an invocation of the decisions' side ever was killed, or a call of it went wrong."""
        self._cluster = cluster
        self._clock = clock
        self._watch = watch

    def begin(self, bridge: Bridge, request_id: str) -> None:
        """From now on it is about this request."""
        self._bridge = bridge
        self._request_id = request_id

    def later(self, call: Call, effect: Callable[[], object]) -> None:
        """Keep what a call still does."""
        self.late.append(Late(call, self._clock.time() + LATEST_SECONDS, effect))

    # ---- the bridge's turns

    @property
    def has_work(self) -> bool:
        """Whether an invocation runs, or a message lies in a queue."""
        return bool(self.running) or any(queue.messages for queue in self._bridge.queues.values())

    def able(self) -> list[Runner]:
        """Return who could go on or begin now, once the next message can be received if nobody can; the pass always
        can."""
        names: tuple[Name, Name] = (TICKETS, DECISIONS)
        for _ in range(2):
            due = {name: at for name in names if (at := self._bridge.queues[name].next_at()) is not None}
            now = self._clock.time()
            able: list[Runner] = [name for name in names if name in self.running or due.get(name, NEVER) <= now]
            if able or not due:
                break
            self.wait(min(due.values()) - now)
        return [*able, "pass"]

    def start(self, runner: Runner) -> bool:
        """Begin an invocation of that kind where none runs; False where it has nothing to do."""
        if runner not in self.running:
            invocation = self._bridge.minute_pass() if runner == "pass" else self._bridge.consume(runner)
            if invocation is None:
                return False
            self.running[runner] = invocation
            self._tidy(runner)
        return True

    def advance(self, runner: Runner, fate: Fate = Fate.DONE) -> None:
        """Let a running invocation make its next call."""
        self._watch.moment()
        self._clock.pass_by(_STEP_SECONDS)
        self.doubtful |= runner == DECISIONS and fate is not Fate.DONE
        self.running[runner].advance(fate)
        self._tidy(runner)

    def finish(self, runner: Runner) -> None:
        """Let a running invocation come to its end."""
        while runner in self.running:
            self.advance(runner)

    def end(self) -> None:
        """Kill whatever runs, and forget what is late."""
        for invocation in self.running.values():
            invocation.kill()
        self.running.clear()
        self.late.clear()

    def _tidy(self, runner: Runner) -> None:
        invocation = self.running[runner]
        if invocation.ended:
            del self.running[runner]
            if invocation.defect is not None:
                raise AssertionError(f"a defect in {runner}") from invocation.defect

    # ---- time

    def wait(self, seconds: float) -> None:
        """Let time pass: what is late arrives by its time, what runs for too long is ended, what is over expires."""
        for late in [one for one in self.late if one.call.where == "teleport"]:
            self._arrive(late)  # nothing is late there for longer than a message waits for its next try
        end = self._clock.time() + seconds
        for late in sorted(self.late, key=lambda one: one.by):
            if late.by <= end:
                self._clock.pass_by(max(0.0, late.by - self._clock.time()))
                self._arrive(late)
        for runner, invocation in list(self.running.items()):
            if end - invocation.began > FUNCTION_SECONDS:
                self.doubtful |= runner == DECISIONS
                invocation.kill()
                self._tidy(runner)
        self._clock.pass_by(max(0.0, end - self._clock.time()))
        request = self._cluster.requests.get(self._request_id)
        if request is not None:
            over = request.Spec.ResourceExpiry.seconds + EXPIRY_SECONDS
            if self._clock.time() > over:
                self._expire()

    def arrive(self) -> None:
        """What is late the longest arrives now."""
        self._arrive(self.late[0])

    def _arrive(self, late: Late) -> None:
        self.late.remove(late)
        self._watch.moment()
        with suppress(Exception):  # whatever is answered, nobody hears it
            late.effect()

    def _expire(self) -> None:
        """Let Teleport's expiry job run."""
        self._cluster.expiry_delay = 0.0
        end = real_time.monotonic() + 30
        while self._request_id in self._cluster.requests:
            assert real_time.monotonic() < end, "the request didn't expire"
            real_time.sleep(0.005)
        self._cluster.expiry_delay = NEVER
