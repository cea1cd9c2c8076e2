"""A dead-letter queue: looked through, put back, deleted from.

SQS has no way to look at a message but to receive it. What was looked at stays received until the end, else the next
call would give the same again; and of a FIFO queue SQS gives no more of a group while any of that group is received. So
of one group only those show that came in one call, ten at most, until these are deleted. At the end what was only
looked at is put back at once, also after Ctrl-C; were this process killed, SQS does it after `HOLD_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.dead_letters.letters import Direction, Letter

HOLD_SECONDS: Final = 600
"""Enough for some ten thousand messages, and no longer out of sight than that whatever happens."""
_AT_ONCE: Final = 10
_WAIT_SECONDS: Final = 1
"""Makes SQS ask all its servers: only then is no answer the end."""
_ATTRIBUTES: Final = ("MessageGroupId", "SentTimestamp")


@dataclass(frozen=True, slots=True)
class Size:
    """About how many messages a queue has: those to be seen, and those that somebody has received; and when that was
    so, by AWS's own clock (seconds since the epoch)."""

    visible: int
    held: int
    at: float


class DeadLetterQueue:
    """One dead-letter queue.

    Parameters
    ----------
    client
        A boto3 SQS client.
    direction
        Which way its messages were to go.
    url
        The queue's URL.
    """

    def __init__(self, client: Any, direction: Direction, url: str) -> None:
        self._client = client
        self._direction = direction
        self._url = url
        self._held: dict[str, str] = {}

    def size(self) -> Size:
        """Return about how many messages there are."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        visible, held = (int(answer["Attributes"][name]) for name in names)
        at = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Size(visible, held, at.timestamp())

    @contextmanager
    def looked_through(self) -> Iterator[Iterator[list[Letter]]]:
        """Give the messages, some at a time; what isn't deleted meanwhile is put back at the end.

        Raises
        ------
        BotoCoreError, ClientError
            SQS can't be asked, or refuses.
        """
        try:
            yield self._batches()
        finally:
            self._put_back()

    @property
    def hidden(self) -> int:
        """How many messages could not be put back at the end: they come back by themselves, in `HOLD_SECONDS`."""
        return len(self._held)

    def delete(self, letters: Sequence[Letter]) -> int:
        """Delete messages, at most as many as came at once; return how many SQS deleted."""
        if not letters:
            return 0
        entries = [{"Id": str(index), "ReceiptHandle": letter.receipt} for index, letter in enumerate(letters)]
        answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        deleted = [letters[int(one["Id"])] for one in answer.get("Successful", [])]
        for letter in deleted:
            del self._held[letter.message_id]
        return len(deleted)

    def _batches(self) -> Iterator[list[Letter]]:
        while True:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=list(_ATTRIBUTES),
            )
            letters = [Letter.of(self._direction, message) for message in answer.get("Messages", [])]
            new = [letter for letter in letters if letter.message_id not in self._held]
            self._held |= {letter.message_id: letter.receipt for letter in letters}
            if not new:  # the end, or the hold is over and the queue begins anew
                return
            yield new

    def _put_back(self) -> None:
        try:
            while self._held:
                some = dict(islice(self._held.items(), _AT_ONCE))
                entries = [
                    {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for index, receipt in enumerate(some.values())
                ]
                # A message that is refused is no longer held, or gone.
                self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
                for message_id in some:
                    del self._held[message_id]
        except (BotoCoreError, ClientError):
            return  # `hidden` tells how many
