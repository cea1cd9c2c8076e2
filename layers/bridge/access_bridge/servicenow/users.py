"""ServiceNow's users and groups, looked up so that a person is either found for certain or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from .client import ServiceNow
from .errors import InexpressibleValue
from .query import Query
from .records import Row

_FIELDS: Final = (
    "user_name",
    "email",
    "name",
    "active",
    "locked_out",
    "web_service_access_only",
    "internal_integration_user",
)
_MOST_MATCHES: Final = 10
_GUID: Final = re.compile(r"[0-9a-f]{32}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """A record of sys_user. What the account may not read is empty, and None where it is a yes or no."""

    sys_id: str
    user_name: str = ""
    email: str = ""
    name: str = ""
    active: bool | None = None
    locked_out: bool | None = None
    web_service_access_only: bool | None = None
    internal_integration_user: bool | None = None


class Users:
    """Look-ups of users and groups.

    Each raises what `ServiceNow.get` and `ServiceNow.query` raise. NotPermitted means that the account may not read the
    table: whoever only wants a caller's name goes on without it, whoever judges a person must not.

    Parameters
    ----------
    client
        The instance.
    keep
        Seconds for which the answers of `find`, `matches` and `group` are kept. 0, the default, reads each time, as a
        judgement about a person needs; the other look-ups always read.
    clock
        Seconds that only ever grow.
    """

    def __init__(self, client: ServiceNow, *, keep: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._users: _Kept[tuple[User, ...]] = _Kept(keep, clock)
        self._groups: _Kept[str | None] = _Kept(keep, clock)

    def find(self, login_or_email: str) -> User | None:
        """Return the one user with this user name or e-mail address; None if there is none, or more than one."""
        return _single(self.matches(login_or_email))

    def matches(self, login_or_email: str) -> tuple[User, ...]:
        """Return the users, at most ten, active or not, with this user name or e-mail address in any letter case.

        A value that an encoded query can't express (`^`, a control character, `javascript:`) is nobody's.
        """
        wanted = login_or_email.strip()
        return self._users.get(wanted.casefold(), lambda: self._matching(("user_name", "email"), wanted))

    def by_user_name(self, user_name: str) -> User | None:
        """Return the one user with this user name, in any letter case; None if there is none, or more than one."""
        return _single(self._matching(("user_name",), user_name.strip()))

    def by_email(self, email: str) -> User | None:
        """Return the one user with this e-mail address, in any letter case; None if there is none, or more than one."""
        return _single(self._matching(("email",), email.strip()))

    def by_id(self, sys_id: str) -> User | None:
        """Return the user with this sys_id; None if there is none, or none that this account sees."""
        row = self._client.get("sys_user", sys_id, _FIELDS)
        return None if row is None else _user(row)

    def sees_others(self) -> bool:
        """Whether this account reads users besides its own, which it always does: only then is one who isn't found
        surely not there. False proves nothing: the newest may be hidden."""
        return len(self._client.newest("sys_user")) > 1

    def group(self, name_or_sys_id: str) -> str | None:
        """Return the sys_id of the one active group with this sys_id or name; None for none, or more than one."""
        wanted = name_or_sys_id.strip()
        return self._groups.get(wanted.casefold(), lambda: self._group(wanted))

    def is_member(self, user_sys_id: str, group: str) -> bool:
        """Whether a user is listed in a group, given by name or sys_id. Members of its child groups don't count.

        A group that isn't there has no members: ask `group` to tell the two apart.
        """
        group_sys_id = self.group(group)
        if group_sys_id is None:
            return False
        try:
            query = Query().equals("user", user_sys_id).equals("group", group_sys_id)
        except InexpressibleValue:
            return False
        return bool(self._client.query("sys_user_grmember", query, ()))

    def _matching(self, fields: tuple[str, ...], value: str) -> tuple[User, ...]:
        try:
            query = Query().any_equals(fields, value)
        except InexpressibleValue:
            return ()
        return tuple(_user(row) for row in self._client.query("sys_user", query, _FIELDS, limit=_MOST_MATCHES))

    def _group(self, wanted: str) -> str | None:
        if _GUID.fullmatch(wanted):
            row = self._client.get("sys_user_group", wanted, ("active",))
            if row is not None:
                return None if _flag(row, "active") is False else row["sys_id"]
        try:
            query = Query().equals("name", wanted)
        except InexpressibleValue:
            return None
        rows = self._client.query("sys_user_group", query, ("active",), limit=_MOST_MATCHES)
        active = [row["sys_id"] for row in rows if _flag(row, "active") is not False]
        return active[0] if len(active) == 1 else None


class _Kept(Generic[T]):
    """Answers kept for some seconds. Errors are never kept."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._answers: dict[str, tuple[float, T]] = {}

    def get(self, key: str, read: Callable[[], T]) -> T:
        now = self._clock()
        kept = self._answers.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        answer = read()
        if self._seconds > 0:
            self._answers[key] = (now + self._seconds, answer)
        return answer


def _single(users: tuple[User, ...]) -> User | None:
    return users[0] if len(users) == 1 else None


def _user(row: Row) -> User:
    return User(
        sys_id=row["sys_id"],
        user_name=row.get("user_name", "").strip(),
        email=row.get("email", "").strip(),
        name=row.get("name", ""),
        active=_flag(row, "active"),
        locked_out=_flag(row, "locked_out"),
        web_service_access_only=_flag(row, "web_service_access_only"),
        internal_integration_user=_flag(row, "internal_integration_user"),
    )


def _flag(row: Row, name: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(row.get(name, "").strip().lower())
