"""The client's ways of authentication, and its look-ups of people, against an instance."""

import pytest

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import ApiKeyCredentials, BasicCredentials, OAuthCredentials
from access_bridge.servicenow.errors import CredentialsRefused, Unavailable
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.users import Users
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_client.conftest import Connect

OAUTH = OAuthCredentials("bridge-client", "bridge-secret")


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def read(servicenow: ServiceNow) -> object:
    return servicenow.query("incident", Query(), ["number"])


@pytest.fixture
def oauth_instance(instance: ServiceNowInstance, account: BasicCredentials) -> ServiceNowInstance:
    instance.add_oauth_client(OAUTH.client_id, OAUTH.client_secret, account.username)
    return instance


def test_an_api_key_stands_for_its_user(
    instance: ServiceNowInstance, connect: Connect, account: BasicCredentials
) -> None:
    instance.add_api_key("now_key", account.username)
    assert read(connect(ApiKeyCredentials("now_key")))
    with pytest.raises(CredentialsRefused):
        read(connect(ApiKeyCredentials("now_other")))


def test_one_token_serves_many_calls(oauth_instance: ServiceNowInstance, connect: Connect) -> None:
    servicenow = connect(OAUTH)
    assert read(servicenow)
    assert read(servicenow)
    assert servicenow.calls == {"tokens": 1, "reads": 2}


def test_a_token_that_became_worthless_is_fetched_anew(oauth_instance: ServiceNowInstance, connect: Connect) -> None:
    servicenow = connect(OAUTH)
    read(servicenow)
    oauth_instance.revoke_tokens()
    assert read(servicenow)
    assert servicenow.calls == {"tokens": 2, "reads": 3}


def test_a_second_client_gets_the_current_token_and_heeds_how_little_it_has_left(
    oauth_instance: ServiceNowInstance, connect: Connect
) -> None:
    clock = Clock()
    oauth_instance.set_token_lifetime(70)
    first, second = connect(OAUTH), connect(OAUTH, clock=clock)
    read(first)
    read(second)
    clock.now += 11
    assert read(second)
    assert second.calls == {"tokens": 2, "reads": 2}


def test_a_token_shorter_than_our_margin_still_serves(oauth_instance: ServiceNowInstance, connect: Connect) -> None:
    oauth_instance.set_token_lifetime(30)
    servicenow = connect(OAUTH)
    assert read(servicenow)
    assert read(servicenow)


@pytest.mark.usefixtures("account")
def test_a_client_without_an_application_user_is_for_a_person(instance: ServiceNowInstance, connect: Connect) -> None:
    instance.add_oauth_client("lonely", "secret")
    with pytest.raises(CredentialsRefused) as error:
        read(connect(OAuthCredentials("lonely", "secret")))
    assert "OAuth Application User" in error.value.fix


def test_a_token_endpoint_that_limits_says_how_long_to_wait(
    oauth_instance: ServiceNowInstance, connect: Connect
) -> None:
    oauth_instance.faults.rate_limited(retry_after=9, table="oauth_token")
    with pytest.raises(Unavailable) as error:
        connect(OAUTH).insert("incident", {})
    assert error.value.after == 9


def test_a_password_that_was_changed_meanwhile_is_fetched_anew(
    instance: ServiceNowInstance, connect: Connect, account: BasicCredentials
) -> None:
    servicenow = connect(account, refresh=lambda: BasicCredentials(account.username, "rotated"))
    assert read(servicenow)
    instance.set_password(account.username, "rotated")
    assert read(servicenow)


def test_a_wrong_password_is_for_a_person(connect: Connect, account: BasicCredentials) -> None:
    with pytest.raises(CredentialsRefused):
        read(connect(BasicCredentials(account.username, "wrong")))


def test_people_are_found_by_login_and_address(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    users = Users(servicenow)
    dave = instance.add_user("dave2", email="Dave.Two@example.test", name="Dave Two", locked_out=True)

    by_login, by_address, by_id = users.find("dave2"), users.find("Dave.Two@example.test"), users.by_id(dave)

    assert by_login is not None
    assert by_login == by_address == by_id == users.by_user_name("dave2")
    assert (by_login.sys_id, by_login.email) == (dave, "Dave.Two@example.test")
    assert (by_login.active, by_login.locked_out, by_login.web_service_access_only) == (True, True, False)
    assert servicenow.calls == {"lookups": 4}


def test_two_people_with_one_address_are_no_single_user(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    for login in ("erin.one", "erin.two"):
        instance.add_user(login, email="shared@example.test")
    users = Users(servicenow)
    assert users.find("shared@example.test") is None
    assert {user.user_name for user in users.matches("shared@example.test")} == {"erin.one", "erin.two"}


def test_a_person_whose_state_the_account_may_not_read_is_unknown(
    instance: ServiceNowInstance, servicenow: ServiceNow
) -> None:
    instance.controls.restrict_field("sys_user", "active", "read", ["admin"])
    alice = Users(servicenow).find("alice")
    assert alice is not None
    assert alice.active is None


def test_groups_and_their_members_are_read(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    group = instance.add_group("Bridge approvers")
    member = instance.add_user("frank", groups=["Bridge approvers"])
    stranger = instance.add_user("grace")
    users = Users(servicenow)

    assert users.group("Bridge approvers") == users.group(group) == group
    assert users.group("Bridge aprovers") is None
    assert users.is_member(member, "Bridge approvers")
    assert users.is_member(member, group)
    assert not users.is_member(stranger, group)
    assert not users.is_member(member, "Bridge aprovers")
