"""What is told on a ticket: each fact once, and the note that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access_bridge.access_request import RequestState, Review
from access_bridge.decisions.outcome import ANNOTATION, decision_mark
from access_bridge.ledger.items import DecisionItem, TicketItem
from access_bridge.rules.model import Rules
from access_bridge.tickets.content import ticket_fields
from access_bridge.tickets.facts import facts
from access_bridge.tickets.plan import Plan, digests, plan
from access_bridge.tickets.story import Story
from tests.unit.tickets.ticket_values import (
    BOT,
    CLUSTER,
    CREATED,
    DECISION,
    HOST_USER,
    ID,
    NOON,
    PENDING,
    event,
    story_of,
    vote,
)

S = RequestState
APPROVED = replace(PENDING, state=S.APPROVED)
DENIED = replace(PENDING, state=S.DENIED)
OPENED = TicketItem(ID, selected=True, sys_id="s", counter=1)
RULES = Rules().ticket
ENDED_FIELDS = {"description", "state", "close_code", "close_notes"}


def ids(story: Story) -> list[str]:
    return [fact.id for fact in facts(story)]


def opened(story: Story) -> TicketItem:
    """The ticket as it was when this was all that was known, everything told."""
    step = planned(story, OPENED)
    told = frozenset(step.facts)
    return replace(OPENED, fields=digests(ticket_fields(story, CLUSTER, RULES)), told=told, outcome=story.outcome)


def planned(story: Story, ticket: TicketItem) -> Plan:
    return plan(story, ticket_fields(story, CLUSTER, RULES), ticket)


NEW = opened(story_of(PENDING, CREATED))


def test_a_ticket_that_says_all_needs_nothing() -> None:
    step = planned(story_of(PENDING, CREATED), NEW)
    assert (step.empty, step.changes_state, step.note) == (True, False, "")


@pytest.mark.parametrize(
    ("story", "told"),
    [
        (story_of(PENDING), []),
        (story_of(replace(PENDING, reviews=(vote("bob", S.APPROVED),))), ["review:bob"]),
        (story_of(replace(APPROVED, reviews=(vote("bob", S.APPROVED),))), ["review:bob", "state:APPROVED"]),
        (story_of(APPROVED), ["state:APPROVED"]),
        (story_of(APPROVED, event("update", "u-1", state="APPROVED")), ["change:u-1", "state:APPROVED"]),
        (
            story_of(DENIED, event("update", "u-2", 3, state="DENIED"), event("update", "u-1", 2, state="APPROVED")),
            ["change:u-1", "change:u-2", "state:DENIED"],
        ),
        (story_of(None, CREATED, event("expire", minutes=60)), ["end:expired"]),
        (story_of(None, CREATED, event("delete", user="carol")), ["end:deleted:carol"]),
        (
            story_of(None, CREATED, event("delete", user=HOST_USER)),
            ["end:deleted:an administrator on the auth server"],
        ),
        (story_of(None, ticket=TicketItem(ID, snapshot=PENDING, gone=True)), ["end:deleted:"]),
        (story_of(replace(PENDING, state=S.PROMOTED)), ["state:PROMOTED"]),
    ],
)
def test_the_facts_of_a_story_in_the_order_in_which_they_happened(story: Story, told: list[str]) -> None:
    assert ids(story) == told


@pytest.mark.parametrize(
    ("story", "note"),
    [
        (
            story_of(replace(PENDING, reviews=(vote("bob", S.APPROVED, "known work"),))),
            "bob reviewed the request: approved.\nReason: known work\n\nApprovals: 1 of 2. 1 more needed.",
        ),
        (
            story_of(replace(PENDING, reviews=(Review("bob", S.APPROVED, submitted_by="plugin"),), thresholds=())),
            "bob (submitted by plugin) reviewed the request: approved.",
        ),
        (
            story_of(replace(DENIED, reviews=(vote("carol", S.DENIED, "freeze\nuntil Monday"),))),
            "carol reviewed the request: denied.\nReason:\n> freeze\n> until Monday\n\nThe request is denied.",
        ),
        (
            story_of(APPROVED, event("update", state="APPROVED", updated_by=HOST_USER, delegator="lee", reason="CHG1")),
            "In Teleport, an administrator on the auth server on behalf of lee set the request to approved.\n"
            "Reason: CHG1\n\nThe request is approved.\nAccess until: 2026-11-23 20:00:00 UTC",
        ),
        (
            story_of(DENIED),
            "The request is denied.\n"
            "It was set directly in Teleport. Who did it follows when Teleport's audit event arrives.",
        ),
        (
            story_of(
                replace(APPROVED, roles=("dba",), assume_start=NOON + timedelta(hours=2)),
                CREATED,
                event("update", state="APPROVED", updated_by="bob", roles=["dba"]),
            ),
            "In Teleport, bob set the request to approved.\n\nThe request is approved.\n"
            "Granted roles: dba (asked: dba, prod)\nAccess starts: 2026-11-23 14:00:00 UTC\n"
            "Access until: 2026-11-23 20:00:00 UTC",
        ),
        (
            story_of(
                replace(PENDING, state=S.PROMOTED, promoted_access_list="DBAs", reviews=(vote("bob", S.PROMOTED),))
            ),
            "bob reviewed the request: promoted to an access list.\n\n"
            "The request is promoted to an access list.\nAccess list: DBAs",
        ),
        (
            story_of(None, CREATED, event("expire", expiry="2026-11-23T13:00:00Z")),
            "Nobody decided: the request expired at 2026-11-23 13:00:00 UTC.",
        ),
        (
            story_of(None, CREATED, event("delete", user="carol")),
            "The request was deleted by carol before anybody decided.",
        ),
        (
            story_of(None, ticket=TicketItem(ID, snapshot=PENDING, gone=True)),
            "The request was deleted before anybody decided.",
        ),
    ],
)
def test_a_note_says_this(story: Story, note: str) -> None:
    assert planned(story, NEW).note == note


@pytest.mark.parametrize(
    ("before", "after", "correction"),
    [
        (
            story_of(APPROVED, event("update", "u-1", state="APPROVED", updated_by="bob")),
            story_of(
                DENIED,
                event("update", "u-1", state="APPROVED", updated_by="bob"),
                event("update", "u-2", 2, state="DENIED", updated_by="bob"),
            ),
            "This ticket said approved before. Certificates that were issued meanwhile stay valid until they expire: "
            "to end that access now, lock the user in Teleport (tctl lock).",
        ),
        (
            story_of(None, CREATED, event("expire", minutes=60)),
            story_of(None, CREATED, event("expire", minutes=60), event("update", "u-1", state="APPROVED")),
            "This ticket said expired before; that was not the last word.",
        ),
        (
            story_of(None, ticket=TicketItem(ID, snapshot=PENDING, gone=True)),
            story_of(None, event("update", "u-1", state="DENIED"), ticket=TicketItem(ID, snapshot=PENDING, gone=True)),
            "This ticket said deleted before; that was not the last word.",
        ),
    ],
)
def test_what_becomes_known_later_is_told_once_as_a_correction(before: Story, after: Story, correction: str) -> None:
    ticket = opened(before)
    step = planned(after, ticket)
    assert step.note.endswith(f"\n\n{correction}")
    assert (step.changes_state, step.outcome) == (False, after.outcome)
    assert "close_notes" in step.fields
    told = replace(ticket, told=ticket.told | set(step.facts), fields={**ticket.fields, **digests(step.fields)})
    assert planned(after, replace(told, outcome=step.outcome)).empty


def test_an_approval_whose_access_ends_later_is_not_told_as_undecided() -> None:
    approved = event("update", state="APPROVED", updated_by="bob")
    ticket = opened(story_of(None, CREATED, approved))
    assert planned(story_of(None, CREATED, approved, event("expire", minutes=480)), ticket).empty


def test_who_set_it_directly_is_told_once_when_the_event_comes() -> None:
    change = event("update", "u-1", state="APPROVED", updated_by="bob", reason="by phone")
    ticket = opened(story_of(APPROVED, CREATED))
    step = planned(story_of(APPROVED, CREATED, change), ticket)
    assert (step.facts, step.note) == (
        ("change:u-1",),
        "In Teleport, bob set the request to approved.\nReason: by phone",
    )
    assert set(step.fields) == {"close_notes"}
    assert "Set by: bob" in step.fields["close_notes"]


def test_who_deleted_it_is_told_when_the_event_comes() -> None:
    gone = TicketItem(ID, snapshot=PENDING, gone=True)
    ticket = opened(story_of(None, ticket=gone))
    step = planned(story_of(None, event("delete", user="carol"), ticket=gone), ticket)
    assert step.facts == ("end:deleted:carol",)
    assert step.note == "The request was deleted by carol before anybody decided."


def test_a_ticket_that_a_person_ended_is_told_and_its_fields_are_left_alone() -> None:
    step = planned(story_of(APPROVED, CREATED), replace(NEW, ended_by="person"))
    assert (dict(step.fields), step.facts) == ({}, ("state:APPROVED",))


def test_one_patch_resolves_and_tells() -> None:
    step = planned(story_of(APPROVED, CREATED), NEW)
    assert set(step.fields) == ENDED_FIELDS
    assert (step.fields["state"], step.fields["close_code"]) == ("6", "Resolved by request")
    assert (step.changes_state, step.outcome, step.facts) == (True, "approved", ("state:APPROVED",))


def test_what_one_note_does_not_hold_is_told_in_the_next_and_the_ticket_ends_with_the_last() -> None:
    reviews = tuple(vote(f"reviewer-{number}", S.APPROVED, "x" * 1000) for number in range(9))
    story = story_of(replace(APPROVED, reviews=reviews))
    ticket, notes = NEW, list[str]()
    while not (step := planned(story, ticket)).empty:
        assert len(step.note) <= 4000
        assert ("state" in step.fields) is not step.more
        notes.append(step.note)
        ticket = replace(ticket, told=ticket.told | set(step.facts), fields={**ticket.fields, **digests(step.fields)})
    told = "\n".join(notes)
    assert [told.count(f"reviewer-{number} reviewed") for number in range(9)] == [1] * 9
    assert told.count("The request is approved.") == 1
    assert len(notes) == 3


# ---- decisions made in ServiceNow ----

ATTEMPTED = DecisionItem(
    ID,
    DECISION,
    decision="approved",
    decided_by="Bob Reviewer (bob)",
    attempt_mode="bot",
    attempt_author=BOT,
    attempt_at=(NOON + timedelta(minutes=1)).timestamp(),
)
APPLIED = replace(ATTEMPTED, outcome="applied", code="applied", sentence="The request is approved in Teleport.")
OUR_REVIEW = vote(BOT, S.APPROVED, f"{decision_mark(DECISION)} Approved in ServiceNow by Bob on INC1")
OUR_CHANGE = event("update", "u-1", state="APPROVED", updated_by=BOT, annotations={ANNOTATION: [DECISION]})


@pytest.mark.parametrize(
    "story",
    [
        story_of(replace(APPROVED, reviews=(OUR_REVIEW,)), decisions=[ATTEMPTED]),
        story_of(replace(APPROVED, reviews=(OUR_REVIEW,)), decisions=[APPLIED]),
        story_of(APPROVED, decisions=[APPLIED]),
        story_of(APPROVED, OUR_CHANGE, decisions=[ATTEMPTED]),
        story_of(APPROVED, OUR_CHANGE, decisions=[APPLIED]),
    ],
)
def test_a_decision_its_review_and_its_event_are_one_fact(story: Story) -> None:
    assert ids(story) == [f"decision:{DECISION}", "state:APPROVED"]


def test_the_id_of_a_decision_is_not_shown_to_people() -> None:
    story = story_of(replace(APPROVED, reviews=(OUR_REVIEW,)), decisions=[ATTEMPTED])
    step = planned(story, NEW)
    assert DECISION not in step.note
    assert DECISION not in "".join(step.fields.values())
    assert "Reason: Approved in ServiceNow by Bob on INC1" in step.note


@pytest.mark.parametrize(
    ("story", "fact"),
    [
        (
            story_of(replace(PENDING, reviews=(replace(OUR_REVIEW, author="mallory"),)), decisions=[ATTEMPTED]),
            "review:mallory",
        ),
        (story_of(replace(PENDING, reviews=(OUR_REVIEW,))), f"review:{BOT}"),
        (
            story_of(
                replace(PENDING, reviews=(OUR_REVIEW,)),
                decisions=[replace(ATTEMPTED, attempt_mode="", attempt_author="")],
            ),
            f"review:{BOT}",
        ),
        (
            story_of(PENDING, {**OUR_CHANGE, "state": "PENDING", "updated_by": "mallory"}, decisions=[ATTEMPTED]),
            "change:u-1",
        ),
        (story_of(PENDING, {**OUR_CHANGE, "state": "PENDING", "updated_by": ""}, decisions=[ATTEMPTED]), "change:u-1"),
    ],
)
def test_an_id_that_somebody_else_wrote_hides_nothing(story: Story, fact: str) -> None:
    """Only what our own author did in an attempt that the ledger has is ours."""
    assert ids(story) == [fact]


@pytest.mark.parametrize(
    ("item", "note"),
    [
        (APPLIED, "Decision in ServiceNow by Bob Reviewer (bob): approve.\nThe request is approved in Teleport."),
        (
            replace(APPLIED, outcome="refused", code="own_request", sentence="It is the requester's own."),
            "Decision in ServiceNow by Bob Reviewer (bob): approve.\n"
            "Not applied (own_request): It is the requester's own.",
        ),
        (
            replace(APPLIED, decision="rejected", outcome="conflict", code="conflict", sentence="It is approved."),
            "Decision in ServiceNow by Bob Reviewer (bob): deny.\nNot applied (conflict): It is approved.",
        ),
        (
            replace(APPLIED, kind="approval", decided_by="Erin Desk (erin) as delegate of Bob Reviewer (bob)"),
            "Vote in ServiceNow by Erin Desk (erin) as delegate of Bob Reviewer (bob): approve.\n"
            "The request is approved in Teleport.",
        ),
        (
            replace(APPLIED, decided_by="", outcome="refused", code="approver_unknown", sentence="Nobody."),
            "Decision in ServiceNow by somebody who could not be identified: approve.\n"
            "Not applied (approver_unknown): Nobody.",
        ),
    ],
)
def test_what_became_of_a_decision_is_told(item: DecisionItem, note: str) -> None:
    assert planned(story_of(PENDING, CREATED, decisions=[item]), NEW).note == note


def test_each_way_in_which_a_decision_failed_is_told_and_so_is_that_it_was_carried_out_after_all() -> None:
    locked = replace(APPLIED, outcome="failed", code="identity_locked", sentence="The identity is locked.")
    gave_up = replace(locked, code="gave_up", sentence="It was tried long enough.")
    ticket = NEW
    for item, note in (
        (locked, "Not applied (identity_locked): The identity is locked."),
        (gave_up, "Not applied (gave_up): It was tried long enough."),
        (APPLIED, "The request is approved in Teleport."),
    ):
        step = planned(story_of(PENDING, CREATED, decisions=[item]), ticket)
        assert step.note.endswith(note)
        ticket = replace(ticket, told=ticket.told | set(step.facts))
    assert ids(story_of(PENDING, decisions=[locked])) == [f"decision:{DECISION}:failed:identity_locked"]


def test_an_attempt_without_an_end_is_not_told() -> None:
    assert ids(story_of(PENDING, decisions=[ATTEMPTED])) == []


@pytest.mark.parametrize(
    ("item", "explained"),
    [
        (APPLIED, False),
        (replace(APPLIED, decision="rejected"), True),
        (replace(APPLIED, decision="rejected", outcome="refused"), False),
        (replace(APPLIED, decision="rejected", outcome="applied_unproved"), True),
    ],
)
def test_a_denial_is_explained_by_a_decision_only_if_that_was_a_denial(item: DecisionItem, explained: bool) -> None:
    note = planned(story_of(DENIED, CREATED, decisions=[item]), NEW).note
    assert ("It was set directly in Teleport." not in note) is explained


@pytest.mark.parametrize(
    ("votes", "line"),
    [
        ((vote("bob", S.APPROVED),), "Approvals: 1 of 2. 1 more needed."),
        ((vote("bob", S.DENIED),), "Approvals: 0 of 2. 2 more needed."),
        ((replace(vote("bob", S.APPROVED), threshold_indexes=()),), "Approvals: 0 of 2. 2 more needed."),
        ((vote("bob", S.APPROVED), vote("carol", S.DENIED)), "Approvals: 1 of 2. 1 more needed."),
    ],
)
def test_how_many_approvals_are_still_needed(votes: tuple[Review, ...], line: str) -> None:
    assert planned(story_of(replace(PENDING, reviews=votes)), NEW).note.split("\n\n")[-1] == line


def test_a_decided_request_needs_no_more_approvals() -> None:
    story = story_of(replace(DENIED, reviews=(vote("bob", S.APPROVED), vote("carol", S.DENIED))))
    assert "needed" not in planned(story, NEW).note


def test_an_event_twice_is_one_fact() -> None:
    change: Mapping[str, Any] = event("update", "u-1", state="APPROVED")
    assert ids(story_of(APPROVED, change, change)) == ["change:u-1", "state:APPROVED"]


# ---- decisions of the bot's own ----

ON_CALL = replace(APPLIED, decision_id=f"oncall-{ID}", kind="on_call", decided_by="")
DENIED_ITEM = replace(
    ON_CALL, decision_id=f"justification-{ID}", kind="justification", decision="rejected", sentence="It is denied."
)
CLOSED_ITEM = replace(DENIED_ITEM, decision_id=f"closed-{ID}", kind="closed")
WHY = "Approved automatically by Access Bridge: alice is on call for Databases"


@pytest.mark.parametrize(
    ("item", "note"),
    [
        (ON_CALL, "Approved automatically: The request is approved in Teleport."),
        (
            replace(ON_CALL, outcome="recorded", code="threshold_open", sentence="1 of 2 approvals."),
            "On-call check: 1 of 2 approvals.",
        ),
        (
            replace(ON_CALL, outcome="refused", code="not_on_call", sentence="alice is not on call."),
            "On-call check: not approved automatically (not_on_call): alice is not on call.",
        ),
        (
            replace(ON_CALL, outcome="failed", code="gave_up", sentence="It was tried long enough."),
            "On-call check: not approved automatically (gave_up): It was tried long enough.",
        ),
        (DENIED_ITEM, "Denied automatically: It is denied."),
        (
            replace(DENIED_ITEM, outcome="conflict", code="conflict", sentence="It is approved."),
            "Justification check: not denied automatically (conflict): It is approved.",
        ),
        (CLOSED_ITEM, "Denied automatically: It is denied."),
        (
            replace(CLOSED_ITEM, outcome="refused", code="closed_by_requester", sentence="He did so himself."),
            "Check of the closed ticket: not denied automatically (closed_by_requester): He did so himself.",
        ),
    ],
)
def test_what_the_bot_decided_itself_is_told_as_its_own(item: DecisionItem, note: str) -> None:
    assert planned(story_of(PENDING, CREATED, decisions=[item]), NEW).note == note


@pytest.mark.parametrize(
    "code", ["justified", "not_closed", "no_rule", "already_resolved", "request_gone", "request_expired"]
)
@pytest.mark.parametrize("item", [ON_CALL, DENIED_ITEM, CLOSED_ITEM])
def test_a_check_after_which_people_decide_as_always_is_not_told(item: DecisionItem, code: str) -> None:
    assert ids(story_of(PENDING, decisions=[replace(item, outcome="refused", code=code)])) == []


@pytest.mark.parametrize(
    "story",
    [
        story_of(
            replace(APPROVED, reviews=(vote(BOT, S.APPROVED, f"{decision_mark(ON_CALL.decision_id)} {WHY}"),)),
            decisions=[ON_CALL],
        ),
        story_of(
            APPROVED,
            event(
                "update",
                "u-1",
                state="APPROVED",
                updated_by=BOT,
                annotations={ANNOTATION: [ON_CALL.decision_id]},
                reason=f"{decision_mark(ON_CALL.decision_id)} {WHY}",
            ),
            decisions=[ON_CALL],
        ),
        story_of(
            replace(
                APPROVED,
                resolve_reason=f"{decision_mark(ON_CALL.decision_id)} {WHY}",
                resolve_annotations={ANNOTATION: (ON_CALL.decision_id,)},
            ),
            decisions=[ON_CALL],
        ),
    ],
    ids=["review", "event", "state"],
)
def test_an_automatic_approval_is_one_fact_and_says_why(story: Story) -> None:
    assert ids(story) == [f"decision:{ON_CALL.decision_id}", "state:APPROVED"]
    note = planned(story, NEW).note
    assert note.startswith(f"Approved automatically: The request is approved in Teleport.\nReason: {WHY}\n")
    assert "access-bridge decision" not in note


def test_why_it_was_approved_is_not_taken_from_anybody_else() -> None:
    forged = vote("mallory", S.APPROVED, f"{decision_mark(ON_CALL.decision_id)} because I say so")
    note = planned(story_of(replace(APPROVED, reviews=(forged,)), decisions=[ON_CALL]), NEW).note
    assert "Approved automatically: The request is approved in Teleport.\n\nmallory reviewed the request" in note


# ---- about the ticket itself ----


def test_each_remark_is_told_once_and_first() -> None:
    ticket = replace(NEW, remarks=("No such group.", "Another remark."))
    story = story_of(replace(PENDING, reviews=(vote("bob", S.APPROVED),), thresholds=()))
    step = planned(story, ticket)
    assert step.facts == ("remark:1", "remark:2", "review:bob")
    assert step.note.startswith("No such group.\n\nAnother remark.\n\nbob reviewed")
    assert planned(story, replace(ticket, told=frozenset(step.facts))).facts == ()


@pytest.mark.parametrize(
    ("ticket", "told"),
    [
        (replace(NEW, outcome="deleted"), ("again:deleted",)),
        (replace(NEW, outcome="expired"), ("again:expired",)),
        (replace(NEW, outcome="deleted", told=frozenset({"again:deleted"})), ()),
        (replace(NEW, outcome="deleted", gone=True), ()),
        (replace(NEW, outcome="expired", not_seen_since=5.0), ()),
        (NEW, ()),
    ],
)
def test_a_request_that_is_shown_again_after_its_ticket_said_it_was_gone(
    ticket: TicketItem, told: tuple[str, ...]
) -> None:
    step = planned(story_of(PENDING, CREATED), ticket)
    assert step.facts == told
    assert ("this ticket said" in step.note) is bool(told)
