"""Who is on call, as an instance answers it: whoever is meant counts, whatever isn't understood doesn't."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import requests

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import CredentialsRefused, NotPermitted, Rejected, Unavailable
from access_bridge.servicenow.on_call import OnCallEntry, entries_of, users_on_call
from tests.unit.servicenow.peer import Ending, Peer, Reply, failed

ROTA = "db" * 16
ALICE = "a1" * 16
BOB = "b2" * 16
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PUBLISHED = {
    "memberId": "bf" * 16,
    "memberIds": [],
    "userId": ALICE,
    "userIds": [],
    "roster": "d6" * 16,
    "rota": ROTA,
    "group": "76" * 16,
    "escalationGroups": [],
    "deviceId": "",
    "deviceIds": [],
    "isDevice": False,
    "order": 1.0,
    "isOverride": True,
    "rotationScheduleId": "1b" * 16,
    "memberScheduleId": "3b" * 16,
}
"""The shape of an answer that was published by somebody who uses the service."""


@pytest.fixture
def servicenow(peer: Peer, session: requests.Session) -> ServiceNow:
    return ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session)


def answered(*entries: object) -> Reply:
    return Reply(body={"result": list(entries)})


def entry(user: str = ALICE, order: int | None = 1, *, device: bool = False, group: bool = False) -> OnCallEntry:
    return OnCallEntry(ROTA, user, order, device, group)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-8))])
def test_the_shift_is_asked_for_in_utc_wherever_the_clock_stands(
    peer: Peer, servicenow: ServiceNow, zone: timezone
) -> None:
    peer.will(answered(PUBLISHED))

    assert servicenow.who_is_on_call(ROTA, NOON.astimezone(zone)) == (entry(),)

    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("GET", "/api/now/on_call_rota/whoisoncall")
    assert asked.query == {"rota_ids": ROTA, "date_time": "2026-11-01 12:00:00"}
    assert servicenow.calls == {"reads": 1}


def test_a_time_without_a_zone_is_a_defect(servicenow: ServiceNow) -> None:
    with pytest.raises(ValueError, match="time zone"):
        servicenow.who_is_on_call(ROTA, datetime(2026, 11, 1, 12))


def test_a_rota_without_anybody_is_told_apart_from_none(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(answered(), failed(404, "Record doesn't exist or ACL restricts the record retrieval"))
    assert servicenow.who_is_on_call(ROTA, NOON) == ()
    assert servicenow.who_is_on_call(ROTA, NOON) is None
    assert servicenow.who_is_on_call("../sys_user", NOON) is None
    assert len(peer.asked) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failed(500), Unavailable),
        (failed(503), Unavailable),
        (failed(429, Retry_After="7"), Unavailable),
        (failed(400, "rota_ids is missing"), Rejected),
        (failed(401), CredentialsRefused),
        (failed(403, "Failed API level ACL Validation"), NotPermitted),
        (Reply(status=404, body="<html>not here</html>", content_type="text/html"), Unavailable),
        (Reply(body="<html>hibernating</html>", content_type="text/html"), Unavailable),
        (Reply(body={"result": [PUBLISHED], "error": {"message": "Transaction cancelled"}}), Unavailable),
        (Reply(body={"status": "success"}), Unavailable),
        (Reply(body={"result": [PUBLISHED]}, ending=Ending.CUT), Unavailable),
    ],
)
def test_a_failed_call_says_nothing_about_who_is_on_call(
    peer: Peer, servicenow: ServiceNow, reply: Reply, error: type[Exception]
) -> None:
    peer.will(reply)
    with pytest.raises(error):
        servicenow.who_is_on_call(ROTA, NOON)


@pytest.mark.parametrize("order", [1, 1.0, "1", " 1 ", "1.0", {"value": "1", "display_value": "Primary"}])
def test_a_level_may_be_a_number_or_a_text(order: object) -> None:
    assert users_on_call(entries_of([PUBLISHED | {"order": order}], ROTA), 1) == {ALICE}


@pytest.mark.parametrize("order", [None, "", "first", 0, -1, 1.5, True, [1], float("inf"), "nan"])
def test_an_entry_without_a_readable_level_is_not_on_call(order: object) -> None:
    assert users_on_call(entries_of([PUBLISHED | {"order": order}], ROTA), 10) == frozenset()


def test_ids_are_compared_as_servicenow_does_in_any_letter_case_and_as_references() -> None:
    shouted = PUBLISHED | {"userId": {"value": ALICE.upper(), "link": "https://x"}, "rota": ROTA.upper()}
    assert users_on_call(entries_of([shouted], ROTA), 1) == {ALICE}


def test_people_of_other_rotas_do_not_count_where_the_instance_ignored_which_was_asked_for() -> None:
    nameless = {name: value for name, value in PUBLISHED.items() if name != "rota"}
    assert entries_of([PUBLISHED | {"rota": "cc" * 16}, nameless], ROTA) == ()


@pytest.mark.parametrize("result", [{}, "", "nobody", 7, [None, "alice", 1, []], [{}], {"users": [PUBLISHED]}])
def test_an_answer_that_is_not_understood_puts_nobody_on_call(result: object) -> None:
    assert entries_of(result, ROTA) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"isDevice": True},
        {"isDevice": "true"},
        {"isDevice": "perhaps"},
        {"escalationGroups": ["76" * 16]},
        {"escalationGroups": "76" * 16},
        {"userId": ""},
        {"userId": None},
        {"userId": "", "userIds": [ALICE]},
    ],
)
def test_devices_and_groups_are_not_people_on_call(other: dict[str, object]) -> None:
    assert users_on_call(entries_of([PUBLISHED | other], ROTA), 1) == frozenset()


def test_backups_are_not_on_call_unless_their_level_counts() -> None:
    rota = [entry(), entry(BOB, 2), entry("c3" * 16, 3)]
    assert users_on_call(rota, 1) == {ALICE}
    assert users_on_call(rota, 2) == {ALICE, BOB}


def test_a_device_on_the_first_level_does_not_make_the_second_one_first() -> None:
    assert users_on_call([entry("", 1, device=True), entry(BOB, 2)], 1) == frozenset()


def test_everybody_on_the_first_level_of_overlapping_shifts_is_on_call() -> None:
    assert users_on_call([entry(), entry(BOB), entry("", group=True)], 1) == {ALICE, BOB}
