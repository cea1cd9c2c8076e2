"""Bugs that Teleport's own ServiceNow plugin has (by its code, some of them seen in a run), each as a test that passes
here. The numbers are those under which this project keeps them. Those about who is on call (B12, B15, B16, B17) are
among the tests of on-call decisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from local.servicenow.faults import Fault, Kind
from local.system import PATIENCE, LocalSystem
from tests.system.decisions.office import BOT, Office
from tests.system.decisions.test_decisions_ways import a_role, requester_of, use_rules
from tests.system.tickets.asking import (
    about,
    approve,
    ask,
    asked_and_told,
    deliver,
    deny,
    incident,
    incidents,
    made_up_event,
    notes,
    state,
    times_told,
)

TICKETS = "teleport_events"
BOB = "bob reviewed the request: approved"


@pytest.fixture
def system(system: LocalSystem) -> Iterator[LocalSystem]:
    """The running system, at rest before each test and after it."""
    system.settle(60)
    yield system
    system.settle(60)


def with_reason(system: LocalSystem, kind: Kind, reason: str, *, kills: bool = False) -> Fault:
    """Trouble for the insert of the incident whose request has this reason: its id isn't known before."""
    return system.servicenow.faults.add(
        Fault(
            kind,
            method="POST",
            table="incident",
            when=lambda call: reason in str(call.body),
            then=partial(system.kill, TICKETS) if kills else None,
        )
    )


def is_resolved_once(system: LocalSystem, request_id: str) -> None:
    """One incident, resolved, each fact told once."""
    system.settle(60)
    assert len(incidents(system, request_id)) == 1
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, BOB) == 1
    assert times_told(system, request_id, "The request is approved.") == 1


def test_b5_a_promoted_request_closes_its_ticket(system: LocalSystem) -> None:
    """There, a promotion is an error, and the ticket stays open."""
    request_id = asked_and_told(system)
    promotion = {"state": "PROMOTED", "proposed_state": "PROMOTED", "reviewer": "bob"}
    deliver(system, [made_up_event("access_request.review", request_id, **promotion)])
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "The request is promoted to an access list.") == 1


def test_b6_no_ticket_is_lost_though_its_insert_fails_or_the_process_dies_before_it(system: LocalSystem) -> None:
    """There, the claim is written first: whatever fails between it and the insert loses the ticket for good."""
    killed = with_reason(system, "drop_before", "b6, killed", kills=True)
    asked = [ask(system, reason="b6, killed")]
    assert killed.wait_until_hit(PATIENCE)
    kinds: tuple[Kind, ...] = ("error_before", "unavailable", "reset_before", "rate_limited")
    faults = [with_reason(system, kind, f"b6, {kind}") for kind in kinds]
    asked += [ask(system, reason=f"b6, {kind}") for kind in kinds]
    system.settle(60)
    assert all(fault.seen for fault in faults)
    assert [len(incidents(system, request_id)) for request_id in asked] == [1] * len(asked)


def test_b7_a_ticket_whose_id_could_not_be_kept_is_found_again_and_closed(system: LocalSystem) -> None:
    """There, a ticket is an orphan if the process dies after its insert: it is never updated or closed."""
    killed = with_reason(system, "drop_after_commit", "b7, killed", kills=True)
    request_id = ask(system, reason="b7, killed")
    assert killed.wait_until_hit(PATIENCE)
    approve(system, request_id, "bob")
    is_resolved_once(system, request_id)


def test_b8_no_note_is_lost_though_its_write_fails(system: LocalSystem) -> None:
    """There, the count of reviews is raised before the note is written: a failed write loses it for good."""
    request_id = asked_and_told(system, "dave")
    fault = system.servicenow.faults.add(Fault("error_before", method="PATCH", when=about(request_id)))
    approve(system, request_id, "bob")
    system.settle()
    assert fault.seen
    assert times_told(system, request_id, BOB) == 1


def test_b9_a_ticket_is_closed_though_the_write_that_closes_it_fails(system: LocalSystem) -> None:
    """There, the resolution is stored before the ticket is closed: a failed write leaves it open for good."""
    request_id = asked_and_told(system)
    fault = system.servicenow.faults.add(Fault("unavailable", 3, method="PATCH", when=about(request_id)))
    approve(system, request_id, "bob")
    is_resolved_once(system, request_id)
    assert len(fault.seen) == 3


def test_b10_what_happened_while_nobody_listened_is_found(system: LocalSystem) -> None:
    """There, nothing is looked for after a gap: what was made in it never gets a ticket, resolved in it or after."""
    before = asked_and_told(system)
    system.stop_forwarding()
    inside, later = ask(system), ask(system)
    for request_id in (before, inside):
        approve(system, request_id, "bob")
    for request_id in (before, inside, later):
        system.forwarder.lose(request_id)
    system.start_forwarding()
    system.tick(TICKETS)
    is_resolved_once(system, before)
    is_resolved_once(system, inside)
    assert state(system, later) == "New"
    approve(system, later, "bob")
    system.tick(TICKETS)
    is_resolved_once(system, later)


def test_b11_a_success_without_an_id_is_not_believed(system: LocalSystem) -> None:
    """There, an empty 200 gives a ticket without an id, and nothing is ever told on it."""
    kinds: tuple[Kind, ...] = ("empty_success", "truncated_json", "html_page")
    faults = [with_reason(system, kind, f"b11, {kind}") for kind in kinds]
    asked = [ask(system, reason=f"b11, {kind}") for kind in kinds]
    system.settle(60)
    assert all(fault.seen for fault in faults)
    for request_id in asked:
        assert incident(system, request_id)["sys_id"] == request_id.replace("-", "")
        deny(system, request_id, "bob")
    system.settle(60)
    assert [state(system, request_id) for request_id in asked] == ["Resolved"] * len(asked)


def test_b18_a_resource_that_cannot_be_read_costs_no_ticket(system: LocalSystem) -> None:
    """There, a resource that may not be read means no ticket at all. Here it isn't read: the ticket has its id."""
    node = f"/{system.teleport.name}/node/{system.teleport.host_id}"
    request_id = asked_and_told(system, roles=(), resources=(node,))
    assert f"node lab ({system.teleport.host_id})" in incident(system, request_id)["description"]
    system.stop_forwarding()
    untold = ask(system, roles=(), resources=(node,))
    system.forwarder.lose(untold)
    system.start_forwarding()
    system.tick(TICKETS)
    system.settle()
    assert f"node {system.teleport.host_id}" in incident(system, untold)["description"]
    asked_for = {call.path.rpartition("/")[2] for call in system.teleport.calls if call.caller.startswith("bot-")}
    assert "ListResources" not in asked_for


def ask_on_call(system: LocalSystem, *troubles: Kind) -> tuple[str, str, str]:
    """Somebody asks for a role that is approved for whoever is on call, which he is; and what comes of it.

    Returns his name, the role and the request's id.
    """
    office, role = Office(system), a_role()
    rota = system.servicenow.add_rota(f"{role} on-call")
    asker = requester_of(office, role, {"teleport.dev/schedules": [rota]})
    system.servicenow.put_on_call(rota, asker)
    use_rules(office, {"rules": [{"when": {"roles": [role]}, "then": "ticket", "on_call": "approve"}]})
    faults = [system.servicenow.faults.add(Fault(kind, table="whoisoncall")) for kind in troubles]
    request_id = ask(system, asker, (role,))
    system.settle(90)
    assert all(fault.seen for fault in faults)
    assert state(system, request_id) == "Resolved"
    return asker, role, request_id


def test_b13_an_automatic_approval_names_the_requester_and_not_the_bot(system: LocalSystem) -> None:
    """There, the reason of the approval names the bot as who is on call."""
    asker, role, request_id = ask_on_call(system)
    (review,) = system.teleport.requests[request_id].Spec.Reviews
    assert f"Approved automatically by Access Bridge: {asker} is on call for {role} on-call" in review.Reason
    assert (review.Author, BOT in review.Reason) == (BOT, False)
    assert f"{asker} is on call" in "".join(notes(system, request_id))


def test_b20_an_automatic_approval_outlives_an_error_of_the_schedule(system: LocalSystem) -> None:
    """There, who is on call is asked once, when the request is made: an error then, and nobody is approved."""
    _, _, request_id = ask_on_call(system, "unavailable", "rate_limited", "reset_before")
    assert len(system.teleport.requests[request_id].Spec.Reviews) == 1
    assert times_told(system, request_id, "Approved automatically: ") == 1
