"""Who is who: each way of mapping finds the one person that it means, and nobody where that is not certain."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from access_bridge.people import People
from access_bridge.rules.decisions import DecisionRules
from access_bridge.servicenow.users import User
from access_bridge.teleport.convert import User as TeleportUser

BOB = User("b" * 32, "bob", "bob@example.test")
ROBERT = User("c" * 32, "robert", "robert@example.test")
EVE = User("e" * 32, "eve", "bob@example.test")  # has Bob's e-mail address


class Instance:
    """ServiceNow's look-ups on a handful of users, as they answer: any letter case, and one or nobody."""

    def __init__(self, *users: User) -> None:
        self._users = users

    def matches(self, name: str) -> tuple[User, ...]:
        wanted = name.casefold()
        return tuple(user for user in self._users if wanted in {user.user_name.casefold(), user.email.casefold()})

    def by_user_name(self, name: str) -> User | None:
        return _one([user for user in self._users if user.user_name.casefold() == name.casefold()])

    def by_email(self, address: str) -> User | None:
        return _one([user for user in self._users if user.email.casefold() == address.casefold()])

    def by_id(self, sys_id: str) -> User | None:
        return _one([user for user in self._users if user.sys_id == sys_id])


class Cluster:
    """Teleport's users with their traits, by name; case counts."""

    def __init__(self, users: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        self._users = users
        self.asked: list[str] = []

    def user(self, name: str) -> TeleportUser | None:
        self.asked.append(name)
        return TeleportUser(name, (), self._users[name]) if name in self._users else None


def _one(users: list[User]) -> User | None:
    return users[0] if len(users) == 1 else None


def people(
    *users: User,
    by: str = "user_name",
    table: Mapping[str, str] | None = None,
    teleport: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
) -> People:
    rules = DecisionRules.model_validate({"teleport_user": by, "teleport_users": table or {}})
    return People(Instance(*users), Cluster(teleport or {}), rules)  # type: ignore[arg-type]


TRAIT = {"servicenow_id": (BOB.sys_id,)}


@pytest.mark.parametrize(
    ("by", "table", "teleport", "names"),
    [
        ("user_name", {}, {"bob": {}}, ("bob",)),
        ("user_name", {}, {"bob@example.test": {}}, ()),
        ("user_name", {}, {}, ()),
        ("email", {}, {"bob@example.test": {}, "bob": {}}, ("bob@example.test",)),
        ("trait:servicenow_id", {}, {"bob": TRAIT}, ("bob",)),
        ("trait:servicenow_id", {}, {"bob@example.test": TRAIT}, ("bob@example.test",)),
        ("trait:servicenow_id", {}, {"bob": {}}, ()),
        ("trait:servicenow_id", {}, {"bob": {"servicenow_id": (ROBERT.sys_id,)}}, ()),
        ("trait:servicenow_id", {}, {"bob": TRAIT, "bob@example.test": TRAIT}, ("bob", "bob@example.test")),
        ("user_name", {"Bob": "bobby"}, {"bob": {}, "bobby": {}}, ("bobby",)),
        ("trait:servicenow_id", {"bob": "bobby"}, {"bob": TRAIT, "bobby": {}}, ("bobby",)),
        ("user_name", {"bob": "bobby"}, {"bob": {}}, ()),  # the table wins, also where its user isn't there
        ("user_name", {"robert": "bob"}, {"bob": {}}, ()),  # that Teleport user is somebody else by the table
    ],
)
def test_a_servicenow_user_s_users_in_teleport(
    by: str, table: Mapping[str, str], teleport: Mapping[str, Mapping[str, tuple[str, ...]]], names: tuple[str, ...]
) -> None:
    assert people(BOB, by=by, table=table, teleport=teleport).teleport_names(BOB) == names


def test_a_name_is_looked_for_as_it_stands_and_in_lower_case_since_case_counts_in_teleport_alone() -> None:
    user = User("b" * 32, "Bob", "Bob@Example.test")
    assert people(user).candidates(user) == ("Bob", "bob")
    assert people(user, by="email").candidates(user) == ("Bob@Example.test", "bob@example.test")
    assert people(user, teleport={"bob": {}}).teleport_names(user) == ("bob",)
    assert people(user, teleport={"bob": {}, "Bob": {}}).teleport_names(user) == ("Bob", "bob")


@pytest.mark.parametrize(
    ("by", "table", "teleport", "name", "found"),
    [
        ("user_name", {}, {}, "bob", [BOB]),
        ("user_name", {}, {}, "BOB", []),
        ("user_name", {}, {}, "bob@example.test", []),
        ("email", {}, {}, "robert@example.test", [ROBERT]),
        ("email", {}, {}, "bob@example.test", []),  # two have that address
        ("trait:servicenow_id", {}, {"x": TRAIT}, "x", [BOB]),
        ("trait:servicenow_id", {}, {"bob": {}}, "bob", []),
        ("trait:servicenow_id", {}, {}, "bob", []),
        ("trait:servicenow_id", {}, {"x": {"servicenow_id": ("not an id",)}}, "x", []),
        ("trait:servicenow_id", {}, {"x": {"servicenow_id": (BOB.sys_id, ROBERT.sys_id)}}, "x", [BOB, ROBERT]),
        ("user_name", {"robert": "bob"}, {}, "bob", [ROBERT]),
        ("user_name", {"nobody": "bob"}, {}, "bob", []),
        ("user_name", {"bob": "bobby"}, {}, "bob", []),  # bob is bobby in Teleport, so its bob is nobody here
    ],
)
def test_a_teleport_user_s_users_in_servicenow(
    by: str,
    table: Mapping[str, str],
    teleport: Mapping[str, Mapping[str, tuple[str, ...]]],
    name: str,
    found: list[User],
) -> None:
    mapped = people(BOB, ROBERT, EVE, by=by, table=table, teleport=teleport).mapped(name)
    assert list(mapped.values()) == found


@pytest.mark.parametrize(
    ("user_name", "teleport_name", "table", "found"),
    [
        ("Bob", "Bob", {}, True),
        ("Bob", "bob", {}, True),
        ("bob", "Bob", {}, False),  # case counts in Teleport: that may be somebody else
        ("bob", "Robert", {"bob": "robert"}, False),
        ("BOB", "robert", {"bob": "robert"}, True),
    ],
)
def test_the_mapping_holds_in_both_directions(
    user_name: str, teleport_name: str, table: Mapping[str, str], found: bool
) -> None:
    user = User("b" * 32, user_name, "bob@example.test")
    assert bool(people(user, table=table).mapped(teleport_name)) is found
    assert (teleport_name in people(user, table=table).candidates(user)) is found
    assert people(user, table=table).alike(teleport_name) == {user.sys_id: user}  # to be safe


def test_who_is_like_a_requester_is_everybody_by_any_name_and_by_the_mapping() -> None:
    teleport = {"rob": {"email": ("bob@example.test",)}}
    alike = people(BOB, ROBERT, EVE, table={"robert": "rob"}, teleport=teleport).alike("rob")
    assert set(alike) == {BOB.sys_id, ROBERT.sys_id, EVE.sys_id}


def test_teleport_is_asked_once_about_a_name() -> None:
    cluster = Cluster({"bob": {}})
    found = People(Instance(BOB), cluster, DecisionRules())  # type: ignore[arg-type]
    for _ in range(3):
        found.names_of("bob")
        found.teleport_names(BOB)
    assert cluster.asked == ["bob"]
