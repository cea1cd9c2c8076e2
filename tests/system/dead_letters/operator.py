"""Whoever gets the alarm: types `access-bridge dead-letters …` for the running system."""

from __future__ import annotations

import json
import uuid
from typing import Any

from typer.testing import CliRunner, Result

from cli.app import app
from local.aws.stack import create_stack
from local.system import LocalSystem


class Operator:
    """The operator of a running system, whose stack he finds as in AWS.

    Parameters
    ----------
    system
        The running system; it must have no stack yet.
    """

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        create_stack(system.resources)

    def types(self, *arguments: str) -> str:
        """What the command says; it has to end well."""
        result = self.tries(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def tries(self, *arguments: str) -> Result:
        """What comes of the command."""
        return CliRunner().invoke(app, ["dead-letters", *arguments], env=dict(self._system.aws.variables))

    def row(self, request_id: str) -> list[str]:
        """The cells of the request's one row in the list."""
        (line,) = [line for line in self.types("list").splitlines() if request_id in line]
        return [cell.strip() for cell in line.strip("│").split("│")]

    def lists(self, request_id: str) -> bool:
        """Whether the list has the request."""
        return request_id in self.types("list")

    def wait_until_listed(self, request_id: str) -> None:
        """Wait until the request has a dead letter."""
        self._system.wait_until(
            lambda: any(one.group == request_id for one in self._system.dead_letters()),
            what="no dead letter",
        )

    def die(self, content: dict[str, Any], *, decisions: bool = False) -> None:
        """Put a message among the dead letters, as if all attempts at it had failed."""
        queue = self._system.resources.decisions if decisions else self._system.resources.tickets
        self._system.aws.sqs.send_message(
            QueueUrl=queue.dead_letter_url,
            MessageBody=json.dumps(content),
            MessageGroupId=content.get("request_id", "malformed"),
            MessageDeduplicationId=str(uuid.uuid4()),
        )
