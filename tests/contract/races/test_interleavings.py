"""Two functions work on one request at once, in every order, and are killed anywhere: nothing is lost or doubled."""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.races.bridge import Surroundings
from tests.contract.races.machine import Race

EXAMPLES: Final = int(os.environ.get("INTERLEAVINGS", "30"))
"""`make races` has thousands."""
SETTINGS: Final = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@pytest.mark.timeout(900 + 5 * EXAMPLES)  # to find the fewest steps to a failure takes minutes
def test_whatever_the_order_and_whoever_is_killed_nothing_is_lost_or_doubled(around: Surroundings) -> None:
    machine = type("Race", (Race,), {"around": around})
    run_state_machine_as_test(machine, settings=SETTINGS)
