"""Several systems at a time, each in a process of its own, that take one job after the other."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from local.system import LocalSystem
from tests.faults.bench import Bench, Mode, options
from tests.faults.matrix import Cell
from tests.faults.run import Result, run
from tests.faults.run_situation import run_situation
from tests.faults.situations import SITUATIONS

_AT_A_TIME: Final = 20
"""Cells under way at a time on one system: most of what they do is wait."""


@dataclass(frozen=True, slots=True)
class Job:
    """Cells to be tried on one system, or the flows that act in one situation."""

    mode: Mode
    cells: tuple[Cell, ...] = ()
    situation: str = ""
    flows: tuple[str, ...] = ()
    seed: int = 0

    @property
    def size(self) -> int:
        """How many cells it holds."""
        return len(self.cells) + len(self.flows)


class WorkerBroken(Exception):
    """A system couldn't be started, or the harness itself failed; the text is its traceback."""


def work(jobs: Sequence[Job], systems: int, progress: Callable[[int], None]) -> Iterator[Result]:
    """Do all jobs on so many systems, and yield each cell's result as its job ends; `progress` is told how many cells
    have been tried meanwhile. Raises WorkerBroken."""
    context = multiprocessing.get_context("spawn")
    todo, told = context.Queue(), context.Queue()
    for job in jobs:
        todo.put(job)
    for _ in range(systems):
        todo.put(None)
    processes = [context.Process(target=_worker, args=(todo, told), daemon=True) for _ in range(systems)]
    for process in processes:
        process.start()
    left = len(jobs)
    try:
        while left:
            try:
                what, value = told.get(timeout=1.0)
            except queue.Empty:
                if not any(process.is_alive() for process in processes):
                    raise WorkerBroken("every worker ended before all was done") from None
                progress(0)
                continue
            if what == "tried":
                progress(value)
            elif what == "broken":
                raise WorkerBroken(value)
            else:
                left -= 1
                yield from value
        for process in processes:
            process.join(60)
    finally:
        for process in processes:
            process.terminate()


def _worker(todo: Any, told: Any) -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        with ExitStack() as running:
            _do_jobs(todo, told, running)
    except BaseException:
        told.put(("broken", traceback.format_exc()))
        raise


def end_with_parent() -> None:
    """Nobody waits for the rest; what this process started ends without it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _do_jobs(todo: Any, told: Any, running: ExitStack) -> None:
    bench: Bench | None = None
    mode: Mode | None = None
    while (job := todo.get()) is not None:
        if bench is None or mode != job.mode:
            running.close()
            bench, mode = Bench(running.enter_context(LocalSystem(options(job.mode))), job.mode), job.mode
        told.put(("done", list(do(bench, job, lambda number: told.put(("tried", number))))))


def do(bench: Bench, job: Job, tried: Callable[[int], None]) -> list[Result]:
    """Do one job on a bench."""
    if job.situation:
        return run_situation(bench, SITUATIONS[job.situation], list(job.flows), job.seed, tried)
    return run(bench, job.cells, _AT_A_TIME, tried)
