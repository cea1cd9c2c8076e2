"""What an operator sees of the passes over ServiceNow before they have done anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli.app import app
from local.system import LocalSystem
from tests.system.tickets.asking import asked_and_told, incident, notes
from tests.unit.cli.cloudformation import described
from tests.unit.cli.conftest import SAMPLE_CREDENTIALS
from tests.unit.servicenow.peer import Peer, Reply

RESOLVED = {"state": "6", "close_code": "User error", "close_notes": "done"}


def test_the_command_shows_what_the_functions_found(system: LocalSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions' own answers, with a peer in the place of AWS's API."""
    closed, undecided = asked_and_told(system), asked_and_told(system)
    number, ticket = incident(system, closed)["number"], incident(system, undecided)["sys_id"]
    system.servicenow.update_as("carol", "incident", incident(system, closed)["sys_id"], RESOLVED)
    system.servicenow.callbacks.enabled = False
    try:
        row = system.servicenow.decide("bob", ticket)
    finally:
        system.servicenow.callbacks.enabled = True
    made = f"{datetime.now(UTC) - timedelta(minutes=3):%Y-%m-%d %H:%M:%S}"
    system.servicenow.update_raw("x_acbr_bridge_decision", row, {"sys_created_on": made})
    answers = [system.invoke(name, {"reconcile": "report"}) for name in ("teleport_events", "servicenow_decisions")]
    for name, value in {**SAMPLE_CREDENTIALS, "AWS_REGION": "eu-central-1", "COLUMNS": "250"}.items():
        monkeypatch.setenv(name, value)
    with Peer() as peer:
        peer.will(described(DecisionsQueueUrl="https://x"), *(Reply(body=answer) for answer in answers))
        result = CliRunner().invoke(app, ("reconcile",), env={"AWS_ENDPOINT_URL": peer.url})
    shown = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines()]
    assert [
        "",
        closed,
        number,
        "ended by a person, its request is pending",
        "tell it on the ticket; a rule may deny the request",
        "",
    ] in shown
    assert ["", undecided, f"decision {row}", "approved, and nothing came of it", "decide it", ""] in shown
    assert notes(system, closed) == notes(system, undecided) == []
    system.invoke("teleport_events", {"reconcile": "run"})
    system.tick("servicenow_decisions")
    system.settle()
    assert len(notes(system, closed)) == len(notes(system, undecided)) == 1
