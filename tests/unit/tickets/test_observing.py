"""What a look at Teleport changes in the ledger, and which requests the rules make a ticket of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.ledger.items import TicketItem
from access_bridge.rules.load import load_rules
from access_bridge.tickets.observe import not_seen, seen, selects
from tests.unit.tickets.ticket_values import CREATED, ID, NOON, PENDING, event, story_of

FIRST_RUN = NOON - timedelta(days=1)


def test_what_teleport_shows_is_kept_with_its_revision_and_its_time() -> None:
    ticket = seen(TicketItem(ID, gone=True, not_seen_since=5.0), PENDING)
    assert (ticket.snapshot, ticket.revision, ticket.asked_roles) == (PENDING, "r-1", ("dba", "prod"))
    assert (ticket.gone, ticket.not_seen_since) == (False, None)
    assert ticket.pending_until == (NOON + timedelta(hours=1)).timestamp()


def test_roles_and_time_of_the_asking_are_those_seen_while_it_was_pending() -> None:
    first = seen(TicketItem(ID), PENDING)
    approved = replace(PENDING, state=RequestState.APPROVED, roles=("dba",), expires_resource=NOON + timedelta(hours=8))
    second = seen(first, approved)
    assert (second.asked_roles, second.pending_until) == (first.asked_roles, first.pending_until)
    only_approved = seen(TicketItem(ID), approved)
    assert (only_approved.asked_roles, only_approved.pending_until) == ((), None)


@pytest.mark.parametrize(("gone", "proved", "after"), [(False, False, False), (False, True, True), (True, False, True)])
def test_what_is_not_shown_counts_as_gone_only_with_a_proof(gone: bool, proved: bool, after: bool) -> None:
    ticket = not_seen(TicketItem(ID, gone=gone), story_of(None, CREATED), NOON, proved=proved)
    assert (ticket.gone, ticket.not_seen_since) == (after, NOON.timestamp())
    assert ticket.pending_until == (NOON + timedelta(hours=8)).timestamp()


def test_since_when_it_is_not_seen_stays() -> None:
    ticket = not_seen(
        TicketItem(ID, not_seen_since=5.0, pending_until=6.0), story_of(None, CREATED), NOON, proved=False
    )
    assert (ticket.not_seen_since, ticket.pending_until) == (5.0, 6.0)


@pytest.mark.parametrize(
    ("rules", "request_now", "events", "selected"),
    [
        ("", PENDING, (), True),
        ("", replace(PENDING, created=FIRST_RUN - timedelta(seconds=1)), (), False),
        ("", replace(PENDING, created=FIRST_RUN), (), True),
        ("", replace(PENDING, created=None), (), True),
        ("ignore_before: 2026-11-23T12:00:01Z", PENDING, (), False),
        ("ignore_before: 2026-11-23T12:00:00Z", PENDING, (), True),
        ("ignore_before: 2020-01-01", replace(PENDING, created=FIRST_RUN - timedelta(days=9)), (), True),
        ("rules: [{when: {roles: [dba, prod]}, then: ignore}]", PENDING, (), False),
        ("rules: [{when: {roles: [dba]}, then: ignore}]", PENDING, (), True),
        # what was asked counts, not what was granted
        ("rules: [{when: {roles: [dba]}, then: ignore}]", replace(PENDING, roles=("dba",)), (CREATED,), True),
        # of whose creation nothing is known: judged by the first sign of life, and no rule about roles matches
        ("", None, (event("update", state="APPROVED"),), True),
        ("", None, (event("update", state="APPROVED", minutes=-60 * 48),), False),
        ("", None, (event("review", reviewer="bob", proposed_state="DENIED", minutes=-60 * 48),), False),
        (
            "rules: [{when: {roles: ['*']}, then: ignore}]",
            None,
            (event("update", state="APPROVED", roles=["dba"]),),
            True,
        ),
    ],
)
def test_which_requests_become_tickets(
    rules: str, request_now: AccessRequest | None, events: tuple[Mapping[str, Any], ...], selected: bool
) -> None:
    assert selects(load_rules(rules), story_of(request_now, *events), FIRST_RUN) is selected
