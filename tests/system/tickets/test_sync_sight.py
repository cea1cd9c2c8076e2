"""Not being allowed to see is not the same as not being there: nothing is closed by it, and an alarm is raised."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from local.system import LocalSystem
from tests.system.tickets.asking import (
    Since,
    approve,
    ask,
    asked_and_told,
    incident,
    incidents,
    ledger_ticket,
    look,
    notes,
    state,
    times_told,
)

BOT = "bot-access-bridge-tickets"
ROLE = "{kind: role, version: v7, metadata: {name: access-bridge-tickets}, spec: {allow: {rules: [%s]}}}"
SEEING = "{resources: [access_request], verbs: [list, read]}, {resources: [user, role], verbs: [read]}"
Trouble = Callable[[LocalSystem], AbstractContextManager[None]]


@contextmanager
def blind(system: LocalSystem) -> Iterator[None]:
    """Inside, the bridge's identity may not see requests: Teleport then answers as if there were none."""
    system.teleport.apply(ROLE % "{resources: [user, role], verbs: [read]}")
    try:
        yield
    finally:
        system.teleport.apply(ROLE % SEEING)


@contextmanager
def locked_out(system: LocalSystem) -> Iterator[None]:
    """Inside, the bridge's bot is locked."""
    system.teleport.lock(BOT)
    try:
        yield
    finally:
        system.teleport.unlock(BOT)


@contextmanager
def removed(system: LocalSystem) -> Iterator[None]:
    """Inside, the bridge's bot is no user of the cluster any more."""
    system.teleport.remove_user(BOT)
    try:
        yield
    finally:
        name = BOT.removeprefix("bot-")
        system.teleport.apply(f"{{kind: bot, version: v1, metadata: {{name: {name}}}, spec: {{roles: [{name}]}}}}")


@contextmanager
def without_incidents(system: LocalSystem) -> Iterator[None]:
    """Inside, the bridge has an account that may not read incidents: ServiceNow answers as if there were none."""
    name, setting = f"svc.{uuid.uuid4().hex}", "SERVICENOW_SECRET_ARN"
    system.servicenow.add_user(name, password="secret", web_service_access_only=True)
    before = system.stand_ins.servicenow_secret("teleport_events")
    system.put_secret("teleport_events", setting, json.dumps({"username": name, "password": "secret"}))
    system.restart("teleport_events")
    try:
        yield
    finally:
        system.put_secret("teleport_events", setting, before)
        system.restart("teleport_events")


def test_an_identity_that_may_not_see_requests_closes_nothing_and_raises_an_alarm(system: LocalSystem) -> None:
    first, second = asked_and_told(system), asked_and_told(system)
    before = {one: (incident(system, one), notes(system, one)) for one in (first, second)}
    since = Since(system)
    with blind(system):
        system.tick("teleport_events")
        look(system, first)
        look(system, second)
        system.settle()
        system.tick("teleport_events")
        system.settle()
    assert {one: (incident(system, one), notes(system, one)) for one in (first, second)} == before
    assert since.counted("NoRequestSeen", 2) == 2
    assert since.counted("RequestNotSeen", 2) >= 2
    assert ledger_ticket(system, first)["not_seen_since"] > 0
    approve(system, first, "bob")
    system.settle()
    assert (state(system, first), state(system, second)) == ("Resolved", "New")
    assert times_told(system, first, "deleted") == 0
    assert "not_seen_since" not in ledger_ticket(system, first)


def test_a_request_of_which_only_the_events_can_be_seen_is_told_from_them(system: LocalSystem) -> None:
    with blind(system):
        request_id = ask(system, reason="seen by its event alone")
        system.settle()
        assert "seen by its event alone" in incident(system, request_id)["description"]
        approve(system, request_id, "bob", "fine")
        system.settle()
        assert state(system, request_id) == "Resolved"
    system.tick("teleport_events")
    system.settle()
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1
    assert times_told(system, request_id, "The request is approved.") == 1


def test_what_was_deleted_while_nothing_could_be_seen_is_closed_when_sight_returns(system: LocalSystem) -> None:
    other, request_id = asked_and_told(system), asked_and_told(system)
    system.stop_forwarding()
    with blind(system):
        system.teleport.remove_request(request_id)
        system.tick("teleport_events")
        system.settle()
        assert state(system, request_id) == "New"
    system.tick("teleport_events")
    system.settle()
    assert (state(system, request_id), state(system, other)) == ("Resolved", "New")


def test_an_expiry_that_is_reported_closes_though_nothing_can_be_seen(system: LocalSystem) -> None:
    system.teleport.expiry_delay = 0.1
    with blind(system):
        request_id = ask(system, ttl=timedelta(seconds=1))
        system.wait_until(lambda: request_id not in system.teleport.requests)
        system.settle()
    assert "Nobody decided before the access request expired" in incident(system, request_id)["close_notes"]


@pytest.mark.parametrize("refused", [locked_out, removed], ids=["locked", "removed"])
def test_a_bot_that_is_refused_gives_nothing_up_and_raises_an_alarm(system: LocalSystem, refused: Trouble) -> None:
    known, since = asked_and_told(system), Since(system)
    with refused(system):
        request_id = ask(system)
        approve(system, known, "bob")
        since.counted("BrokenConfiguration", 2)
        assert (state(system, known), notes(system, known)) == ("New", [])
    system.settle()
    assert (state(system, known), state(system, request_id)) == ("Resolved", "New")
    assert len(notes(system, known)) == 1
    assert system.dead_letters() == []


def test_a_locked_bot_fails_the_pass_with_one_line_that_says_why(system: LocalSystem) -> None:
    since = Since(system)
    with locked_out(system):
        assert system.tick("teleport_events") == {}
    (problem,) = since.problems()
    assert "lock" in problem
    assert since.counted("PassFailed") == 1


def test_an_account_that_may_not_read_incidents_gives_nothing_up_and_raises_an_alarm(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    since = Since(system)
    with without_incidents(system):
        approve(system, request_id, "bob")
        since.counted("BrokenConfiguration", 2)
        assert state(system, request_id) == "New"
        assert "ended_by" not in {name for name, value in ledger_ticket(system, request_id).items() if value}
        assert "right" in ledger_ticket(system, request_id)["failure"]
    system.settle()
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "bob reviewed the request: approved") == 1


def test_an_unknown_insert_is_looked_for_only_by_an_account_that_sees(system: LocalSystem) -> None:
    since = Since(system)
    fault = system.servicenow.faults.error_after_commit(method="POST", table="incident")
    request_id = ask(system)
    system.wait_until(lambda: fault.seen)
    with without_incidents(system):
        since.counted("BrokenConfiguration")
    system.settle()
    assert len(incidents(system, request_id)) == 1
