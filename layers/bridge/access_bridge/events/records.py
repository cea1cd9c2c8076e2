"""The records in a request body, whatever put them there: the event handler (one object), Fluentd (NDJSON or an array),
Fluent Bit (concatenated objects), Vector, Logstash; compressed or not.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_DECOMPRESSED_BYTES: Final = 32 * 1024 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BETWEEN: Final = re.compile(r"[ \t\r\n,\]\ufeff]*")
_NEXT: Final = re.compile(r"\n|[},][ \t\r]*(?=\{)")
_EFFORT: Final = 8
"""How often all characters may be read for nothing in search of a bad piece's neighbours: nesting that somebody made up
must not take hours."""
_WRAPPERS: Final = ("event", "message", "log", "record")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A piece of a body that is no JSON, with what is wrong about it."""

    text: str
    problem: str


def records(body: bytes) -> Iterator[Any | Malformed]:
    """Yield each record of a body; a piece that can't be read is yielded as `Malformed` and never hides its
    neighbours."""
    content, problem = _decompressed(body)
    # Bytes that are no UTF-8 cost only themselves: what an event says about its request is worth more than its typing.
    yield from _values(content.decode("utf-8", "replace"))
    if problem:
        yield Malformed(body[:256].hex(), problem)


def unwrapped(record: Any) -> Any:
    """Return the event inside a shipper's envelope, or the record itself.

    Only a record without a text under `event` and without `code` counts as an envelope, so no field of a real event is
    ever mistaken for one.
    """
    if not isinstance(record, dict) or isinstance(record.get("event"), str) or "code" in record:
        return record
    for name in _WRAPPERS:
        inner = record.get(name)
        if isinstance(inner, str) and inner.lstrip().startswith("{"):
            inner = next(iter(_values(inner)), None)
        if isinstance(inner, dict):
            return inner
    return record


def _decompressed(body: bytes) -> tuple[bytes, str]:
    """Return what could be decompressed, and what went wrong after that."""
    if not body.startswith(_GZIP_MAGIC):
        return body, ""
    whole = b""
    while body.startswith(_GZIP_MAGIC):
        decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            whole += decompressor.decompress(body, MAX_DECOMPRESSED_BYTES + 1 - len(whole))
        except zlib.error as error:
            return whole, f"no valid gzip: {error}"
        if len(whole) > MAX_DECOMPRESSED_BYTES:
            return whole[:MAX_DECOMPRESSED_BYTES], f"more than {MAX_DECOMPRESSED_BYTES} bytes when decompressed"
        if not decompressor.eof:
            return whole, "the gzip stream ends early"
        body = decompressor.unused_data
    return whole, ""


def _values(text: str) -> Iterator[Any | Malformed]:
    decoder = json.JSONDecoder()
    effort = allowed = _EFFORT * (len(text) + 100_000)
    position = _skip(text, 0)
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            effort -= error.pos - position if isinstance(error, json.JSONDecodeError) else allowed // 10
            if effort < 0:
                yield Malformed(text[position:], "no JSON: too many broken pieces to look further")
                return
            if text[position] == "[" and not isinstance(error, RecursionError):
                end = position + 1
            else:
                end = _next_start(text, position)
                yield Malformed(text[position:end], f"no JSON: {type(error).__name__}")
        else:
            if isinstance(value, list):
                yield from value
            else:
                yield value
        position = _skip(text, end)


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position


def _next_start(text: str, position: int) -> int:
    """Where reading goes on after a bad piece: at the next line, or at an object after a comma or another's end."""
    found = _NEXT.search(text, position + 1)
    return found.end() if found else len(text)
