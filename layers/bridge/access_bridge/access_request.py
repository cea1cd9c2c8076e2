"""An access request as Teleport has it: plain values, whatever they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RequestState(StrEnum):
    """States of an access request, by Teleport's names (`types.RequestState`)."""

    NONE = "NONE"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    PROMOTED = "PROMOTED"

    @classmethod
    def parse(cls, name: str) -> RequestState:
        """Return the state of that name; a name that this version doesn't know counts as PENDING, so nothing is closed
        by it."""
        return cls.__members__.get(name.upper(), cls.PENDING)


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's vote. Teleport takes one review of an author on a request."""

    author: str
    proposed_state: RequestState
    reason: str = ""
    created: datetime | None = None
    threshold_indexes: tuple[int, ...] = ()
    submitted_by: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many approvals resolve a request, and how many denials."""

    name: str
    approve: int
    deny: int


@dataclass(frozen=True, slots=True)
class Resource:
    """A single resource that was asked for; `name` is what Teleport calls it (a host's UUID), `friendly_name` what
    people do."""

    cluster: str
    kind: str
    name: str
    sub_resource: str = ""
    friendly_name: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """An access request. Times are aware and in UTC; a time that Teleport didn't set is None.

    `expires_resource` is Teleport's ResourceExpiry: while the request is pending it is *pending until*, once approved
    it is *access until* (recorded on 18.0.0). `access_until` is Teleport's Expires.
    """

    id: str
    user: str
    roles: tuple[str, ...] = ()
    state: RequestState = RequestState.PENDING
    created: datetime | None = None
    access_until: datetime | None = None
    expires_resource: datetime | None = None
    max_duration: datetime | None = None
    assume_start: datetime | None = None
    reason: str = ""
    resolve_reason: str = ""
    resolve_annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    system_annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    role_thresholds: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    suggested_reviewers: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    promoted_access_list: str = ""
    long_term: bool = False
    revision: str = ""

    @property
    def pending_until(self) -> datetime | None:
        """Until when somebody may decide, while the request is pending."""
        return self.expires_resource or self.access_until

    def approvals_needed(self) -> tuple[int, int]:
        """Return (approvals that count so far, approvals needed) for the role that is furthest from being approved.

        Each role needs, in every set of thresholds, one threshold with enough approvals; a request without thresholds
        needs one approval (Teleport's default).
        """
        if not self.thresholds:
            return sum(r.proposed_state is RequestState.APPROVED for r in self.reviews), 1
        counts = [
            sum(r.proposed_state is RequestState.APPROVED and index in r.threshold_indexes for r in self.reviews)
            for index in range(len(self.thresholds))
        ]
        sets = {indexes for per_role in self.role_thresholds.values() for indexes in per_role}
        best = [
            min(((counts[i], max(self.thresholds[i].approve, 1)) for i in indexes if i < len(counts)), key=_missing)
            for indexes in (sets or {tuple(range(len(self.thresholds)))})
            if any(i < len(counts) for i in indexes)
        ]
        return max(best, key=_missing) if best else (0, 1)


def _missing(count: tuple[int, int]) -> int:
    have, need = count
    return need - have
