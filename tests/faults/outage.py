"""`python -m tests.faults.outage`: one hour without ServiceNow and one hour without Teleport, time compressed, while a
thousand requests are made, reviewed and decided. Ends with 0 only if everything is settled after it, once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from grpclib.const import Status
from rich.console import Console
from rich.table import Table

from local.system import LocalSystem
from tests.faults.bench import TICKETS, Bench, Scene, options
from tests.faults.flows import FLOWS
from tests.faults.history import happened, shown
from tests.faults.oracle import judge
from tests.faults.workers import end_with_parent

SIDES: Final = ("ServiceNow", "Teleport")
FACTOR: Final = 30
"""By how much time is compressed. Nothing is waited for less than a second, the least that SQS takes."""
HOUR: Final = 3600 / FACTOR
_ALWAYS: Final = 10**9
_SAY_EVERY: Final = 15.0
_TO_SETTLE: Final = 1500.0
# Flow -> its part of the requests. Those that have a ticket already are made before.
_PARTS: Final = {"create": 0.8, "resolve by review": 0.1, "decision applied": 0.1}
OPTIONS: Final = replace(
    options(),
    function_timeout=max(10, 300 // FACTOR),
    visibility_timeout=max(30, 1800 // FACTOR),
    unknown_outcome_seconds=3,
    retry_longest_seconds=600 // FACTOR,
    servicenow_timeout_seconds=1,
    teleport_timeout_seconds=1,
    forwarder_time_scale=1 / FACTOR,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one side's outage: deliveries of messages in all and of one message at most, calls by side and time,
    the seconds of the clock until all was settled, and what is not as it must be."""

    side: str
    requests: int
    deliveries: int
    most_tries: int
    calls: Mapping[str, int]
    settled_after: float
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything is settled, once."""
        return not (self.lost or self.doubled or self.unsettled)


def run(side: str, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Let one side be away for an hour while people go on, and then wait until everything is settled."""
    with LocalSystem(OPTIONS) as system:
        bench, chance = Bench(system), random.Random(seed)
        flows = [flow for flow, part in _PARTS.items() for _ in range(round(requests * part))]
        chance.shuffle(flows)
        say(f"{sum(flow != 'create' for flow in flows)} tickets are made before")
        with ThreadPoolExecutor(8) as threads:
            scenes = list(threads.map(lambda flow: FLOWS[flow].prepare(bench), flows))
        calls = {"before": _calls(system)}
        with _away(system, side):
            say("it is away")
            _act(bench, flows, scenes, say)
        calls["during"] = _calls(system) - calls["before"]
        say("it is back")
        back = time.monotonic()
        _settle(bench, say)
        seconds = time.monotonic() - back
        bench.tick(TICKETS)
        _settle(bench, say)
        calls["after"] = _calls(system) - calls["before"] - calls["during"]
        counted = {f"{name}, {when}": calls[when][name] for name in SIDES for when in ("during", "after")}
        return _outcome(side, bench, scenes, counted, seconds)


@contextmanager
def _away(system: LocalSystem, side: str) -> Iterator[None]:
    """It answers every call that it can't now, so that its own log counts them."""
    if side == "ServiceNow":
        system.servicenow.faults.unavailable(_ALWAYS)
    else:
        system.teleport.faults.fail("*", Status.UNAVAILABLE, "closed for maintenance", times=_ALWAYS)
    try:
        yield
    finally:
        (system.servicenow if side == "ServiceNow" else system.teleport).faults.clear()


def _act(bench: Bench, flows: list[str], scenes: list[Scene], say: Callable[[str], None]) -> None:
    """People go on through the whole hour, evenly."""
    began = said = time.monotonic()
    for number, (flow, scene) in enumerate(zip(flows, scenes, strict=True)):
        due = began + HOUR * number / len(flows)
        time.sleep(max(0.0, due - time.monotonic()))
        FLOWS[flow].act(bench, scene, lambda _: None)
        if time.monotonic() - said > _SAY_EVERY:
            said = time.monotonic()
            say(f"{number + 1} of {len(flows)} requests, {_waiting(bench)} messages wait")
    time.sleep(max(0.0, began + HOUR - time.monotonic()))


def _settle(bench: Bench, say: Callable[[str], None]) -> None:
    """Wait until all is at rest, or for so long that what isn't by then shows in the verdicts."""
    end, said = time.monotonic() + _TO_SETTLE, time.monotonic()
    while not (bench.system.stand_ins.idle() and _waiting(bench) == 0 and not bench.system.handles("")):
        if time.monotonic() > end:
            return
        if time.monotonic() - said > _SAY_EVERY:
            said = time.monotonic()
            say(f"{_waiting(bench)} messages wait")
        time.sleep(1)


def _waiting(bench: Bench) -> int:
    resources, queues = bench.system.resources, bench.system.aws.messages()
    return len(queues[resources.tickets.name]) + len(queues[resources.decisions.name])


def _calls(system: LocalSystem) -> Counter[str]:
    own = [call for call in system.servicenow.calls if call.user.startswith("svc.access.bridge.")]
    bots = [call for call in system.teleport.calls if call.caller.startswith("bot-")]
    return Counter(dict(zip(SIDES, (len(own), len(bots)), strict=True)))


def _outcome(side: str, bench: Bench, scenes: list[Scene], calls: Mapping[str, int], seconds: float) -> Outcome:
    system = bench.system
    verdicts = {
        scene.request_id: judge(
            happened(system, scene.request_id, forwarded=True), shown(system, scene.request_id), scene.intended
        )
        for scene in scenes
    }

    def found(what: str) -> tuple[str, ...]:
        return tuple(f"{name}: {text}" for name, verdict in verdicts.items() for text in getattr(verdict, what))

    return Outcome(
        side,
        requests=len(scenes),
        deliveries=sum(len(system.deliveries(scene.request_id)) for scene in scenes),
        most_tries=max(bench.tries(scene) for scene in scenes),
        calls=calls,
        settled_after=seconds,
        lost=found("lost"),
        doubled=found("doubled"),
        unsettled=(*found("unsettled"), *(f"a defect: {text}" for text in system.defects)),
    )


def main() -> int:
    """Try both sides, each on a system of its own, at the same time."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.outage", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"An hour in {HOUR:.0f} s, {arguments.requests} requests a side. Again: make outage SEED={arguments.seed}")
    context, began = multiprocessing.get_context("spawn"), time.monotonic()
    told = context.Queue()
    for side in SIDES:
        context.Process(target=_side, args=(side, arguments.requests, arguments.seed, told), daemon=True).start()
    outcomes: list[Outcome] = []
    while len(outcomes) < len(SIDES):
        what, value = told.get()
        if what == "broken":
            print(value, file=sys.stderr)
            return 2
        if what == "said":
            print(f"{time.monotonic() - began:4.0f} s  {value}", flush=True)
        else:
            outcomes.append(value)
    _show(outcomes)
    return 0 if all(one.good for one in outcomes) else 1


def _side(side: str, requests: int, seed: int, told: Any) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        told.put(("done", run(side, requests, seed, lambda text: told.put(("said", f"{side}: {text}")))))
    except BaseException:
        told.put(("broken", traceback.format_exc()))
        raise


def _show(outcomes: list[Outcome]) -> None:
    table = Table(title=f"One hour without a side, {FACTOR} times as fast")
    for column in ("", *(f"{one.side} away" for one in outcomes)):
        table.add_column(column)
    for name, *values in _rows(outcomes):
        table.add_row(name, *values)
    Console(width=110, highlight=False, markup=False).print(table)
    for one in outcomes:
        for text in (*one.lost, *one.doubled, *one.unsettled)[:20]:
            print(f"{one.side} away: {text}")


def _rows(outcomes: list[Outcome]) -> Iterator[list[str]]:
    yield ["requests", *(str(one.requests) for one in outcomes)]
    yield ["deliveries a request", *(f"{one.deliveries / one.requests:.1f}" for one in outcomes)]
    yield ["tries of one message, at most", *(str(one.most_tries) for one in outcomes)]
    for name in outcomes[0].calls:
        yield [f"calls a request: {name}", *(f"{one.calls[name] / one.requests:.1f}" for one in outcomes)]
    yield ["settled after it was back, at this machine's pace", *(f"{one.settled_after:.0f} s" for one in outcomes)]
    for name in ("lost", "doubled", "unsettled"):
        yield [name, *(str(len(getattr(one, name))) for one in outcomes)]


if __name__ == "__main__":
    sys.exit(main())
