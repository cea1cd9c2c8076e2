"""Who is who: a Teleport user's ServiceNow users, and a ServiceNow user's Teleport users, as the rules file has it.

A match is one only where it is the only one; whoever judges a person refuses what is none or several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from access_bridge.rules.decisions import DecisionRules
from access_bridge.servicenow.users import User, Users
from access_bridge.teleport.client import Teleport
from access_bridge.teleport.convert import User as TeleportUser

_SYS_ID: Final = re.compile(r"[0-9a-f]{32}")
_EMAIL: Final = "email"


class People:
    """Look-ups of people in both systems, for one invocation: what was found about a Teleport user is kept so long.

    Raises what `Users` and `Teleport.user` raise. What can't be read is never taken for *nobody*.

    Parameters
    ----------
    users
        ServiceNow's users; unkept where a person is judged.
    teleport
        The connection.
    rules
        The mapping: `teleport_user`, and the table `teleport_users`, which wins.
    """

    def __init__(self, users: Users, teleport: Teleport, rules: DecisionRules) -> None:
        self._users = users
        self._teleport = teleport
        self._rules = rules
        self._known: dict[str, TeleportUser | None] = {}
        self._found: dict[str, dict[str, User]] = {}

    # ---- from Teleport to ServiceNow

    def names_of(self, teleport_name: str) -> tuple[str, ...]:
        """Return what Teleport calls somebody: his name and the e-mail addresses in his traits, as far as Teleport
        has him (a user who signs in by SSO is there only while he is signed in)."""
        found = self._teleport_user(teleport_name)
        return (teleport_name, *(found.traits.get(_EMAIL, ()) if found else ()))

    def mapped(self, teleport_name: str) -> dict[str, User]:
        """Return the ServiceNow users, by sys_id, whom the mapping says to be this Teleport user; usually one.

        It holds in both directions: a user whose own name in Teleport would be another, as case counts there, isn't it.
        """
        users = self._possible(teleport_name)
        if self._rules.trait and not self._listed(teleport_name):
            return users
        return {sys_id: user for sys_id, user in users.items() if teleport_name in self.candidates(user)}

    def alike(self, teleport_name: str) -> dict[str, User]:
        """Return every ServiceNow user who may be this Teleport user by any of his names, or by the mapping, in any
        letter case."""
        return self.named(self.names_of(teleport_name)) | self._possible(teleport_name)

    def named(self, names: tuple[str, ...]) -> dict[str, User]:
        """Return every ServiceNow user whose user name or e-mail address is one of these names."""
        return {user.sys_id: user for name in names if name.strip() for user in self._users.matches(name)}

    def sees_users(self) -> bool:
        """Whether somebody who isn't found in ServiceNow is surely not there, as far as rights go."""
        return self._users.sees_others()

    # ---- from ServiceNow to Teleport

    def candidates(self, user: User) -> tuple[str, ...]:
        """Return the names that a ServiceNow user may have in Teleport, whether or not there is such a user.

        Case counts in Teleport and doesn't in ServiceNow, so a name is tried as it stands and in lower case.
        """
        entry = self._entry(user)
        if entry:
            return (entry,)
        names = {_EMAIL: (user.email,), "user_name": (user.user_name,)}.get(
            self._rules.teleport_user, (user.user_name, user.email)
        )
        taken = {name.casefold() for name in self._rules.teleport_users.values()}
        spellings = (spelling for name in names for spelling in (name.strip(), name.strip().lower()))
        return tuple(dict.fromkeys(name for name in spellings if name and name.casefold() not in taken))

    def known_as(self, user: User) -> tuple[str, ...]:
        """Return everything that a ServiceNow user may be called in Teleport: the names that he may have there, and the
        e-mail addresses of whoever has them. Two Teleport users with one address are one human."""
        names = (name for candidate in self.candidates(user) for name in self.names_of(candidate))
        return tuple(dict.fromkeys(names))

    def teleport_names(self, user: User) -> tuple[str, ...]:
        """Return the Teleport users, as they are there now, whom the mapping says to be this ServiceNow user."""
        there = (name for name in self.candidates(user) if self._teleport_user(name) is not None)
        if not self._rules.trait or self._entry(user):
            return tuple(there)
        return tuple(name for name in there if user.sys_id in self._trait_values(name))

    # ---- the parts of the mapping

    def _possible(self, teleport_name: str) -> dict[str, User]:
        if teleport_name not in self._found:
            self._found[teleport_name] = self._look_up(teleport_name)
        return self._found[teleport_name]

    def _look_up(self, teleport_name: str) -> dict[str, User]:
        listed = self._listed(teleport_name)
        if listed:
            return _by_id(self._users.by_user_name(name) for name in listed)
        if self._rules.trait:
            ids = self._trait_values(teleport_name)
            found = [self._users.by_id(sys_id) for sys_id in ids if _SYS_ID.fullmatch(sys_id)]
        elif self._rules.teleport_user == _EMAIL:
            found = [self._users.by_email(teleport_name)]
        else:
            found = [self._users.by_user_name(teleport_name)]
        return _by_id(user for user in found if user and not self._entry(user))

    def _entry(self, user: User) -> str:
        names = {name.casefold(): there for name, there in self._rules.teleport_users.items()}
        return names.get(user.user_name.casefold(), "")

    def _listed(self, teleport_name: str) -> tuple[str, ...]:
        wanted = teleport_name.casefold()
        return tuple(name for name, there in self._rules.teleport_users.items() if there.casefold() == wanted)

    def _trait_values(self, teleport_name: str) -> tuple[str, ...]:
        found = self._teleport_user(teleport_name)
        return found.traits.get(self._rules.trait, ()) if found else ()

    def _teleport_user(self, name: str) -> TeleportUser | None:
        if name not in self._known:
            self._known[name] = self._teleport.user(name) if name else None
        return self._known[name]


def _by_id(users: Iterable[User | None]) -> dict[str, User]:
    return {user.sys_id: user for user in users if user is not None}
