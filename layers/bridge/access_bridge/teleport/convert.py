"""Teleport's messages as plain values. Tolerant: what is missing, unknown or out of range never stops a whole list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review, Threshold
from access_bridge.teleport.proto import teleport_pb2 as pb

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GO_ZERO_TIME = -62135596800  # seconds of 0001-01-01, which Go sends for a time that isn't set


@dataclass(frozen=True, slots=True)
class Cluster:
    """What `Ping` says about the cluster. Only where `advanced_access_workflows` is true can requests be reviewed."""

    name: str
    server_version: str
    proxy_public_addr: str
    advanced_access_workflows: bool


@dataclass(frozen=True, slots=True)
class User:
    """A Teleport user: his roles, and his traits, where an admin may have put his ids in other systems."""

    name: str
    roles: tuple[str, ...]
    traits: Mapping[str, tuple[str, ...]]


def cluster(message: pb.PingResponse) -> Cluster:
    """Return what a `Ping` was answered."""
    return Cluster(
        name=message.cluster_name,
        server_version=message.server_version,
        proxy_public_addr=message.proxy_public_addr,
        advanced_access_workflows=message.server_features.advanced_access_workflows,
    )


def user(message: pb.User) -> User:
    """Return a user, without anything secret (we never ask for that)."""
    return User(message.metadata.name, tuple(message.spec.roles), _labels(message.spec.traits))


def access_request(message: pb.AccessRequest) -> AccessRequest:
    """Return an access request. Friendly names of resources are not in the message, so they stay empty."""
    spec = message.spec
    return AccessRequest(
        id=message.metadata.name,
        user=spec.user,
        roles=tuple(spec.roles),
        state=_state(spec.state),
        created=_time(spec, "created"),
        access_until=_time(spec, "expires"),
        expires_resource=_time(spec, "resource_expiry"),
        max_duration=_time(spec, "max_duration"),
        assume_start=_time(spec, "assume_start_time"),
        reason=_text(spec.request_reason),
        resolve_reason=_text(spec.resolve_reason),
        resolve_annotations=_labels(spec.resolve_annotations),
        system_annotations=_labels(spec.system_annotations),
        thresholds=tuple(Threshold(t.name, t.approve, t.deny) for t in spec.thresholds),
        role_thresholds={
            role: tuple(tuple(indexes.indexes) for indexes in sets.sets)
            for role, sets in sorted(spec.role_threshold_mapping.items())
        },
        reviews=tuple(_review(review) for review in spec.reviews),
        suggested_reviewers=tuple(_text(name) for name in spec.suggested_reviewers),
        resources=tuple(_resource(resource) for resource in _resources(spec)),
        promoted_access_list=spec.access_list.title or spec.access_list.name,
        long_term=spec.request_kind == pb.RequestKind.LONG_TERM,
        revision=message.metadata.revision,
    )


def _review(message: pb.AccessReview) -> Review:
    return Review(
        author=message.author,
        proposed_state=_state(message.proposed_state),
        reason=_text(message.reason),
        created=_time(message, "created"),
        threshold_indexes=tuple(message.threshold_indexes),
        submitted_by=message.submitted_by,
    )


def _resources(spec: pb.AccessRequestSpec) -> Iterable[pb.ResourceID]:
    if spec.requested_resource_access_ids:
        return (access.id for access in spec.requested_resource_access_ids)
    return spec.requested_resource_ids


def _resource(message: pb.ResourceID) -> Resource:
    return Resource(message.cluster_name, message.kind, message.name, message.sub_resource_name)


def _state(value: int) -> RequestState:
    try:
        return RequestState.parse(pb.RequestState.Value.Name(value))
    except ValueError:
        return RequestState.PENDING


def _time(message: pb.AccessRequestSpec | pb.AccessReview, field: str) -> datetime | None:
    if not message.HasField(field):
        return None
    timestamp: Timestamp = getattr(message, field)
    if timestamp.seconds == _GO_ZERO_TIME:
        return None
    try:
        return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)
    except OverflowError:
        return None


def _labels(message: pb.LabelValues) -> dict[str, tuple[str, ...]]:
    return {key: tuple(value.values) for key, value in sorted(message.values.items())}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
