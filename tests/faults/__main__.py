"""`python -m tests.faults`: the whole matrix, or part of it, on several systems at a time. Ends with 0 only if every
cell was tried, nothing is lost and nothing doubled.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.faults.plan import jobs, names
from tests.faults.report import markdown, show, summary
from tests.faults.run import Result
from tests.faults.workers import WorkerBroken, work

_BEGIN, _END = "<!-- the matrix, by `make matrix` -->", "<!-- the end of the matrix -->"
_SAY_EVERY = 10.0


def main() -> int:
    """Try the cells that are asked for."""
    arguments = _arguments()
    if arguments.list:
        print("\n".join(names()))
        return 0
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    todo = jobs(seed, arguments.only)
    total = sum(job.size for job in todo)
    print(f"{total} cells on {arguments.systems} systems at a time. Again in this order: make faults SEED={seed}")
    progress = _Progress(total)
    results: list[Result] = []
    try:
        for one in work(todo, arguments.systems, progress.tried):
            results.append(one)
            progress.bad += not one.good
    except WorkerBroken as error:
        print(error, file=sys.stderr)
        return 2
    show(results, Console(width=max(125, Console().width), highlight=False, markup=False, emoji=False))
    print(f"{summary(results)} Seed {seed}, {progress.seconds:.0f} s.")
    if arguments.write:
        _write(arguments.write, markdown(results, seed))
    return 0 if len(results) == total > 0 and all(one.good for one in results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="the order of an earlier run; else a new one")
    parser.add_argument("--only", default="", help="a regular expression: cells whose name it finds")
    systems = (os.cpu_count() or 2) + 1
    parser.add_argument("--systems", type=int, default=systems, help=f"systems at a time (default: {systems})")
    parser.add_argument("--list", action="store_true", help="the names of the cells, and nothing else")
    parser.add_argument("--write", type=Path, help="a Markdown file, between whose marks the tables are put")
    return parser.parse_args()


class _Progress:
    """Says now and then how far it is."""

    def __init__(self, total: int) -> None:
        self.bad = 0
        self._total = total
        self._tried = 0
        self._began = self._said = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def tried(self, number: int) -> None:
        """So many more cells were tried."""
        self._tried += number
        if time.monotonic() - self._said >= _SAY_EVERY:
            self._said = time.monotonic()
            print(f"{self.seconds:4.0f} s: {self._tried} of {self._total} tried, {self.bad} bad so far", flush=True)


def _write(file: Path, tables: str) -> None:
    text = file.read_text(encoding="utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise SystemExit(f"{file} has no marks {_BEGIN} and {_END}.")
    file.write_text(f"{before}{begin}\n{tables}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
