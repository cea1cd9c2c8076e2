"""Tries cells on a bench, several at a time, each with a request of its own; and what came of each."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.bench import TICKETS, Bench, Scene
from tests.faults.flows import FLOWS, NotPrepared
from tests.faults.history import happened, shown
from tests.faults.kinds import kinds_at
from tests.faults.matrix import Cell
from tests.faults.oracle import Allowance, Verdict, judge


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one cell. `tries`: how often the message that was delivered most often was; `problems`: what kept it
    from being tried as it was to; `story`: for a bad one, what both systems and the functions say about it."""

    name: str
    verdict: Verdict
    tries: int
    seconds: float
    problems: tuple[str, ...] = ()
    story: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the trouble came, and all is as it must be after it."""
        return self.verdict.good and not self.problems


@dataclass(slots=True)
class Tried:
    """A cell that has had its trouble and is still to be judged."""

    name: str
    scene: Scene
    allowed: Allowance | None
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run(bench: Bench, cells: Sequence[Cell], at_a_time: int, done: Callable[[int], None]) -> list[Result]:
    """Try cells; then the minute pass has its look, and what is there is compared.

    Those that the pass itself is needed for are tried after the others, one at a time. `done` is told of each one.
    """
    beside = [cell for cell in cells if not FLOWS[cell.flow].by_pass]
    alone = [cell for cell in cells if FLOWS[cell.flow].by_pass]

    def attempt(cell: Cell) -> Tried:
        tried = _try(bench, cell)
        done(1)
        return tried

    with ThreadPoolExecutor(at_a_time) as threads:
        tried = list(threads.map(attempt, beside))
    tried += [attempt(cell) for cell in alone]
    bench.tick(TICKETS)
    return [result(bench, one) for one in tried]


def shuffled(cells: Iterable[Cell], seed: int) -> list[Cell]:
    """The cells in the order that a seed gives: it decides which are tried beside each other."""
    order = list(cells)
    random.Random(seed).shuffle(order)
    return order


def _try(bench: Bench, cell: Cell) -> Tried:
    flow, began = FLOWS[cell.flow], time.monotonic()
    tried = prepared(bench, cell.name, cell.flow, cell.allowed)
    scene = tried.scene
    if tried.problems:
        return tried
    armed = []
    flow.act(bench, scene, lambda known: armed.append(kinds_at(cell.call)[cell.kind](bench, known, cell.call)))
    if flow.by_pass:
        bench.pass_until_found(scene)
    if not bench.rest(scene):
        tried.problems.append("it did not come to rest")
    if not armed[0].struck():
        tried.problems.append("the trouble never came: no such call was made")
    tried.seconds = time.monotonic() - began
    return tried


def prepared(bench: Bench, name: str, flow: str, allowed: Allowance | None) -> Tried:
    """A cell whose scene is made, or says why it isn't."""
    try:
        return Tried(name, FLOWS[flow].prepare(bench), allowed)
    except NotPrepared as error:
        return Tried(name, Scene(""), allowed, problems=[f"not prepared: {error}"])


def result(bench: Bench, tried: Tried) -> Result:
    """Judge a cell, once its request is at rest."""
    scene, system = tried.scene, bench.system
    if not scene.request_id:
        return Result(tried.name, Verdict(unsettled=("not prepared",)), 0, tried.seconds, tuple(tried.problems))
    if not bench.rest(scene):
        tried.problems.append("it did not come to rest after the pass")
    past = happened(system, scene.request_id, forwarded=scene.forwarded)
    verdict = judge(past, shown(system, scene.request_id), scene.intended, tried.allowed)
    problems = (*tried.problems, *scene.problems)
    story = () if verdict.good and not problems else tuple(_story(bench, scene))
    return Result(tried.name, verdict, bench.tries(scene), tried.seconds, problems, story)


def _story(bench: Bench, scene: Scene) -> Iterator[str]:
    system, request_id = bench.system, scene.request_id
    yield f"request {request_id}"
    for event in system.teleport.audit_log:
        if event.get("id") == request_id:
            shown_of = {key: event[key] for key in ("time", "event", "state", "reviewer", "updated_by") if key in event}
            yield f"Teleport: {json.dumps(shown_of)}"
    for row in scene.rows:
        found = system.servicenow.row("x_acbr_bridge_decision", row)
        yield f"decision row: {json.dumps({key: found[key] for key in ('delivery', 'outcome', 'outcome_detail')})}"
    for delivery in system.deliveries(request_id):
        yield f"delivery: {delivery.queue} {delivery.receives} {delivery.end}"
    for line in system.logs():
        if request_id in json.dumps(line):
            known = ("timestamp", "function", "message", "problem", "attempts", "outcome", "code")
            yield f"log: {json.dumps({key: line[key] for key in known if key in line})}"
    for ticket in shown(system, request_id).tickets:
        for note in ticket.notes:
            yield f"note: {note!r}"
