"""What each kind of failure means for the message in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from access_bridge.aws.consume import Backoff, Consumed, FailureNotes, consume
from access_bridge.errors import BridgeError, BrokenConfiguration, OutcomeUnknown, Refused, Retry
from access_bridge.ledger.items import Failure, FailureKind

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/tickets.fifo"


def sqs_event(*bodies: str, attempts: int = 1) -> dict[str, Any]:
    """An event as Lambda's poller sends it."""
    return {
        "Records": [
            {
                "messageId": f"message-{body}",
                "receiptHandle": f"receipt-{body}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(attempts), "MessageGroupId": "g"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:tickets.fifo",
            }
            for body in bodies
        ]
    }


@dataclass
class SqsDouble:
    """Keeps the visibility that each message was given."""

    visibility: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        assert QueueUrl == URL
        assert 0 <= VisibilityTimeout <= 43_200
        if self.error:
            raise self.error
        self.visibility[ReceiptHandle] = VisibilityTimeout


@dataclass
class Desk:
    """A consumer at work: what it is to raise, and what it wrote down."""

    error: Exception | None = None
    sqs: SqsDouble = field(default_factory=SqsDouble)
    handled: list[str] = field(default_factory=list)
    noted: list[tuple[str, Failure]] = field(default_factory=list)
    begun: list[tuple[int, bool]] = field(default_factory=list)
    ledger_error: BridgeError | None = None
    gives_up: bool = False
    gives_up_before: bool = False

    def handle(self, body: str) -> None:
        self.handled.append(body)
        if self.error:
            raise self.error

    def notes(self, body: str) -> FailureNotes:
        return _Notes(self, body)

    def work(self, event: dict[str, Any], queue: Callable[[], Consumed] | None = None) -> list[str]:
        """Handle an event and return the ids of the messages that are kept."""
        consumed = Consumed(URL, self.sqs, Backoff(base_seconds=5, max_receive_count=100))
        answer = consume(event, handle=self.handle, notes=self.notes, queue=queue or (lambda: consumed))
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@dataclass
class _Notes:
    desk: Desk
    body: str

    def begun(self, attempts: int, *, last: bool) -> bool:
        if self.desk.ledger_error:
            raise self.desk.ledger_error
        assert not self.desk.handled, "that an attempt begins stands in the ledger before it does"
        self.desk.begun.append((attempts, last))
        return self.desk.gives_up_before

    def failed(self, failure: Failure) -> bool:
        if self.desk.ledger_error:
            raise self.desk.ledger_error
        assert not self.desk.sqs.visibility, "the reason stands in the ledger before the message is postponed"
        self.desk.noted.append((self.body, failure))
        return self.desk.gives_up


def test_a_message_that_was_handled_is_gone() -> None:
    desk = Desk()
    assert desk.work(sqs_event("a")) == []
    assert (desk.handled, desk.noted, desk.sqs.visibility) == (["a"], [], {})


BROKEN = BrokenConfiguration("SERVICENOW_URL", "is not set.", "Set it.")


@pytest.mark.parametrize(
    ("error", "attempts", "seconds", "reason", "kind"),
    [
        (Retry("down"), 1, 5, "down", "retry"),
        (Retry("down"), 2, 10, "down", "retry"),
        (Retry("down"), 5, 80, "down", "retry"),
        (Retry("down"), 8, 600, "down", "retry"),
        (Retry("down"), 99, 600, "down", "retry"),
        (Retry("too many", after=17), 1, 17, "too many", "retry"),
        (Retry("too many", after=17), 9, 600, "too many", "retry"),
        (Retry("too many", after=0), 1, 5, "too many", "retry"),
        (Retry("too many", after=100_000), 1, 1200, "too many", "retry"),
        (OutcomeUnknown("no answer", after=65), 1, 65, "no answer", "retry"),
        (OutcomeUnknown("no answer", after=64.2), 1, 65, "no answer", "retry"),
        (OutcomeUnknown("no answer"), 1, 5, "no answer", "retry"),
        (Refused("no"), 3, 20, "no", "refused"),
        (BROKEN, 4, 40, "SERVICENOW_URL: is not set. Set it.", "configuration"),
    ],
)
def test_a_message_that_failed_is_kept_noted_and_postponed(
    error: BridgeError, attempts: int, seconds: int, reason: str, kind: str
) -> None:
    desk = Desk(error)
    assert desk.work(sqs_event("a", attempts=attempts)) == ["message-a"]
    assert desk.noted == [("a", Failure(attempts, reason, FailureKind(kind)))]
    assert desk.sqs.visibility == {"receipt-a": seconds}


@pytest.mark.parametrize(("attempts", "last"), [(99, False), (100, True), (101, True)])
def test_the_last_attempt_before_the_dead_letters_is_marked(attempts: int, last: bool) -> None:
    desk = Desk(Retry("down"))
    desk.work(sqs_event("a", attempts=attempts))
    assert desk.noted == [("a", Failure(attempts, "down", FailureKind.RETRY, last))]


@pytest.mark.parametrize("attempts", [2, 7, 100])
def test_that_another_attempt_begins_is_noted_before_it_does_for_one_that_is_killed_says_nothing(attempts: int) -> None:
    desk = Desk()
    assert desk.work(sqs_event("a", attempts=attempts)) == []
    assert desk.begun == [(attempts, attempts == 100)]
    assert desk.handled == ["a"]


def test_a_first_attempt_costs_no_note_unless_it_is_the_last_too() -> None:
    desk = Desk()
    desk.work(sqs_event("a"))
    assert desk.begun == []
    only_one = Consumed(URL, desk.sqs, Backoff(base_seconds=5, max_receive_count=1))
    desk = Desk()
    desk.work(sqs_event("a"), lambda: only_one)
    assert desk.begun == [(1, True)]


def test_a_ledger_that_cannot_note_the_beginning_does_not_hold_up_the_work() -> None:
    desk = Desk(ledger_error=Retry("the ledger is down"))
    assert desk.work(sqs_event("a", attempts=2)) == []
    assert desk.handled == ["a"]


def test_a_message_that_is_given_up_before_it_is_tried_again_is_gone_untried() -> None:
    desk = Desk(gives_up_before=True)
    assert desk.work(sqs_event("a", attempts=13)) == []
    assert (desk.handled, desk.sqs.visibility) == ([], {})


def test_a_message_that_is_given_up_is_gone_once_its_reason_is_noted() -> None:
    desk = Desk(Retry("down"), gives_up=True)
    assert desk.work(sqs_event("a", attempts=12)) == []
    assert desk.noted == [("a", Failure(12, "down", FailureKind.RETRY))]
    assert desk.sqs.visibility == {}


def test_a_defect_is_noted_without_its_text_and_raised_so_that_the_alarm_means_one() -> None:
    desk = Desk(KeyError("a secret"))
    with pytest.raises(KeyError):
        desk.work(sqs_event("a"))
    assert desk.noted == [("a", Failure(1, "a defect: KeyError", FailureKind.DEFECT))]
    assert desk.sqs.visibility == {}


def test_a_ledger_that_cannot_note_it_does_not_hide_the_failure() -> None:
    desk = Desk(Retry("down"), ledger_error=Retry("the ledger is down too"))
    assert desk.work(sqs_event("a")) == ["message-a"]
    assert desk.sqs.visibility == {"receipt-a": 5}


def test_a_back_off_that_cannot_be_set_does_not_hide_the_failure() -> None:
    gone = ClientError({"Error": {"Code": "ReceiptHandleIsInvalid"}}, "ChangeMessageVisibility")
    desk = Desk(Retry("down"), sqs=SqsDouble(error=gone))
    assert desk.work(sqs_event("a")) == ["message-a"]


def test_where_the_queues_settings_are_wrong_every_message_stays_and_nothing_is_handled() -> None:
    def unusable() -> Consumed:
        raise BROKEN

    desk = Desk()
    assert desk.work(sqs_event("a", "b"), unusable) == ["message-a", "message-b"]
    assert desk.handled == []


def test_no_wait_is_longer_than_the_longest_but_what_the_cause_asks_for_up_to_twice_that() -> None:
    backoff = Backoff(base_seconds=1, max_receive_count=100, longest_seconds=20)
    assert [backoff.seconds(attempts, None) for attempts in (1, 2, 5, 6, 99)] == [1, 2, 16, 20, 20]
    assert [backoff.seconds(1, wanted) for wanted in (0.5, 30, 3600)] == [1, 30, 40]


def test_the_attempts_of_a_configured_hundred_outlast_twelve_hours() -> None:
    backoff = Backoff(base_seconds=5, max_receive_count=100)
    total = sum(backoff.seconds(attempts, None) for attempts in range(1, backoff.max_receive_count))
    assert total > 12 * 3600
