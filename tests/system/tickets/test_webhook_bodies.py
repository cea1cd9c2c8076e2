"""Whatever a body holds, the exporter gets its 200, each event in it is worked on, and what is no event is kept."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.system import LocalSystem
from local.teleport.audit import AuditEvent
from local.teleport.forwarder import event_body
from tests.system.tickets.asking import (
    Since,
    approve,
    ask,
    events_in_ledger,
    events_of,
    incidents,
    made_up_event,
    notes,
    post,
    times_told,
)

EXAMPLES = 205

# An end of a request that nobody knows: the ledger keeps the event, and no incident comes of it.
_VALID = st.builds(
    lambda number: made_up_event("access_request.expire", str(uuid.UUID(int=number))), st.integers(1, 2**128 - 1)
)
_TEXT = st.text(max_size=40)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_NEARLY_AN_EVENT = st.fixed_dictionaries(
    {"event": st.sampled_from(["access_request.create", "access_request.review", "user.login"]) | _JSON},
    optional={
        "id": _JSON | st.just("not-a-uuid"),
        "uid": _JSON,
        "roles": _JSON,
        "time": _JSON,
        "cluster_name": _JSON,
        "annotations": _JSON,
        "resource_ids": _JSON,
        "user_kind": _JSON,
    },
)
_NOT_JSON = st.sampled_from(
    [b"{", b"[", b"]", b"}", b"{]", b'{"event":', b'"open', b"\\", b"nul", b"{'a': 1}", b"\xff\xfe", b"\x00", b"," * 5]
) | st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b" ").replace(b"\x1f\x8b", b""))
_JUNK = (_JSON | _NEARLY_AN_EVENT).map(lambda value: json.dumps(value).encode()) | _NOT_JSON


@dataclass
class Body:
    """A body and the valid events in it."""

    content: bytes
    events: list[AuditEvent] = field(default_factory=list)


def _lines(parts: Iterable[bytes | AuditEvent]) -> Body:
    parts = list(parts)
    content = b"\n".join(part if isinstance(part, bytes) else event_body(part) for part in parts)
    return Body(content, [part for part in parts if not isinstance(part, bytes)])


def _broken_array(parts: Iterable[bytes | AuditEvent]) -> Body:
    body = _lines(parts)
    return Body(b"[" + body.content.replace(b"\n", b", ") + b"]", body.events)


def _array(parts: Iterable[Any]) -> Body:
    parts = list(parts)
    events = [part for part in parts if isinstance(part, dict) and part.get("event") == "access_request.expire"]
    return Body(json.dumps(parts).encode(), events)


_BODIES = (
    st.lists(_JUNK | _VALID, min_size=1, max_size=4).map(_lines)
    | st.tuples(st.lists(_JUNK, max_size=2), _VALID, st.lists(_JUNK, max_size=2)).map(
        lambda p: _lines([*p[0], p[1], *p[2]])
    )
    | st.lists(_JSON | _NEARLY_AN_EVENT | _VALID, max_size=4).map(_array)
    | st.lists(st.sampled_from([b"nul", b"1.2.3", b"'a'", b"\\"]) | _VALID, max_size=4).map(_broken_array)
    | st.binary(max_size=200).map(Body)
)


def test_no_body_is_answered_with_an_error_and_no_valid_event_in_it_is_lost(system: LocalSystem) -> None:
    expected: list[AuditEvent] = []
    answers: list[int] = []

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(_BODIES, st.sampled_from(["application/json", "text/plain", "application/x-ndjson"]), st.booleans())
    def each(body: Body, content_type: str, compressed: bool) -> None:
        content = gzip.compress(body.content) if compressed else body.content
        answer = post(system, content, Content_Type=content_type)
        answers.append(answer.status_code)
        assert answer.status_code == 200, (body, answer.text)
        expected.extend(body.events)

    each()
    assert len(answers) >= 200
    system.settle()
    lost = [event for event in expected if event["uid"] not in events_in_ledger(system, event["id"])]
    assert lost == []
    assert len(expected) > 100
    dead = system.dead_letters()
    assert {message.group for message in dead} == {"malformed"}
    assert all(json.loads(message.body).keys() == {"malformed", "problem"} for message in dead)


FORMS: dict[str, Callable[[list[AuditEvent]], bytes]] = {
    "array": lambda events: json.dumps(events).encode(),
    "compressed array": lambda events: gzip.compress(json.dumps(events).encode()),
    "lines": lambda events: b"\n".join(map(event_body, events)),
    "compressed lines": lambda events: gzip.compress(b"\r\n".join(map(event_body, events)) + b"\r\n"),
    "compressed one by one": lambda events: b"".join(gzip.compress(event_body(event)) for event in events),
    "concatenated": lambda events: b"".join(map(event_body, events)),
    "indented after a byte order mark": lambda events: b"\xef\xbb\xbf" + json.dumps(events, indent=2).encode(),
    "as text of a log line": lambda events: json.dumps(
        [{"date": 1.5, "log": json.dumps(one)} for one in events]
    ).encode(),
    "in an envelope": lambda events: json.dumps([{"timestamp": "x", "event": one} for one in events]).encode(),
    "with added keys": lambda events: json.dumps([{**one, "kubernetes": {"pod": "x"}} for one in events]).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_events_are_accepted_in_whatever_form_a_shipper_sends_them(system: LocalSystem, form: str) -> None:
    system.stop_forwarding()
    request_id = ask(system, "dave", reason="… \n größer")
    approve(system, request_id, "bob", "größer")
    events = events_of(system, request_id)
    answer = post(system, FORMS[form](events), **({"Content_Encoding": "gzip"} if "compressed" in form else {}))
    assert (answer.status_code, answer.json()) == (200, {"queued": 2})
    system.settle()
    assert events_in_ledger(system, request_id) == {event["uid"] for event in events}
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert "größer" in notes(system, request_id)[0]


def test_an_event_without_its_time_or_uid_is_good_enough(system: LocalSystem) -> None:
    system.stop_forwarding()
    request_id = ask(system)
    (event,) = events_of(system, request_id)
    bare = event_body({name: value for name, value in event.items() if name not in ("time", "uid")})
    for _ in range(2):
        assert post(system, bare).json() == {"queued": 1}
        system.settle()
        assert len(events_in_ledger(system, request_id)) == 1
        assert (len(incidents(system, request_id)), notes(system, request_id)) == (1, [])


def test_other_audit_events_are_answered_and_dropped(system: LocalSystem) -> None:
    since = Since(system)
    names = ["user.login", "access_request.search", "session.start", "bot.join", "cert.create"]
    answer = post(system, json.dumps([{"event": name, "uid": name, "id": "x"} for name in names]).encode())
    assert (answer.status_code, answer.json()) == (200, {"queued": 0})
    assert since.counted("EventIgnored", len(names)) == len(names)
    assert system.dead_letters() == []


@pytest.mark.parametrize(
    "body",
    [b"not json", b'{"event": 7}', b"[[]]", b"null", b'{"event": "access_request.create", "id": "../../etc/passwd"}'],
)
def test_what_is_no_event_lies_among_the_dead_letters_for_a_person_to_see(system: LocalSystem, body: bytes) -> None:
    since = Since(system)
    answer = post(system, body)
    assert (answer.status_code, answer.json()) == (200, {"queued": 0})
    (dead,) = system.dead_letters()
    assert dead.group == "malformed"
    assert json.loads(dead.body)["problem"]
    assert since.counted("EventMalformed") == 1


def test_a_huge_malformed_record_is_kept_cut(system: LocalSystem) -> None:
    assert post(system, b"x" * 5_000_000).status_code == 200
    (dead,) = system.dead_letters()
    assert len(dead.body) < 20_000
    assert "[cut]" in dead.body


def test_many_events_and_long_texts_in_one_body_all_arrive(system: LocalSystem) -> None:
    long = [made_up_event("access_request.expire", str(uuid.uuid4()), reason="x" * 300_000) for _ in range(5)]
    many = [made_up_event("access_request.expire", str(uuid.uuid4())) for _ in range(25)]
    assert post(system, json.dumps([*long, *many]).encode()).json() == {"queued": 30}
    system.settle()
    for event in (*long, *many):
        assert events_in_ledger(system, event["id"]) == {event["uid"]}


def test_an_empty_body_is_answered(system: LocalSystem) -> None:
    for body in (b"", b"\n\n", b"[]", gzip.compress(b"")):
        assert post(system, body).status_code == 200
    assert system.dead_letters() == []
