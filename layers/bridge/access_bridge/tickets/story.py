"""What is known about a request, from everything that said something: Teleport now, Teleport before, the audit events,
the decisions. The order in which it came plays no part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review
from access_bridge.decisions.outcome import ANNOTATION
from access_bridge.events import audit_event as event_type
from access_bridge.ledger.items import DecisionItem, Records
from access_bridge.times import parse_time

EXPIRED: Final = "expired"
DELETED: Final = "deleted"
EXPIRY_GRACE: Final = timedelta(seconds=90)
"""Teleport removes an expired request up to a minute after its time (recorded)."""

_RANK: Final = {
    RequestState.NONE: 0,
    RequestState.PENDING: 0,
    RequestState.APPROVED: 1,
    RequestState.PROMOTED: 2,
    RequestState.DENIED: 3,
}
_OUTCOMES: Final = {
    RequestState.APPROVED: "approved",
    RequestState.PROMOTED: "promoted",
    RequestState.DENIED: "denied",
}
_HOST_USER: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\..+")


@dataclass(frozen=True, slots=True)
class DirectChange:
    """A state that was set directly (`tctl requests approve`, a plugin), as its audit event tells."""

    uid: str
    state: RequestState
    updated_by: str
    delegator: str
    reason: str
    time: datetime | None
    roles: tuple[str, ...]
    decision_id: str

    @property
    def actor(self) -> str:
        """Who did it, in words."""
        who = actor_name(self.updated_by) or "somebody"
        return f"{who} on behalf of {self.delegator}" if self.delegator else who


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known about a request. `request` is the best view of it, with every known review and the merged
    state; `known` says whether the request itself or its create event was ever seen."""

    request: AccessRequest
    known: bool
    asked_roles: tuple[str, ...]
    end: str = ""
    ended_at: datetime | None = None
    deleted_by: str = ""
    changes: tuple[DirectChange, ...] = ()
    decisions: tuple[DecisionItem, ...] = ()

    @property
    def outcome(self) -> str:
        """How the request ended: approved, denied, promoted, expired, deleted, or nothing while it is pending. A
        request that was decided has its decision for an outcome, whatever became of it later."""
        return _OUTCOMES.get(self.request.state, self.end)


def actor_name(user: str) -> str:
    """Return a Teleport user in words: `tctl` on the auth server acts as `<host uuid>.<cluster>` (recorded)."""
    return "an administrator on the auth server" if _HOST_USER.fullmatch(user) else user


def tell_story(now_in_teleport: AccessRequest | None, records: Records, *, cluster: str, now: datetime) -> Story | None:
    """Merge what is known into one story.

    Parameters
    ----------
    now_in_teleport
        The request as Teleport has it now; None where it doesn't show it.
    records
        The ledger's records of the request.
    cluster
        The cluster's name: events of another one don't count.
    now
        The present, aware.

    Returns
    -------
    Story | None
        None where nobody but an expire or delete event knows of the request: these alone make no ticket.
    """
    events = [event for event in records.events if event.get("cluster_name", cluster) in {cluster, ""}]
    created = next((event for event in events if event["event"] == event_type.CREATE), None)
    base = now_in_teleport or records.ticket.snapshot
    if base is None:
        base = _from_create(created) if created else _from_others(records.ticket.request_id, events)
    if base is None:
        return None
    reviews = _merged_reviews(base.reviews, events)
    request = replace(base, reviews=reviews, state=_merged_state(base, records.ticket.snapshot, events))
    if not request.promoted_access_list:
        request = replace(request, promoted_access_list=_promoted_access_list(events))
    if created:
        request = replace(request, resources=_with_names(request.resources, created))
    # Teleport's own word first: whoever has the webhook's token can make up an event.
    asked = records.ticket.asked_roles or (tuple(created.get("roles", ())) if created else ())
    end, ended_at, deleted_by = _end(now_in_teleport, request, records, events, now)
    return Story(
        request=request,
        known=bool(now_in_teleport or records.ticket.snapshot or created),
        asked_roles=asked or base.roles,
        end=end,
        ended_at=ended_at,
        deleted_by=deleted_by,
        changes=_changes(events),
        decisions=tuple(sorted(records.decisions, key=lambda item: item.decision_id)),
    )


def _from_create(event: Mapping[str, Any]) -> AccessRequest:
    return AccessRequest(
        id=event["id"],
        user=event.get("user", ""),
        roles=tuple(event.get("roles", ())),
        state=RequestState.parse(event.get("state", "")),
        created=parse_time(event.get("time")),
        access_until=parse_time(event.get("expires")),
        assume_start=parse_time(event.get("assume_start_time")),
        reason=event.get("reason", ""),
        system_annotations={key: tuple(values) for key, values in event.get("annotations", {}).items()},
        resources=tuple(_resource(item) for item in event.get("resource_ids", ())),
    )


def _from_others(request_id: str, events: Sequence[Mapping[str, Any]]) -> AccessRequest | None:
    """A request of which only reviews or state changes are known: Teleport has forgotten it, its create event never
    came."""
    telling = [event for event in events if event["event"] in {event_type.REVIEW, event_type.UPDATE}]
    if not telling:
        return None
    first = min(telling, key=_order)
    roles = next((tuple(event["roles"]) for event in telling if event.get("roles")), ())
    return AccessRequest(id=request_id, user="", roles=roles, access_until=parse_time(first.get("expires")))


def _resource(item: Mapping[str, str]) -> Resource:
    return Resource(
        cluster=item.get("cluster", ""),
        kind=item.get("kind", ""),
        name=item.get("name", ""),
        sub_resource=item.get("sub_resource", ""),
    )


def _with_names(resources: tuple[Resource, ...], created: Mapping[str, Any]) -> tuple[Resource, ...]:
    """Add the names that people use, which only a create event has, as `/kind/name` in the order of its resources."""
    ids = created.get("resource_ids", ())
    names = created.get("resource_names", ())
    if not names or len(ids) != len(names):
        return resources
    known = {
        (item.get("kind"), item.get("name")): name.removeprefix(f"/{item.get('kind')}/")
        for item, name in zip(ids, names, strict=True)
    }
    return tuple(
        replace(item, friendly_name=known.get((item.kind, item.name), item.friendly_name)) for item in resources
    )


def _merged_reviews(reviews: Iterable[Review], events: Iterable[Mapping[str, Any]]) -> tuple[Review, ...]:
    """One review an author, Teleport's own view of it first: an author has one vote on a request (recorded)."""
    by_author = {review.author: review for review in reviews}
    for event in events:
        if event["event"] == event_type.REVIEW and event.get("reviewer"):
            review = Review(
                author=event["reviewer"],
                proposed_state=RequestState.parse(event.get("proposed_state", "")),
                reason=event.get("reason", ""),
                created=parse_time(event.get("time")),
                submitted_by=event.get("submitted_by", ""),
            )
            by_author.setdefault(review.author, review)
    return tuple(sorted(by_author.values(), key=lambda review: (review.created or _FIRST, review.author)))


def _merged_state(
    base: AccessRequest, snapshot: AccessRequest | None, events: Iterable[Mapping[str, Any]]
) -> RequestState:
    states = [base.state, *(RequestState.parse(event.get("state", "")) for event in events)]
    if snapshot:
        states.append(snapshot.state)
    return max(states, key=lambda state: _RANK[state])


def _promoted_access_list(events: Iterable[Mapping[str, Any]]) -> str:
    names = (event.get("promoted_access_list_title") or event.get("promoted_access_list_name") for event in events)
    return next((name for name in names if name), "")


def _end(
    now_in_teleport: AccessRequest | None,
    request: AccessRequest,
    records: Records,
    events: Sequence[Mapping[str, Any]],
    now: datetime,
) -> tuple[str, datetime | None, str]:
    expire = next((event for event in events if event["event"] == event_type.EXPIRE), None)
    if expire:
        return EXPIRED, parse_time(expire.get("expiry")) or parse_time(expire.get("time")), ""
    delete = next((event for event in events if event["event"] == event_type.DELETE), None)
    if delete:
        return DELETED, parse_time(delete.get("time")), delete.get("user", "")
    if now_in_teleport is None:
        until, ticket = request.pending_until, records.ticket
        # What was gone before its time stays deleted, however late somebody looks again.
        over = ticket.not_seen_since if ticket.gone and ticket.not_seen_since else (now - EXPIRY_GRACE).timestamp()
        if until and over > until.timestamp():
            return EXPIRED, until, ""
        if ticket.gone:
            return DELETED, None, ""
    return "", None, ""


def _changes(events: Iterable[Mapping[str, Any]]) -> tuple[DirectChange, ...]:
    changes = [
        DirectChange(
            uid=event["uid"],
            state=RequestState.parse(event.get("state", "")),
            updated_by=event.get("updated_by", ""),
            delegator=event.get("delegator", ""),
            reason=event.get("reason", ""),
            time=parse_time(event.get("time")),
            roles=tuple(event.get("roles", ())),
            decision_id=next(iter(event.get("annotations", {}).get(ANNOTATION, ())), ""),
        )
        for event in events
        if event["event"] == event_type.UPDATE
    ]
    return tuple(sorted(changes, key=lambda change: (change.time or _FIRST, change.uid)))


def _order(event: Mapping[str, Any]) -> tuple[datetime, str]:
    return parse_time(event.get("time")) or _FIRST, event["uid"]


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
