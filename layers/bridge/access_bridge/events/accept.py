"""What the webhook does with a body: which records become messages, which are dropped, which are kept as malformed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from access_bridge.events.audit_event import TYPES, AuditEvent, digest
from access_bridge.events.records import Malformed, records, unwrapped

MALFORMED_GROUP: Final = "malformed"
MAX_MALFORMED: Final = 100
_KEPT_TEXT: Final = 8192


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that is no event, cut, with the problem: it goes to the dead-letter queue for a person to see."""

    text: str
    problem: str

    @property
    def id(self) -> str:
        """An id of this content."""
        return digest([self.text, self.problem])


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a body held."""

    events: tuple[AuditEvent, ...]
    malformed: tuple[MalformedRecord, ...]
    ignored: int


def accept(body: bytes) -> Accepted:
    """Sort the records of a body. Never raises: whatever a body holds, the exporter must get its 200."""
    events: list[AuditEvent] = []
    malformed: list[MalformedRecord] = []
    ignored = 0
    for record in records(body):
        if isinstance(record, Malformed):
            malformed.append(MalformedRecord(_cut(record.text), record.problem))
            continue
        event = unwrapped(record)
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            malformed.append(MalformedRecord(_cut(_dump(record)), "no audit event: it has no text under 'event'"))
        elif event["event"] not in TYPES:
            ignored += 1
        else:
            try:
                events.append(AuditEvent.from_record(event))
            except (ValueError, RecursionError):
                malformed.append(MalformedRecord(_cut(_dump(event)), "its 'id' is no UUID"))
    return Accepted(tuple(events), _few(malformed), ignored)


def _few(malformed: list[MalformedRecord]) -> tuple[MalformedRecord, ...]:
    """A body that is rubbish throughout is kept in part: a person sees what it is, and the queue takes it in time."""
    more = len(malformed) - MAX_MALFORMED
    if more <= 0:
        return tuple(malformed)
    return (*malformed[:MAX_MALFORMED], MalformedRecord("", f"{more} more malformed records of the same body"))


def _dump(record: object) -> str:
    try:
        return json.dumps(record)
    except (ValueError, RecursionError):
        return repr(type(record))


def _cut(text: str) -> str:
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= _KEPT_TEXT else clean[:_KEPT_TEXT] + "… [cut]"
