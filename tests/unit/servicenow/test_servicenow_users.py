"""A person is found for certain or not at all; what can't be read is unknown, never assumed."""

import pytest
import requests

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import NotPermitted
from access_bridge.servicenow.users import User, Users
from tests.unit.servicenow.conftest import Clock
from tests.unit.servicenow.peer import Peer, failed, listed, record

ALICE = {
    "sys_id": "a1" * 16,
    "user_name": "alice",
    "email": "alice@example.com",
    "name": "Alice",
    "active": "true",
    "locked_out": "false",
    "web_service_access_only": "0",
    "internal_integration_user": "1",
}
GROUP = "9a" * 16


@pytest.fixture
def users(peer: Peer, session: requests.Session) -> Users:
    return Users(ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session))


@pytest.mark.parametrize("asked_for", ["alice", "ALICE@example.com", "  alice@example.com "])
def test_a_user_is_found_by_login_or_email(peer: Peer, users: Users, asked_for: str) -> None:
    peer.will(listed(ALICE))
    assert users.find(asked_for) == User(
        sys_id="a1" * 16,
        user_name="alice",
        email="alice@example.com",
        name="Alice",
        active=True,
        locked_out=False,
        web_service_access_only=False,
        internal_integration_user=True,
    )
    (asked,) = peer.asked
    wanted = asked_for.strip()
    assert asked.path == "/api/now/v2/table/sys_user"
    assert asked.query["sysparm_query"] == f"user_name={wanted}^ORemail={wanted}"
    assert int(asked.query["sysparm_limit"]) > 1


def test_two_people_with_one_name_are_no_single_user(peer: Peer, users: Users) -> None:
    twin = ALICE | {"sys_id": "b2" * 16, "user_name": "alice2", "active": "false"}
    peer.will(listed(ALICE, twin), listed(ALICE, twin))
    assert users.find("alice@example.com") is None
    assert len(users.matches("alice@example.com")) == 2


def test_nobody_is_found_where_there_is_nobody(peer: Peer, users: Users) -> None:
    peer.will(listed(), listed(), failed(404))
    assert users.find("mallory") is None
    assert users.by_user_name("mallory") is None
    assert users.by_id("c3" * 16) is None


@pytest.mark.parametrize("name", ["", "alice^ORactive=true", "javascript:gs.getUserID()", "alice\nbob"])
def test_a_name_that_is_no_name_is_nobodys_and_never_asked_for(peer: Peer, users: Users, name: str) -> None:
    assert users.find(name) is None
    assert users.matches(name) == ()
    assert users.by_user_name(name) is None
    assert users.group(name) is None
    assert users.is_member("a1" * 16, name) is False
    assert peer.asked == []


def test_a_user_name_is_not_looked_for_among_the_addresses(peer: Peer, users: Users) -> None:
    peer.will(listed(ALICE))
    assert users.by_user_name("alice") is not None
    assert peer.asked[0].query["sysparm_query"] == "user_name=alice"


def test_what_the_account_may_not_read_is_unknown(peer: Peer, users: Users) -> None:
    peer.will(record(sys_id="a1" * 16, user_name="alice", email="", name="Alice", active="", locked_out="maybe"))
    assert users.by_id("a1" * 16) == User(sys_id="a1" * 16, user_name="alice", name="Alice")


def test_a_user_table_that_cannot_be_read_is_told_apart_from_nobody(peer: Peer, users: Users) -> None:
    peer.will(failed(403, "ACL Exception Query Failed due to security constraints"))
    with pytest.raises(NotPermitted):
        users.find("alice")


def test_a_group_is_found_by_name_or_id(peer: Peer, users: Users) -> None:
    peer.will(
        listed({"sys_id": GROUP, "name": "Access approvers", "active": "true"}),
        record(sys_id=GROUP, active="true"),
    )  # fmt: skip
    assert users.group("access approvers") == GROUP
    assert users.group(GROUP) == GROUP
    assert [asked.path for asked in peer.asked] == [
        "/api/now/v2/table/sys_user_group",
        f"/api/now/v2/table/sys_user_group/{GROUP}",
    ]


def test_a_group_whose_name_looks_like_an_id_is_found_too(peer: Peer, users: Users) -> None:
    peer.will(failed(404), listed({"sys_id": "8b" * 16, "name": GROUP, "active": "true"}))
    assert users.group(GROUP) == "8b" * 16


def test_inactive_or_ambiguous_groups_are_no_group(peer: Peer, users: Users) -> None:
    one, two = ({"sys_id": each * 16, "name": "Access approvers", "active": "true"} for each in ("9a", "8b"))
    retired = two | {"active": "false"}
    peer.will(listed(one, two), listed(retired), listed(one, retired), record(sys_id=GROUP, active="false"))
    assert users.group("Access approvers") is None
    assert users.group("Access approvers") is None
    assert users.group("Access approvers") == one["sys_id"]
    assert users.group(GROUP) is None


def test_membership_is_read_from_the_groups_list(peer: Peer, users: Users) -> None:
    member = {"sys_id": "7c" * 16, "user": "a1" * 16, "group": GROUP}
    peer.will(record(sys_id=GROUP, active=""), listed(member), record(sys_id=GROUP, active="true"), listed())
    assert users.is_member("a1" * 16, GROUP) is True
    assert users.is_member("a1" * 16, GROUP) is False
    assert peer.asked[1].query["sysparm_query"] == f"user={'a1' * 16}^group={GROUP}"


def test_a_group_that_is_not_there_has_no_members(peer: Peer, users: Users) -> None:
    peer.will(listed())
    assert users.is_member("a1" * 16, "Access aprovers") is False
    assert len(peer.asked) == 1


def test_look_ups_are_kept_for_as_long_as_asked_but_failures_and_judgements_are_not(
    peer: Peer, session: requests.Session, clock: Clock
) -> None:
    servicenow = ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session)
    users = Users(servicenow, keep=60, clock=clock)
    peer.will(failed(503), listed(ALICE), listed(), listed(ALICE), listed(ALICE))

    with pytest.raises(Exception, match="503"):
        users.find("alice")
    assert users.find("alice") == users.find("Alice ")
    assert users.find("bob") is users.find("bob") is None
    assert servicenow.calls == {"lookups": 3}

    assert users.by_user_name("alice") is not None
    clock.now += 60
    assert users.find("alice") is not None
    assert servicenow.calls == {"lookups": 5}
