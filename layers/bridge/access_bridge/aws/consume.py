"""Consuming a FIFO queue, one message at a time: what each kind of error means for the message in hand.

A message that failed stays: its visibility is set to the back-off and it is answered as failed. The count and the
reason stand in the ledger first; of an attempt that could write none, killed or out of time, the next one says so.
Only a defect is raised, so that the alarm on errors means one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from access_bridge.aws.telemetry import count, logger
from access_bridge.errors import BridgeError, BrokenConfiguration, Refused, Retry
from access_bridge.ledger.items import Failure, FailureKind

LONGEST_BACKOFF_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between attempts, and how many there are before the dead-letter queue."""

    base_seconds: int
    max_receive_count: int
    longest_seconds: int = LONGEST_BACKOFF_SECONDS

    def seconds(self, attempts: int, wanted: float | None) -> int:
        """Return the seconds until the next attempt: doubling up to the longest; what the cause asks for (up to twice
        the longest) only lengthens that, so that the attempts outlast an outage whatever it answers meanwhile."""
        doubled = int(min(self.base_seconds * 2.0 ** min(attempts - 1, 20), self.longest_seconds))
        return max(doubled, min(math.ceil(wanted or 0), self.longest_seconds * 2))


@dataclass(frozen=True, slots=True)
class Consumed:
    """The queue that is consumed: its URL, a boto3 SQS client, and how long a message waits."""

    url: str
    sqs: Any
    backoff: Backoff

    def postpone(self, receipt_handle: str, seconds: int) -> None:
        """Make a message come again in so many seconds; where that fails, its visibility timeout does."""
        try:
            self.sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("the message's back-off can't be set", extra={"problem": type(error).__name__})


class FailureNotes(Protocol):
    """Where failed attempts are recorded."""

    def begun(self, attempts: int, *, last: bool) -> bool:
        """Record that another attempt begins, for one that is killed can't say so; return as `failed` does."""

    def failed(self, failure: Failure) -> bool:
        """Record a failed attempt, and return whether the message is given up: it is done then."""


def consume(
    event: Mapping[str, Any],
    *,
    handle: Callable[[str], None],
    notes: Callable[[str], FailureNotes],
    queue: Callable[[], Consumed],
) -> dict[str, Any]:
    """Handle the messages of an SQS event and answer which are to be kept.

    Parameters
    ----------
    event
        The event as Lambda's poller sends it.
    handle
        Does the work of one message body.
    notes
        Gives the place where a body's failures are recorded.
    queue
        Gives the queue that the messages are from.
    """
    records = [SQSRecord(item) for item in event["Records"]]
    try:
        consumed = queue()
    except BrokenConfiguration as error:
        count("BrokenConfiguration")
        logger.error("the queue can't be consumed: its messages stay", extra={"problem": str(error)})
        return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in records]}
    kept = [record for record in records if not _done(record, handle, notes, consumed)]
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in kept]}


def _done(
    record: SQSRecord, handle: Callable[[str], None], notes: Callable[[str], FailureNotes], consumed: Consumed
) -> bool:
    attempts = int(record.attributes.approximate_receive_count)
    last = attempts >= consumed.backoff.max_receive_count
    try:
        if (attempts > 1 or last) and _noted(lambda: notes(record.body).begun(attempts, last=last)):
            return _given_up(attempts, "the attempts before this one left no word")
        handle(record.body)
    except BridgeError as error:
        wanted = error.after if isinstance(error, Retry) else None
        if isinstance(error, BrokenConfiguration):
            count("BrokenConfiguration")
        failure = Failure(attempts, str(error), _kind(error), last)
        if _noted(lambda: notes(record.body).failed(failure)):
            return _given_up(attempts, str(error))
        count("MessageKept")
        logger.warning("the message is kept and comes again", extra={"problem": str(error), "attempts": attempts})
        consumed.postpone(record.receipt_handle, consumed.backoff.seconds(attempts, wanted))
        return False
    except Exception as error:
        defect = Failure(attempts, f"a defect: {type(error).__name__}", FailureKind.DEFECT, last)
        _noted(lambda: notes(record.body).failed(defect))
        raise
    return True


def _kind(error: BridgeError) -> FailureKind:
    if isinstance(error, BrokenConfiguration):
        return FailureKind.CONFIGURATION
    return FailureKind.REFUSED if isinstance(error, Refused) else FailureKind.RETRY


def _given_up(attempts: int, problem: str) -> bool:
    count("MessageGivenUp")
    logger.warning("the message is given up", extra={"problem": problem, "attempts": attempts})
    return True


def _noted(note: Callable[[], bool]) -> bool:
    try:
        return note()
    except BridgeError as error:
        logger.warning("the ledger doesn't take the reason of a failure", extra={"problem": str(error)})
        return False
