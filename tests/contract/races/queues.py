"""SQS's FIFO queues in memory, on a test's clock: one message of a group at a time, visibility, deduplication."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.races.steps import Call, Fate, Invocation

VISIBILITY: Final = 1800.0
"""Seconds for which a message that somebody works on is hidden (template.yaml)."""
MAX_RECEIVES: Final = 100
_REMEMBERED: Final = 300.0
"""Seconds for which SQS remembers a deduplication id."""


@dataclass(slots=True)
class Message:
    """A message as it lies in a queue; it can be received from `visible_at` on."""

    number: int
    body: str
    group: str
    receives: int = 0
    visible_at: float = 0.0


@dataclass(slots=True)
class FifoQueue:
    """One queue. `bodies` are those of all messages that were ever sent, with their groups."""

    now: Callable[[], float]
    messages: list[Message] = field(default_factory=list)
    bodies: list[tuple[str, str]] = field(default_factory=list)
    _ids: dict[str, float] = field(default_factory=dict)

    def send(self, body: str, group: str, deduplication_id: str = "") -> None:
        """Add a message; one whose id SQS still remembers is taken and forgotten."""
        now = self.now()
        if deduplication_id and now - self._ids.get(deduplication_id, -_REMEMBERED) < _REMEMBERED:
            return
        self._ids[deduplication_id] = now
        self.bodies.append((body, group))
        self.messages.append(Message(len(self.bodies), body, group, visible_at=now))

    def receive(self) -> Message | None:
        """Return a message that can be received, and hide it: of each group only the first one can be."""
        first = {message.group: message for message in reversed(self.messages)}
        found = next((message for message in first.values() if message.visible_at <= self.now()), None)
        if found:
            found.receives += 1
            found.visible_at = self.now() + VISIBILITY
        return found

    def next_at(self) -> float | None:
        """Return when the next message can be received; None where none lies here."""
        first = {message.group: message for message in reversed(self.messages)}
        return min((message.visible_at for message in first.values()), default=None)


class SteppedSqs:
    """A boto3 SQS client as one invocation has it: each call is a call of its own. A queue's URL is its name."""

    def __init__(self, queues: Mapping[str, FifoQueue], invocation: Invocation) -> None:
        self._queues = queues
        self._invocation = invocation

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Send messages."""

        def send() -> dict[str, Any]:
            for entry in Entries:
                self._queues[QueueUrl].send(
                    entry["MessageBody"], entry["MessageGroupId"], entry["MessageDeduplicationId"]
                )
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        return self._take(f"send to {QueueUrl}", send)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> dict[str, Any]:
        """Let a message be received in so many seconds."""

        def change() -> dict[str, Any]:
            queue = self._queues[QueueUrl]
            message = next(one for one in queue.messages if str(one.number) == ReceiptHandle)
            message.visible_at = queue.now() + VisibilityTimeout
            return {}

        return self._take(f"postpone in {QueueUrl}", change)

    def _take(self, what: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return self._invocation.take(Call("queue", what, writes=True), lambda fate: _answered(fate, act))


def _answered(fate: Fate, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if fate is Fate.REFUSED:
        raise ClientError({"Error": {"Code": "RequestThrottled", "Message": "slow down"}}, "SendMessageBatch")
    if fate is Fate.UNSENT:
        raise ReadTimeoutError(endpoint_url="https://sqs.example.test")
    answer = act()
    if fate is Fate.UNHEARD:
        raise ReadTimeoutError(endpoint_url="https://sqs.example.test")
    return answer
