"""Prints what a cold start takes: step by step, and whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import median
from typing import Final

from tools.benchmarks import steps, whole
from tools.benchmarks.relay import measured_round_trip
from tools.benchmarks.steps import ROUND_TRIPS, Run, Runs, Step
from tools.benchmarks.telling import Teller, milliseconds
from tools.benchmarks.whole import Start, Starts

_COLUMNS: Final = tuple(f"{one * 1000:.0f} ms" for one in ROUND_TRIPS)


def tell(teller: Teller, runs: int) -> None:
    """Measure and print, `runs` of each. Raises NotMeasured."""
    teller.title("Cold start")
    teller.say(
        f"{runs} new processes for each figure, with round trips of {', '.join(_COLUMNS)} to the proxy. Times: the "
        "least, the median and the most, in ms. TCP: connections. Bytes: what TCP carries. RTTs: the round trips that "
        "explain the growth. Processor: what the client computes."
    )
    relayed = ", ".join(f"{measured_round_trip(one) * 1000:.1f}" for one in ROUND_TRIPS)
    teller.say(f"The relay's round trips, measured: {relayed} ms.")
    with teller.progress("step by step", steps.processes(runs)) as done:
        found = steps.measure(runs, done)
    for way, of_way in groupby(found, lambda one: one.way):
        _tell_steps(teller, way, list(of_way))
    with teller.progress("whole", whole.processes(runs)) as done:
        starts = whole.measure(runs, done)
    _tell_starts(teller, starts)


# ---- step by step


def _tell_steps(teller: Teller, way: str, found: Sequence[Runs]) -> None:
    joined, filed = [one.joined for one in found], [one.filed for one in found]
    rows = [
        *_rows("With a join", joined),
        (),
        *_rows("With an identity file", filed),
        (),
        _difference("A join adds", _totals(joined), _totals(filed)),
    ]
    teller.table(way, ("TCP", "sent", "received", *_COLUMNS, "RTTs"), rows)


def _rows(title: str, runs: Sequence[Sequence[Run]]) -> Iterable[Sequence[str]]:
    """One row a step, their sum, and how much of that the client itself computed."""
    yield (title,)
    names = [step.name for step in runs[0][0].steps]
    for index, name in enumerate(names):
        yield _row(f"  {name}", [[run.steps[index] for run in of_trip] for of_trip in runs])
    yield _row("  sum", _totals(runs))
    yield "  of it processor", "", "", "", *(milliseconds(run.processor for run in of_trip) for of_trip in runs)


def _totals(runs: Sequence[Sequence[Run]]) -> list[list[Step]]:
    return [[_total(run) for run in of_trip] for of_trip in runs]


def _total(run: Run) -> Step:
    return Step(
        "sum",
        sum(step.seconds for step in run.steps),
        sum(step.connections for step in run.steps),
        sum(step.sent for step in run.steps),
        sum(step.received for step in run.steps),
    )


def _row(name: str, measured: Sequence[Sequence[Step]]) -> Sequence[str]:
    every = [step for of_trip in measured for step in of_trip]
    return (
        name,
        str(every[0].connections),
        f"{median(step.sent for step in every):.0f}",
        f"{median(step.received for step in every):.0f}",
        *(milliseconds(step.seconds for step in of_trip) for of_trip in measured),
        f"{_round_trips([_median_seconds(of_trip) for of_trip in measured]):.1f}",
    )


def _difference(name: str, more: Sequence[Sequence[Step]], less: Sequence[Sequence[Step]]) -> Sequence[str]:
    """What the one has over the other that ran just after it: the median of these differences."""
    pairs = [list(zip(one, other, strict=True)) for one, other in zip(more, less, strict=True)]
    every = [pair for of_trip in pairs for pair in of_trip]
    seconds = [median(one.seconds - other.seconds for one, other in of_trip) for of_trip in pairs]
    return (
        name,
        str(every[0][0].connections - every[0][1].connections),
        f"{median(one.sent - other.sent for one, other in every):.0f}",
        f"{median(one.received - other.received for one, other in every):.0f}",
        *(f"{one * 1000:.0f}" for one in seconds),
        f"{_round_trips(seconds):.1f}",
    )


def _median_seconds(measured: Sequence[Step]) -> float:
    return median(step.seconds for step in measured)


def _round_trips(seconds: Sequence[float]) -> float:
    """How many round trips explain that it takes longer at the longest one than without any."""
    return (seconds[-1] - seconds[0]) / (ROUND_TRIPS[-1] - ROUND_TRIPS[0])


# ---- whole


def _tell_starts(teller: Teller, found: Sequence[Starts]) -> None:
    rows: list[Sequence[str]] = []
    for title, sides in (
        ("With a join", [one.joined for one in found]),
        ("With an identity file", [one.filed for one in found]),
    ):
        rows += [
            (title,),
            ("  start and import (Lambda's init)", *(milliseconds(one.init for one in side) for side in sides)),
            ("  first message", *(milliseconds(one.message for one in side) for side in sides)),
            ("  sum", *(milliseconds(_sum(one) for one in side) for side in sides)),
            (),
        ]
    pairs = [zip(one.joined, one.filed, strict=True) for one in found]
    added = [median(one.message - other.message for one, other in of_trip) for of_trip in pairs]
    rows.append(("A join adds to the message", *(f"{one * 1000:.0f}" for one in added)))
    teller.table("teleport_events, TLS routing", _COLUMNS, rows)


def _sum(start: Start) -> float:
    return start.init + start.message
