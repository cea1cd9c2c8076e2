"""Votes on a ticket's approvals: who may cast them, and the decision rows that the shipped scripts make of them."""

import json

import pytest

from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow.conftest import CLUSTER, REQUEST, Receiver, Rest, RestFactory

DECISION = "x_acbr_bridge_decision"
APPROVAL = "sysapproval_approver"


def _user(sn: ServiceNowInstance, user_name: str) -> str:
    return next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == user_name)


def _decided(sn: ServiceNowInstance) -> list[tuple[str, str]]:
    assert sn.wait_for_callbacks()
    return [(row["decision"], row["decided_by"]) for row in sn.rows(DECISION)]


@pytest.fixture
def approval(sn: ServiceNowInstance, ticket: str) -> str:
    return sn.request_approval(ticket, "bob")


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_a_vote_becomes_one_decision_row_and_one_callback(
    sn: ServiceNowInstance, ticket: str, approval: str, receiver: Receiver, state: str
) -> None:
    sn.vote("bob", approval, state)
    received = receiver.next()
    assert _decided(sn) == [(state, _user(sn, "bob"))]
    row = sn.rows(DECISION)[0]
    assert (row["ticket"], row["ticket_table"], row["approval"], row["reason"]) == (ticket, "incident", approval, "")
    assert (row["request_id"], row["cluster"], row["delivery"]) == (REQUEST, CLUSTER, "202")
    assert row["sys_created_by"] == "system"
    assert received.headers["x-bridge-event-id"] == row["sys_id"]
    assert json.loads(received.body) == {
        "table": "incident",
        "sys_id": ticket,
        "request_id": REQUEST,
        "decision": state,
    }
    assert receiver.inbox.empty()
    assert sn.system_log == []


def test_in_whose_session_the_rule_runs_changes_nothing(sn: ServiceNowInstance, approval: str) -> None:
    sn.habits.async_user = "session"
    sn.add_user("admin", roles=["admin"])
    sn.vote("admin", approval)
    assert _decided(sn) == [("approved", _user(sn, "admin"))]
    sn.vote("bob", approval, "rejected")
    assert _decided(sn)[1:] == [("rejected", _user(sn, "bob"))]
    assert [row["sys_created_by"] for row in sn.rows(DECISION)] == ["admin", "bob"]


@pytest.mark.parametrize("who", ["carol", "erin", "alice"])
def test_nobody_votes_for_another(sn: ServiceNowInstance, approval: str, who: str) -> None:
    with pytest.raises(Refused):
        sn.vote(who, approval)
    assert sn.row(APPROVAL, approval)["state"] == "requested"
    assert _decided(sn) == []


def test_integration_users_do_not_vote(sn: ServiceNowInstance, approval: str, decisions: Rest, tickets: Rest) -> None:
    path = f"{APPROVAL}/{approval}"
    assert decisions.get(path).json()["result"]["state"] == "requested"
    assert decisions.patch(path, {"state": "approved"}).status_code == 403
    assert tickets.patch(path, {"state": "approved"}).status_code == 404
    assert _decided(sn) == []


def test_a_delegate_votes_in_his_own_name(sn: ServiceNowInstance, approval: str, decisions: Rest) -> None:
    delegation = sn.add_delegate("bob", "dave")
    assert sn.vote("dave", approval)["sys_updated_by"] == "dave"
    assert _decided(sn) == [("approved", _user(sn, "dave"))]
    fields = "user,delegate,starts,ends,approvals"
    path = f"sys_user_delegate/{delegation}"
    record = decisions.call(
        "GET", path, params={"sysparm_fields": fields, "sysparm_exclude_reference_link": "true"}
    ).json()["result"]
    assert (record["user"], record["delegate"], record["approvals"]) == (_user(sn, "bob"), _user(sn, "dave"), "true")
    assert record["starts"] < record["ends"]


@pytest.mark.parametrize(
    ("starts", "ends", "approvals"),
    [
        ("2026-01-02 00:00:00", "2026-01-03 00:00:00", True),
        ("2025-12-30 00:00:00", "2025-12-31 00:00:00", True),
        ("2025-12-30 00:00:00", "", True),
        ("", "2026-01-03 00:00:00", True),
        ("2025-12-30 00:00:00", "2026-01-03 00:00:00", False),
    ],
    ids=["later", "over", "no end", "no start", "not for approvals"],
)
def test_outside_of_the_delegation_he_is_nobody(
    sn: ServiceNowInstance, approval: str, starts: str, ends: str, approvals: bool
) -> None:
    sn.set_clock(lambda: 1_767_268_800)  # 2026-01-01 12:00:00
    sn.add_delegate("bob", "dave", starts, ends, approvals)
    with pytest.raises(Refused):
        sn.vote("dave", approval)


def test_a_delegates_delegate_is_nobody(sn: ServiceNowInstance, approval: str) -> None:
    sn.add_delegate("bob", "dave")
    sn.add_delegate("dave", "alice")
    with pytest.raises(Refused):
        sn.vote("alice", approval)


def test_only_the_decisions_account_sees_all_delegations(
    sn: ServiceNowInstance, decisions: Rest, tickets: Rest, rest_as: RestFactory
) -> None:
    sn.add_delegate("bob", "dave")
    for name in ("erin", "dave"):
        sn.set_password(name, name)
    seen = {
        name: len(rest.get("sys_user_delegate").json()["result"])
        for name, rest in {
            "decisions": decisions,
            "tickets": tickets,
            "erin": rest_as("erin", "erin"),
            "dave": rest_as("dave", "dave"),
        }.items()
    }
    assert seen == {"decisions": 1, "tickets": 0, "erin": 0, "dave": 1}


def test_a_delegation_without_an_end_is_found_by_no_comparison(sn: ServiceNowInstance, decisions: Rest) -> None:
    sn.add_delegate("bob", "dave", ends="")
    for query in ("ends>=2000-01-01 00:00:00", "ends<=2100-01-01 00:00:00"):
        assert decisions.get("sys_user_delegate", sysparm_query=query).json()["result"] == []


@pytest.mark.parametrize("by", ["system", "guest", "flow.nobody"])
def test_an_approval_without_a_person_names_nobody(sn: ServiceNowInstance, approval: str, by: str) -> None:
    # Instances have a user of that name: e-mail from unknown senders is his.
    sn.add_user("guest")
    sn.approve_by_system(approval, by)
    assert _decided(sn) == [("approved", "")]


def test_a_flows_user_is_named_as_who_did_it(
    sn: ServiceNowInstance, approval: str, accounts: DemoAccounts, receiver: Receiver
) -> None:
    sn.approve_by_system(approval, accounts.bridge.user_name, "rejected")
    assert _decided(sn) == [("rejected", _user(sn, accounts.bridge.user_name))]


def test_an_administrator_who_votes_for_another_is_named_himself(sn: ServiceNowInstance, approval: str) -> None:
    admin = sn.add_user("admin", roles=["admin"])
    sn.vote("admin", approval)
    assert _decided(sn) == [("approved", admin)]


def test_two_votes_on_one_approval_are_two_decisions(sn: ServiceNowInstance, approval: str) -> None:
    bob = _user(sn, "bob")
    sn.vote("bob", approval, "approved")
    assert _decided(sn) == [("approved", bob)]
    sn.vote("bob", approval, "rejected")
    assert _decided(sn) == [("approved", bob), ("rejected", bob)]


def test_the_same_vote_told_twice_is_one_decision(sn: ServiceNowInstance, approval: str, receiver: Receiver) -> None:
    sn.vote("bob", approval, "approved")
    sn.repeat_vote_rule(approval)
    assert len(_decided(sn)) == 1
    sn.vote("bob", approval, "rejected")
    sn.repeat_vote_rule(approval)
    sn.repeat_vote_rule(approval)
    assert [decision for decision, _ in _decided(sn)] == ["approved", "rejected"]
    assert receiver.inbox.qsize() == 2


def test_what_a_time_out_said_does_not_become_the_vote_of_who_changes_something_else(
    sn: ServiceNowInstance, approval: str
) -> None:
    now = [1_767_268_800.0]
    sn.set_clock(lambda: now[0])
    sn.approve_by_system(approval)
    assert _decided(sn) == [("approved", "")]
    now[0] += 5
    sn.update_as("bob", APPROVAL, approval, {"comments": "why was that approved?"})
    sn.repeat_vote_rule(approval)
    assert _decided(sn) == [("approved", "")]
    for state in ("rejected", "approved"):
        now[0] += 5
        sn.vote("bob", approval, state)
        assert sn.wait_for_callbacks()
    bob = _user(sn, "bob")
    assert _decided(sn) == [("approved", ""), ("rejected", bob), ("approved", bob)]


def test_a_vote_that_was_taken_back_and_given_again_is_a_new_decision(sn: ServiceNowInstance, approval: str) -> None:
    now = [1_767_268_800.0]
    sn.set_clock(lambda: now[0])
    for state in ("approved", "requested", "approved"):
        sn.vote("bob", approval, state)
        assert sn.wait_for_callbacks()
        now[0] += 5
    assert _decided(sn) == [("approved", _user(sn, "bob"))] * 2


def test_two_approvers_are_two_decisions(sn: ServiceNowInstance, ticket: str, approval: str) -> None:
    sn.vote("bob", approval)
    sn.vote("carol", sn.request_approval(ticket, "carol"), "rejected")
    assert _decided(sn) == [("approved", _user(sn, "bob")), ("rejected", _user(sn, "carol"))]


def test_what_is_no_vote_makes_no_decision(sn: ServiceNowInstance, ticket: str, approval: str) -> None:
    """Only a state that becomes approved or rejected, on an approval of a ticket that stands for a request."""
    ordinary = sn.rows("incident")[0]["sys_id"]
    sn.vote("bob", sn.request_approval(ordinary, "bob"))
    sn.vote("bob", approval, "not requested")
    sn.approve_by_system(approval, state="cancelled")
    sn.insert_raw(APPROVAL, {"sysapproval": ticket, "approver": _user(sn, "bob"), "state": "approved"})
    sn.update_as("bob", "incident", ticket, {"approval": "approved"})
    assert _decided(sn) == []
    sn.update_as("bob", APPROVAL, approval, {"due_date": "2026-01-01 00:00:00"})
    assert _decided(sn) == []


@pytest.mark.parametrize("mark", ["Teleport without a number", "Teleporter broken #1"])
def test_a_vote_on_a_ticket_with_a_broken_mark_makes_no_decision(
    sn: ServiceNowInstance, ticket: str, approval: str, mark: str
) -> None:
    sn.update_raw("incident", ticket, {"correlation_display": mark})
    sn.vote("bob", approval)
    assert _decided(sn) == []


def test_a_vote_that_was_taken_back_before_the_rule_ran_makes_no_decision(
    sn: ServiceNowInstance, approval: str
) -> None:
    sn.stop()
    sn.vote("bob", approval)
    sn.vote("bob", approval, "requested")
    sn.start()
    assert _decided(sn) == []


def test_whoever_changes_the_approval_before_the_rule_runs_is_the_one_named(
    sn: ServiceNowInstance, approval: str
) -> None:
    sn.stop()
    sn.vote("bob", approval)
    sn.approve_by_system(approval, "erin")
    sn.start()
    assert _decided(sn) == [("approved", _user(sn, "erin"))]


def test_nobody_says_himself_which_approval_a_decision_is_of(
    sn: ServiceNowInstance, ticket: str, approval: str, rest_as: RestFactory
) -> None:
    sn.set_password("carol", "carol")
    sn.approve_by_system(approval, "bob", "rejected")
    assert len(_decided(sn)) == 1
    body = {"ticket": ticket, "decision": "approved", "approval": approval}
    made = rest_as("carol", "carol").post(DECISION, body).json()["result"]
    row = sn.row(DECISION, made["sys_id"])
    assert (row["approval"], row["decided_by"]) == ("", _user(sn, "carol"))


def test_a_second_start_starts_no_second_scheduler(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    sn.start()
    sn.callbacks.delay = 60
    sn.decide("bob", ticket)
    sn.stop()
    # One that still ran would have sent it by now, or would send it before the next start.
    assert not sn.wait_for_callbacks(0.1)
    assert sn.outbound_calls == []
    sn.callbacks.delay = 0
    sn.start()
    assert sn.wait_for_callbacks()
    assert len(sn.outbound_calls) == 1
