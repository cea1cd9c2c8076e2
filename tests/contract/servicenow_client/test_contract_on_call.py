"""Who is on call, asked of an instance: shifts, escalation levels, devices and groups, and calls that fail."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import NotPermitted, Unavailable
from access_bridge.servicenow.on_call import users_on_call
from access_bridge.servicenow.users import Users
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_client.conftest import Connect

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def rota(instance: ServiceNowInstance, account: BasicCredentials) -> str:
    return instance.add_rota("Database On-Call")


def on_call(servicenow: ServiceNow, rota: str, at: datetime = NOON, levels: int = 1) -> set[str]:
    entries = servicenow.who_is_on_call(rota, at)
    users = (Users(servicenow).by_id(sys_id) for sys_id in users_on_call(entries or (), levels))
    return {user.user_name for user in users if user}


def test_whoever_has_the_shift_is_on_call_while_it_lasts(
    instance: ServiceNowInstance, servicenow: ServiceNow, rota: str
) -> None:
    instance.put_on_call(rota, "alice", ends="2026-11-01 12:00:00")
    instance.put_on_call(rota, "dave", starts="2026-11-01 12:00:00")
    assert on_call(servicenow, rota, NOON - timedelta(seconds=1)) == {"alice"}
    assert on_call(servicenow, rota, NOON) == {"dave"}
    assert on_call(servicenow, rota, NOON.astimezone(timezone(timedelta(hours=9)))) == {"dave"}


def test_only_the_levels_that_count_are_on_call(
    instance: ServiceNowInstance, servicenow: ServiceNow, rota: str
) -> None:
    for user, order in (("erin", 3), ("alice", 1), ("bob", 2), ("dave", 1)):
        instance.put_on_call(rota, user, order=order)
    assert on_call(servicenow, rota) == {"alice", "dave"}
    assert on_call(servicenow, rota, levels=2) == {"alice", "bob", "dave"}


def test_devices_and_groups_are_nobody(instance: ServiceNowInstance, servicenow: ServiceNow, rota: str) -> None:
    instance.put_on_call(rota, device="de" * 16)
    instance.put_on_call(rota, group="96" * 16)
    instance.put_on_call(rota, "bob", order=2)
    assert len(servicenow.who_is_on_call(rota, NOON) or ()) == 3
    assert on_call(servicenow, rota) == set()


def test_the_people_of_another_rota_are_not_on_call_for_this_one(
    instance: ServiceNowInstance, servicenow: ServiceNow, rota: str
) -> None:
    instance.put_on_call(instance.add_rota("Network On-Call"), "alice")
    assert servicenow.who_is_on_call(rota, NOON) == ()


@pytest.mark.parametrize("habit", ["empty", "not_found"])
def test_nobody_is_on_call_for_a_rota_that_is_not_there(
    instance: ServiceNowInstance, servicenow: ServiceNow, habit: Literal["empty", "not_found"]
) -> None:
    instance.habits.unknown_rota = habit
    assert on_call(servicenow, "9f" * 16) == set()


def test_an_account_without_the_right_is_told_so(instance: ServiceNowInstance, connect: Connect, rota: str) -> None:
    instance.add_user("svc.other", email="svc.other@example.test", name="Other", roles=(), password="secret")
    with pytest.raises(NotPermitted, match="whoisoncall"):
        connect(BasicCredentials("svc.other", "secret")).who_is_on_call(rota, NOON)


@pytest.mark.parametrize("trouble", ["rate_limited", "unavailable", "error_before", "html_page", "truncated_json"])
def test_after_trouble_the_next_call_tells_who_is_on_call(
    instance: ServiceNowInstance, servicenow: ServiceNow, rota: str, trouble: str
) -> None:
    instance.put_on_call(rota, "alice")
    getattr(instance.faults, trouble)(table="whoisoncall")
    with pytest.raises(Unavailable):
        servicenow.who_is_on_call(rota, NOON)
    assert on_call(servicenow, rota) == {"alice"}
