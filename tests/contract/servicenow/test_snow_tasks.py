"""Changes, requested items and parents: the tickets that a request for access may name."""

import pytest

from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow.conftest import Rest, RestFactory


def _user(sn: ServiceNowInstance, user_name: str) -> str:
    return next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == user_name)


def test_both_accounts_find_a_change_by_its_number(
    sn: ServiceNowInstance, accounts: DemoAccounts, tickets: Rest, decisions: Rest
) -> None:
    window = {"start_date": "2026-01-01 08:00:00", "end_date": "2026-01-01 16:00:00"}
    change = sn.add_change(
        "CHG0030001", state="-1", requested_by="alice", assigned_to="bob", assignment_group="Service Desk", **window
    )
    for rest in (tickets, decisions):
        found = rest.get("change_request", sysparm_query="number=CHG0030001", sysparm_exclude_reference_link="true")
        (record,) = found.json()["result"]
        assert (record["sys_id"], record["sys_class_name"]) == (change, "change_request")
        assert (record["state"], record["active"]) == ("-1", "true")
        assert (record["requested_by"], record["assigned_to"]) == (_user(sn, "alice"), _user(sn, "bob"))
        assert (record["start_date"], record["end_date"]) == (window["start_date"], window["end_date"])


@pytest.mark.parametrize(
    ("state", "active", "label"),
    [("-5", "true", "New"), ("-2", "true", "Scheduled"), ("0", "true", "Review"), ("3", "false", "Closed")],
)
def test_the_states_of_a_change(sn: ServiceNowInstance, tickets: Rest, state: str, active: str, label: str) -> None:
    path = f"change_request/{sn.add_change(state=state)}"
    record = tickets.get(path, sysparm_display_value="all").json()["result"]
    assert record["state"] == {"display_value": label, "value": state}
    assert record["active"]["value"] == active
    assert record["number"]["value"].startswith("CHG")


def test_a_new_change_starts_as_new_and_closing_it_ends_it(sn: ServiceNowInstance, accounts: DemoAccounts) -> None:
    change = sn.add_change(requested_by="alice")
    assert sn.row("change_request", change)["state"] == "-5"
    closed = sn.update_as("erin", "change_request", change, {"state": "4"})
    assert closed["active"] == "false"
    with pytest.raises(Refused):
        sn.update_as("alice", "change_request", change, {"state": "-1"})


def test_a_requested_item_is_for_somebody(sn: ServiceNowInstance, accounts: DemoAccounts, decisions: Rest) -> None:
    item = sn.add_request_item(requested_for="dave", opened_by="alice", state="2")
    record = decisions.get(f"sc_req_item/{item}", sysparm_exclude_reference_link="true").json()["result"]
    assert record["number"].startswith("RITM")
    assert (record["requested_for"], record["opened_by"]) == (_user(sn, "dave"), _user(sn, "alice"))
    assert (record["state"], record["active"]) == ("2", "true")


def test_people_see_their_own_changes_and_items_only(
    sn: ServiceNowInstance, accounts: DemoAccounts, rest_as: RestFactory
) -> None:
    sn.add_change(requested_by="alice")
    sn.add_change(requested_by="dave")
    sn.add_request_item(requested_for="alice")
    sn.set_password("alice", "alice")
    alice = rest_as("alice", "alice")
    seen = [len(alice.get(table).json()["result"]) for table in ("change_request", "sc_req_item")]
    assert seen == [1, 1]


def test_a_ticket_has_another_task_as_its_parent(sn: ServiceNowInstance, tickets: Rest) -> None:
    change = sn.add_change("CHG0030002")
    made = tickets.post("incident", {"short_description": "access", "parent": change}).json()["result"]
    assert made["parent"]["value"] == change
    assert made["parent"]["link"].endswith(f"/task/{change}")
    fields = {"sysparm_fields": "parent.number,parent.sys_class_name"}
    record = tickets.get(f"incident/{made['sys_id']}", **fields).json()["result"]
    assert record == {"parent.number": "CHG0030002", "parent.sys_class_name": "change_request"}


@pytest.mark.parametrize("table", ["change_request", "sc_req_item"])
def test_the_accounts_only_read_them(sn: ServiceNowInstance, tickets: Rest, decisions: Rest, table: str) -> None:
    row = sn.add_change() if table == "change_request" else sn.add_request_item()
    for rest in (tickets, decisions):
        assert rest.patch(f"{table}/{row}", {"short_description": "x"}).status_code == 403
        assert rest.post(table, {"short_description": "x"}).status_code == 403
