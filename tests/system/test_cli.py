"""What an auditor reads of decisions that were made on the running system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.system import LocalSystem
from tests.system.decisions.office import BOT, Office

PROJECT = Path(__file__).resolve().parents[2]


def exported(system: LocalSystem, request_id: str) -> list[dict[str, Any]]:
    command = ["decisions", "export", "--table", system.resources.ledger_table, "--request", request_id]
    path = os.pathsep.join([str(PROJECT / "layers" / "bridge"), str(PROJECT)])
    done = subprocess.run(
        [sys.executable, "-m", "cli", *command],
        env={**os.environ, **system.aws.variables, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_auditor_reads_who_approved_on_which_ticket_as_whom_and_what_was_refused_and_why(
    system: LocalSystem,
) -> None:
    office = Office(system)
    asker, boss = office.requester(), office.approver()
    office.promote(asker)
    ticket = office.ask(asker)
    own = office.decide(asker, ticket)
    assert office.told(own).code == "own_request"
    row = office.decide(boss, ticket)
    assert office.told(row).code == "applied"

    refused, applied = exported(system, ticket.request_id)
    for line, decision_id, user, code in ((refused, own, asker, "own_request"), (applied, row, boss, "applied")):
        assert (line["decision_id"], line["servicenow_user"], line["code"]) == (decision_id, user, code)
        assert line["servicenow_user_id"] == office.user(user)
        assert (line["kind"], line["decision"], line["approval"]) == ("human", "approved", "")
        assert line["ticket"] == {"table": "incident", "sys_id": ticket.sys_id, "number": ticket.number}
        assert user in line["decided_by"]
        assert line["sentence"] and line["decided_at"]
    assert (refused["outcome"], refused["teleport"]) == ("refused", {"user": "", "mode": "", "at": None})
    assert (applied["outcome"], applied["teleport"]["user"], applied["teleport"]["mode"]) == ("applied", BOT, "bot")
    assert refused["decided_at"] < applied["teleport"]["at"] <= applied["decided_at"]
