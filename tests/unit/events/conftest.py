"""These tests need no network, so none is there. Generated cases have no time limit each: the machine may be busy."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """Any socket is an error."""
