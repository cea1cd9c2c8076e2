"""The local system as the tests of the tickets side want it: at rest when they begin."""

from __future__ import annotations

import pytest

from local.system import LocalSystem


@pytest.fixture
def system(system: LocalSystem) -> LocalSystem:
    """The running system, once what earlier tests left under way has come to its end."""
    system.settle()
    return system
