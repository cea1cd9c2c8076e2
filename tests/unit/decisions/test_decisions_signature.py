"""The signature of a callback and its body, on plain values. The MACs are made here with nothing but the standard
library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_bridge.decisions.callback import Callback, Malformed, NotGenuine, decode_keys, read, verify
from access_bridge.errors import BrokenConfiguration
from tests.unit.decisions.values import DECISION_ID, REQUEST_ID, TICKET_ID

KEY = bytes(range(32))
NOW = 1_793_534_400
BODY = json.dumps({"table": "incident", "sys_id": TICKET_ID, "request_id": REQUEST_ID, "decision": "approved"}).encode()
TIMESTAMP, EVENT_ID, SIGNATURE = "x-bridge-timestamp", "x-bridge-event-id", "x-bridge-signature"


def signed(
    body: bytes = BODY, *, key: bytes = KEY, timestamp: str = str(NOW), event_id: str = DECISION_ID
) -> dict[str, str]:
    """Return the headers of a callback."""
    mac = hmac.new(key, f"v1.{timestamp}.{event_id}.".encode() + body, hashlib.sha256).digest()
    return {TIMESTAMP: timestamp, EVENT_ID: event_id, SIGNATURE: f"v1={base64.b64encode(mac).decode()}"}


def test_a_genuine_callback_gives_its_event_id() -> None:
    assert verify(signed(), BODY, [KEY], NOW) == DECISION_ID


def test_either_of_two_keys_is_good_and_a_third_is_not() -> None:
    old, other = b"o" * 32, b"x" * 32
    for key in (KEY, old):
        assert verify(signed(key=key), BODY, [KEY, old], NOW) == DECISION_ID
    with pytest.raises(NotGenuine):
        verify(signed(key=other), BODY, [KEY, old], NOW)
    with pytest.raises(NotGenuine):
        verify(signed(), BODY, [], NOW)


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_callback_is_fresh_for_300_seconds_either_way(age: int, fresh: bool) -> None:
    headers = signed(timestamp=str(NOW - age))
    if fresh:
        assert verify(headers, BODY, [KEY], NOW)
    else:
        with pytest.raises(NotGenuine, match="stale"):
            verify(headers, BODY, [KEY], NOW)


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", f" {NOW}", f"{NOW}.0", "٣" * 10, "9" * 13, f"{NOW}\n"])
def test_a_timestamp_is_whole_seconds_and_nothing_else(timestamp: str) -> None:
    with pytest.raises(NotGenuine):
        verify(signed(timestamp=timestamp), BODY, [KEY], NOW)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "v1=",
        "v1",
        "v2=" + "A" * 43 + "=",
        "v1=" + "A" * 43,
        "v1=" + "A" * 44,
        "v1=é" + "A" * 42 + "=",
        "A" * 43 + "=",
    ],
)
def test_a_malformed_signature_is_refused(signature: str) -> None:
    with pytest.raises(NotGenuine):
        verify(signed() | {SIGNATURE: signature}, BODY, [KEY], NOW)


@pytest.mark.parametrize("missing", [TIMESTAMP, EVENT_ID, SIGNATURE])
def test_a_callback_without_one_of_its_headers_is_refused(missing: str) -> None:
    headers = {name: value for name, value in signed().items() if name != missing}
    with pytest.raises(NotGenuine):
        verify(headers, BODY, [KEY], NOW)


@settings(deadline=None)
@given(
    body=st.binary(min_size=1, max_size=200),
    event_id=st.text(string.hexdigits, min_size=1, max_size=32),
    key=st.binary(min_size=32, max_size=64),
    age=st.integers(-300, 300),
    part=st.sampled_from(["body", TIMESTAMP, EVENT_ID, SIGNATURE]),
    data=st.data(),
)
def test_any_one_altered_byte_is_refused(
    *, body: bytes, event_id: str, key: bytes, age: int, part: str, data: st.DataObject
) -> None:
    headers = signed(body, key=key, timestamp=str(NOW - age), event_id=event_id)
    assert verify(headers, body, [key], NOW) == event_id
    if part == "body":
        body = altered(body, data)
    else:
        headers[part] = altered(headers[part].encode(), data).decode("latin-1")
    with pytest.raises(NotGenuine):
        verify(headers, body, [key], NOW)


def altered(text: bytes, data: st.DataObject) -> bytes:
    position = data.draw(st.integers(0, len(text) - 1), label="position")
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[position]), label="byte")
    return text[:position] + bytes([byte]) + text[position + 1 :]


@settings(deadline=None)
@given(position=st.integers(0, 45))
def test_a_signature_that_is_cut_short_is_refused(position: int) -> None:
    headers = signed()
    with pytest.raises(NotGenuine):
        verify(headers | {SIGNATURE: headers[SIGNATURE][:position]}, BODY, [KEY], NOW)


# ---- keys


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_keys_are_the_bytes_of_their_base64_text() -> None:
    assert decode_keys([encoded(KEY)]) == (KEY,)
    assert decode_keys([encoded(KEY), encoded(b"o" * 48)]) == (KEY, b"o" * 48)
    assert len(decode_keys(["a1" * 22])[0]) == 33  # as the stack makes it: 44 letters and digits


@pytest.mark.parametrize("text", ["", "short", encoded(b"x" * 31), "not Base64 at all!" * 4, "é" * 44])
def test_a_current_key_that_is_none_names_the_setting_and_a_previous_one_is_left_out(text: str) -> None:
    with pytest.raises(BrokenConfiguration) as error:
        decode_keys([text, encoded(KEY)])
    assert error.value.setting == "CALLBACK_SECRET_ARN"
    assert not text or text not in str(error.value)
    assert decode_keys([encoded(KEY), text]) == (KEY,)


# ---- the body


def body(**changes: object) -> bytes:
    return json.dumps(json.loads(BODY) | changes).encode()


def test_a_callback_says_which_decision_on_which_ticket() -> None:
    assert read(BODY, DECISION_ID) == Callback(
        table="incident", sys_id=TICKET_ID, request_id=REQUEST_ID, decision="approved"
    )
    assert read(b"\n " + BODY + b"\r\n", DECISION_ID) == read(BODY, DECISION_ID)


@pytest.mark.parametrize("text", [b'{"test":true}', b' { "test" : true }\n'])
def test_a_test_asks_for_nothing(text: bytes) -> None:
    assert read(text, DECISION_ID) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "the body"),
        (b"null", "the body"),
        (b"[]", "the body"),
        (b"{}", "table"),
        (BODY[:-1], "the body"),
        (BODY * 2, "the body"),
        (BODY + b"\xc3\xa9", "ASCII"),
        (body(table="sys_user"), "table"),
        (body(table=["incident"]), "table"),
        (body(sys_id=TICKET_ID.replace("7", "A")), "sys_id"),
        (body(sys_id=TICKET_ID + "\n"), "sys_id"),
        (body(sys_id=None), "sys_id"),
        (body(request_id=REQUEST_ID.upper()), "request_id"),
        (body(request_id=REQUEST_ID.replace("-", "")), "request_id"),
        (body(request_id=f"{{{REQUEST_ID}}}"), "request_id"),
        (body(request_id="../x"), "request_id"),
        (body(decision="Approved"), "decision"),
        (body(decision=True), "decision"),
        (body(user="bob"), "user"),
        (b'{"test":"true"}', "test"),
        (b'{"test":true,"user":"bob"}', "user"),
    ],
)
def test_a_malformed_body_is_refused_with_the_member_that_is_wrong(text: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        read(text, DECISION_ID)


@pytest.mark.parametrize("event_id", ["", "d" * 31, "D" * 32, "d" * 33, "d" * 32 + "\n", "d.d" + "d" * 29])
def test_the_event_id_is_a_sys_id(event_id: str) -> None:
    with pytest.raises(Malformed, match="X-Bridge-Event-Id"):
        read(BODY, event_id)


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda value: json.dumps(value).encode(),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=4),
                    st.dictionaries(st.sampled_from(["table", "sys_id", "request_id", "decision", "test", "x"]), inner),
                ),
                max_leaves=12,
            ),
        ),
        st.integers(1, 8000).map(lambda depth: b'{"test":' + b"[" * depth + b"]" * depth + b"}"),
    )
)
def test_whatever_is_signed_is_read_or_refused_and_never_breaks(text: bytes) -> None:
    try:
        found = read(text, DECISION_ID)
    except Malformed as error:
        assert str(error)
    else:
        assert found is None or found.table == "incident"
