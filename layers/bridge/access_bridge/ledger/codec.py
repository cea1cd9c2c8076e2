"""Ledger items to and from DynamoDB's attributes. Structured values are JSON text: nothing queries inside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review, Threshold
from access_bridge.ledger.items import Attempt, DecisionItem, TicketItem

_JSON: Final = frozenset({"fields", "asked_roles"})
_SNAPSHOT_RESOURCES: Final = 200
_TIMES: Final = ("created", "access_until", "expires_resource", "max_duration", "assume_start")


def ticket_attributes(item: TicketItem) -> dict[str, Any]:
    """Return the attributes of a ticket item that sync owns; those of the pass and of failures are written apart."""
    return {
        "version": item.version,
        "selected": item.selected,
        "sys_id": item.sys_id,
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
        "open": "1" if item.is_open else None,
    }


def ticket_item(request_id: str, attributes: Mapping[str, Any]) -> TicketItem:
    """Return the ticket item of DynamoDB's attributes; attributes of later versions are passed over."""
    known = {field.name for field in fields(TicketItem)}
    values = {name: value for name, value in attributes.items() if name in known and value is not None}
    for name in _JSON & values.keys():
        values[name] = json.loads(values[name])
    if "asked_roles" in values:
        values["asked_roles"] = tuple(values["asked_roles"])
    if "attempt" in values:
        attempt = json.loads(values["attempt"])
        values["attempt"] = Attempt(**{**attempt, "facts": tuple(attempt["facts"])})
    if "snapshot" in values:
        values["snapshot"] = snapshot(values["snapshot"])
    if "told" in values:
        values["told"] = frozenset(values["told"])
    for name in ("version", "counter"):
        values[name] = int(values.get(name, 0))
    for name in ("not_seen_since", "pending_until", "asked_at"):
        if name in values:
            values[name] = float(values[name])
    values["request_id"] = request_id
    return TicketItem(**values)


def decision_attributes(item: DecisionItem) -> dict[str, Any]:
    """Return the attributes of a decision item that `decide` owns; those of failures are written apart."""
    values = asdict(item)
    del values["request_id"], values["decision_id"], values["failure"]
    values["attempt_at"] = _decimal(item.attempt_at)
    return values


def decision_item(request_id: str, decision_id: str, attributes: Mapping[str, Any]) -> DecisionItem:
    """Return the decision item of DynamoDB's attributes; attributes of later versions are passed over."""
    known = {field.name for field in fields(DecisionItem)}
    values = {name: value for name, value in attributes.items() if name in known and value is not None}
    values["attempt_at"] = float(values.get("attempt_at", 0))
    return DecisionItem(**{**values, "request_id": request_id, "decision_id": decision_id})


def snapshot_text(request: AccessRequest) -> str:
    """Return an access request as JSON text, with at most 200 of its resources: an item has to stay below 400 KB."""
    values = asdict(request)
    values["resources"] = values["resources"][:_SNAPSHOT_RESOURCES]
    return json.dumps(values, default=_text)


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
