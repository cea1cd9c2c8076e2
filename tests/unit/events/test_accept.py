"""What the webhook does with each record of a body: queue it, drop it, or keep it as malformed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from access_bridge.events.accept import MAX_MALFORMED, accept
from access_bridge.events.audit_event import TYPES

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
EVENT: dict[str, Any] = {"event": "access_request.create", "id": ID, "uid": "u-1", "user": "alice"}


def body(*records: object) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_the_five_types_are_queued(kind: str) -> None:
    accepted = accept(body({**EVENT, "event": kind}))
    assert [(event.event, event.id, event.uid) for event in accepted.events] == [(kind, ID, "u-1")]
    assert (accepted.malformed, accepted.ignored) == ((), 0)


@pytest.mark.parametrize("kind", ["user.login", "access_request.search", "access_request", "", "session.upload"])
def test_other_events_are_counted_and_dropped(kind: str) -> None:
    accepted = accept(body({"event": kind, "id": "no uuid"}, EVENT))
    assert (len(accepted.events), accepted.malformed, accepted.ignored) == (1, (), 1)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({}, "no audit event: it has no text under 'event'"),
        ({"event": 7}, "no audit event: it has no text under 'event'"),
        ([1], "no audit event: it has no text under 'event'"),
        ("text", "no audit event: it has no text under 'event'"),
        (None, "no audit event: it has no text under 'event'"),
        ({**EVENT, "id": "x"}, "its 'id' is no UUID"),
        ({**EVENT, "id": None}, "its 'id' is no UUID"),
        ({"event": "access_request.review"}, "its 'id' is no UUID"),
    ],
)
def test_what_is_no_event_is_kept_with_the_problem_and_its_neighbour_is_queued(record: object, problem: str) -> None:
    accepted = accept(body([record], EVENT))
    assert [event.id for event in accepted.events] == [ID]
    assert [item.problem for item in accepted.malformed] == [problem]


def test_an_event_in_an_envelope_is_queued_with_its_own_fields() -> None:
    accepted = accept(body({"message": json.dumps(EVENT), "host": "shipper"}))
    assert [(event.id, event.user) for event in accepted.events] == [(ID, "alice")]


def test_a_long_malformed_record_is_cut_with_a_mark() -> None:
    (item,) = accept(b"x" * 100_000).malformed
    assert (len(item.text), item.text[-8:]) == (8192 + len("… [cut]"), "x… [cut]")


def test_the_same_malformed_record_has_the_same_id_and_another_one_another() -> None:
    first, second, other = (accept(text).malformed[0] for text in (b"nonsense", b"nonsense", b"else"))
    assert first.id == second.id != other.id
    assert len(first.id) == 64


def test_a_body_that_is_rubbish_throughout_is_kept_in_part_and_says_how_much_more_there_was() -> None:
    accepted = accept(b"nonsense\n" * 5000 + body(EVENT))
    assert [event.id for event in accepted.events] == [ID]
    assert len(accepted.malformed) == MAX_MALFORMED + 1
    assert accepted.malformed[-1].problem == "4900 more malformed records of the same body"


def test_a_deeply_nested_record_is_kept_as_malformed() -> None:
    nested = b'{"a":' * 900 + b"1" + b"}" * 900
    assert len(accept(b"[" + nested + b"]").malformed) == 1


@settings(max_examples=250)
@given(st.binary(max_size=400))
@example(b"\x1f\x8b")
@example(b'{"event": "access_request.create", "id": "\\ud800"}')
@example(b'{"event": "access_request.create", "id": "' + ID.encode() + b'", "user_kind": NaN}')
def test_no_body_raises_and_a_good_line_after_it_is_queued(rubbish: bytes) -> None:
    accepted = accept(rubbish)
    json.dumps([item.text for item in accepted.malformed])
    if not rubbish.startswith(b"\x1f\x8b"):
        assert ID in [event.id for event in accept(rubbish + b"\n" + body(EVENT)).events]
