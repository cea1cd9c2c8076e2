"""The minute pass over more requests than one pass asks for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import cast

from aws_lambda_powertools import Logger

from access_bridge.aws.queues import Message, Queue
from access_bridge.ledger.table import Ledger
from access_bridge.teleport.client import Teleport
from access_bridge.tickets.minute_pass import MOST_ASKS, minute_pass
from tests.contract.tickets.desk import NOW, REQUEST
from tests.contract.tickets.teleport_double import TeleportDouble


class Sent:
    """A queue that keeps what is sent."""

    def __init__(self) -> None:
        self.groups: list[str] = []

    def send(self, messages: list[Message]) -> None:
        """Keep them."""
        self.groups += [message.group for message in messages]


def test_what_one_pass_does_not_ask_for_the_next_one_does_and_nothing_twice(ledger: Ledger) -> None:
    teleport, queue = TeleportDouble(), Sent()
    ids = [str(uuid.uuid4()) for _ in range(MOST_ASKS + 20)]
    teleport.requests = [replace(REQUEST, id=request_id, revision="r-1") for request_id in ids]
    asked = [
        len(
            minute_pass(
                cast(Teleport, teleport),
                ledger,
                cast(Queue, queue),
                now=NOW,
                count=lambda _: None,
                log=Logger(service="test", level="CRITICAL"),
            )
        )
        for _ in range(3)
    ]
    assert asked == [MOST_ASKS, 20, 0]
    assert sorted(queue.groups) == sorted(ids)
