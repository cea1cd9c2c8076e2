"""Where the dead letters of a stack are, and what knows about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from access_bridge.aws.queues import Queue
from access_bridge.ledger.table import Ledger
from cli.account import Account
from cli.dead_letters.letters import Direction
from cli.dead_letters.queue import DeadLetterQueue

_OUTPUTS: Final[Mapping[Direction, str]] = {"tickets": "Tickets", "decisions": "Decisions"}


@dataclass(frozen=True, slots=True)
class Places:
    """The stack's name, its ledger, and by direction its dead-letter queues and the queues that they belong to. A stack
    with decisions off has one direction only."""

    stack: str
    ledger: Ledger
    dead_letters: Mapping[Direction, DeadLetterQueue]
    sources: Mapping[Direction, Queue]


def places(account: Account, stack: str) -> Places:
    """Return the places of a stack, by its outputs.

    Raises
    ------
    Problem
        There is no such stack, it isn't one of Access Bridge, or AWS can't be asked.
    """
    found = account.stack(stack)
    table = found.output("LedgerTable")
    client = account.client("sqs")
    directions = [name for name in _OUTPUTS if name == "tickets" or "DecisionsQueueUrl" in found.outputs]
    return Places(
        stack=found.name,
        ledger=Ledger(account.resource("dynamodb"), table),
        dead_letters={
            name: DeadLetterQueue(client, name, found.output(f"{_OUTPUTS[name]}DeadLetterQueueUrl"))
            for name in directions
        },
        sources={name: Queue(client, found.output(f"{_OUTPUTS[name]}QueueUrl")) for name in directions},
    )
