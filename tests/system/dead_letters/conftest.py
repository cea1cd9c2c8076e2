"""The local system as the operator finds it, and one in which a message has two attempts only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.system import LocalSystem
from tests.system.conftest import QUICK
from tests.system.dead_letters.operator import Operator


@pytest.fixture(scope="session")
def operator(shared_system: LocalSystem) -> Operator:
    """The operator of the shared system."""
    return Operator(shared_system)


@pytest.fixture(scope="module")
def _mortal_system() -> Iterator[tuple[LocalSystem, Operator]]:
    with LocalSystem(replace(QUICK, max_receive_count=2, visibility_timeout=10)) as system:
        yield system, Operator(system)


@pytest.fixture
def mortal(_mortal_system: tuple[LocalSystem, Operator]) -> Iterator[LocalSystem]:
    """A system of its own, in which the second failed attempt at a message is the last."""
    system, _ = _mortal_system
    yield system
    system.reset()


@pytest.fixture
def on_call(_mortal_system: tuple[LocalSystem, Operator]) -> Operator:
    """The operator of `mortal`."""
    return _mortal_system[1]
