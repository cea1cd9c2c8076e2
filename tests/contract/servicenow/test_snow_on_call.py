"""Who is on call: the service that the on-call plugin has."""

import pytest
import requests

from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow.conftest import Rest, RestFactory

NOON = 1_767_268_800  # 2026-01-01 12:00:00
ENTRY = {
    "memberId",
    "memberIds",
    "userId",
    "userIds",
    "roster",
    "rota",
    "group",
    "escalationGroups",
    "deviceId",
    "deviceIds",
    "isDevice",
    "order",
    "isOverride",
    "rotationScheduleId",
    "memberScheduleId",
}


def _ask(rest: Rest, **params: str) -> requests.Response:
    return rest.call("GET", "whoisoncall", params=params, api="/api/now/on_call_rota/")


def _users(sn: ServiceNowInstance, rest: Rest, **params: str) -> list[str]:
    names = {row["sys_id"]: row["user_name"] for row in sn.rows("sys_user")}
    return [names.get(entry["userId"], "") for entry in _ask(rest, **params).json()["result"]]


@pytest.fixture
def rota(sn: ServiceNowInstance) -> str:
    sn.set_clock(lambda: NOON)
    return sn.add_rota("Platform", sn.add_group("Platform team"))


def test_all_levels_are_answered_the_first_one_first(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    sn.put_on_call(rota, "carol", order=2)
    sn.put_on_call(rota, "alice")
    sn.put_on_call(rota, "dave")
    answer = _ask(decisions, rota_ids=rota)
    assert answer.status_code == 200
    entries = answer.json()["result"]
    assert [entry["order"] for entry in entries] == [1, 1, 2]
    assert _users(sn, decisions, rota_ids=rota) == ["alice", "dave", "carol"]
    assert all(set(entry) == ENTRY for entry in entries)
    assert {entry["rota"] for entry in entries} == {rota}
    assert {entry["isDevice"] for entry in entries} == {False}


def test_devices_and_groups_have_no_user(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    group = sn.add_group("Escalation")
    sn.put_on_call(rota, device="d" * 32)
    sn.put_on_call(rota, group=group, order=2)
    device, escalation = _ask(decisions, rota_ids=rota).json()["result"]
    assert (device["userId"], device["isDevice"], device["deviceId"]) == ("", True, "d" * 32)
    assert (escalation["userId"], escalation["isDevice"], escalation["escalationGroups"]) == ("", False, [group])


def test_the_time_is_asked_for_in_utc(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    sn.put_on_call(rota, "alice", starts="2026-01-01 08:00:00", ends="2026-01-01 16:00:00")
    sn.put_on_call(rota, "dave", starts="2026-01-01 16:00:00")
    assert _users(sn, decisions, rota_ids=rota) == ["alice"]
    for moment, expected in (("07:59:59", []), ("08:00:00", ["alice"]), ("16:00:00", ["dave"])):
        assert _users(sn, decisions, rota_ids=rota, date_time=f"2026-01-01 {moment}") == expected
    sn.take_off_call(rota)
    assert _users(sn, decisions, rota_ids=rota) == []


def test_several_rotas_are_asked_at_once(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    other, stopped = sn.add_rota("Database"), sn.add_rota("Retired", active=False)
    sn.put_on_call(rota, "alice", order=2)
    sn.put_on_call(other, "dave")
    sn.put_on_call(stopped, "carol")
    assert _users(sn, decisions, rota_ids=f"{rota},{other},{stopped}") == ["dave", "alice"]


def test_a_rota_that_is_not_there(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    assert _ask(decisions, rota_ids="0" * 32).json() == {"result": []}
    sn.habits.unknown_rota = "not_found"
    assert _ask(decisions, rota_ids="0" * 32).status_code == 404
    assert _ask(decisions, rota_ids=rota).status_code == 200


@pytest.mark.parametrize("params", [{}, {"rota_ids": ""}, {"rota_ids": "x", "date_time": "2026-01-01T12:00:00Z"}])
def test_a_question_without_a_rota_or_with_another_time_format_is_refused(
    decisions: Rest, params: dict[str, str]
) -> None:
    assert _ask(decisions, **params).status_code == 400


def test_who_may_not_read_rotas_may_not_ask(
    sn: ServiceNowInstance, rota: str, rest_as: RestFactory, tickets: Rest, decisions: Rest
) -> None:
    assert _ask(rest_as("", ""), rota_ids=rota).status_code == 401
    answer = _ask(tickets, rota_ids=rota)
    assert (answer.status_code, answer.json()["error"]["detail"]) == (403, "Failed API level ACL Validation")
    assert _ask(decisions, rota_ids=rota).status_code == 200
    sn.disallow("cmn_rota", "read", "x_acbr_bridge.decisions")
    assert _ask(decisions, rota_ids=rota).status_code == 403
    assert decisions.call("POST", "whoisoncall", body={}, api="/api/now/on_call_rota/").status_code == 405


def test_rotas_are_listed(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    query = {"sysparm_query": "active=true", "sysparm_fields": "sys_id,name", "sysparm_exclude_reference_link": "true"}
    assert decisions.get("cmn_rota", **query).json()["result"] == [{"sys_id": rota, "name": "Platform"}]


def test_trouble_hits_this_service_too(sn: ServiceNowInstance, rota: str, decisions: Rest) -> None:
    sn.faults.rate_limited(table="whoisoncall")
    assert decisions.get("incident").status_code == 200
    assert _ask(decisions, rota_ids=rota).status_code == 429
    sn.faults.html_page()
    assert _ask(decisions, rota_ids=rota).headers["Content-Type"].startswith("text/html")
    assert _ask(decisions, rota_ids=rota).status_code == 200
    assert [call.table for call in sn.calls] == ["incident", *["whoisoncall"] * 3]
