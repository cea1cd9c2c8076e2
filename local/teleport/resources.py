"""Roles, users and bots as `tctl create` takes them: YAML in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import yaml

from local.teleport.join_token import Token, parse_token
from local.teleport.times import SECOND, expiry

Edition = Literal["ent", "oss"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many approvals or denials decide. Without one, a single review does."""

    name: str = "default"
    approve: int = 1
    deny: int = 1


@dataclass(frozen=True, slots=True)
class Conditions:
    """The part of a role's `allow` or `deny` that access requests depend on."""

    rules: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    request_roles: tuple[str, ...] = ()
    search_as_roles: tuple[str, ...] = ()
    annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    suggested_reviewers: tuple[str, ...] = ()
    review_roles: tuple[str, ...] = ()
    preview_as_roles: tuple[str, ...] = ()
    submit_for_users: tuple[str, ...] = ()
    impersonate_roles: tuple[str, ...] = ()
    node_labels: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `max_session_ttl` is in nanoseconds."""

    name: str
    allow: Conditions = Conditions()
    deny: Conditions = Conditions()
    max_session_ttl: int = 30 * 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class User:
    """A user; the user of a bot names that bot. `expires` (nanoseconds since 1970): when he is gone, 0 for never.

    Teleport lets the users that a single sign-on makes expire with their session.
    """

    name: str
    roles: tuple[str, ...]
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bot_name: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    expires: int = 0


@dataclass(frozen=True, slots=True)
class Bot:
    """A Machine ID bot. Its user is `bot-<name>`, and so is its one role, by which it may ask for the `roles`.

    `max_session_ttl` (nanoseconds) bounds the certificate that it gets for a join.
    """

    name: str
    roles: tuple[str, ...]
    max_session_ttl: int = 12 * 3600 * SECOND

    def own_role(self) -> Role:
        """The role that Teleport makes for it."""
        allow = Conditions(
            rules=((frozenset({"cert_authority"}), frozenset({"readnosecrets"})),), impersonate_roles=self.roles
        )
        return Role(f"bot-{self.name}", allow, max_session_ttl=self.max_session_ttl)


Resource = Role | User | Bot | Token

PRESET_ROLES = ("access", "editor", "auditor", "@teleport-access-approver")
"""Roles that a new cluster has. None of them lets anybody see, make or review access requests here."""

SYSTEM_REVIEWER = User(
    name="@teleport-access-approval-bot",
    roles=("@teleport-access-approver",),
    description="Used internally by Teleport to automatically approve access requests",
    labels={"teleport.internal/resource-type": "system", "teleport.internal/revision": "1"},
)

_REQUEST_KEYS = {"roles", "search_as_roles", "annotations", "thresholds", "suggested_reviewers"}
_REVIEW_KEYS = {"roles", "preview_as_roles", "submit_for_users"}
_THRESHOLD_KEYS = {"name", "approve", "deny"}
_UNITS = {"h": 3600, "m": 60, "s": 1}


def parse_resources(text: str, edition: Edition, *, on_behalf: bool) -> list[Resource]:
    """What a YAML text of one or more documents describes, in order.

    `on_behalf`: the server knows `submit_for_users`. One that doesn't drops it here (that it isn't refused instead is
    unverified). Raises ValueError for what the stand-in has no answer for (an unknown kind, a predicate), and for what
    Teleport's open-source edition refuses: there, nobody can be given the right to review.
    """
    found = [_resource(document, edition) for document in yaml.safe_load_all(text) if document is not None]
    return found if on_behalf else [_without_submit_for_users(one) for one in found]


def _without_submit_for_users(resource: Resource) -> Resource:
    if not isinstance(resource, Role):
        return resource
    allow, deny = (replace(section, submit_for_users=()) for section in (resource.allow, resource.deny))
    return replace(resource, allow=allow, deny=deny)


def _resource(document: Any, edition: Edition) -> Resource:
    if "name" not in (document.get("metadata") or {}):
        raise ValueError("a resource needs kind, metadata with a name, and spec")
    kind, name, spec = document.get("kind"), str(document["metadata"]["name"]), document.get("spec") or {}
    match kind:
        case "role":
            return _role(name, spec, edition)
        case "user":
            traits = {key: tuple(values) for key, values in (spec.get("traits") or {}).items()}
            return User(name, tuple(spec.get("roles") or ()), traits, expires=expiry(document["metadata"]))
        case "bot":
            return _bot(name, spec)
        case "token":
            return parse_token(name, spec, expiry(document["metadata"]))
    raise ValueError(f'unknown resource kind "{kind}" ({name}): the stand-in knows role, user, bot and token')


def _bot(name: str, spec: Mapping[str, Any]) -> Bot:
    roles, ttl = tuple(spec.get("roles") or ()), spec.get("max_session_ttl")
    return Bot(name, roles, _duration(ttl)) if ttl else Bot(name, roles)


def _role(name: str, spec: Mapping[str, Any], edition: Edition) -> Role:
    allow = _conditions(name, spec.get("allow") or {})
    deny = _conditions(name, spec.get("deny") or {})
    if edition == "oss":
        if allow.review_roles or allow.preview_as_roles or allow.submit_for_users:
            raise ValueError("role field allow.review_requests is only available in enterprise subscriptions")
        if allow.thresholds:
            raise ValueError("role field allow.request.thresholds is only available in enterprise subscriptions")
        if allow.search_as_roles:
            raise ValueError("role field allow.search_as_roles is only available in enterprise subscriptions")
    ttl = (spec.get("options") or {}).get("max_session_ttl")
    return Role(name, allow, deny, _duration(ttl)) if ttl else Role(name, allow, deny)


def _conditions(role: str, section: Mapping[str, Any]) -> Conditions:
    request, review = section.get("request") or {}, section.get("review_requests") or {}
    _refuse_unknown(role, "request", request, _REQUEST_KEYS)
    _refuse_unknown(role, "review_requests", review, _REVIEW_KEYS)
    for threshold in request.get("thresholds") or ():
        _refuse_unknown(role, "request.thresholds", threshold, _THRESHOLD_KEYS)
    return Conditions(
        rules=tuple((frozenset(rule["resources"]), frozenset(rule["verbs"])) for rule in section.get("rules") or ()),
        request_roles=tuple(request.get("roles") or ()),
        search_as_roles=tuple(request.get("search_as_roles") or ()),
        annotations={key: tuple(values) for key, values in (request.get("annotations") or {}).items()},
        thresholds=tuple(
            Threshold(str(one.get("name", "")), int(one.get("approve", 1)), int(one.get("deny", 1)))
            for one in request.get("thresholds") or ()
        ),
        suggested_reviewers=tuple(request.get("suggested_reviewers") or ()),
        review_roles=tuple(review.get("roles") or ()),
        preview_as_roles=tuple(review.get("preview_as_roles") or ()),
        submit_for_users=tuple(review.get("submit_for_users") or ()),
        impersonate_roles=tuple((section.get("impersonate") or {}).get("roles") or ()),
        node_labels=section.get("node_labels") or {},
    )


def _refuse_unknown(role: str, where: str, section: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(section) - known)
    if unknown:
        raise ValueError(f"role {role}: the stand-in does not know {where}.{unknown[0]}")


def _duration(text: str) -> int:
    number, unit = text[:-1], text[-1]
    if unit not in _UNITS or not number.isdigit():
        raise ValueError(f'max_session_ttl "{text}": write a number and h, m or s')
    return int(number) * _UNITS[unit] * 1_000_000_000
