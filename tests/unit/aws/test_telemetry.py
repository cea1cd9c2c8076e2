"""What the functions log, and what their libraries must not."""

from __future__ import annotations

import logging

import pytest

from access_bridge.aws.telemetry import logger


@pytest.mark.parametrize("library", ["botocore.auth", "botocore.parsers", "urllib3.connectionpool", "hpack.hpack"])
def test_no_library_writes_what_it_sends_and_gets_even_where_everything_is_logged(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    assert logger.log_level
    assert not logging.getLogger(library).isEnabledFor(logging.DEBUG)
