"""A slice of the matrix for every test run; `make faults` tries all of it."""

from __future__ import annotations

import pytest

from local.system import LocalSystem
from tests.faults.bench import Bench, options
from tests.faults.matrix import cells
from tests.faults.plan import names
from tests.faults.run import run
from tests.faults.workers import Job, do

SLICE = {
    "create / POST incident / process killed after",
    "create / POST incident / committed a minute later",
    "create / save what was told / process killed before",
    "review / its messages / message delivered twice",
    "resolve by review / PATCH incident / process killed after",
    "resolve by review / PATCH incident / 500, committed",
    "resolve by review / save attempt / conditional write lost",
    "resolve directly / queue event / 503",
    "delete / PATCH incident / 429 with Retry-After",
    "decision applied / submit review / process killed after",
    "decision applied / submit review / connection reset, committed",
    "decision applied / save outcome / throttled",
    "decision applied / save attempt of decision / conditional write lost",
    "decision applied / its messages / message delivered twice at once",
    "decision applied / queue look / partly failed",
    "decision refused / PATCH incident / truncated JSON",
    "on-call / submit review / timeout, committed",
    "minute pass / queue look / throttled",
}


@pytest.mark.timeout(400)
def test_a_slice_of_the_matrix_loses_nothing_and_doubles_nothing() -> None:
    with LocalSystem(options()) as system:
        bench = Bench(system)
        results = run(bench, [cell for cell in cells() if cell.name in SLICE], len(SLICE), lambda _: None)
        results += do(bench, Job("bot", situation="Teleport restarted", flows=("create", "delete")), lambda _: None)
        assert system.defects == []
    assert {one.name for one in results} >= SLICE
    assert [one for one in results if not one.good] == []


def test_at_least_two_hundred_cells_are_tried_and_each_has_a_name_of_its_own() -> None:
    assert len(names()) >= 200
    assert len(set(names())) == len(names())
