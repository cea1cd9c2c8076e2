"""An office on the running system for each test, and what must hold after each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.system import LocalSystem
from tests.system.decisions.office import Office
from tests.system.decisions.secrets_told import secrets_told


@pytest.fixture
def system(shared_system: LocalSystem) -> Iterator[LocalSystem]:  # TEMP
    yield shared_system
    with contextlib.suppress(ClientError):
        shared_system.reset()


@pytest.fixture
def office(system: LocalSystem) -> Iterator[Office]:
    """People and requests of the test's own. After it no secret stands in any log line."""
    yield Office(system)
    assert secrets_told(system) == []
