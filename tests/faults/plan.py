"""Which cells are tried, and in which jobs: by what was asked for, in the order that a seed gives."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from tests.faults.bench import Mode
from tests.faults.matrix import Cell, cells
from tests.faults.run import shuffled
from tests.faults.run_situation import name_of
from tests.faults.situations import SITUATIONS
from tests.faults.workers import Job

_CELLS_IN_A_JOB = 48
MODES: tuple[Mode, ...] = ("bot", "set_state", "own ids")


def names() -> list[str]:
    """The names of all cells."""
    return [*(cell.name for cell in cells()), *(name for job in _situations(0, "") for name in names_of(job))]


def names_of(job: Job) -> list[str]:
    """The names of a job's cells."""
    if job.situation:
        return [name_of(SITUATIONS[job.situation], flow) for flow in job.flows]
    return [cell.name for cell in job.cells]


def jobs(seed: int, only: str) -> list[Job]:
    """The jobs for the cells whose name the pattern `only` finds."""
    wanted = [cell for cell in cells() if re.search(only, cell.name)]
    found = [
        Job(mode, cells=part)
        for mode in MODES
        for part in _parts(shuffled((cell for cell in wanted if cell.mode == mode), seed))
    ]
    situations = list(_situations(seed, only))
    random.Random(seed).shuffle(situations)
    return _mixed(found, situations)


def _mixed(calls: Sequence[Job], situations: Sequence[Job]) -> list[Job]:
    """Jobs that are busy and jobs that mostly wait, in turns; another mode, which needs another system, comes last."""
    last = [job for job in calls if job.mode != "bot"]
    first = [job for job in calls if job.mode == "bot"]
    each = -(-len(situations) // max(len(first), 1))
    mixed: list[Job] = []
    for number, job in enumerate(first):
        mixed += [job, *situations[number * each : (number + 1) * each]]
    return [*mixed, *situations[len(first) * each :], *last]


def _parts(order: Sequence[Cell]) -> Iterator[tuple[Cell, ...]]:
    for start in range(0, len(order), _CELLS_IN_A_JOB):
        yield tuple(order[start : start + _CELLS_IN_A_JOB])


def _situations(seed: int, only: str) -> Iterator[Job]:
    for situation in SITUATIONS.values():
        flows = tuple(flow for flow in situation.flows if re.search(only, name_of(situation, flow)))
        if flows:
            yield Job("bot", situation=situation.name, flows=flows, seed=seed)
