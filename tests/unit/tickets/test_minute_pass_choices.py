"""What the minute pass asks for, and what an empty or partial list does not prove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from access_bridge.ledger.items import TicketItem
from access_bridge.rules.decisions import Mode
from access_bridge.teleport.convert import Cluster
from access_bridge.tickets.minute_pass import (
    ASK_AGAIN_SECONDS,
    EVENTS_NOTED_SECONDS,
    EVENTS_STOPPED,
    EXPIRED,
    GONE,
    UNANNOUNCED_SECONDS,
    Ask,
    changed,
    edition_problem,
    events_missing,
    found_alone,
    missing,
    unannounced,
)
from tests.unit.tickets.ticket_values import ID, NOON, PENDING

NOW = NOON.timestamp()
OVER = NOW - 91
GRACE = NOW - 90


def ticket(request_id: str, pending_until: float | None = NOW + 60, mark: str = "", ago: float = 0) -> TicketItem:
    return TicketItem(
        request_id, selected=True, pending_until=pending_until, asked_revision=mark, asked_at=NOW - ago if mark else 0
    )


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (None, True),
        (TicketItem(ID, revision="r-0"), True),
        (TicketItem(ID, revision="r-1"), False),
        (TicketItem(ID, revision="r-0", asked_revision="r-1", asked_at=NOW), False),
        (TicketItem(ID, revision="r-0", asked_revision="r-1", asked_at=NOW - ASK_AGAIN_SECONDS + 1), False),
        (TicketItem(ID, revision="r-0", asked_revision="r-1", asked_at=NOW - ASK_AGAIN_SECONDS), True),
        (TicketItem(ID, revision="r-0", asked_revision="r-0", asked_at=NOW), True),
        (TicketItem(ID, revision="r-0", asked_revision=GONE, asked_at=NOW), True),
        (TicketItem(ID, revision="r-1", outcome="approved"), False),
        (TicketItem(ID, revision="r-0", outcome="approved"), True),
        (TicketItem(ID, selected=False, revision="r-1"), False),
    ],
)
def test_a_request_is_looked_at_when_it_moved_and_the_same_move_again_after_an_hour(
    known: TicketItem | None, asked: bool
) -> None:
    asks = changed([PENDING], {ID: known} if known else {}, NOON)
    assert asks == ([Ask(ID, "r-1")] if asked else [])


def test_the_order_of_the_list_is_kept() -> None:
    requests = [replace(PENDING, id=name) for name in "cab"]
    assert [ask.request_id for ask in changed(requests, {}, NOON)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("shown", "tickets", "asks", "alarm"),
    [
        # nothing is open
        ([], [], [], False),
        (["a"], [], [], False),
        # all are there
        (["a", "b"], [ticket("a"), ticket("b")], [], False),
        # one is missing while another is shown: that proves sight
        (["a"], [ticket("a"), ticket("b")], [("b", GONE)], False),
        (["a"], [ticket("a"), ticket("b", pending_until=None)], [("b", GONE)], False),
        # other requests that are shown prove nothing about the open ones: not here
        (["x"], [ticket("b")], [], False),
        # none of the open ones is shown: *may not see* looks like *gone*
        ([], [ticket("a")], [], False),
        ([], [ticket("a"), ticket("b")], [], True),
        (["x"], [ticket("a"), ticket("b")], [], True),
        # what is over by its time may be asked for all the same
        ([], [ticket("a", OVER)], [("a", EXPIRED)], False),
        ([], [ticket("a", GRACE)], [], False),
        ([], [ticket("a", OVER), ticket("b"), ticket("c")], [("a", EXPIRED)], True),
        ([], [ticket("a", pending_until=None), ticket("b")], [], True),
        # those that nobody can decide any more are no alarm: Teleport removes them
        ([], [ticket("a", OVER), ticket("b")], [("a", EXPIRED)], False),
        ([], [ticket("a", OVER), ticket("b", OVER)], [("a", EXPIRED), ("b", EXPIRED)], False),
        ([], [ticket("a", NOW - 1), ticket("b", NOW - 1)], [], False),
        (["b"], [ticket("a", OVER), ticket("b", OVER)], [("a", EXPIRED)], False),
        # the same is asked for again after an hour only
        (["a"], [ticket("a"), ticket("b", mark=GONE, ago=3599)], [], False),
        (["a"], [ticket("a"), ticket("b", mark=GONE, ago=3600)], [("b", GONE)], False),
        (["a"], [ticket("a"), ticket("b", OVER, mark=GONE)], [("b", EXPIRED)], False),
        ([], [ticket("a", OVER, mark=EXPIRED, ago=60)], [], False),
    ],
)
def test_what_an_incomplete_list_proves(
    shown: list[str], tickets: list[TicketItem], asks: Iterable[tuple[str, str]], alarm: bool
) -> None:
    requests = [replace(PENDING, id=name) for name in shown]
    assert missing(requests, tickets, NOON) == ([Ask(name, mark) for name, mark in asks], alarm)


def test_a_request_that_is_over_is_asked_for_once_teleport_has_had_its_time_to_remove_it() -> None:
    until = PENDING.pending_until
    assert until is not None
    open_ticket = ticket(ID, until.timestamp())
    for late, asked in ((timedelta(0), False), (timedelta(seconds=90), False), (timedelta(seconds=91), True)):
        asks, _ = missing([], [open_ticket], until + late)
        assert bool(asks) is asked


@pytest.mark.parametrize(
    ("mode", "takes_reviews", "problem"),
    [
        ("bot", True, False),
        ("on_behalf", True, False),
        ("set_state", True, False),
        ("bot", False, True),
        ("on_behalf", False, True),
        ("set_state", False, False),
    ],
)
def test_a_cluster_that_takes_no_reviews_is_told_before_the_first_decision_fails(
    mode: Mode, takes_reviews: bool, problem: bool
) -> None:
    found = edition_problem(mode, Cluster("tele.example.test", "18.0.0", "", takes_reviews))
    assert bool(found) is problem
    assert ("Set decisions.mode to set_state" in found) is problem


# ---- what no event announced

LOOKED_AT = TicketItem(ID, selected=True, asked_revision="r-1", asked_at=NOW - UNANNOUNCED_SECONDS)


@pytest.mark.parametrize(
    ("known", "alone"),
    [
        (LOOKED_AT, True),
        # one that the rules ignore is announced like any other
        (replace(LOOKED_AT, selected=False), True),
        (replace(LOOKED_AT, ended_by="person"), True),
        # an event came, before the pass or after it
        (replace(LOOKED_AT, announced=True), False),
        (replace(LOOKED_AT, asked_at=0.0, asked_revision=""), False),
        # it may still come
        (replace(LOOKED_AT, asked_at=NOW - UNANNOUNCED_SECONDS + 1), False),
        # it may wait behind a look that fails, or that hasn't come to its end once
        (replace(LOOKED_AT, failure="ServiceNow is down"), False),
        (replace(LOOKED_AT, selected=None), False),
        (None, False),
        # counted already
        (replace(LOOKED_AT, unannounced=True), False),
    ],
)
def test_a_request_that_the_pass_found_and_no_event_announced(known: TicketItem | None, alone: bool) -> None:
    assert found_alone([PENDING], {ID: known} if known else {}, NOON) == ([PENDING] if alone else [])


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # made while events came, or after they had stopped
        (timedelta(hours=-2), timedelta(minutes=5), True),
        (timedelta(hours=-2), timedelta(hours=-1), True),
        # made before the first event: the exporter was set up later
        (timedelta(minutes=1), timedelta(minutes=5), False),
        # switched off long ago, on purpose
        (timedelta(days=-90), timedelta(minutes=1) - EVENTS_STOPPED, True),
        (timedelta(days=-90), timedelta(minutes=-1) - EVENTS_STOPPED, False),
    ],
)
def test_an_event_is_expected_only_where_events_came(first: timedelta, last: timedelta, expected: bool) -> None:
    assert unannounced([PENDING], (NOON + first, NOON + last), NOON) == ([PENDING] if expected else [])


def test_without_event_forwarding_nothing_is_counted() -> None:
    assert unannounced([PENDING], None, NOON) == []
    assert unannounced([replace(PENDING, created=None)], (NOON - timedelta(days=1), NOON), NOON) == []


@pytest.mark.parametrize(
    ("last", "missing_"), [(-EVENTS_NOTED_SECONDS - 1, True), (-EVENTS_NOTED_SECONDS, False), (60, False)]
)
def test_an_exporter_that_delivered_anything_since_is_not_dead(last: float, missing_: bool) -> None:
    """That events come is noted every five minutes at most."""
    assert events_missing(PENDING, (NOON - timedelta(days=1), NOON + timedelta(seconds=last))) is missing_
    assert not events_missing(PENDING, None)
