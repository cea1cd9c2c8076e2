"""Messages for the FIFO queues, and sending them in batches that SQS takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.aws.queues import (
    MAX_BATCH_BYTES,
    MAX_ENTRIES,
    Message,
    Queue,
    decision_message,
    event_message,
    look_message,
    malformed_message,
)
from access_bridge.decisions.callback import Callback
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.errors import Retry
from access_bridge.events.accept import accept
from access_bridge.events.audit_event import MAX_EVENT_BYTES, AuditEvent

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
SYS_ID = "0123456789abcdef0123456789abcdef"
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/tickets.fifo"
Answer = Callable[[Sequence[dict[str, str]]], list[str]]


class SqsDouble:
    """Takes batches as SQS does; `refusals` says for each call which bodies fail."""

    def __init__(self, refusals: Iterable[Answer] = ()) -> None:
        self.batches: list[list[str]] = []
        self.taken: list[str] = []
        self._refusals = iter(refusals)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        assert QueueUrl == URL
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 262_144
        refused = next(self._refusals, lambda _: [])(Entries)
        bodies = [entry["MessageBody"] for entry in Entries]
        self.batches.append(bodies)
        self.taken += [body for body in bodies if body not in refused]
        failed = [
            {"Id": entry["Id"], "Code": "ServiceUnavailable", "SenderFault": False}
            for entry in Entries
            if entry["MessageBody"] in refused
        ]
        answer: dict[str, Any] = {"Successful": [{"Id": entry["Id"]} for entry in Entries]}
        return {**answer, "Failed": failed} if failed else answer


class BrokenSqs:
    """Can't be reached, or refuses the whole call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_message_batch(self, **_: object) -> dict[str, Any]:
        raise self._error


def no_wait(_: float) -> None:
    pass


def messages(*bodies: str) -> list[Message]:
    return [Message(body, ID) for body in bodies]


def test_nothing_to_send_calls_nobody() -> None:
    sqs = SqsDouble()
    Queue(sqs, URL).send([])
    assert sqs.batches == []


def test_batches_hold_at_most_ten_messages_in_order() -> None:
    sqs = SqsDouble()
    bodies = [str(number) for number in range(25)]
    Queue(sqs, URL).send(messages(*bodies))
    assert [len(batch) for batch in sqs.batches] == [10, 10, 5]
    assert sqs.taken == bodies


def test_a_batch_is_split_where_its_bytes_would_be_too_many() -> None:
    sqs = SqsDouble()
    bodies = [letter * 100_000 for letter in "abcde"]
    Queue(sqs, URL).send(messages(*bodies))
    assert [len(batch) for batch in sqs.batches] == [2, 2, 1]


def test_bytes_count_and_not_characters() -> None:
    sqs = SqsDouble()
    Queue(sqs, URL).send(messages(*(character * 60_000 for character in "äöü")))
    assert [len(batch) for batch in sqs.batches] == [2, 1]


@given(st.lists(st.integers(1, MAX_BATCH_BYTES), max_size=12))
def test_every_message_is_sent_once_whatever_their_sizes(sizes: list[int]) -> None:
    sqs = SqsDouble()
    bodies = [f"{number}:".ljust(size, "x") for number, size in enumerate(sizes)]
    Queue(sqs, URL).send(messages(*bodies))
    assert sqs.taken == bodies
    assert all(len(batch) <= MAX_ENTRIES for batch in sqs.batches)


def test_what_a_batch_refuses_in_part_is_sent_again_alone() -> None:
    waits: list[float] = []
    sqs = SqsDouble([lambda _: ["b", "c"], lambda _: ["c"]])
    Queue(sqs, URL, sleep=waits.append).send(messages("a", "b", "c"))
    assert sqs.batches == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert sorted(sqs.taken) == ["a", "b", "c"]
    assert waits == [0.2, 0.4]


def test_what_is_refused_three_times_is_an_error_that_names_the_cause() -> None:
    def always(entries: Sequence[dict[str, str]]) -> list[str]:
        return [entries[-1]["MessageBody"]]

    sqs = SqsDouble([always] * 3)
    with pytest.raises(Retry, match=r"refused 1 message\(s\): ServiceUnavailable"):
        Queue(sqs, URL, sleep=no_wait).send(messages("a", "b"))
    assert len(sqs.batches) == 3


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (EndpointConnectionError(endpoint_url=URL), "EndpointConnectionError"),
        (ClientError({"Error": {"Code": "RequestThrottled", "Message": "slow down"}}, "SendMessageBatch"), "Throttled"),
    ],
)
def test_a_queue_that_cannot_be_reached_means_try_again(error: Exception, name: str) -> None:
    with pytest.raises(Retry, match="the queue can't be reached") as caught:
        Queue(BrokenSqs(error), URL).send(messages("a"))
    assert URL not in str(caught.value)
    assert "slow down" not in str(caught.value)


def test_an_entry_carries_group_and_deduplication_id() -> None:
    entries: list[dict[str, str]] = []

    def look(sent: Sequence[dict[str, str]]) -> list[str]:
        entries.extend(sent)
        return []

    Queue(SqsDouble([look]), URL).send([Message("body", "group", "once")])
    assert entries == [{"Id": "0", "MessageBody": "body", "MessageGroupId": "group", "MessageDeduplicationId": "once"}]


def test_an_events_message_is_in_its_requests_group_and_deduplicated_by_its_uid() -> None:
    event = AuditEvent(uid="u-1", event="access_request.create", id=ID, user="alice")
    message = event_message(event)
    assert (message.group, message.deduplication_id) == (ID, "u-1")
    assert json.loads(message.body) == {
        "request_id": ID,
        "event": {"uid": "u-1", "event": "access_request.create", "id": ID, "user": "alice"},
    }


def test_the_largest_event_fits_into_a_message() -> None:
    values = {"event": "access_request.create", "id": ID, "roles": ["🧗" * 4000] * 200, "reason": "🧗" * 5000}
    message = event_message(AuditEvent.from_record(values))
    assert message.size < MAX_EVENT_BYTES + 200


def test_each_look_without_a_deduplication_id_is_one_of_its_own() -> None:
    first, second = look_message(ID), look_message(ID)
    assert first.body == second.body == f'{{"request_id":"{ID}"}}'
    assert first.deduplication_id != second.deduplication_id
    assert UUID(first.deduplication_id)
    assert look_message(ID, "pass").deduplication_id == "pass"


def test_a_decisions_message_carries_ids_and_the_claim_and_no_identity() -> None:
    callback = Callback(table="incident", sys_id=SYS_ID, request_id=ID, decision="approved")
    message = decision_message(DecisionMessage.of(callback, "f" * 32))
    assert message.group == ID
    assert json.loads(message.body) == {
        "decision_id": "f" * 32,
        "table": "incident",
        "sys_id": SYS_ID,
        "request_id": ID,
        "decision": "approved",
    }


def test_the_same_malformed_record_is_kept_once() -> None:
    first, second = (malformed_message(accept(b"nonsense").malformed[0]) for _ in range(2))
    assert first == second
    assert (first.group, json.loads(first.body)) == (
        "malformed",
        {"malformed": "nonsense", "problem": "no JSON: JSONDecodeError"},
    )


def test_a_malformed_record_of_any_characters_fits_into_a_message() -> None:
    message = malformed_message(accept("🧗".encode() * 50_000).malformed[0])
    assert message.size < MAX_BATCH_BYTES
