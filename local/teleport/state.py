"""What the cluster knows: resources, locks, requests, audit log. One lock guards all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from grpclib.const import Status

from local.teleport import audit
from local.teleport.access import Rights
from local.teleport.audit import AuditEvent
from local.teleport.caller import Caller
from local.teleport.errors import RefusedError, access_denied
from local.teleport.ids import RequestIds, new_uuid
from local.teleport.join_token import Token
from local.teleport.resources import (
    PRESET_ROLES,
    SYSTEM_REVIEWER,
    Bot,
    Edition,
    Role,
    User,
    parse_resources,
)
from local.teleport.store import RequestStore
from local.teleport.times import now_ns

SecondFactor = Literal["webauthn", "otp"]


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user with what the cluster adds: revision and the time of creation in nanoseconds (0: made by the system)."""

    user: User
    revision: str
    created: int

    def has_expired(self) -> bool:
        """Is the user gone by now?"""
        return 0 < self.user.expires <= now_ns()


@dataclass(frozen=True, slots=True)
class Node:
    """An SSH node, as far as naming it in a request goes."""

    name: str
    hostname: str
    labels: dict[str, str]
    revision: str = field(default_factory=new_uuid)


@dataclass
class ClusterState:
    """Everything that outlives a restart. Take `mutex` around each call that reads or writes."""

    name: str
    edition: Edition
    version: str
    on_behalf: bool
    second_factor: SecondFactor
    host_id: str = field(default_factory=new_uuid)
    mutex: threading.RLock = field(default_factory=threading.RLock)
    roles: dict[str, Role] = field(default_factory=lambda: {name: Role(name) for name in PRESET_ROLES})
    users: dict[str, StoredUser] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    store: RequestStore = field(default_factory=RequestStore)
    request_ids: RequestIds = field(default_factory=RequestIds)
    audit_log: list[AuditEvent] = field(default_factory=list)
    appended: threading.Condition = field(default_factory=threading.Condition)
    nodes: list[Node] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    refuses_long_term_on_behalf: bool = False
    fips: bool = False

    def __post_init__(self) -> None:
        self.nodes.append(Node(self.host_id, "lab", {"env": "prod"}))
        if self.edition == "ent":
            self.users[SYSTEM_REVIEWER.name] = StoredUser(SYSTEM_REVIEWER, new_uuid(), 0)

    @property
    def admin(self) -> Caller:
        """`tctl` on the auth host: recorded as `<host uuid>.<cluster>`."""
        return Caller(user=f"{self.host_id}.{self.name}", is_admin=True)

    def apply(self, text: str) -> None:
        """Creates or replaces the resources in a YAML text, as `tctl create -f` does.

        Raises ValueError for what the stand-in does not know and for what the edition refuses; nothing is kept then.
        """
        resources = parse_resources(text, self.edition, on_behalf=self.on_behalf)
        with self.mutex:
            for resource in resources:
                match resource:
                    case Role():
                        self.roles[resource.name] = resource
                    case User():
                        self._put_user(resource)
                    case Bot():
                        self.bots[resource.name] = resource
                        own = resource.own_role()
                        self.roles[own.name] = own
                        self._put_user(User(f"bot-{resource.name}", (own.name,), bot_name=resource.name))
                    case Token():
                        self.tokens[resource.name] = resource

    def _put_user(self, user: User) -> None:
        before = self.users.get(user.name)
        self.users[user.name] = StoredUser(user, new_uuid(), before.created if before else now_ns())

    def present_users(self) -> dict[str, StoredUser]:
        """The users by name, without those that have expired."""
        return {name: one for name, one in self.users.items() if not one.has_expired()}

    def user(self, name: str) -> User | None:
        """A user by its exact name; None also when he has expired."""
        stored = self.users.get(name)
        return stored.user if stored and not stored.has_expired() else None

    def rights(self, role_names: Iterable[str]) -> Rights:
        """What roles give together. Raises RefusedError for a role that is gone."""
        found = []
        for name in role_names:
            if name not in self.roles:
                raise RefusedError(Status.NOT_FOUND, f"access denied\n\trole {name} is not found")
            found.append(self.roles[name])
        return Rights(found)

    def check_caller(self, caller: Caller) -> None:
        """Raises RefusedError for a caller who is locked, or whose user is gone."""
        if caller.is_admin or caller.is_nobody:
            return
        if caller.user in self.locked:
            raise access_denied("access denied")
        if self.user(caller.user) is None:
            raise RefusedError(Status.NOT_FOUND, f'access denied\n\tuser "{caller.user}" not found')

    def check_verbs(self, caller: Caller, resource: str, *verbs: str) -> None:
        """Raises RefusedError with Teleport's own text, one part for each verb that no rule allows."""
        if caller.is_admin:
            return
        missing = self.rights(caller.roles).missing_verbs(resource, verbs)
        if missing:
            texts = [f'access denied to perform action "{verb}" on "{resource}"' for verb in missing]
            raise access_denied(", ".join(texts))

    def check_admin_action(self, caller: Caller) -> None:
        """Raises RefusedError for a person who would have to touch his security key first: nothing headless can.

        Asked only where a second factor is required and one-time codes don't do. Exempt are bots, whoever acts with a
        certificate that a bot or the auth host made, and `tctl` there (the text is Teleport's, not recorded).
        """
        if self.second_factor != "webauthn" or caller.is_admin or caller.has_touched_key:
            return
        if caller.impersonator == self.admin.user or self._is_bot(caller.user) or self._is_bot(caller.impersonator):
            return
        raise access_denied("admin-level API request requires MFA verification")

    def _is_bot(self, name: str) -> bool:
        user = self.user(name)
        return user is not None and bool(user.bot_name)

    def emit(self, event: AuditEvent) -> None:
        """Appends to the audit log."""
        with self.appended:
            self.audit_log.append(event)
            self.appended.notify_all()

    def expire(self, delay: int) -> None:
        """The expiry job: tells of and forgets the requests whose time passed `delay` nanoseconds ago."""
        with self.mutex:
            for request in self.store.due(now_ns() - delay):
                self.emit(audit.expired(self.name, request))
                self.store.remove(request.Metadata.Name)
