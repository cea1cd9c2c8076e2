"""Tries a trouble of a whole side: every flow acts while it lasts, and what is there once it is over is compared."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.faults.bench import TICKETS, Bench, Scene
from tests.faults.flows import FLOWS
from tests.faults.run import Result, Tried, prepared, result
from tests.faults.situations import Situation

_TO_BE_FELT: Final = 60.0


def name_of(situation: Situation, flow: str) -> str:
    """By which a cell of it is asked for."""
    return f"{flow} / situation / {situation.name}"


def run_situation(
    bench: Bench, situation: Situation, flows: list[str], seed: int, done: Callable[[int], None]
) -> list[Result]:
    """Let flows act under it, all at the same time; `done` is told of each."""
    began = time.monotonic()

    def prepare(flow: str) -> Tried:
        return prepared(bench, name_of(situation, flow), flow, situation.allowed.get(flow))

    with ThreadPoolExecutor(len(flows)) as threads:
        others = [flow for flow in flows if flow != "expire"]
        tried = dict(zip(others, threads.map(prepare, others), strict=True))
        tried |= {flow: prepare(flow) for flow in flows if flow == "expire"}  # last: its time runs from now on
        with situation.trouble(bench, random.Random(f"{seed} {situation.name}")):
            trial = _Trial(bench, situation)
            list(threads.map(lambda flow: trial.act(flow, tried[flow]), flows))
            time.sleep(max(0.0, situation.lasts))
            trial.feel(tried)
    for _ in range(2):
        bench.tick(TICKETS)
        for one in tried.values():
            if one.scene.request_id and not bench.rest(one.scene):
                one.problems.append("it did not come to rest once the trouble was over")
    for one in tried.values():
        one.seconds = time.monotonic() - began
    done(len(tried))
    return [result(bench, one) for one in tried.values()]


class _Trial:
    """The time of the trouble."""

    def __init__(self, bench: Bench, situation: Situation) -> None:
        self._bench = bench
        self._situation = situation
        self._passes_failed = self._failed_passes()
        self._posts_before = len(bench.system.forwarder.attempts)

    def act(self, flow: str, tried: Tried) -> None:
        """Let a flow act; the pass has its look too, for those that only it finds out about."""
        if tried.problems:
            return
        tried.scene.deliveries_before = len(self._bench.system.deliveries(tried.scene.request_id))
        FLOWS[flow].act(self._bench, tried.scene, self._arm)
        if FLOWS[flow].by_pass:
            self._bench.tick(TICKETS)

    def _arm(self, scene: Scene) -> None:
        if not self._situation.forwarded:
            self._bench.system.forwarder.lose(scene.request_id)
            scene.forwarded = False

    def feel(self, tried: Mapping[str, Tried]) -> None:
        """Wait until each request has felt the trouble, where they are to."""
        if not self._situation.felt:
            return
        waiting = {flow: one for flow, one in tried.items() if not one.problems}
        end = time.monotonic() + _TO_BE_FELT
        while waiting and time.monotonic() < end:
            waiting = {flow: one for flow, one in waiting.items() if not self._felt(flow, one.scene)}
            time.sleep(0.1)
        for one in waiting.values():
            one.problems.append("it never felt the trouble")

    def _felt(self, flow: str, scene: Scene) -> bool:
        """Whether work on it was put off, its event refused (or one before it, behind which it waits), or the pass
        failed that was to find it."""
        system = self._bench.system
        ends = {one.end for one in system.deliveries(scene.request_id)[scene.deliveries_before :]}
        if FLOWS[flow].by_pass and self._failed_passes() > self._passes_failed:
            return True
        refused = any(attempt.status != 200 for attempt in system.forwarder.attempts[self._posts_before :])
        return bool({"kept", "lost"} & ends) or (refused and not system.forwarder.has_delivered(scene.request_id))

    def _failed_passes(self) -> int:
        return len(self._bench.system.metrics("PassFailed"))
