"""SQS's FIFO queues as AWS describes them, with a clock of their own, for what moto can't witness.

One call gives as many of one group as it can, then of the next; while a message of a group is received, no other of
that group is given. A receipt is good for the
latest receipt of a message and for as long as that is hidden; a deduplication id is remembered for five minutes. The
client dies for good at a call of the test's choice, before or after its effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from botocore.exceptions import ClientError

_DEDUPLICATION_SECONDS = 300


class Killed(BaseException):
    """The process of the client is no more."""


@dataclass
class Stored:
    """A message in a queue."""

    id: str
    group: str
    body: str
    sent: float
    visible_at: float = 0.0
    receipt: str = ""

    def attribute(self, name: str) -> str:
        """A system attribute."""
        return {"MessageGroupId": self.group, "SentTimestamp": str(round(self.sent * 1000))}[name]


@dataclass
class FifoQueues:
    """The queues, by URL, and a client for them.

    `seconds_per_call` passes at each call. `dies_at` is the number of the call at which the client dies, `dies_after`
    whether after its effect. `refuses` are operations that AWS refuses.
    """

    seconds_per_call: float = 0.1
    dies_at: int | None = None
    dies_after: bool = False
    refuses: set[str] = field(default_factory=set)
    now: float = 1_795_000_000.0
    calls: list[str] = field(default_factory=list)
    on_send: Callable[[str, str], None] = lambda _url, _body: None
    _queues: dict[str, list[Stored]] = field(default_factory=dict)
    _known: dict[tuple[str, str], float] = field(default_factory=dict)
    _number: int = 0

    # ---- for the test

    def put(self, url: str, group: str, body: str, *, sent: float | None = None) -> Stored:
        """Put a message into a queue."""
        self._number += 1
        stored = Stored(f"m-{self._number}", group, body, self.now if sent is None else sent)
        self._queues.setdefault(url, []).append(stored)
        return stored

    def bodies(self, url: str) -> list[str]:
        """All bodies in a queue, in order, whether hidden or not."""
        return [one.body for one in self._queues.get(url, [])]

    def hidden(self, url: str) -> int:
        """How many messages of a queue nobody else is given now."""
        return sum(one.visible_at > self.now for one in self._queues.get(url, []))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    # ---- the client

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:
        with _Call(self, "GetQueueAttributes"):
            hidden = self.hidden(QueueUrl)
            values = {
                "ApproximateNumberOfMessages": str(len(self.bodies(QueueUrl)) - hidden),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
            }
            headers = {"date": formatdate(self.now, usegmt=True)}
            return {
                "Attributes": {name: values[name] for name in AttributeNames},
                "ResponseMetadata": {"HTTPHeaders": headers},
            }

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        VisibilityTimeout: int,
        WaitTimeSeconds: int,
        MessageSystemAttributeNames: Sequence[str],
    ) -> dict[str, Any]:
        assert {"MessageGroupId", "SentTimestamp"} >= set(MessageSystemAttributeNames)
        assert 1 <= MaxNumberOfMessages <= 10
        assert WaitTimeSeconds >= 1, "a short poll may answer nothing although there is something"
        with _Call(self, "ReceiveMessage"):
            given = list(self._given(QueueUrl, MaxNumberOfMessages))
            for one in given:
                self._number += 1
                one.visible_at, one.receipt = self.now + VisibilityTimeout, f"receipt-{self._number}"
            messages = [
                {
                    "MessageId": one.id,
                    "ReceiptHandle": one.receipt,
                    "Body": one.body,
                    "Attributes": {name: one.attribute(name) for name in MessageSystemAttributeNames},
                }
                for one in given
            ]
            return {"Messages": messages} if messages else {}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        with _Call(self, "SendMessageBatch"):
            for entry in Entries:
                key = (QueueUrl, entry["MessageDeduplicationId"])
                if self.now - self._known.get(key, -1e9) >= _DEDUPLICATION_SECONDS:
                    self._known[key] = self.now
                    self.put(QueueUrl, entry["MessageGroupId"], entry["MessageBody"])
                    self.on_send(QueueUrl, entry["MessageBody"])
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        with _Call(self, "DeleteMessageBatch"):
            done, failed = self._sorted(QueueUrl, Entries)
            for stored in done.values():
                self._queues[QueueUrl].remove(stored)
            return {"Successful": [{"Id": key} for key in done], "Failed": failed}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        with _Call(self, "ChangeMessageVisibilityBatch"):
            done, failed = self._sorted(QueueUrl, Entries)
            timeouts = {entry["Id"]: entry["VisibilityTimeout"] for entry in Entries}
            for key, stored in done.items():
                stored.visible_at = self.now + timeouts[key]
            return {"Successful": [{"Id": key} for key in done], "Failed": failed}

    def _given(self, url: str, most: int) -> Iterator[Stored]:
        stored = self._queues.get(url, [])
        locked = {one.group for one in stored if one.visible_at > self.now}
        free = [one.group for one in stored if one.group not in locked]
        in_groups = [one for group in dict.fromkeys(free) for one in stored if one.group == group]
        yield from in_groups[:most]

    def _sorted(self, url: str, entries: Sequence[dict[str, Any]]) -> tuple[dict[str, Stored], list[dict[str, str]]]:
        good = {one.receipt: one for one in self._queues.get(url, []) if one.visible_at > self.now}
        done = {entry["Id"]: good[entry["ReceiptHandle"]] for entry in entries if entry["ReceiptHandle"] in good}
        failed = [{"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid"} for entry in entries if entry["Id"] not in done]
        return done, failed


class _Call:
    """One call: it takes its time, may be refused, and the client may die over it, after which it makes no other."""

    def __init__(self, queues: FifoQueues, operation: str) -> None:
        self._queues = queues
        self._operation = operation

    def __enter__(self) -> None:
        queues = self._queues
        queues.now += queues.seconds_per_call
        queues.calls.append(self._operation)
        if self._operation in queues.refuses:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, self._operation)
        if self._dies and (len(queues.calls) != queues.dies_at or not queues.dies_after):
            raise Killed

    def __exit__(self, *_: object) -> None:
        if self._dies:
            raise Killed

    @property
    def _dies(self) -> bool:
        return self._queues.dies_at is not None and len(self._queues.calls) >= self._queues.dies_at
