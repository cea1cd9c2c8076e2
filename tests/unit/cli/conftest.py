"""The command line in this process, with an AWS account that lies wherever a test says and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from tests.unit.servicenow.peer import Peer

SAMPLE_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sample", "AWS_SECRET_ACCESS_KEY": "sample", "AWS_SESSION_TOKEN": "sample"}


class Run(Protocol):
    """Runs `access-bridge` with these arguments, and with these variables as all that AWS's libraries find."""

    def __call__(self, *arguments: str, **variables: str) -> Result: ...


@pytest.fixture
def run(tmp_path: Path) -> Run:
    nowhere = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def typed(*arguments: str, **variables: str) -> Result:
        none: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("AWS_"))
        return CliRunner().invoke(app, arguments, env={**none, **nowhere, **variables}, prog_name="access-bridge")

    return typed


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Answers in AWS's place."""
    with Peer() as started:
        yield started


@pytest.fixture
def aws(peer: Peer) -> dict[str, str]:
    """The variables of somebody who is signed in to the account that the peer stands for."""
    return {**SAMPLE_CREDENTIALS, "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": peer.url}
