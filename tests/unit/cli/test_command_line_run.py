"""The command line as a program of its own, against an AWS account that answers over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from access_bridge.ledger.items import Failure, FailureKind, TicketItem
from access_bridge.ledger.table import Ledger
from local.aws.account import Account
from local.aws.resources import Resources
from tests.unit.cli.decision_items import APPROVED, FAILING, NOON, REFUSED

PROJECT = Path(__file__).resolve().parents[3]
MADE_BY_MAKE = Path(sys.executable).with_name("access-bridge")


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """What reaches an account whose table `ledger` has three decisions, and a ticket."""
    account = Account()
    account.start()
    try:
        resources = Resources.create(account, visibility_timeout=60, max_receive_counts=(3, 3))
        found = account.variables
        resource = boto3.resource(
            "dynamodb",
            region_name=found["AWS_REGION"],
            endpoint_url=found["AWS_ENDPOINT_URL"],
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        )
        ledger = Ledger(resource, resources.ledger_table)
        ledger.save_ticket(TicketItem(APPROVED.request_id, selected=True))
        for item in (FAILING, APPROVED, REFUSED):
            ledger.save_decision(replace(item, attempts=0, failure=""))
        down = Failure(3, "down", FailureKind.RETRY)
        ledger.note_decision_failure(FAILING.request_id, FAILING.decision_id, down, NOON.timestamp())
        yield found
    finally:
        account.stop()


def run(*command: str, variables: dict[str, str], cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env={**others, **variables}, timeout=60
    )


def test_the_decisions_of_a_ledger_are_exported_oldest_first(variables: dict[str, str]) -> None:
    path = {"PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("layers/bridge", ""))}
    command = (sys.executable, "-m", "cli", "decisions", "export", "--table", "ledger")
    done = run(*command, variables={**variables, **path})
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["decision_id"] for line in lines] == [item.decision_id for item in (REFUSED, APPROVED, FAILING)]
    assert lines[1]["teleport"] == {"user": "bob@example.test", "mode": "on_behalf", "at": "2026-11-23T12:00:00.000Z"}
    assert (lines[2]["attempts"], lines[2]["failure"]) == (3, "down")


@pytest.mark.skipif(not MADE_BY_MAKE.exists(), reason="make puts it beside the Python that it runs the tests with")
def test_the_program_that_make_puts_into_the_environment_works_from_any_folder(
    variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "cli.py").write_text("raise SystemExit('what lies here must not run')")
    command = (str(MADE_BY_MAKE), "decisions", "export", "--table", "ledger", "--request", REFUSED.request_id)
    done = run(*command, variables=variables, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["code"] == "own_request"


def test_a_table_that_is_not_there_is_one_line(variables: dict[str, str]) -> None:
    path = {"PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("layers/bridge", ""))}
    done = run(sys.executable, "-m", "cli", "decisions", "export", "--table", "x-1", variables={**variables, **path})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: There is no such table in this account and region. Check --table, --region and --profile.\n"
    )
