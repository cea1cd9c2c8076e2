"""Tickets that people changed against their requests are found in ServiceNow, whatever changes meanwhile; while all is
in order it is one query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from access_bridge import sweep
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.ledger.items import Attempt, Sweep
from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import ServiceNow
from access_bridge.tickets.drift import Drift
from local.servicenow.faults import Incoming
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccount, DemoAccounts
from tests.contract.reconcile.changed_tickets import CLUSTER, Tickets


@pytest.fixture
def tickets(
    instance: ServiceNowInstance,
    accounts: DemoAccounts,
    client_of: Callable[[DemoAccount], ServiceNow],
    ledger: Ledger,
) -> Tickets:
    return Tickets(instance, client_of(accounts.tickets), ledger)


def test_where_all_is_in_order_it_is_one_query(tickets: Tickets) -> None:
    for outcome in ("", "", "denied"):
        tickets.add(outcome)
    found = tickets.run()
    assert (found.tickets, found.differing, found.finished) == (3, (), True)
    assert tickets.calls() == 1
    tickets.later(minutes=16)
    tickets.run()
    tickets.later(minutes=5)
    assert tickets.run().tickets == 0
    assert tickets.calls() == 2
    assert (tickets.asked(), tickets.counted) == ([], {})


@pytest.mark.parametrize(
    ("outcome", "changed", "drift"),
    [
        ("", {"state": "6", "close_code": "User error"}, Drift.ENDED),
        ("", {"state": "7", "close_code": "User error"}, Drift.ENDED),
        ("", {"state": "8"}, Drift.ENDED),
        ("", {"state": "2"}, None),
        ("denied", {"state": "2"}, Drift.REOPENED),
        ("denied", {"close_code": "Resolved by request"}, Drift.CONTRADICTS),
        ("denied", {"state": "7"}, None),
        ("denied", {"short_description": "mine"}, None),
    ],
)
def test_what_is_asked_for(tickets: Tickets, outcome: str, changed: dict[str, str], drift: Drift | None) -> None:
    request_id = tickets.add(outcome)
    tickets.add(outcome)
    tickets.run()
    tickets.later(minutes=5)
    tickets.change(request_id, **changed)
    found = tickets.run()
    assert [(one.request_id, one.number, one.finding.drift) for one in found.differing] == (
        [(request_id, "INC0012345", drift)] if drift else []
    )
    assert tickets.asked() == ([request_id] if drift else [])
    assert tickets.counted == ({"DriftFound": 1} if drift else {})


def test_what_was_asked_for_is_asked_for_again_after_an_hour_and_something_new_at_once(tickets: Tickets) -> None:
    request_id = tickets.add("denied")
    tickets.change(request_id, state="2")
    asked = []
    for minutes in range(0, 75, 5):
        tickets.change(request_id)  # people go on working on it
        tickets.run()
        if tickets.asked():
            asked.append(minutes)
        tickets.later(minutes=5)
    assert asked == [0, 60]
    tickets.change(request_id, state="6", close_code="Resolved by request")
    tickets.run()
    assert tickets.asked() == [request_id]


def test_what_was_told_is_not_asked_for(tickets: Tickets) -> None:
    request_id = tickets.add("denied")
    tickets.know(request_id, told=frozenset({"ticket:reopened:denied"}))
    tickets.change(request_id, state="2")
    tickets.run()
    assert tickets.asked() == []


def test_a_ticket_that_is_open_again_is_asked_for_until_it_was_taken_up(tickets: Tickets) -> None:
    request_id = tickets.add()
    tickets.know(request_id, ended_by="person", told=frozenset({"ticket:ended:0"}))
    tickets.change(request_id, state="2")
    tickets.run()
    assert tickets.asked() == [request_id]
    tickets.know(request_id, ended_by="", opened_again=1)
    tickets.later(hours=2)
    tickets.change(request_id)
    tickets.run()
    assert tickets.asked() == []


def test_a_ticket_that_is_being_ended_by_us_may_be_looked_at_and_is_in_order_then(tickets: Tickets) -> None:
    """The pass comes between our write and the ledger's note of it."""
    request_id = tickets.add()
    attempt = Attempt(tickets.now.timestamp(), 1, 2, ("state:DENIED",), {"state": "x"}, "denied")
    tickets.know(request_id, attempt=attempt)
    tickets.change(request_id, state="6")
    tickets.run()
    assert tickets.asked() == [request_id]


def test_tickets_that_the_ledger_does_not_know_are_counted_and_left_alone(tickets: Tickets) -> None:
    request_id = tickets.add()
    mine = {"correlation_display": f"Teleport {CLUSTER} #1", "state": "6", "close_code": "User error"}
    tickets.instance.insert_raw("incident", {**mine, "correlation_id": request_id})  # somebody copied it
    tickets.instance.insert_raw("incident", {**mine, "correlation_id": "5f0c1d2e-0000-7000-8000-000000000000"})
    tickets.instance.insert_raw("incident", {**mine, "correlation_id": "not an id"})
    tickets.instance.insert_raw("incident", {**mine, "correlation_display": "Teleport another.example.test #1"})
    tickets.instance.insert_raw("incident", {**mine, "correlation_display": f"Teleport {CLUSTER}.org #1"})
    found = tickets.run()
    assert (found.tickets, found.unknown, found.differing) == (4, 3, ())
    assert tickets.counted == {"TicketUnknown": 3}


def test_a_ticket_that_is_being_made_is_not_unknown(tickets: Tickets) -> None:
    request_id = tickets.add()
    tickets.know(request_id, sys_id="")
    assert tickets.run().unknown == 0


def test_a_cluster_with_a_long_name_has_its_own_tickets(tickets: Tickets) -> None:
    tickets.cluster = "x" * 90
    request_id = tickets.add(correlation_display=f"Teleport {'x' * 78}… #1")
    tickets.change(request_id, state="8")
    tickets.run()
    assert tickets.asked() == [request_id]


# ---- since when


def test_each_pass_looks_at_what_changed_since_the_last_one_and_a_little_before(tickets: Tickets) -> None:
    tickets.run()
    tickets.later(minutes=5)
    old, late, new = tickets.add(), tickets.add(), tickets.add()
    minutes_ago = {old: 21, late: 19, new: 1}
    for request_id, minutes in minutes_ago.items():
        at = f"{tickets.now - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
        tickets.change(request_id, state="8", sys_updated_on=at)
    tickets.run()
    assert sorted(tickets.asked()) == sorted([late, new])


def test_the_first_pass_looks_a_day_back(tickets: Tickets) -> None:
    request_id = tickets.add()
    tickets.change(request_id, state="8")
    tickets.later(hours=23)
    tickets.run()
    assert tickets.asked() == [request_id]


def test_after_an_outage_nothing_is_passed_over(tickets: Tickets) -> None:
    tickets.run()
    tickets.later(minutes=1)
    request_id = tickets.add()
    tickets.change(request_id, state="8")
    tickets.instance.faults.unavailable(times=3, table="incident")
    for _ in range(3):
        tickets.later(days=1)
        with pytest.raises(Retry):
            tickets.run()
    tickets.run()
    assert tickets.asked() == [request_id]


def test_an_account_that_is_set_to_gmt_finds_all_whosever_time_a_query_s_is(tickets: Tickets) -> None:
    tickets.instance.habits.query_times = "user"
    tickets.run()
    tickets.later(minutes=5)
    request_id = tickets.add()
    tickets.change(request_id, state="8")
    tickets.run()
    assert tickets.asked() == [request_id]


# ---- many


def test_more_tickets_than_a_call_brings_are_read_to_their_end(tickets: Tickets) -> None:
    tickets.page_size = 10
    made = [tickets.add("denied") for _ in range(44)]
    for request_id in made[::4]:
        tickets.change(request_id, state="2")
    found = tickets.run()
    assert (found.tickets, found.finished, tickets.calls()) == (44, True, 5)
    assert sorted(tickets.asked()) == sorted(made[::4])


def test_a_pass_that_runs_out_of_time_goes_on_where_it_stopped_and_forgets_no_time(tickets: Tickets) -> None:
    tickets.page_size = 3
    made = sorted(tickets.add() for _ in range(8))
    for request_id in made:
        tickets.change(request_id, state="8")
    began = tickets.now
    tickets.time_left = sweep.RESERVE_SECONDS - 1
    seen = []
    for finished in (False, False, True):
        assert tickets.run().finished is finished
        seen.append(sorted(tickets.asked()))
        tickets.later(minutes=5)
    assert seen == [made[:3], made[3:6], made[6:]]
    assert tickets.ledger.sweep("tickets") == Sweep(since=began)
    assert tickets.counted["ReconcileUnfinished"] == 2


def test_tickets_that_change_under_its_hands_hide_no_other(tickets: Tickets) -> None:
    """Before each page the first tickets are changed, others deleted, and new ones made."""
    tickets.page_size = 4
    made = sorted(tickets.add() for _ in range(40))
    for request_id in made:
        tickets.change(request_id, state="8")
    first = iter(made)
    gone: list[str] = []

    def meanwhile(call: Incoming) -> bool:
        if call.table == "incident":
            tickets.change(next(first), short_description="touched")
            gone.append(next(first))
            tickets.instance.delete("incident", gone[-1].replace("-", ""))
            tickets.add()
        return False

    tickets.instance.faults.late(0, times=99, when=meanwhile)
    tickets.run()
    asked = tickets.asked()
    assert len(asked) == len(set(asked))
    assert set(asked) >= set(made) - set(gone)


# ---- what it can't see


def test_tickets_that_the_account_may_not_read_are_told_and_not_taken_for_none(tickets: Tickets) -> None:
    tickets.add()
    tickets.instance.disallow("incident", "read", "sn_incident_read")
    found = tickets.run()
    assert (found.tickets, found.hidden) == (0, 1)
    assert tickets.counted == {"BrokenConfiguration": 1}


@pytest.mark.parametrize("column", ["correlation_display", "sys_updated_on"])
def test_a_condition_that_the_instance_leaves_out_is_told_and_nothing_is_asked(tickets: Tickets, column: str) -> None:
    old = f"{tickets.now - timedelta(days=9):%Y-%m-%d %H:%M:%S}"
    for values in ({"correlation_display": ""}, {"sys_updated_on": old}):
        request_id = tickets.add(**values)
        tickets.change(request_id, state="8", **values)
    tickets.instance.habits.unqueryable = {f"incident.{column}"}
    with pytest.raises(BrokenConfiguration, match=f"left out the condition on {column}"):
        tickets.run()
    assert tickets.asked() == []
    assert tickets.ledger.sweep("tickets") == Sweep()


# ---- report only


def test_a_report_says_what_differs_and_leaves_no_trace(tickets: Tickets) -> None:
    request_id = tickets.add()
    tickets.change(request_id, state="8")
    before = tickets.ledger.records(request_id)
    for _ in range(2):
        found = tickets.run(report=True)
        assert [one.request_id for one in found.differing] == [request_id]
    assert (tickets.asked(), tickets.counted) == ([], {})
    assert tickets.ledger.records(request_id) == before
    assert tickets.ledger.sweep("tickets") == Sweep()
    tickets.run()
    # what was asked for, and isn't told yet, is still in the report
    assert tickets.run(report=True).differing
