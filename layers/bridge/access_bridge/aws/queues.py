"""Messages into the FIFO queues: bodies, groups, deduplication ids, and batches that SQS takes.

A message says *look at this request*; it never carries an identity or an instruction.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from access_bridge.decisions.messages import AutomaticMessage, DecisionMessage
from access_bridge.errors import Retry
from access_bridge.events.accept import MALFORMED_GROUP, MalformedRecord
from access_bridge.events.audit_event import AuditEvent

MAX_ENTRIES: Final = 10
MAX_BATCH_BYTES: Final = 240 * 1024
"""Below the smallest limit that SQS has had for a batch (256 KiB)."""
_SEND_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Message:
    """One message for a FIFO queue."""

    body: str
    group: str
    deduplication_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def size(self) -> int:
        """Size of the body in bytes."""
        return len(self.body.encode())


def event_message(event: AuditEvent) -> Message:
    """Return the message that makes `sync` look at an event's request."""
    return Message(_json({"request_id": event.id, "event": event.fields()}), event.id, event.uid)


def look_message(request_id: str, deduplication_id: str = "", *, ticket: bool = False) -> Message:
    """Return the message that makes `sync` look at a request; with `ticket`, also for what people did to its ticket."""
    body = _json({"request_id": request_id} | ({"ticket": True} if ticket else {}))
    return Message(body, request_id, deduplication_id) if deduplication_id else Message(body, request_id)


def decision_message(message: DecisionMessage | AutomaticMessage) -> Message:
    """Return the message that makes `servicenow_decisions` look at a decision, or whether it decides a request
    itself."""
    return Message(_json(message.model_dump(mode="json")), message.request_id)


def malformed_message(record: MalformedRecord) -> Message:
    """Return the message that keeps a malformed record in the dead-letter queue."""
    return Message(_json({"malformed": record.text, "problem": record.problem}), MALFORMED_GROUP, record.id)


def is_malformed(body: str) -> bool:
    """Tell whether a message is one of `malformed_message`."""
    return body.startswith('{"malformed":')


class Queue:
    """One FIFO queue.

    Parameters
    ----------
    client
        A boto3 SQS client.
    url
        The queue's URL.
    sleep
        Waits between tries, in seconds.
    """

    def __init__(self, client: Any, url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._url = url
        self._sleep = sleep

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages in order, in batches that SQS takes; what a batch refuses in part is sent again.

        Raises
        ------
        Retry
            SQS can't be reached or didn't take all of them; sending all again is safe.
        """
        for batch in _batches(messages):
            self._send_batch(batch)

    def _send_batch(self, batch: Sequence[Message]) -> None:
        waiting = {str(index): message for index, message in enumerate(batch)}
        problem = ""
        for attempt in range(_SEND_TRIES):
            if attempt:
                self._sleep(0.1 * 2**attempt)
            try:
                answer = self._client.send_message_batch(
                    QueueUrl=self._url, Entries=[_entry(k, m) for k, m in waiting.items()]
                )
            except (BotoCoreError, ClientError) as error:
                raise Retry(f"the queue can't be reached: {type(error).__name__}") from error
            failed = {item["Id"]: item for item in answer.get("Failed", [])}
            problem = next((item.get("Code", "unknown") for item in failed.values()), "")
            waiting = {key: message for key, message in waiting.items() if key in failed}
            if not waiting:
                return
        raise Retry(f"the queue refused {len(waiting)} message(s): {problem}")


def _entry(key: str, message: Message) -> dict[str, str]:
    return {
        "Id": key,
        "MessageBody": message.body,
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication_id,
    }


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == MAX_ENTRIES or size + message.size > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size
    if batch:
        yield batch


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
