"""What is written into Teleport for a decision, how that is found again, and what it then came to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_bridge.access_request import AccessRequest, RequestState, Review
from access_bridge.decisions.apply import Application, after_review, applied_before
from access_bridge.decisions.outcome import (
    ANNOTATION,
    Outcome,
    Reason,
    Verdict,
    decision_mark,
    marked_decision,
    review_of,
    without_mark,
)
from access_bridge.decisions.words import automatic_words, human_words
from access_bridge.ledger.items import DecisionItem
from access_bridge.servicenow.users import User
from tests.unit.decisions.values import ALICE, BOB, BOT, DECISION_ID, ITEM, REQUEST, TICKET, TWO_APPROVALS, vote

APPROVED, DENIED, PENDING, PROMOTED = (
    RequestState.APPROVED,
    RequestState.DENIED,
    RequestState.PENDING,
    RequestState.PROMOTED,
)
MARK = f"[access-bridge decision {DECISION_ID}]"
OURS = vote(BOT, APPROVED, f"{MARK} Approved in ServiceNow by Bob Reviewer (bob) on INC0010001")
TRIED = replace(ITEM, attempt_mode="bot", attempt_author=BOT, attempt_at=1.0)
LINK = "https://tele.example.test/web/requests/1"
ROLE_NEEDS_FIRST = {"dba": ((0,),)}


def two_needed(*reviews: Review, state: RequestState = PENDING) -> AccessRequest:
    return replace(REQUEST, thresholds=TWO_APPROVALS, role_thresholds=ROLE_NEEDS_FIRST, reviews=reviews, state=state)


def applied(words: str, state: RequestState = APPROVED) -> Application:
    return Application(DECISION_ID, state, "bot", words, TICKET.number, "servicenow:bob@example.test", LINK)


def short(verdict: Verdict | None) -> tuple[str, str] | None:
    return None if verdict is None else (verdict.outcome.value, verdict.reason.value)


# ---- the reason in Teleport


@pytest.mark.parametrize(
    ("user", "state", "reason", "expected"),
    [
        (
            BOB,
            APPROVED,
            "ok",
            f"{MARK} Approved in ServiceNow by Bob Reviewer (bob, bob@example.test) on INC0010001: ok",
        ),
        (BOB, DENIED, "  ", f"{MARK} Denied in ServiceNow by Bob Reviewer (bob, bob@example.test) on INC0010001"),
        (replace(BOB, name="", email=""), DENIED, "", f"{MARK} Denied in ServiceNow by bob (bob) on INC0010001"),
    ],
)
def test_the_reason_begins_with_the_decision_s_id_and_names_human_and_ticket(
    user: User, state: RequestState, reason: str, expected: str
) -> None:
    application = applied(human_words(state, user, TICKET.number, reason), state)
    assert application.reason == expected


def test_the_vote_of_a_delegate_names_both() -> None:
    words = human_words(APPROVED, BOB, TICKET.number, "", delegate_of=ALICE)
    assert words == (
        "Approved in ServiceNow by Bob Reviewer (bob, bob@example.test) as delegate of Alice Engineer (alice) "
        "on INC0010001"
    )


def test_the_bot_s_own_decision_says_that_nobody_made_it() -> None:
    words = automatic_words(APPROVED, "alice is on call for Databases", TICKET.number)
    assert words == ("Approved automatically by Access Bridge: alice is on call for Databases (INC0010001)")
    assert automatic_words(DENIED, "no ticket", "") == "Denied automatically by Access Bridge: no ticket"


@settings(deadline=None)
@given(reason=st.text(), name=st.text())
def test_whatever_a_human_writes_the_decision_s_own_id_is_the_one_that_is_found(reason: str, name: str) -> None:
    words = f"{decision_mark('e' * 32)} {reason}"
    application = applied(human_words(APPROVED, replace(BOB, name=name), TICKET.number, words))
    assert marked_decision(application.reason) == DECISION_ID


@settings(deadline=None)
@given(text=st.text())
def test_only_a_reason_that_begins_with_a_mark_carries_a_decision(text: str) -> None:
    assert marked_decision(f"{MARK}{text}") == DECISION_ID
    assert marked_decision(f"as said: {MARK}{text}") == ""
    assert without_mark(f"{MARK} {text}") == text.strip()


@pytest.mark.parametrize("reason", ["", MARK[1:], MARK.upper(), "[access-bridge decision d]", f" {MARK}"])
def test_what_looks_like_a_mark_is_none(reason: str) -> None:
    assert marked_decision(reason) == ""


@pytest.mark.parametrize(
    ("author", "decision", "found"),
    [(BOT, DECISION_ID, True), ("mallory", DECISION_ID, False), (BOT, "e" * 32, False)],
)
def test_a_review_is_ours_by_its_mark_and_its_author_together(author: str, decision: str, found: bool) -> None:
    review = vote(author, APPROVED, f"{decision_mark(decision)} Approved")
    request = replace(REQUEST, reviews=(vote("carol", APPROVED), review))
    assert review_of(request, DECISION_ID, BOT) == (review if found else None)


# ---- what a review came to


@pytest.mark.parametrize(
    ("request_then", "state", "expected"),
    [
        (replace(REQUEST, state=APPROVED), APPROVED, ("applied", "applied")),
        (replace(REQUEST, state=DENIED), DENIED, ("applied", "applied")),
        (two_needed(OURS), APPROVED, ("recorded", "threshold_open")),
        (replace(REQUEST, state=DENIED), APPROVED, ("conflict", "conflict")),
        (replace(REQUEST, state=PROMOTED), APPROVED, ("conflict", "conflict")),
    ],
)
def test_what_a_review_came_to(request_then: AccessRequest, state: RequestState, expected: tuple[str, str]) -> None:
    assert short(after_review(request_then, state, BOT, own=False)) == expected


def test_a_recorded_review_says_how_many_are_there_and_how_many_are_needed() -> None:
    assert "1 of 2 approvals" in after_review(two_needed(OURS), APPROVED, BOT, own=False).sentence
    assert (
        "Further approvers can decide on this ticket"
        in after_review(two_needed(OURS), APPROVED, "bob", own=True).sentence
    )
    assert (
        "one denial of several needed" in after_review(two_needed(vote(BOT, DENIED)), DENIED, BOT, own=False).sentence
    )


# ---- an attempt whose end nobody recorded


def annotated(decision: str, state: RequestState) -> AccessRequest:
    return replace(REQUEST, state=state, resolve_annotations={ANNOTATION: (decision,)})


@pytest.mark.parametrize(
    ("item", "request_now", "expected"),
    [
        (ITEM, replace(REQUEST, state=APPROVED, reviews=(OURS,)), None),  # nothing was tried
        (TRIED, REQUEST, None),
        (TRIED, replace(REQUEST, state=APPROVED, reviews=(OURS,)), ("applied", "applied")),
        (TRIED, two_needed(OURS), ("recorded", "threshold_open")),
        (TRIED, two_needed(OURS, vote("carol", DENIED), state=DENIED), ("conflict", "conflict")),
        (TRIED, annotated(DECISION_ID, APPROVED), ("applied", "applied")),
        (TRIED, annotated("e" * 32, APPROVED), ("applied_unproved", "applied_unproved")),
        (TRIED, annotated(DECISION_ID, DENIED), None),  # somebody overwrote it: judged anew, as a conflict
        (TRIED, replace(REQUEST, state=APPROVED), ("applied_unproved", "applied_unproved")),
        (TRIED, replace(REQUEST, state=DENIED), None),
        (
            TRIED,
            replace(REQUEST, state=APPROVED, reviews=(replace(OURS, author="mallory"),)),
            ("applied_unproved", "applied_unproved"),
        ),
        (TRIED, replace(REQUEST, reviews=(replace(OURS, author="mallory"),)), None),
    ],
)
def test_what_became_of_an_attempt_is_told_by_its_id_and_our_author_alone(
    item: DecisionItem, request_now: AccessRequest, expected: tuple[str, str] | None
) -> None:
    assert short(applied_before(request_now, item, APPROVED)) == expected


# ---- outcomes and codes


def test_the_names_that_others_rely_on() -> None:
    assert {outcome.value for outcome in Outcome} == {
        "applied",
        "recorded",
        "refused",
        "withdrawn",
        "conflict",
        "applied_unproved",
        "failed",
    }
    assert all(reason.value == reason.name.lower() for reason in Reason)


def test_a_verdict_s_detail_is_its_code_and_its_sentence() -> None:
    verdict = Verdict(Outcome.REFUSED, Reason.OWN_REQUEST, "You can't decide your own access request.")
    assert verdict.detail == "own_request: You can't decide your own access request."
