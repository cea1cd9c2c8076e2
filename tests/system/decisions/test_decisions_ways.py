"""The ways to a decision besides the click, through everything: a vote on an approval, a review in the human's own
name, and a requester who is on call.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from local.servicenow.faults import Fault
from tests.system.decisions.office import BOT, FUNCTION, GROUP, Office, Ticket

INTEGRATION_USERS = ["svc.access.bridge", "svc.access.bridge.tickets", "svc.access.bridge.decisions"]


def use_rules(office: Office, rules: Mapping[str, Any]) -> None:
    """Give both functions these rules, which they see at once."""
    decisions = {"approvers": {"group": GROUP}, "integration_users": INTEGRATION_USERS, **rules.get("decisions", {})}
    text = yaml.safe_dump({**rules, "version": 1, "decisions": decisions})
    for function in ("teleport_events", FUNCTION):
        office.system.put_parameter(function, "RULES_PARAMETER", text)
        office.system.restart(function)


def requester_of(office: Office, role: str, annotations: Mapping[str, Sequence[str]]) -> str:
    """Add somebody who may ask for a role of his own, which is annotated so. Returns the name."""
    asks = f"{role}-requester"
    request = {"roles": [role], "annotations": {key: list(values) for key, values in annotations.items()}}
    office.system.teleport.apply(
        yaml.safe_dump_all(
            [
                {"kind": "role", "version": "v7", "metadata": {"name": role}, "spec": {"allow": {"logins": ["root"]}}},
                {"kind": "role", "version": "v7", "metadata": {"name": asks}, "spec": {"allow": {"request": request}}},
            ]
        )
    )
    return office.requester(role=asks)


def a_role() -> str:
    """Return the name of a role that no other test uses."""
    return f"db-{uuid.uuid4().hex[:8]}"


def vote(office: Office, ticket: Ticket, approver: str, voter: str = "", state: str = "approved") -> str:
    """Ask an approval of somebody, who votes on it, or for whom somebody else does. Returns the decision row."""
    servicenow = office.system.servicenow
    approval = servicenow.request_approval(ticket.sys_id, approver)
    servicenow.vote(voter or approver, approval, state)
    row = office.system.wait_until(
        lambda: [row for row in servicenow.rows("x_acbr_bridge_decision") if row["approval"] == approval],
        what="the vote made no decision row",
    )
    return row[0]["sys_id"]


def test_a_vote_on_an_approval_of_the_incident_approves_the_request(office: Office) -> None:
    boss, ticket = office.approver(), office.ask()
    told = office.told(vote(office, ticket, boss))
    assert (told.outcome, told.code) == ("applied", "applied")
    (review,) = office.request(ticket).Spec.Reviews
    assert f"Approved in ServiceNow by {boss.title()} Manager ({boss}, " in review.Reason
    assert office.incident_state(ticket) == "6"
    assert office.notes(ticket).count(f"by {boss.title()} Manager ({boss})") == 1
    assert len(office.writes(ticket)) == 1


def test_a_delegate_s_vote_is_his_own_and_both_sides_name_both(office: Office) -> None:
    boss, deputy, ticket = office.approver(), office.approver(), office.ask()
    office.system.servicenow.add_delegate(boss, deputy)
    told = office.told(vote(office, ticket, boss, voter=deputy))
    assert (told.outcome, told.code) == ("applied", "applied")
    named = f"as delegate of {boss.title()} Manager ({boss})"
    (review,) = office.request(ticket).Spec.Reviews
    assert named in review.Reason
    assert named in office.notes(ticket)


def test_two_humans_on_one_incident_review_each_in_his_own_name(office: Office) -> None:
    use_rules(office, {"decisions": {"mode": "on_behalf"}})
    first, second = office.approver(name=office.reviewer()), office.approver(name=office.reviewer())
    ticket = office.ask(office.requester(role="two-requester"))
    told = office.told(office.decide(first, ticket))
    assert (told.outcome, told.code) == ("recorded", "threshold_open")
    assert "1 of 2 approvals" in told.sentence
    assert "Approvals: 1 of 2. 1 more needed." in office.notes(ticket)
    assert office.told(office.decide(second, ticket)).outcome == "applied"
    reviews = office.request(ticket).Spec.Reviews
    assert [(review.Author, review.SubmittedBy) for review in reviews] == [(first, BOT), (second, BOT)]
    assert (office.state(ticket), office.incident_state(ticket)) == ("APPROVED", "6")
    assert f"{first}'s own review" in office.notes(ticket)


def test_a_requester_who_is_on_call_is_approved_and_an_error_of_the_schedule_only_delays_it(office: Office) -> None:
    role, servicenow = a_role(), office.system.servicenow
    rota = servicenow.add_rota(f"{role} on-call")
    asker = requester_of(office, role, {"teleport.dev/schedules": [rota]})
    servicenow.put_on_call(rota, asker)
    use_rules(office, {"rules": [{"when": {"roles": [role]}, "then": "ticket", "on_call": "approve"}]})
    trouble = servicenow.faults.add(Fault("unavailable", table="whoisoncall"))
    ticket = office.ask(asker, roles=(role,))
    office.system.settle()
    assert len(trouble.seen) == 1
    assert office.state(ticket) == "APPROVED"
    (review,) = office.request(ticket).Spec.Reviews
    assert (review.Author, review.SubmittedBy) == (BOT, "")
    assert f"{asker} is on call for {role} on-call" in review.Reason
    assert ticket.number in review.Reason
    assert office.notes(ticket).count("Approved automatically: ") == 1
    assert office.incident_state(ticket) == "6"


def test_a_requester_who_is_not_on_call_waits_for_a_human_and_the_incident_says_so(office: Office) -> None:
    role, servicenow = a_role(), office.system.servicenow
    rota = servicenow.add_rota(f"{role} on-call")
    asker = requester_of(office, role, {"teleport.dev/schedules": [rota]})
    servicenow.put_on_call(rota, "carol")
    use_rules(office, {"rules": [{"when": {"roles": [role]}, "then": "ticket", "on_call": "approve"}]})
    ticket = office.ask(asker, roles=(role,))
    office.system.settle()
    assert office.state(ticket) == "PENDING"
    assert "(not_on_call)" in office.notes(ticket)
    assert office.told(office.decide(office.approver(), ticket)).outcome == "applied"
