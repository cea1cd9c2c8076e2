"""Which records a request body holds, whatever put them there, and that no bad piece hides a good neighbour."""

from __future__ import annotations

import gzip
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.events.records import MAX_DECOMPRESSED_BYTES, Malformed, records, unwrapped


def zipped(data: bytes, level: int = 9) -> bytes:
    """gzip without the time of day, so that the tests have the same names in every process."""
    return gzip.compress(data, level, mtime=0)


A = {"event": "access_request.create", "id": "a"}
B = {"event": "access_request.review", "id": "b"}
C = {"event": "access_request.expire", "id": "c"}
JSON_A, JSON_B, JSON_C = (json.dumps(value) for value in (A, B, C))

DEEP = '{"a":' * 100_000


def good(body: bytes) -> list[Any]:
    return [record for record in records(body) if not isinstance(record, Malformed)]


def bad(body: bytes) -> list[Malformed]:
    return [record for record in records(body) if isinstance(record, Malformed)]


@pytest.mark.parametrize(
    ("body", "expected"),
    {
        "nothing": (b"", []),
        "only spaces": (b" \r\n\t ", []),
        "one object, as the event handler sends it": (JSON_A.encode(), [A]),
        "an array, as Fluentd sends it": (f"[{JSON_A}, {JSON_B}]".encode(), [A, B]),
        "an empty array": (b"[]", []),
        "one object a line": (f"{JSON_A}\n{JSON_B}\r\n{JSON_C}\n".encode(), [A, B, C]),
        "an array whose end is missing": (f"[{JSON_A}, {JSON_B}".encode(), [A, B]),
        "an array a line": (f"[{JSON_A}]\n[{JSON_B}]".encode(), [A, B]),
        "objects one after another, as Fluent Bit sends them": (f"{JSON_A}{JSON_B} {JSON_C}".encode(), [A, B, C]),
        "objects with commas between them": (f"{JSON_A},\n{JSON_B}".encode(), [A, B]),
        "an object over several lines": (json.dumps(A, indent=2).encode(), [A]),
        "a byte order mark": (b"\xef\xbb\xbf" + JSON_A.encode(), [A]),
        "gzip": (zipped(f"{JSON_A}\n{JSON_B}".encode()), [A, B]),
        "gzip in two members": (zipped(JSON_A.encode()) + zipped(JSON_B.encode()), [A, B]),
        "a byte order mark inside gzip": (zipped(b"\xef\xbb\xbf" + JSON_A.encode()), [A]),
        "a lone surrogate in an escape": (b'{"reason": "\\ud800"}', [{"reason": "\ud800"}]),
        "a byte order mark on each line": (f"\ufeff{JSON_A}\n\ufeff{JSON_B}".encode(), [A, B]),
        "bytes that are no UTF-8": (b'[{"x": "\xff"}, ' + JSON_B.encode() + b"]", [{"x": "\ufffd"}, B]),
        "a number where an object should be": (b"17", [17]),
    }.values(),
)
def test_these_bodies_hold_these_records(body: bytes, expected: list[Any]) -> None:
    assert (good(body), bad(body)) == (expected, [])


@pytest.mark.parametrize(
    ("body", "expected"),
    {
        "a line that is no JSON": (f"{JSON_A}\nnonsense\n{JSON_B}".encode(), [A, B]),
        "a line that ends early": (f'{JSON_A}\n{{"event": "acc\n{JSON_B}'.encode(), [A, B]),
        "a broken first element": (f'[{{"a": nope}}, {JSON_A}, {JSON_B}]'.encode(), [A, B]),
        "a broken element in the middle": (f'[{JSON_A}, {{"a": }}, {JSON_B}]'.encode(), [A, B]),
        "a bare word as an element": (f"[{JSON_A}, nope, {JSON_B}]".encode(), [A, B]),
        "a broken last element": (f'[{JSON_A}, {JSON_B}, {{"a"'.encode(), [A, B]),
        "a broken object among objects in a row": (f'{JSON_A}{{"a": }}{JSON_B}'.encode(), [A, B]),
        "a gzip stream that ends early": (zipped(f"{JSON_A}\n".encode() * 50, 0)[:1000], [A] * 21),
        "rubbish after gzip": (zipped(JSON_A.encode()) + b"\x1f\x8brubbish", [A]),
        "a number with too many digits": (f'{JSON_A}\n{{"n": {"9" * 5000}}}\n{JSON_B}'.encode(), [A, B]),
        "nested too deeply": (f"{JSON_A}\n{'[' * 100_000}\n{JSON_B}".encode(), [A, B]),
        "an object nested too deeply": (f"{JSON_A}\n{DEEP}\n{JSON_B}".encode(), [A, B]),
    }.values(),
)
def test_a_bad_piece_is_reported_and_its_neighbours_are_kept(body: bytes, expected: list[Any]) -> None:
    assert good(body) == expected
    assert bad(body)


@pytest.mark.parametrize("nested", [b"[", b"[\n", b'{"a":', b'{"a":\n', b"[{},", b'[{},\n{"a":', b"} " + b" " * 5000])
def test_deep_nesting_costs_no_time(nested: bytes) -> None:
    began = time.process_time()
    list(records(nested * (2_000_000 // len(nested))))
    assert time.process_time() - began < 3


def test_not_a_number_is_read_as_python_reads_it() -> None:
    (record,) = good(b'{"expires": NaN}')
    assert math.isnan(record["expires"])


def test_gzip_that_grows_without_end_is_cut_where_the_limit_is() -> None:
    body = zipped(JSON_A.encode() + b" " * (MAX_DECOMPRESSED_BYTES + 10))
    assert good(body) == [A]
    assert [piece.problem for piece in bad(body)] == [f"more than {MAX_DECOMPRESSED_BYTES} bytes when decompressed"]


def test_what_is_bad_says_what_is_wrong() -> None:
    problems = {piece.problem for body in (b"nonsense", b"\xff", b"\x1f\x8b" + b"\x00" * 9) for piece in bad(body)}
    assert problems == {
        "no JSON: JSONDecodeError",
        "no valid gzip: Error -3 while decompressing data: unknown compression method",
    }


@given(st.binary(max_size=300))
def test_no_body_raises(body: bytes) -> None:
    list(records(body))
    list(records(b"\x1f\x8b" + body))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_line_is_kept_whatever_stands_on_the_lines_around_it(before: str, after: str) -> None:
    body = f"{before}\n{JSON_A}\n{after}".encode("utf-8", "surrogatepass")
    assert A in good(body)


VALID = st.fixed_dictionaries(
    {"event": st.sampled_from(["access_request.create", "user.login"]), "reason": st.text(max_size=20)}
)
BROKEN = st.sampled_from(["nope", '{"a": }', "{a}", '{"a" 1}', "12..", "'x'", '{"a": tru}', "<html>"])


@given(st.lists(VALID, max_size=5), BROKEN, st.data())
def test_a_broken_element_of_an_array_never_hides_the_others(
    values: list[dict[str, str]], broken: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(values)))
    elements = [json.dumps(value, ensure_ascii=False) for value in values]
    elements.insert(place, broken)
    separator = data.draw(st.sampled_from([",", ", ", ",\n "]))
    body = f"[{separator.join(elements)}]".encode()
    assert [record for record in good(body) if isinstance(record, dict)] == values
    assert bad(body)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (A, A),
        ({"event": A}, A),
        ({"message": A}, A),
        ({"message": JSON_A}, A),
        ({"log": f"{JSON_A}\n"}, A),
        ({"record": A, "tag": "x"}, A),
        ({"message": "plain text", "log": JSON_A}, A),
        ({"event": "user.login", "message": JSON_A}, {"event": "user.login", "message": JSON_A}),
        ({"code": "T5000I", "message": A}, {"code": "T5000I", "message": A}),
        ({"message": "no JSON {"}, {"message": "no JSON {"}),
        ({"message": "{broken"}, {"message": "{broken"}),
        ({"event": None}, {"event": None}),
        ("text", "text"),
        ([A], [A]),
        (None, None),
    ],
)
def test_a_shippers_envelope_is_taken_off_and_nothing_else(record: Any, expected: Any) -> None:
    assert unwrapped(record) == expected
