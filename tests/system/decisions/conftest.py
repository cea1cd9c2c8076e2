"""An office on the running system for each test, and what must hold after each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.system import LocalSystem
from tests.system.decisions.office import Office
from tests.system.decisions.secrets_told import secrets_told


@pytest.fixture
def office(system: LocalSystem) -> Iterator[Office]:
    """People and requests of the test's own. After it no secret stands in any log line."""
    lines_before = len(system.logs())
    yield Office(system)
    assert secrets_told(system, lines_before=lines_before) == []
