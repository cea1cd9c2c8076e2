"""Events that come twice, late, in reverse order or never: the final incident is the same and no fact is told twice."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from local.system import LocalSystem
from tests.system.tickets.asking import (
    Since,
    approve,
    ask,
    asked_and_told,
    deliver,
    deny,
    enqueue_again,
    events_of,
    incident,
    incidents,
    made_up_event,
    notes,
    state,
    times_told,
)

Pause = Callable[[], None]

_OF_THE_MOMENT = ("number", "opened_at", "resolved_at", "correlation_id")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


@dataclass(frozen=True)
class Life:
    """What people do with a request, and what its incident has to tell of it, each exactly once."""

    user: str
    roles: tuple[str, ...]
    acts: tuple[Callable[[LocalSystem, str], None], ...]
    told: tuple[str, ...]

    def live(self, system: LocalSystem, pause: Pause) -> str:
        request_id = ask(system, self.user, self.roles, "for the order of events")
        pause()
        for act in self.acts:
            act(system, request_id)
            pause()
        return request_id


BOB = "bob reviewed the request: approved"
CAROL = "carol reviewed the request: approved"
BY_TCTL = "an administrator on the auth server set the request to"
LIVES = {
    "one approves": Life("alice", ("dba",), (lambda s, i: approve(s, i, "bob", "ok"),), (BOB, "request is approved.")),
    "two approve": Life(
        "dave",
        ("dba",),
        (lambda s, i: approve(s, i, "bob"), lambda s, i: approve(s, i, "carol")),
        (BOB, CAROL, "request is approved."),
    ),
    "one denies": Life(
        "dave",
        ("dba",),
        (lambda s, i: approve(s, i, "bob"), lambda s, i: deny(s, i, "carol", "no")),
        (BOB, "carol reviewed the request: denied", "request is denied."),
    ),
    "tctl grants less": Life(
        "alice",
        ("dba", "prod-access"),
        (lambda s, i: s.teleport.tctl_approve(i, roles=["dba"], reason="half of it"),),
        (f"{BY_TCTL} approved", "half of it"),  # the roles that were granted stand in the close notes, compared below
    ),
    "tctl denies what was approved": Life(
        "alice",
        ("dba",),
        (lambda s, i: approve(s, i, "bob"), lambda s, i: s.teleport.tctl_deny(i, reason="wrong person")),
        (BOB, f"{BY_TCTL} denied", "request is denied."),
    ),
    "tctl removes it": Life(
        "alice",
        ("dba",),
        (lambda s, i: s.teleport.tctl_rm(i),),
        ("The request was deleted by an administrator on the auth server",),
    ),
}


def comparable(system: LocalSystem, request_id: str) -> dict[str, str]:
    """The incident's fields without ids and times, which differ between any two."""
    row = {
        name: _TIME.sub("TIME", value.replace(request_id, "REQUEST"))
        for name, value in incident(system, request_id).items()
        if not name.startswith("sys_") and name not in _OF_THE_MOMENT
    }
    return {**row, "correlation_display": row["correlation_display"].partition("#")[0]}


def in_order(system: LocalSystem, life: Life) -> str:
    return life.live(system, system.settle)


@pytest.mark.parametrize("name", LIVES)
def test_each_event_twice_and_in_reverse_order_makes_the_same_incident(system: LocalSystem, name: str) -> None:
    life = LIVES[name]
    expected = in_order(system, life)
    system.stop_forwarding()
    request_id = life.live(system, lambda: None)
    events = events_of(system, request_id)
    deliver(system, [event for event in reversed(events) for _ in range(2)])
    system.settle()
    enqueue_again(system, reversed(events))
    system.settle()
    assert comparable(system, request_id) == comparable(system, expected)
    for fact in life.told:
        assert times_told(system, expected, fact) == 1, notes(system, expected)
        assert times_told(system, request_id, fact) == 1, notes(system, request_id)


@pytest.mark.parametrize("name", ["one approves", "two approve", "one denies"])
def test_without_any_event_the_pass_makes_the_same_incident(system: LocalSystem, name: str) -> None:
    life = LIVES[name]
    expected = in_order(system, life)
    system.stop_forwarding()
    request_id = life.live(system, lambda: _pass(system))
    assert comparable(system, request_id) == comparable(system, expected)
    for fact in life.told:
        assert times_told(system, request_id, fact) == 1, notes(system, request_id)
    enqueue_again(system, reversed(events_of(system, request_id)))
    system.settle()
    assert comparable(system, request_id) == comparable(system, expected)
    for fact in life.told:
        assert times_told(system, request_id, fact) == 1, notes(system, request_id)


@pytest.mark.parametrize("name", ["tctl grants less", "tctl denies what was approved", "tctl removes it"])
def test_what_only_an_event_knows_is_told_once_when_it_comes_late(system: LocalSystem, name: str) -> None:
    life = LIVES[name]
    expected = in_order(system, life)
    other = asked_and_told(system)
    system.stop_forwarding()
    request_id = life.live(system, lambda: _pass(system))
    assert incident(system, request_id)["close_code"] == incident(system, expected)["close_code"]
    assert state(system, request_id) == state(system, expected) == "Resolved"
    deliver(system, reversed(events_of(system, request_id)))
    system.settle()
    assert comparable(system, request_id) == comparable(system, expected)
    for fact in life.told:
        assert times_told(system, request_id, fact) == 1, notes(system, request_id)
    assert state(system, other) == "New"


def test_a_request_that_expires_unreported_says_that_it_expired(system: LocalSystem) -> None:
    other = asked_and_told(system)
    system.stop_forwarding()
    system.teleport.expiry_delay = 0.1
    request_id = ask(system, ttl=timedelta(seconds=8))
    _pass(system)
    system.wait_until(lambda: request_id not in system.teleport.requests)
    _pass(system)
    assert state(system, request_id) == "Resolved"
    assert "Nobody decided before the access request expired" in incident(system, request_id)["close_notes"]
    deliver(system, reversed(events_of(system, request_id)))
    system.settle()
    assert times_told(system, request_id, "Nobody decided: the request expired") == 1
    assert len(notes(system, request_id)) == 1
    assert state(system, other) == "New"


def test_the_pass_asks_once_for_what_did_not_change(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    for _ in range(2):
        _pass(system)
    since = Since(system)
    _pass(system)
    assert since.counted("PassAsked", at_least=0) == 0
    assert len(incidents(system, request_id)) == 1


def test_a_review_whose_request_was_never_reported_still_gets_its_incident(system: LocalSystem) -> None:
    system.stop_forwarding()
    request_id = ask(system, "dave", reason="an index has to be rebuilt")
    approve(system, request_id, "bob", "fine")
    deliver(system, [event for event in events_of(system, request_id) if event["event"] == "access_request.review"])
    system.settle()
    row = incident(system, request_id)
    assert row["short_description"] == "Teleport access request: dave asks for dba"
    assert "an index has to be rebuilt" in row["description"]
    assert times_told(system, request_id, BOB) == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_a_request_that_teleport_has_forgotten_gets_its_incident_from_what_its_events_said(
    system: LocalSystem, backwards: bool
) -> None:
    system.stop_forwarding()
    request_id = ask(system, roles=["dba"], reason="long ago")
    deny(system, request_id, "carol", "too late")
    system.teleport.remove_request(request_id)
    events = events_of(system, request_id)
    deliver(system, reversed(events) if backwards else events)
    system.settle()
    row = incident(system, request_id)
    assert row["short_description"] == "Teleport access request: alice asks for dba"
    assert "long ago" in row["description"]
    assert (state(system, request_id), row["close_code"]) == ("Resolved", "No resolution provided")
    assert times_told(system, request_id, "carol reviewed the request: denied") == 1
    assert times_told(system, request_id, "too late") == 1


def test_a_decision_of_a_forgotten_request_whose_creation_nobody_reported_gets_an_incident(system: LocalSystem) -> None:
    request_id = str(uuid.uuid4())
    vote = {"state": "APPROVED", "proposed_state": "APPROVED", "reviewer": "bob", "reason": "known person"}
    deliver(system, [made_up_event("access_request.review", request_id, **vote)])
    system.settle()
    row = incident(system, request_id)
    assert "only the decision is known" in row["short_description"]
    assert state(system, request_id) == "Resolved"
    assert times_told(system, request_id, "known person") == 1


def test_an_event_of_another_cluster_is_dropped_and_counted(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    since = Since(system)
    told, row = notes(system, request_id), incident(system, request_id)
    foreign = {"cluster_name": "other.example.test", "state": "DENIED", "proposed_state": "DENIED", "reviewer": "eve"}
    unknown = str(uuid.uuid4())
    deliver(system, [made_up_event("access_request.review", one, **foreign) for one in (request_id, unknown)])
    system.settle()
    assert since.counted("ForeignClusterEvent", 2) == 2
    assert incidents(system, unknown) == []
    assert (notes(system, request_id), incident(system, request_id)) == (told, row)


def _pass(system: LocalSystem) -> None:
    """A minute later."""
    system.tick("teleport_events")
    system.settle()
