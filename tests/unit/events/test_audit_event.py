"""What is kept of an audit event, and that whatever else it carries does no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.events.audit_event import MAX_EVENT_BYTES, AuditEvent, digest

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
CREATE: dict[str, Any] = {"event": "access_request.create", "id": ID, "uid": "u-1"}


def kept(**fields: Any) -> dict[str, Any]:
    """What is kept of a create event with these fields, beside type and id."""
    values = AuditEvent.from_record({**CREATE, **fields}).fields()
    return {name: value for name, value in values.items() if name not in CREATE}


def test_the_fields_that_we_use_are_kept_and_no_others() -> None:
    assert kept(user="alice", roles=["dba"], cluster_name="c", ei=0, code="T5000I", impersonator="x") == {
        "user": "alice",
        "roles": ["dba"],
        "cluster_name": "c",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"user": None},
        {"user": 7},
        {"roles": "dba"},
        {"roles": {"dba": 1}},
        {"roles": [1, None, {}]},
        {"annotations": ["x"]},
        {"annotations": {"x": "y"}},
        {"annotations": {"": ["y"]}},
        {"resource_ids": "x"},
        {"resource_ids": ["x"]},
        {"resource_names": [["x"]]},
        {"user_kind": "1"},
        {"user_kind": True},
        {"user_kind": 1.5},
        {"user_kind": 10**60},
        {"time": 12},
    ],
)
def test_a_field_of_a_wrong_type_is_dropped_and_the_event_is_kept(fields: dict[str, Any]) -> None:
    assert kept(**fields) == {}


def test_an_event_without_a_time_is_kept() -> None:
    assert AuditEvent.from_record(CREATE).time == ""


@pytest.mark.parametrize("request_id", ["", "x", "not-a-uuid", f"{ID}x", None, 7, ["x"], "\ud800"])
def test_what_has_no_uuid_for_an_id_is_refused(request_id: object) -> None:
    with pytest.raises(ValueError):
        AuditEvent.from_record({**CREATE, "id": request_id})


def test_another_type_of_event_is_refused() -> None:
    with pytest.raises(ValueError):
        AuditEvent.from_record({**CREATE, "event": "user.login"})


def test_the_id_is_written_in_its_usual_form() -> None:
    assert AuditEvent.from_record({**CREATE, "id": ID.upper()}).id == ID


@pytest.mark.parametrize("uid", [None, "", 7, "x" * 129, "with space", "ünïcode", "new\nline", "\ud800"])
def test_an_event_without_a_usable_uid_gets_one_of_its_content(uid: object) -> None:
    """It becomes SQS's deduplication id, which takes 128 ASCII characters."""
    record = {**CREATE, "uid": uid, "user": "alice"}
    event = AuditEvent.from_record(record)
    assert event.uid == AuditEvent.from_record(dict(reversed(record.items()))).uid == digest(record)
    assert event.uid != AuditEvent.from_record({**record, "user": "bob"}).uid
    assert (event.uid.isascii(), len(event.uid)) == (True, 64)


def test_a_long_text_is_cut_with_a_mark() -> None:
    reason = kept(reason="x" * 5000)["reason"]
    assert (len(reason), reason[-8:]) == (4096, "x… [cut]")


def test_a_long_list_is_cut_with_a_mark() -> None:
    roles = kept(roles=[f"role-{number}" for number in range(300)])["roles"]
    assert (len(roles), roles[0], roles[-1]) == (201, "role-0", "… [cut]")


HUGE = "🧗" * 4096


@pytest.mark.parametrize(
    "fields",
    {
        "annotations": {"annotations": {f"key-{number}": ["x" * 4000] for number in range(100)}},
        "resources": {"resource_ids": [{"name": "x" * 4000}] * 100, "resource_names": ["x" * 4000] * 100},
        "roles": {"roles": ["x" * 4000] * 100},
        "texts that JSON writes with twelve characters for one": {
            name: HUGE for name in ("user", "reason", "delegator", "updated_by", "reviewer", "cluster_name", "expiry")
        },
    }.values(),
)
def test_no_event_is_larger_than_64_kib(fields: dict[str, Any]) -> None:
    event = AuditEvent.from_record({**CREATE, "state": "PENDING", **fields})
    assert event.size() <= MAX_EVENT_BYTES
    assert (event.id, event.uid, event.state) == (ID, "u-1", "PENDING")


def test_where_texts_alone_are_too_much_their_beginnings_stay() -> None:
    values = kept(**{name: HUGE for name in ("user", "reason", "delegator", "updated_by", "reviewer", "expiry")})
    assert all(value.startswith("🧗" * 100) and value.endswith("… [cut]") for value in values.values())


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    assert kept(reason="a\ud800b", roles=["\udfff"]) == {"reason": "a\ufffdb", "roles": ["\ufffd"]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(sorted(AuditEvent.model_fields)), VALUES)


@given(FIELDS)
def test_whatever_the_fields_hold_an_event_with_a_good_id_is_kept_and_can_be_sent(fields: dict[str, Any]) -> None:
    event = AuditEvent.from_record({**fields, "event": "access_request.create", "id": ID})
    sent = json.loads(json.dumps(event.fields()))
    assert AuditEvent.model_validate(sent) == event
    assert event.size() <= MAX_EVENT_BYTES
