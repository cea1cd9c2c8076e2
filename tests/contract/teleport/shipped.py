"""What we give to customers for `tctl create -f`, as files and by the command; and the functions' AWS roles."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from tests.contract.teleport.join_client import Credentials
from tests.unit.cli.cloudformation import deployed
from tests.unit.servicenow.peer import Peer
from tests.unit.stack import EXAMPLE

SHIPPED = Path(__file__).parents[3] / "teleport"
FILES = {
    mode: ("roles/tickets.yaml", f"roles/decisions-{mode.replace('_', '-')}.yaml", "bots.yaml", "tokens.yaml")
    for mode in ("bot", "on_behalf", "set_state")
}
COMMAND = {
    "bot": ("--approve", "dba,prod-access"),
    "on_behalf": ("--mode", "on_behalf", "--approve", "dba,prod-access", "--submit-for-users", "bob,carol"),
    "set_state": ("--mode", "set_state"),
}
TICKETS = Credentials(
    "AKIATESTTICKETS00000",
    "secret of tickets",
    "session-token",
    f"arn:aws:sts::123456789012:assumed-role/{EXAMPLE['TeleportEventsRole']}/access-bridge-teleport-events",
)
DECISIONS = Credentials(
    "AKIATESTDECISIONS000",
    "secret of decisions",
    "session-token",
    f"arn:aws:sts::123456789012:assumed-role/{EXAMPLE['ServiceNowDecisionsRole']}/access-bridge-servicenow-decisions",
)


def printed(mode: str) -> str:
    """What the command writes for a stack like the example."""
    with Peer() as peer:
        peer.will(deployed())
        signed_in = {"AWS_ACCESS_KEY_ID": "sample", "AWS_SECRET_ACCESS_KEY": "sample", "AWS_REGION": "eu-central-1"}
        arguments = ("teleport", "resources", *COMMAND[mode])
        result = CliRunner().invoke(app, arguments, env={**signed_in, "AWS_ENDPOINT_URL": peer.url})
    assert result.exit_code == 0, result.output
    return result.stdout


def text(file: str) -> str:
    return (SHIPPED / file).read_text(encoding="utf-8")
