"""The local system for tests: one for each test process, and others with their own options where a test asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from local.aws.calls import AwsCall
from local.system import LocalSystem, Options
from tests.privilege.verdict import not_allowed

NewSystem = Callable[..., LocalSystem]

QUICK = Options(unknown_outcome_seconds=2, retry_base_seconds=1, visibility_timeout=15)


@pytest.fixture(scope="session")
def shared_system() -> Iterator[LocalSystem]:
    """The system of this test process. Tests use `system`, which tidies up."""
    with LocalSystem(QUICK) as system:
        yield system


@pytest.fixture
def system(shared_system: LocalSystem) -> Iterator[LocalSystem]:
    """The running system. Requests and incidents of earlier tests are still there, all else is as at the start."""
    before = shared_system.aws_calls()
    yield shared_system
    shared_system.reset()
    assert_allowed(shared_system.aws_calls() - before)


@pytest.fixture
def new_system() -> Iterator[NewSystem]:
    """Make a system of the test's own: `new_system(forwarding=False)`, by the names of `Options`."""
    with ExitStack() as stack:

        def make(**options: Any) -> LocalSystem:
            system = stack.enter_context(LocalSystem(replace(QUICK, **options)))
            stack.callback(lambda: assert_allowed(system.aws_calls()))
            return system

        yield make


def assert_allowed(calls: Iterable[AwsCall]) -> None:
    """Every call that the functions made in a test has to be one that template.yaml allows them."""
    problems = not_allowed(calls)
    assert not problems, "\n".join(problems)
