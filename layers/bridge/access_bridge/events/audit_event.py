"""One audit event about an access request: the fields that we use, whatever else the event carries.

Keys and types are Teleport's (recorded on 18.0.0). Optional fields of a wrong type are dropped rather than refused: an
event whose request can be looked up is worth more than a strict reading of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from access_bridge.uuids import request_uuid

CREATE: Final = "access_request.create"
UPDATE: Final = "access_request.update"
REVIEW: Final = "access_request.review"
DELETE: Final = "access_request.delete"
EXPIRE: Final = "access_request.expire"
TYPES: Final = frozenset({CREATE, UPDATE, REVIEW, DELETE, EXPIRE})

MAX_EVENT_BYTES: Final = 64 * 1024
_MAX_TEXT: Final = 4096
_MAX_ITEMS: Final = 200
_MAX_NUMBER: Final = 2**53
_CUT: Final = "… [cut]"


class AuditEvent(BaseModel):
    """An `access_request.*` audit event.

    `user` is the requester in a create event and the deleter in a delete event; `reviewer`, `updated_by` and
    `delegator` say who acted in the others. Times are RFC 3339 texts, as they came.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    uid: str = Field(min_length=1, max_length=128)
    event: str
    id: str
    cluster_name: str = ""
    time: str = ""
    state: str = ""
    proposed_state: str = ""
    user: str = ""
    user_kind: int = 0
    roles: tuple[str, ...] = ()
    resource_ids: tuple[dict[str, str], ...] = ()
    resource_names: tuple[str, ...] = ()
    reason: str = ""
    expires: str = ""
    expiry: str = ""
    assume_start_time: str = ""
    annotations: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    updated_by: str = ""
    delegator: str = ""
    reviewer: str = ""
    submitted_by: str = ""
    promoted_access_list_name: str = ""
    promoted_access_list_title: str = ""

    @field_validator("event")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in TYPES:
            raise ValueError("is not an access request event")
        return value

    @field_validator("id")
    @classmethod
    def _uuid(cls, value: str) -> str:
        return request_uuid(value)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> AuditEvent:
        """Return the event of a decoded JSON object, long texts and lists cut with a mark to at most 64 KiB in all.

        Raises
        ------
        ValueError
            The record is no access request event or has no UUID for an id.
        """
        if not isinstance(record.get("id"), str) or not isinstance(record.get("event"), str):
            raise ValueError("event and id must be texts")  # noqa: TRY004 - one error for whatever is no event
        values = {name: _tolerant(name, record.get(name)) for name in cls.model_fields}
        values = {name: value for name, value in values.items() if value is not None}
        uid = values.get("uid")
        if not isinstance(uid, str) or not _usable_uid(uid):
            values["uid"] = digest(record)
        event = cls.model_validate(values)
        for name in ("annotations", "resource_names", "resource_ids", "roles"):
            if event.size() <= MAX_EVENT_BYTES:
                break
            event = event.model_copy(update={name: {} if name == "annotations" else ()})
        length = _MAX_TEXT
        while event.size() > MAX_EVENT_BYTES:
            length //= 2
            event = event.model_copy(update={name: _cut(text, length) for name, text in event._long_texts()})
        return event

    def _long_texts(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, value in self if isinstance(value, str) and name not in {"uid", "event", "id"})

    def fields(self) -> dict[str, Any]:
        """Return the fields that are set, for a message or the ledger."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def size(self) -> int:
        """Return the size of the event as JSON, in bytes."""
        return len(json.dumps(self.fields()).encode())


def digest(record: object) -> str:
    """Return an id for a record that has none: the same for the same content."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()


def _usable_uid(uid: str) -> bool:
    return 0 < len(uid) <= 128 and uid.isascii() and uid.isprintable() and " " not in uid


def _tolerant(name: str, value: object) -> object:
    kind = AuditEvent.model_fields[name].annotation
    if name == "resource_ids":
        return (
            tuple(_texts(item) for item in value[:_MAX_ITEMS] if isinstance(item, dict))
            if isinstance(value, list)
            else None
        )
    if name == "annotations":
        if not isinstance(value, dict):
            return None
        return {_text(k): _list(v) for k, v in list(value.items())[:_MAX_ITEMS] if k and isinstance(v, list)}
    if kind is int:
        return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER else None
    if kind is str:
        return _text(value) if isinstance(value, str) else None
    return _list(value) if isinstance(value, list) else None


def _text(value: str) -> str:
    clean = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _cut(clean, _MAX_TEXT)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(_CUT)] + _CUT


def _list(value: list[Any]) -> tuple[str, ...]:
    texts = tuple(_text(item) for item in value[:_MAX_ITEMS] if isinstance(item, str))
    return (*texts, _CUT) if len(value) > _MAX_ITEMS else texts


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {_text(k): _text(v) for k, v in list(value.items())[:10] if k and isinstance(v, str)}
