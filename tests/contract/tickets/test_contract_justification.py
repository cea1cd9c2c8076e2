"""Tickets named in a reason, looked up in ServiceNow with the account of the tickets' side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import pytest
import requests

from access_bridge.errors import Retry
from access_bridge.justification.find import find_justification
from access_bridge.justification.judge import Code, Justification
from access_bridge.people import People
from access_bridge.rules.decisions import DecisionRules
from access_bridge.rules.justification import Justification as JustificationRules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.users import Users
from access_bridge.teleport.client import Teleport
from local.servicenow.access import TICKETS
from local.servicenow.instance import ServiceNowInstance
from tests.contract.tickets.teleport_double import TeleportDouble

Judge = Callable[..., Justification]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWN = {"correlation_display": "Teleport tele.example.test #1"}
WINDOW = {"start_date": "2026-11-23 11:00:00", "end_date": "2026-11-23 13:00:00"}


@pytest.fixture
def instance() -> Iterator[ServiceNowInstance]:
    started = ServiceNowInstance(port=0)
    started.start()
    started.allow("sys_user_grmember", "read", TICKETS)
    yield started
    started.stop()


@pytest.fixture
def judged(instance: ServiceNowInstance) -> Iterator[Judge]:
    """What is found about a reason of alice's, or of whom the test names."""
    account = instance.seed_demo().tickets
    with requests.Session() as session:
        client = ServiceNow(instance.url, BasicCredentials(account.user_name, account.password), session=session)
        users = Users(client)
        teleport = cast(Teleport, TeleportDouble())

        def find(reason: str, requester: str = "alice", pattern: str = JustificationRules().pattern) -> Justification:
            people = People(users, teleport, DecisionRules())
            rules = JustificationRules(pattern=pattern)
            return find_justification(reason, requester, rules, client, users, people, NOW)

        yield find


def user(instance: ServiceNowInstance, name: str) -> str:
    return next(row["sys_id"] for row in instance.rows("sys_user") if row["user_name"] == name)


def group(instance: ServiceNowInstance, name: str) -> str:
    return next(row["sys_id"] for row in instance.rows("sys_user_group") if row["name"] == name)


def incident(instance: ServiceNowInstance, **values: str) -> str:
    """An incident that erin opened; returns its number."""
    made = instance.insert_as("erin", "incident", {"short_description": "the database is slow", **values})
    return instance.row("incident", made)["number"]


def codes(found: Justification) -> list[str]:
    return [finding.code.value for finding in found.findings]


def test_an_incident_of_the_requester_justifies_and_is_the_one_to_link(
    instance: ServiceNowInstance, judged: Judge
) -> None:
    number = incident(instance, caller_id=user(instance, "alice"), state="2")
    found = judged(f"to mend {number}")
    assert found.text == f"Justification: {number} is active (In Progress), and alice is its caller."
    assert instance.row("incident", found.sys_id)["number"] == number
    assert (found.good, found.bad) == (True, False)


@pytest.mark.parametrize(
    ("values", "requester", "code"),
    [
        ({"caller_id": "dave"}, "alice", Code.NOT_INVOLVED),
        ({"caller_id": "dave", "assigned_to": "alice"}, "alice", Code.JUSTIFIED),
        ({"caller_id": "dave"}, "erin", Code.JUSTIFIED),  # she opened it
        ({"caller_id": "dave", "assignment_group": "Access approvers"}, "bob", Code.JUSTIFIED),
        ({"caller_id": "dave", "assignment_group": "Access approvers"}, "alice", Code.NOT_INVOLVED),
        ({"caller_id": "alice"}, "mallory", Code.REQUESTER_UNKNOWN),
    ],
)
def test_the_requester_has_to_take_part(
    instance: ServiceNowInstance, judged: Judge, values: dict[str, str], requester: str, code: Code
) -> None:
    ids = {name: (group if name == "assignment_group" else user)(instance, value) for name, value in values.items()}
    found = judged(incident(instance, **ids), requester)
    assert codes(found) == [code]
    assert found.bad is (code not in {Code.JUSTIFIED, Code.REQUESTER_UNKNOWN})


def test_who_is_another_by_the_mapping_is_nobody_here(instance: ServiceNowInstance, judged: Judge) -> None:
    number = incident(instance, caller_id=user(instance, "alice"))
    assert codes(judged(number, "alice-sso")) == ["requester_unknown"]


def test_incidents_that_are_over_do_not_justify(instance: ServiceNowInstance, judged: Judge) -> None:
    ended = {"close_code": "User error", "close_notes": "done"}
    alice = user(instance, "alice")
    for state, code in (("6", "wrong_state"), ("7", "not_active")):
        number = incident(instance, caller_id=alice)
        sys_id = next(row["sys_id"] for row in instance.rows("incident") if row["number"] == number)
        instance.update_as("carol", "incident", sys_id, {"state": state, **ended})
        found = judged(number)
        assert (codes(found), found.bad) == ([code], True)


def test_a_ticket_of_the_bridge_itself_does_not_justify(instance: ServiceNowInstance, judged: Judge) -> None:
    found = judged(incident(instance, caller_id=user(instance, "alice"), **OWN))
    assert (codes(found), found.sys_id, found.bad) == (["own_ticket"], "", True)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"state": "-1", **WINDOW}, Code.JUSTIFIED),
        ({"state": "-1"}, Code.OUTSIDE_WINDOW),
        ({"state": "-1", **WINDOW, "end_date": "2026-11-23 11:59:59"}, Code.OUTSIDE_WINDOW),
        ({"state": "-2", **WINDOW}, Code.WRONG_STATE),
        ({"state": "4", **WINDOW}, Code.NOT_ACTIVE),
    ],
)
def test_a_change_justifies_while_it_is_carried_out_and_within_its_window(
    instance: ServiceNowInstance, judged: Judge, values: dict[str, str], code: Code
) -> None:
    sys_id = instance.add_change("CHG0030001", requested_by="alice", **values)
    found = judged("as planned in CHG0030001")
    assert (codes(found), found.sys_id) == ([code], sys_id)


def test_a_requested_item_justifies_for_whom_it_is(instance: ServiceNowInstance, judged: Judge) -> None:
    sys_id = instance.add_request_item(requested_for="alice", state="2")
    number = instance.row("sc_req_item", sys_id)["number"]
    assert judged(number).text == f"Justification: {number} is active (Work in Progress), and it is for alice."
    assert codes(judged(number, "dave")) == ["not_involved"]


def test_of_several_tickets_one_that_justifies_is_enough(instance: ServiceNowInstance, judged: Judge) -> None:
    mine = incident(instance, caller_id=user(instance, "alice"))
    other = incident(instance, caller_id=user(instance, "dave"))
    found = judged(f"{other} {mine} INC9999999")
    assert codes(found) == ["not_involved", "justified", "not_found"]
    assert found.text.startswith(f"Justification: {mine} is active")
    assert instance.row("incident", found.sys_id)["number"] == mine


def test_a_reason_that_names_no_ticket_asks_servicenow_for_nothing(instance: ServiceNowInstance, judged: Judge) -> None:
    instance.reset_calls()
    found = judged("please")
    assert (codes(found), found.bad, instance.calls) == (["none_named"], True, [])


def test_a_number_that_no_ticket_has_is_not_found_only_where_the_account_sees_others(
    instance: ServiceNowInstance, judged: Judge
) -> None:
    assert (codes(judged("INC9999999")), judged("INC9999999").bad) == (["not_found"], True)
    # there is no change at all, or none that the account may see: the same empty answer
    assert (codes(judged("CHG9999999")), judged("CHG9999999").bad) == (["unreadable"], False)
    assert codes(judged("PRB0000001", pattern=r"PRB\d+")) == ["not_found"]


def test_what_the_account_may_not_read_neither_justifies_nor_denies(
    instance: ServiceNowInstance, judged: Judge
) -> None:
    instance.add_change("CHG0030001", state="-1", requested_by="alice", **WINDOW)
    instance.disallow("change_request", "read", TICKETS)
    found = judged("CHG0030001")
    assert (codes(found), found.good, found.bad) == (["unreadable"], False, False)


@pytest.mark.parametrize(
    ("hidden", "requester"), [("sys_user_grmember", "bob"), ("sys_user_group", "bob"), ("sys_user", "nobody-known")]
)
def test_people_whom_the_account_may_not_see_are_not_taken_for_absent(
    instance: ServiceNowInstance, judged: Judge, hidden: str, requester: str
) -> None:
    number = incident(instance, caller_id=user(instance, "dave"), assignment_group=group(instance, "Access approvers"))
    instance.disallow(hidden, "read", TICKETS)
    found = judged(number, requester)
    assert (codes(found), found.bad) == (["unreadable"], False)


def test_a_number_that_a_query_can_not_express_is_not_looked_for(judged: Judge) -> None:
    found = judged("INC^active=true", pattern=r"INC\S+")
    assert (codes(found), found.bad) == (["unreadable"], False)


def test_while_servicenow_is_away_nothing_is_found_and_it_is_tried_again(
    instance: ServiceNowInstance, judged: Judge
) -> None:
    instance.faults.unavailable(method="GET", table="incident")
    with pytest.raises(Retry):
        judged("INC0010012")
