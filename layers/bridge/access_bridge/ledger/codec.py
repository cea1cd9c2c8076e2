"""Ledger items to and from DynamoDB's attributes. Structured values are JSON text: nothing queries inside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review, Threshold
from access_bridge.ledger.items import Attempt, DecisionItem, Failure, TicketItem

_JSON: Final = frozenset({"fields", "asked_roles", "remarks"})
_FAILURE: Final = ("attempts", "failure", "failure_kind", "failing_since", "failed")
_SNAPSHOT_ENTRIES: Final = (200, 50, 10)
"""How many entries of a list are kept: fewer where the whole is too long."""
_SNAPSHOT_LENGTH: Final = 250_000
_SNAPSHOT_REASON: Final = 1000
_SNAPSHOT_ANNOTATIONS: Final = 100
_SNAPSHOT_ANNOTATION_LENGTH: Final = 4000
_REASON_LENGTH: Final = 1000
_TIMES: Final = ("created", "access_until", "expires_resource", "max_duration", "assume_start")


def ticket_attributes(item: TicketItem) -> dict[str, Any]:
    """Return the attributes of a ticket item that sync owns; those of the passes and of failures are written apart."""
    return {
        "version": item.version,
        "selected": item.selected,
        "sys_id": item.sys_id,
        "number": item.number,
        "counter": item.counter,
        "attempt": json.dumps(asdict(item.attempt)) if item.attempt else None,
        "told": set(item.told) or None,
        "fields": json.dumps(dict(item.fields)),
        "outcome": item.outcome,
        "ended_by": item.ended_by,
        "snapshot": snapshot_text(item.snapshot) if item.snapshot else None,
        "asked_roles": json.dumps(item.asked_roles),
        "gone": item.gone,
        "not_seen_since": _decimal(item.not_seen_since),
        "pending_until": _decimal(item.pending_until),
        "revision": item.revision,
        "justification": item.justification,
        "remarks": json.dumps(item.remarks),
        "opened_again": item.opened_again,
        "announced": item.announced,
        "open": "1" if item.is_open else None,
    }


def ticket_item(request_id: str, attributes: Mapping[str, Any]) -> TicketItem:
    """Return the ticket item of DynamoDB's attributes; attributes of later versions are passed over."""
    known = {field.name for field in fields(TicketItem)}
    values = {name: value for name, value in attributes.items() if name in known and value is not None}
    for name in _JSON & values.keys():
        values[name] = json.loads(values[name])
    for name in ("asked_roles", "remarks"):
        if name in values:
            values[name] = tuple(values[name])
    if "attempt" in values:
        attempt = json.loads(values["attempt"])
        values["attempt"] = Attempt(**{**attempt, "facts": tuple(attempt["facts"])})
    if "snapshot" in values:
        values["snapshot"] = snapshot(values["snapshot"])
    if "told" in values:
        values["told"] = frozenset(values["told"])
    for name in ("version", "counter", "opened_again"):
        values[name] = int(values.get(name, 0))
    for name in ("not_seen_since", "pending_until", "asked_at", "asked_drift_at"):
        if name in values:
            values[name] = float(values[name])
    return TicketItem(**{**values, **_failure(attributes), "request_id": request_id})


def decision_attributes(item: DecisionItem) -> dict[str, Any]:
    """Return the attributes of a decision item that `decide` owns; those of the pass and of failures are
    written apart."""
    values = asdict(item)
    for name in ("request_id", "decision_id", "asked_at", *_FAILURE):
        del values[name]
    for name in ("attempt_at", "decided_at"):
        values[name] = _decimal(values[name])
    return values


def decision_item(request_id: str, decision_id: str, attributes: Mapping[str, Any]) -> DecisionItem:
    """Return the decision item of DynamoDB's attributes; attributes of later versions are passed over."""
    known = {field.name for field in fields(DecisionItem)}
    values = {name: value for name, value in attributes.items() if name in known and value is not None}
    values["version"] = int(values.get("version", 0))
    for name in ("attempt_at", "decided_at", "asked_at"):
        values[name] = float(values.get(name, 0))
    return DecisionItem(**{**values, **_failure(attributes), "request_id": request_id, "decision_id": decision_id})


def failure_attributes(failure: Failure) -> dict[str, Any]:
    """Return the attributes of a failed attempt; the index of what failed has whatever has the last one."""
    return {
        "attempts": failure.attempts,
        "failure": failure.reason[:_REASON_LENGTH],
        "failure_kind": failure.kind.value,
        "failed": "1" if failure.last else None,
    }


def no_failure_attributes() -> dict[str, None]:
    """Return the attributes of failed attempts, each taken away."""
    return dict.fromkeys(_FAILURE)


def _failure(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attempts": int(attributes.get("attempts", 0)),
        "failure": attributes.get("failure", ""),
        "failure_kind": attributes.get("failure_kind", ""),
        "failing_since": float(attributes.get("failing_since", 0)),
        "failed": "failed" in attributes,
    }


def snapshot_text(request: AccessRequest) -> str:
    """Return an access request as JSON text. An item has to stay below DynamoDB's 400 KB, so lists that people fill
    are cut, and further where they are large even then; a review's reason keeps its beginning, where a decision's mark
    stands."""
    text = ""
    for most in _SNAPSHOT_ENTRIES:
        text = json.dumps(_shortened(asdict(request), most), default=_text)
        if len(text) <= _SNAPSHOT_LENGTH:
            break
    return text


def _shortened(values: dict[str, Any], most: int) -> dict[str, Any]:
    for name in ("resources", "suggested_reviewers", "reviews"):
        values[name] = values[name][:most]
    for review in values["reviews"]:
        review["reason"] = review["reason"][:_SNAPSHOT_REASON]
    for name in ("resolve_annotations", "system_annotations"):
        first = list(values[name].items())[:most]
        values[name] = {key: _fitting(texts[:_SNAPSHOT_ANNOTATIONS]) for key, texts in first}
    return values


def _fitting(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The texts up to the one with which they are too long together: half a name is none."""
    ends = accumulate(len(text) for text in texts)
    return tuple(text for text, end in zip(texts, ends, strict=True) if end <= _SNAPSHOT_ANNOTATION_LENGTH)


def snapshot(text: str) -> AccessRequest:
    """Return the access request of `snapshot_text`."""
    values = json.loads(text)
    for name in _TIMES:
        values[name] = _time(values[name])
    values["state"] = RequestState.parse(values["state"])
    values["reviews"] = tuple(_review(item) for item in values["reviews"])
    values["thresholds"] = tuple(Threshold(**item) for item in values["thresholds"])
    values["resources"] = tuple(Resource(**item) for item in values["resources"])
    values["role_thresholds"] = {
        role: tuple(tuple(indexes) for indexes in sets) for role, sets in values["role_thresholds"].items()
    }
    for name in ("resolve_annotations", "system_annotations"):
        values[name] = {key: tuple(texts) for key, texts in values[name].items()}
    for name in ("roles", "suggested_reviewers"):
        values[name] = tuple(values[name])
    return AccessRequest(**values)


def _review(values: dict[str, Any]) -> Review:
    return Review(
        **{
            **values,
            "proposed_state": RequestState.parse(values["proposed_state"]),
            "created": _time(values["created"]),
            "threshold_indexes": tuple(values["threshold_indexes"]),
        }
    )


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
