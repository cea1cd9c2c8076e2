"""Decisions whose callback never came are found in ServiceNow: each once, however many there are, whatever changes
meanwhile, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from access_bridge import sweep
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.ledger.items import DecisionItem, Sweep
from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.client import ServiceNow
from local.servicenow.access import DECISIONS
from local.servicenow.faults import Incoming
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import DECISION
from local.servicenow.seed import DemoAccount, DemoAccounts
from tests.contract.reconcile.undecided_rows import CLUSTER, Rows


@pytest.fixture
def rows(
    instance: ServiceNowInstance,
    accounts: DemoAccounts,
    client_of: Callable[[DemoAccount], ServiceNow],
    ledger: Ledger,
) -> Rows:
    return Rows(instance, client_of(accounts.decisions), ledger)


def test_where_all_is_in_order_it_is_one_query(rows: Rows) -> None:
    for _ in range(3):
        rows.add(outcome="applied")
    found = rows.run()
    assert (found.rows, found.finished, rows.taken()) == (0, True, [])
    assert rows.calls() == 1
    assert rows.counted == {}


def test_a_row_of_which_nothing_came_is_sent_as_its_callback_would_have_been(rows: Rows) -> None:
    row = rows.add(minutes=2.1)
    rows.run()
    (message,) = rows.sent
    stored = rows.instance.row(DECISION, row)
    assert message.model_dump() == {
        "decision_id": row,
        "table": "incident",
        "sys_id": stored["ticket"],
        "request_id": stored["request_id"],
        "decision": "approved",
    }
    assert rows.counted == {"DecisionFound": 1}
    assert rows.calls() == 1


def test_a_row_whose_callback_may_still_come_is_left_alone(rows: Rows) -> None:
    row = rows.add(minutes=1.5)
    assert rows.run().rows == 1
    assert rows.taken() == []
    rows.now += timedelta(minutes=1)
    rows.run()
    assert rows.taken() == [row]


def test_what_was_asked_for_is_asked_for_again_after_an_hour_and_then_ever_more_rarely(rows: Rows) -> None:
    row = rows.add()
    asked = []
    for minutes in range(0, 24 * 60, 5):
        rows.run()
        if rows.taken():
            asked.append(minutes)
        rows.now += timedelta(minutes=5)
    assert asked == [0, 60, 135, 285, 585, 1185]
    rows.instance.update_raw(DECISION, row, {"outcome": "refused"})
    rows.now += timedelta(days=1)
    assert rows.run().rows == 0


def test_decisions_on_one_request_are_asked_for_in_the_order_in_which_they_were_made(rows: Rows) -> None:
    request = {"request_id": "01a20645-1700-710f-912d-cd7494dd7fa3"}
    third = rows.add(minutes=3, sys_id="0a" * 16, **request)
    first = rows.add(minutes=9, sys_id="0c" * 16, **request)
    approval = rows.add(minutes=5, sys_id="0b" * 16, **request)
    denial = rows.add(minutes=5, sys_id="0d" * 16, decision="rejected", **request)
    rows.run()
    assert rows.taken() == [first, denial, approval, third]


def test_rows_that_are_no_decision_for_this_cluster_are_passed_over_and_counted(rows: Rows) -> None:
    good = rows.add()
    bad = {rows.add(request_id=""), rows.add(ticket_table="change_request"), rows.add(cluster=CLUSTER.upper())}
    rows.add(cluster="another.example.test")
    found = rows.run()
    assert rows.taken() == [good]
    # the stand-in compares case, and so doesn't show the third
    assert set(found.unusable) == bad - {row for row in bad if rows.instance.row(DECISION, row)["cluster"] != CLUSTER}
    assert rows.counted == {"DecisionFound": 1, "DecisionRowUnusable": 2}


def test_rows_older_than_any_request_are_not_read_for_ever(rows: Rows) -> None:
    rows.add(minutes=31 * 24 * 60)
    young = rows.add(minutes=29 * 24 * 60)
    assert rows.run().rows == 1
    assert rows.taken() == [young]


# ---- decided already


def test_what_the_ledger_has_decided_is_not_decided_again_but_its_ticket_is_looked_at(rows: Rows) -> None:
    row = rows.add()
    decided = DecisionItem(
        rows.request_of(row), row, outcome="applied", decided_at=(rows.now - timedelta(minutes=5)).timestamp()
    )
    decided = rows.ledger.save_decision(decided)
    rows.run()
    assert (rows.taken(), rows.looks) == ([], [])
    rows.now += timedelta(minutes=6)
    rows.run()
    assert (rows.taken(), rows.looks) == ([], [rows.request_of(row)])
    assert rows.counted == {"OutcomeMissing": 1}
    assert replace(rows.ledger.decision(rows.request_of(row), row), asked_at=0.0) == decided


def test_an_outcome_that_nobody_can_write_is_asked_for_ever_more_rarely(rows: Rows) -> None:
    row = rows.add()
    rows.ledger.save_decision(
        DecisionItem(rows.request_of(row), row, outcome="refused", decided_at=rows.now.timestamp())
    )
    for _ in range(30):
        rows.now += timedelta(days=1)
        rows.run()
    assert len(rows.looks) == 5  # after 1, 2, 4, 8 and 16 days
    assert rows.taken() == []


# ---- thousands


def test_more_rows_than_a_call_brings_are_read_to_their_end_and_each_is_sent_once(rows: Rows) -> None:
    made = {rows.add() for _ in range(1500)}
    found = rows.run()
    taken = rows.taken()
    assert (len(taken), set(taken), found.finished) == (len(made), made, True)
    assert rows.calls() == 2
    rows.run()
    assert rows.taken() == []


def test_a_pass_that_runs_out_of_time_goes_on_where_it_stopped(rows: Rows) -> None:
    rows.page_size = 3
    made = sorted(rows.add() for _ in range(8))
    rows.time_left = sweep.RESERVE_SECONDS - 1
    seen = []
    for finished in (False, False, True):
        assert rows.run().finished is finished
        seen.append(sorted(rows.taken()))
    assert seen == [made[:3], made[3:6], made[6:]]
    assert rows.counted["ReconcileUnfinished"] == 2
    assert rows.ledger.sweep("decisions").after == ""


def test_a_pass_makes_so_many_calls_and_no_more(rows: Rows) -> None:
    rows.page_size = 1
    made = {rows.add() for _ in range(sweep.MOST_PAGES + 5)}
    assert not rows.run().finished
    assert rows.calls() == sweep.MOST_PAGES
    assert rows.run().finished
    assert set(rows.taken()) == made


def test_rows_that_come_change_and_go_under_its_hands_hide_no_other(rows: Rows) -> None:
    """Before each page the first rows of all get their outcome, others are deleted and new ones appear: with an offset
    as many of those that follow would be passed over."""
    rows.page_size = 4
    made = sorted(rows.add() for _ in range(40))
    first = iter(made)

    def meanwhile(_: Incoming) -> bool:
        rows.instance.update_raw(DECISION, next(first), {"outcome": "applied"})
        rows.instance.delete(DECISION, next(first))
        rows.add(minutes=1, sys_id=f"{next(numbers):032x}")
        return False

    numbers = iter(range(99))
    rows.instance.faults.late(0, times=99, when=meanwhile)
    rows.run()
    taken = rows.taken()
    assert len(taken) == len(set(taken))
    # what was settled or gone before its page was asked for is all that is missing
    assert set(made[2:]) - set(taken) <= {row for row in made if _settled(rows, row)}
    assert set(taken) >= {row for row in made if not _settled(rows, row)}


def _settled(rows: Rows, row: str) -> bool:
    found = {one["sys_id"]: one["outcome"] for one in rows.instance.rows(DECISION)}
    return found.get(row, "gone") != ""


def test_a_pass_that_fails_within_is_done_again(rows: Rows) -> None:
    rows.page_size = 2
    made = {rows.add() for _ in range(5)}
    second = iter((False, True))
    rows.instance.faults.unavailable(when=lambda call: call.table == DECISION and next(second, False))
    with pytest.raises(Retry):
        rows.run()
    first = rows.taken()
    assert len(first) == 2
    rows.run()
    assert set(rows.taken()) == made - set(first)


@pytest.mark.parametrize("kind", ["html_page", "truncated_json", "error_before", "rate_limited", "drop_before"])
def test_an_answer_that_says_nothing_is_no_empty_list(rows: Rows, kind: str) -> None:
    row = rows.add()
    getattr(rows.instance.faults, kind)(table=DECISION)
    with pytest.raises(Retry):
        rows.run()
    rows.run()
    assert rows.taken() == [row]


# ---- what the account may not see


def test_rows_that_the_account_may_not_read_are_told_and_not_taken_for_none(rows: Rows) -> None:
    rows.add()
    rows.instance.disallow(DECISION, "read", DECISIONS)
    found = rows.run()
    assert (found.rows, found.hidden, rows.taken()) == (0, 1, [])
    assert rows.counted == {"BrokenConfiguration": 1}


@pytest.mark.parametrize("column", ["cluster", "outcome", "sys_created_on"])
def test_a_condition_that_the_instance_leaves_out_is_told_and_nothing_is_sent(rows: Rows, column: str) -> None:
    rows.add(outcome="applied")
    rows.add(cluster="another.example.test")
    rows.add(minutes=50 * 24 * 60)
    rows.instance.habits.unqueryable = {f"{DECISION}.{column}"}
    with pytest.raises(BrokenConfiguration, match=f"left out the condition on {column}"):
        rows.run()
    assert rows.taken() == []


# ---- report only


def test_a_report_says_what_would_be_done_and_does_none_of_it(rows: Rows) -> None:
    undecided_row, decided_row, bad = rows.add(), rows.add(), rows.add(request_id="")
    rows.ledger.save_decision(DecisionItem(rows.request_of(decided_row), decided_row, outcome="applied"))
    rows.ledger.save_sweep("decisions", Sweep(after="ff" * 16, begun=rows.now))
    before = rows.ledger.records(rows.request_of(decided_row))
    found = rows.run(report=True)
    assert [message.decision_id for message in found.decide] == [undecided_row]
    assert [message.decision_id for message in found.tell] == [decided_row]
    assert (found.unusable, found.finished) == ((bad,), True)
    assert (rows.sent, rows.looks, rows.counted) == ([], [], {})
    assert rows.ledger.records(rows.request_of(decided_row)) == before
    assert rows.ledger.decisions_of([(rows.request_of(undecided_row), undecided_row)]) == {}
    assert rows.ledger.sweep("decisions").after == "ff" * 16
