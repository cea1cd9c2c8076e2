"""What is known about a request, whoever said it and in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from access_bridge.access_request import AccessRequest, RequestState, Resource
from access_bridge.ledger.items import Records, TicketItem
from access_bridge.tickets.observe import seen
from access_bridge.tickets.story import EXPIRY_GRACE, actor_name, tell_story
from tests.unit.tickets.ticket_values import CLUSTER, CREATED, HOST_USER, ID, NOON, PENDING, event, story_of, vote

S = RequestState
APPROVED = event("update", "u-1", 2, state="APPROVED", updated_by="bob")
DENIED = event("update", "u-2", 3, state="DENIED", updated_by="carol")
PROMOTED = event("review", "u-3", 4, state="PROMOTED", proposed_state="PROMOTED", reviewer="bob")
EXPIRED = event("expire", "u-4", 61, expiry=(NOON + timedelta(hours=1)).isoformat())
DELETED = event("delete", "u-5", 5, user="carol")


@pytest.mark.parametrize(
    ("state", "events", "merged"),
    [
        (S.PENDING, (), S.PENDING),
        (S.NONE, (), S.NONE),
        (S.PENDING, (APPROVED,), S.APPROVED),
        (S.APPROVED, (), S.APPROVED),
        (S.APPROVED, (DENIED,), S.DENIED),
        (S.DENIED, (APPROVED,), S.DENIED),
        (S.PENDING, (APPROVED, DENIED), S.DENIED),
        (S.PENDING, (APPROVED, PROMOTED), S.PROMOTED),
        (S.PROMOTED, (APPROVED,), S.PROMOTED),
        (S.PROMOTED, (DENIED,), S.DENIED),
        (S.APPROVED, (EXPIRED,), S.APPROVED),
        (S.PENDING, (EXPIRED, DELETED), S.PENDING),
    ],
)
def test_states_merge_by_pending_before_approved_and_promoted_before_denied(
    state: S, events: tuple[Mapping[str, Any], ...], merged: S
) -> None:
    for order in permutations(events):
        assert story_of(replace(PENDING, state=state), *order).request.state is merged


def test_what_teleport_showed_once_is_not_forgotten_when_it_shows_an_older_state() -> None:
    ticket = TicketItem(ID, snapshot=replace(PENDING, state=S.DENIED))
    assert story_of(PENDING, ticket=ticket).request.state is S.DENIED


@pytest.mark.parametrize(
    ("request_now", "events", "ticket", "now", "outcome"),
    [
        (PENDING, (CREATED,), TicketItem(ID), NOON, ""),
        (replace(PENDING, state=S.APPROVED), (), TicketItem(ID), NOON, "approved"),
        (None, (CREATED, EXPIRED), TicketItem(ID), NOON, "expired"),
        (None, (CREATED, DELETED), TicketItem(ID), NOON, "deleted"),
        (None, (CREATED, DELETED, EXPIRED), TicketItem(ID), NOON, "expired"),
        (None, (CREATED, APPROVED, EXPIRED), TicketItem(ID), NOON, "approved"),
        (None, (CREATED, DENIED, DELETED), TicketItem(ID), NOON, "denied"),
        (None, (), TicketItem(ID, snapshot=PENDING), NOON, ""),
        (None, (), TicketItem(ID, snapshot=PENDING, gone=True), NOON, "deleted"),
        (None, (), TicketItem(ID, snapshot=PENDING), NOON + timedelta(hours=1) + EXPIRY_GRACE, ""),
        (None, (), TicketItem(ID, snapshot=PENDING), NOON + timedelta(hours=1, seconds=91), "expired"),
        (None, (), TicketItem(ID, snapshot=PENDING, gone=True), NOON + timedelta(hours=2), "expired"),
        (PENDING, (), TicketItem(ID), NOON + timedelta(hours=2), ""),
        (None, (), TicketItem(ID, snapshot=replace(PENDING, state=S.APPROVED), gone=True), NOON, "approved"),
        (None, (CREATED,), TicketItem(ID), NOON + timedelta(hours=8, seconds=91), "expired"),
    ],
)
def test_how_a_request_ended(
    request_now: AccessRequest | None,
    events: tuple[Mapping[str, Any], ...],
    ticket: TicketItem,
    now: datetime,
    outcome: str,
) -> None:
    """An empty answer alone ends nothing: it takes an event, a passed expiry, or a proof."""
    for order in permutations(events):
        assert story_of(request_now, *order, ticket=ticket, now=now).outcome == outcome


@pytest.mark.parametrize("events", [(), (EXPIRED,), (DELETED,), (EXPIRED, DELETED)])
def test_an_end_of_which_nothing_else_is_known_makes_no_story(events: tuple[Mapping[str, Any], ...]) -> None:
    assert tell_story(None, Records(TicketItem(ID), events), cluster=CLUSTER.name, now=NOON) is None


def test_events_of_another_cluster_do_not_count() -> None:
    foreign = {**DENIED, "cluster_name": "other.example.test"}
    assert story_of(PENDING, foreign).changes == ()
    assert tell_story(None, Records(TicketItem(ID), (foreign,)), cluster=CLUSTER.name, now=NOON) is None
    assert len(story_of(PENDING, DENIED, {**APPROVED, "cluster_name": ""}).changes) == 2


def test_a_create_event_alone_tells_who_asked_for_what_and_why() -> None:
    resource = {"cluster": "tele.example.test", "kind": "node", "name": "uuid", "sub_resource": "x"}
    story = story_of(None, {**CREATED, "resource_ids": [resource], "resource_names": ["/node/lab"]})
    assert story.known
    assert story.request == AccessRequest(
        ID,
        "alice",
        roles=("dba", "prod"),
        created=NOON,
        access_until=NOON + timedelta(hours=8),
        reason="restart the database",
        resources=(Resource("tele.example.test", "node", "uuid", "x", "lab"),),
    )


def test_a_decision_alone_tells_that_there_was_a_request_and_not_who_asked() -> None:
    story = story_of(None, {**APPROVED, "roles": ["dba"], "expires": NOON.isoformat()})
    assert (story.known, story.outcome, story.request.user) == (False, "approved", "")
    assert (story.request.roles, story.request.access_until) == (("dba",), NOON)


def test_names_of_resources_come_from_the_create_event_and_everything_else_from_teleport() -> None:
    request = replace(PENDING, resources=(Resource("c", "node", "uuid"), Resource("c", "db", "pg")))
    names = {"resource_ids": [{"kind": "node", "name": "uuid"}], "resource_names": ["/node/lab"]}
    story = story_of(request, {**CREATED, **names})
    assert [resource.friendly_name for resource in story.request.resources] == ["lab", ""]
    uneven = {**names, "resource_names": ["/node/lab", "/db/pg"]}
    assert story_of(request, {**CREATED, **uneven}).request.resources == request.resources


@pytest.mark.parametrize(
    ("request_now", "events", "asked_before", "asked"),
    [
        (replace(PENDING, roles=("dba",)), (CREATED,), (), ("dba", "prod")),
        (replace(PENDING, roles=("dba",)), (), ("dba", "prod"), ("dba", "prod")),
        (replace(PENDING, roles=("dba",)), (), (), ("dba",)),
    ],
)
def test_what_was_asked_is_what_the_creation_says_or_was_seen_while_pending(
    request_now: AccessRequest, events: tuple[Mapping[str, Any], ...], asked_before: tuple[str, ...], asked: object
) -> None:
    assert story_of(request_now, *events, ticket=TicketItem(ID, asked_roles=asked_before)).asked_roles == asked


def test_reviews_are_one_for_each_author_with_teleports_own_view_of_it_first() -> None:
    request = replace(PENDING, reviews=(vote("bob", S.APPROVED, "in Teleport", 2),))
    bob = event("review", "u-1", 1, reviewer="bob", proposed_state="DENIED", reason="in the event")
    carol = event("review", "u-2", 1.5, reviewer="carol", proposed_state="DENIED", submitted_by="dave")
    reviews = story_of(request, carol, bob).request.reviews
    assert [(item.author, item.proposed_state, item.reason) for item in reviews] == [
        ("carol", S.DENIED, ""),
        ("bob", S.APPROVED, "in Teleport"),
    ]
    assert reviews[0].submitted_by == "dave"


@pytest.mark.parametrize(
    ("fields", "actor"),
    [
        ({"updated_by": "bob"}, "bob"),
        ({"updated_by": HOST_USER}, "an administrator on the auth server"),
        ({"updated_by": HOST_USER, "delegator": "lee"}, "an administrator on the auth server on behalf of lee"),
        ({"updated_by": "plugin", "delegator": "lee"}, "plugin on behalf of lee"),
        ({"delegator": "lee"}, "somebody on behalf of lee"),
        ({}, "somebody"),
    ],
)
def test_who_changed_the_state_in_words(fields: dict[str, str], actor: str) -> None:
    (change,) = story_of(PENDING, {**event("update", state="APPROVED"), **fields}).changes
    assert change.actor == actor


@pytest.mark.parametrize("name", ["bob", "ca48428a-c6e5-4e63-946d-bdc7446fe17b", "x.tele.example.test", ""])
def test_other_names_are_left_as_they_are(name: str) -> None:
    assert actor_name(name) == name


def test_the_access_list_of_a_promotion_is_known_from_its_event_alone() -> None:
    title = {**PROMOTED, "promoted_access_list_name": "uuid", "promoted_access_list_title": "Database admins"}
    assert story_of(None, CREATED, title).request.promoted_access_list == "Database admins"
    named = {**PROMOTED, "promoted_access_list_name": "db-admins"}
    assert story_of(PENDING, named).request.promoted_access_list == "db-admins"
    seen = replace(PENDING, promoted_access_list="As Teleport has it")
    assert story_of(seen, title).request.promoted_access_list == "As Teleport has it"


def test_an_event_with_a_time_that_is_none_is_still_counted() -> None:
    story = story_of(PENDING, {**APPROVED, "time": "0001-01-01T00:00:00Z"}, {**DENIED, "time": "nonsense"})
    assert [change.time for change in story.changes] == [None, None]


def test_teleport_s_own_word_on_the_roles_outweighs_an_event_that_anybody_with_the_token_can_make_up() -> None:
    made_up = {**CREATED, "uid": "u-0", "roles": ["viewer"]}
    ticket = seen(TicketItem(ID), PENDING)
    assert story_of(PENDING, made_up, CREATED, ticket=ticket).asked_roles == ("dba", "prod")
    assert story_of(None, made_up, ticket=ticket).asked_roles == ("dba", "prod")
