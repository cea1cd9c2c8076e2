"""Whatever ServiceNow does with a write, and wherever the bridge dies over it: one incident, each fact told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from local.servicenow.faults import Fault, Incoming, Kind
from local.servicenow.instance import ServiceNowInstance
from local.system import PATIENCE, LocalSystem
from tests.system.tickets.asking import (
    Since,
    about,
    approve,
    ask,
    asked_and_told,
    incident,
    incidents,
    ledger_ticket,
    notes,
    state,
    times_told,
)

BOB = "bob reviewed the request: approved"
UNANSWERED: tuple[Kind, ...] = ("error_after_commit", "truncated_json", "empty_success", "drop_after_commit")
KILLED: tuple[Kind, ...] = ("drop_after_commit", "drop_before")
UNWRITTEN: tuple[Kind, ...] = ("error_before", "html_page", "unavailable", "drop_before", "rate_limited")


@pytest.fixture
def own_ids(system: LocalSystem) -> Iterator[ServiceNowInstance]:
    """An instance that ignores the sys_id that a client asks for; for this test only."""
    system.servicenow.honours_client_sys_id = False
    yield system.servicenow
    system.servicenow.honours_client_sys_id = True


def test_servicenow_down_for_the_first_three_tries(system: LocalSystem) -> None:
    system.servicenow.stop()
    try:
        request_id = ask(system)
        system.wait_until(lambda: ledger_ticket(system, request_id).get("attempts", 0) >= 3)
    finally:
        system.servicenow.start()
    assert "no connection" in ledger_ticket(system, request_id)["failure"]
    system.wait_until(lambda: incidents(system, request_id))
    system.settle()
    assert len(incidents(system, request_id)) == 1
    assert "failure" not in ledger_ticket(system, request_id)
    assert system.dead_letters() == []


def test_inserts_that_were_made_and_never_answered_are_one_incident_each(system: LocalSystem) -> None:
    since = Since(system)
    faults = {kind: _trouble_with_insert(system, kind) for kind in UNANSWERED}
    asked = {kind: ask(system, reason=_marked(kind)) for kind in UNANSWERED}
    system.settle()
    for kind, request_id in asked.items():
        assert faults[kind].seen, kind
        assert len(incidents(system, request_id)) == 1, kind
        assert notes(system, request_id) == [], kind
    assert since.counted("UnknownOutcomeSettled", len(asked)) == len(asked)
    for request_id in asked.values():
        _is_told_of(system, request_id)


def test_notes_that_were_written_and_never_answered_are_one_note_each(system: LocalSystem) -> None:
    asked = {kind: ask(system, "dave") for kind in UNANSWERED}
    system.settle()
    faults = {kind: _trouble(system, request_id, kind, "PATCH") for kind, request_id in asked.items()}
    for request_id in asked.values():
        approve(system, request_id, "bob")
    system.settle()
    for kind, request_id in asked.items():
        assert faults[kind].seen, kind
        assert len(notes(system, request_id)) == 1, kind
        assert times_told(system, request_id, BOB) == 1, kind
    for request_id in asked.values():
        _is_told_of(system, request_id, "carol")


def test_what_servicenow_did_not_take_is_tried_again(system: LocalSystem) -> None:
    inserts = {kind: _trouble_with_insert(system, kind) for kind in UNWRITTEN}
    asked = {kind: ask(system, "dave", reason=_marked(kind)) for kind in UNWRITTEN}
    system.settle()
    for kind, request_id in asked.items():
        assert inserts[kind].seen, kind
        assert len(incidents(system, request_id)) == 1, kind
    patches = {kind: _trouble(system, request_id, kind, "PATCH") for kind, request_id in asked.items()}
    for request_id in asked.values():
        approve(system, request_id, "bob")
    system.settle()
    for kind, request_id in asked.items():
        assert patches[kind].seen, kind
        assert len(notes(system, request_id)) == 1, kind
        assert times_told(system, request_id, BOB) == 1, kind


def test_a_read_that_says_nothing_is_tried_again(system: LocalSystem) -> None:
    kinds: tuple[Kind, ...] = ("html_page", "truncated_json", "error_before", "drop_before")
    asked = {kind: ask(system) for kind in kinds}
    system.settle()
    faults = {kind: _trouble(system, request_id, kind, "GET") for kind, request_id in asked.items()}
    for request_id in asked.values():
        approve(system, request_id, "bob")
    system.settle()
    for kind, request_id in asked.items():
        assert faults[kind].seen, kind
        assert state(system, request_id) == "Resolved", kind
        assert times_told(system, request_id, BOB) == 1, kind
        assert len(notes(system, request_id)) == 1, kind


def test_a_rate_limit_is_waited_out_as_long_as_it_asks(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    fault = system.servicenow.faults.rate_limited(retry_after=2, method="PATCH", when=about(request_id))
    approve(system, request_id, "bob")
    system.wait_until(lambda: fault.seen)
    held = system.wait_until(lambda: [one for one in system.aws.messages()["tickets.fifo"] if one.group == request_id])
    assert not held[0].visible
    system.settle()
    assert (state(system, request_id), len(notes(system, request_id))) == ("Resolved", 1)


def test_a_commit_after_our_timeout_is_one_incident_and_one_note(new_system: Callable[..., LocalSystem]) -> None:
    system = new_system(servicenow_timeout_seconds=4)
    known = asked_and_told(system, "dave")
    patch = system.servicenow.faults.late(120, method="PATCH", when=about(known))
    insert = system.servicenow.faults.late(120, method="POST", table="incident")
    approve(system, known, "bob")
    request_id = ask(system)

    held = {known: patch, request_id: insert}

    def commit_what_was_given_up() -> bool:
        for one in list(held):
            if "no answer in time" in ledger_ticket(system, one).get("failure", ""):
                held.pop(one).release()
        return not held

    system.wait_until(commit_what_was_given_up, what="our timeout didn't come")
    system.settle()
    assert (len(patch.seen), len(insert.seen)) == (1, 1)
    assert len(incidents(system, request_id)) == 1
    assert len(notes(system, known)) == 1
    assert times_told(system, known, BOB) == 1
    _is_told_of(system, request_id)


def test_killed_over_a_write_there_is_one_incident_and_each_fact_is_told_once(system: LocalSystem) -> None:
    asked = {kind: asked_and_told(system, reason=kind) for kind in KILLED}
    for kind, request_id in asked.items():
        fault = system.servicenow.faults.add(Fault(kind, method="PATCH", when=_kill(system, about(request_id))))
        approve(system, request_id, "bob", "known window")
        assert fault.wait_until_hit(PATIENCE), kind
    made = {}
    for kind in KILLED:
        fault = system.servicenow.faults.add(Fault(kind, method="POST", when=_kill(system, _with_mark(kind))))
        made[kind] = ask(system, reason=_marked(kind))
        assert fault.wait_until_hit(PATIENCE), kind
    system.settle()
    for kind, request_id in asked.items():
        assert state(system, request_id) == "Resolved", kind
        assert len(notes(system, request_id)) == 1, kind
        for fact in (BOB, "known window", "The request is approved."):
            assert times_told(system, request_id, fact) == 1, kind
        assert incident(system, request_id)["correlation_display"].endswith("#2"), kind
    for kind, request_id in made.items():
        assert len(incidents(system, request_id)) == 1, kind
        _is_told_of(system, request_id)


def test_what_happens_while_an_outcome_is_unknown_is_told_too(system: LocalSystem) -> None:
    request_id = asked_and_told(system, "dave")
    fault = _trouble(system, request_id, "error_after_commit", "PATCH")
    approve(system, request_id, "bob")
    system.wait_until(lambda: fault.seen)
    approve(system, request_id, "carol")
    system.settle()
    assert state(system, request_id) == "Resolved"
    for reviewer in ("bob", "carol"):
        assert times_told(system, request_id, f"{reviewer} reviewed the request: approved") == 1


def test_an_instance_that_chooses_its_own_ids_has_one_incident_whatever_happens(
    system: LocalSystem, own_ids: ServiceNowInstance
) -> None:
    first = asked_and_told(system)
    assert incident(system, first)["sys_id"] != first.replace("-", "")
    faults = {kind: _trouble_with_insert(system, kind) for kind in UNANSWERED}
    asked = {kind: ask(system, reason=_marked(kind)) for kind in UNANSWERED}
    killed = own_ids.faults.add(Fault("drop_after_commit", method="POST", when=_kill(system, _with_mark("killed"))))
    asked_then_killed = ask(system, reason=_marked("killed"))
    system.settle()
    assert killed.seen
    assert all(fault.seen for fault in faults.values())
    for request_id in (first, *asked.values(), asked_then_killed):
        assert len(incidents(system, request_id)) == 1
        _is_told_of(system, request_id)


def test_a_customers_rule_that_refuses_the_insert_is_asked_again_and_the_reason_kept(system: LocalSystem) -> None:
    system.servicenow.faults.refused_by_rule(2, method="POST", table="incident")
    request_id = ask(system)
    system.wait_until(lambda: "Customer rule" in ledger_ticket(system, request_id).get("failure", ""))
    system.settle()
    assert len(incidents(system, request_id)) == 1
    assert "failure" not in ledger_ticket(system, request_id)


def test_a_user_table_that_may_not_be_read_costs_the_caller_and_no_more(system: LocalSystem) -> None:
    since = Since(system)
    servicenow = system.servicenow
    servicenow.disallow("sys_user", "read", "x_acbr_bridge.tickets")
    system.restart("teleport_events")  # which forgets the users that it knew
    try:
        request_id = asked_and_told(system)
    finally:
        servicenow.allow("sys_user", "read", "x_acbr_bridge.tickets")
        system.restart("teleport_events")
    assert incident(system, request_id)["caller_id"] == ""
    assert since.counted("CallerNotFound") == 1
    _is_told_of(system, request_id)


def test_a_requester_who_is_no_servicenow_user_has_the_configured_caller(system: LocalSystem) -> None:
    system.teleport.apply("{kind: user, version: v2, metadata: {name: frank}, spec: {roles: [requester]}}")
    request_id = asked_and_told(system, "frank")
    row = incident(system, request_id)
    assert system.servicenow.row("sys_user", row["caller_id"])["user_name"] == "svc.access.bridge"
    assert "Requester: frank" in row["description"]


def test_a_requester_is_found_by_the_address_among_his_traits(system: LocalSystem) -> None:
    traits = "traits: {email: [dave@example.test]}"
    system.teleport.apply(
        f"{{kind: user, version: v2, metadata: {{name: dave-2}}, spec: {{roles: [requester], {traits}}}}}"
    )
    request_id = asked_and_told(system, "dave-2")
    caller = incident(system, request_id)["caller_id"]
    assert system.servicenow.row("sys_user", caller)["user_name"] == "dave"


def test_what_fails_for_good_ends_among_the_dead_letters_with_its_reason(
    new_system: Callable[..., LocalSystem],
) -> None:
    system = new_system(max_receive_count=2)
    fault = system.servicenow.faults.refused_by_rule(100, method="POST", table="incident")
    request_id = ask(system)
    dead = system.wait_until(system.dead_letters)
    assert [one.group for one in dead] == [request_id]
    kept = ledger_ticket(system, request_id)
    assert (kept["failed"], kept["attempts"], kept["failure_kind"]) == ("1", 2, "refused")
    assert "Customer rule" in kept["failure"]
    fault.remaining = 0
    system.aws.sqs.send_message(
        QueueUrl=system.resources.tickets.url,
        MessageBody=dead[0].body,
        MessageGroupId=dead[0].group,
        MessageDeduplicationId="redriven",
    )
    system.settle()
    assert len(incidents(system, request_id)) == 1
    marks = {"failed", "attempts", "failure", "failure_kind", "failing_since"}
    assert not marks & ledger_ticket(system, request_id).keys()


def _trouble(system: LocalSystem, request_id: str, kind: Kind, method: str) -> Fault:
    """That trouble for the next such call about the request's incident."""
    return system.servicenow.faults.add(Fault(kind, method=method, table="incident", when=about(request_id)))


def _marked(mark: str) -> str:
    """A reason by which an insert is known: the request's id isn't, before it is made."""
    return f"because of {mark}."


def _with_mark(mark: str) -> Callable[[Incoming], bool]:
    return lambda call: _marked(mark) in str(call.body)


def _trouble_with_insert(system: LocalSystem, kind: Kind) -> Fault:
    """That trouble for the insert of the incident whose request has this mark in its reason."""
    return system.servicenow.faults.add(Fault(kind, method="POST", table="incident", when=_with_mark(kind)))


def _kill(system: LocalSystem, wanted: Callable[[Incoming], bool]) -> Callable[[Incoming], bool]:
    """Kills teleport_events when the call reaches ServiceNow, so that nobody hears the answer."""
    return lambda call: wanted(call) and system.kill("teleport_events") > 0


def _is_told_of(system: LocalSystem, request_id: str, reviewer: str = "bob") -> None:
    """The bridge goes on with this incident as with any other."""
    approve(system, request_id, reviewer)
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, f"{reviewer} reviewed the request: approved") == 1
    assert times_told(system, request_id, "The request is approved.") == 1
