"""What is wrong with a life is noticed: each of these differs from one that is right in one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.contract.races.life import BOT, Click, Life
from tests.contract.races.truth import check, check_end

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
ROW = "d" * 32
CREATED = {"event": "access_request.create", "uid": "created", "state": "PENDING"}
OUR_REVIEW = {
    "event": "access_request.review",
    "uid": "ours",
    "reviewer": BOT,
    "proposed_state": "APPROVED",
    "state": "APPROVED",
    "reason": f"[access-bridge decision {ROW}] Approved in ServiceNow by Bob Reviewer (bob)",
}
TOLD = "Decision in ServiceNow by Bob Reviewer (bob): approve.\nThe request is approved in Teleport.\n\n"
STATE = "The request is approved.\nAccess until: tomorrow"
TICKET = {
    "sys_id": ID.replace("-", ""),
    "correlation_id": ID,
    "correlation_display": "Teleport tele.example.test #2",
    "state": "6",
    "close_code": "Resolved by request",
    "close_notes": "The access request was approved in Teleport.\nReviewed by: the bot",
}
DECISION = {"outcome": "applied", "code": "applied", "attempt_mode": "bot", "attempt_author": BOT}
LIFE = Life(
    request_id=ID,
    state="APPROVED",
    events=[CREATED, OUR_REVIEW],
    delivered=frozenset({"created", "ours"}),
    tickets=[TICKET],
    notes=[TOLD + STATE],
    clicks=[Click(ROW, "Bob Reviewer (bob)", "approved", called=True)],
    rows={ROW: {"outcome": "applied"}},
    ledger={"TICKET": {}, f"DECISION#{ROW}": DECISION},
)


def with_notes(*notes: str) -> Life:
    ticket = {**TICKET, "correlation_display": f"Teleport tele.example.test #{1 + len(notes)}"}
    return replace(LIFE, notes=notes, tickets=[ticket])


def with_ledger(key: str, **values: Any) -> Life:
    return replace(LIFE, ledger={**LIFE.ledger, key: {**LIFE.ledger[key], **values}})


def with_ticket(**values: str) -> Life:
    return replace(LIFE, tickets=[{**TICKET, **values}])


def test_a_life_in_which_all_is_well() -> None:
    check_end(LIFE)
    check_end(with_notes("bot-access-bridge-decisions reviewed the request: approved.", STATE))


@pytest.mark.parametrize(
    ("life", "problem"),
    [
        (replace(LIFE, tickets=[TICKET, {**TICKET, "sys_id": "e" * 32}]), "2 tickets of one request"),
        (with_notes(TOLD + STATE, STATE), "told more often than it happened"),
        (with_notes(TOLD + STATE, f"{BOT} reviewed the request: approved."), "told more often than it happened"),
        (with_notes(TOLD + STATE, "carol reviewed the request: denied."), "told more often than it happened"),
        (with_notes(TOLD + STATE, "The request was deleted before anybody decided."), "told more often"),
        (with_notes(TOLD + STATE, "Nobody decided: the request expired."), "told more often than it happened"),
        (with_notes(TOLD + STATE, "Something else."), "a note tells what nobody expects"),
        (replace(LIFE, notes=[TOLD, STATE]), "#2 with 2 notes"),
        (replace(LIFE, events=[CREATED, OUR_REVIEW, OUR_REVIEW]), "carried to Teleport twice"),
        (replace(LIFE, events=[CREATED, {**OUR_REVIEW, "reason": "fine"}]), "for no decision"),
        (with_ledger(f"DECISION#{ROW}", attempt_mode=""), "no attempt in the ledger"),
    ],
)
def test_what_must_never_happen_is_noticed_at_once(life: Life, problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        check(life)


@pytest.mark.parametrize(
    ("life", "problem"),
    [
        (with_notes(STATE), "told more or less often than it happened"),
        (with_notes(TOLD.strip()), "nobody is told that it is approved"),
        (replace(LIFE, tickets=[]), "a request without a ticket"),
        (with_ticket(state="1"), "and the ticket is open"),
        (with_ticket(close_code="No resolution provided"), "closed as 'No resolution provided'"),
        (with_ticket(close_notes="The access request was denied in Teleport."), "closed with 'The access"),
        (with_ledger("TICKET", attempt="{}"), "an attempt without an end"),
        (with_ledger("TICKET", failure="ServiceNow is away"), "the mark of a failure stays"),
        (with_ledger(f"DECISION#{ROW}", outcome=""), "came to ''"),
        (with_ledger(f"DECISION#{ROW}", outcome="refused"), "the row says 'applied'"),
        (replace(LIFE, rows={ROW: {"outcome": ""}}), "the row says ''"),
        (replace(LIFE, events=[CREATED], state="PENDING"), "told more often than it happened"),
    ],
)
def test_what_is_lost_is_noticed_at_the_end(life: Life, problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        check_end(life)


@pytest.mark.parametrize(
    ("outcome", "code", "problem"),
    [
        ("refused", "already_resolved", "and Teleport has it"),
        ("withdrawn", "withdrawn", "and Teleport has it"),
        ("applied_unproved", "applied_unproved", "no answer was lost"),
        ("failed", "gave_up", "an outcome that nobody expects"),
    ],
)
def test_an_outcome_that_does_not_agree_with_teleport_is_noticed(outcome: str, code: str, problem: str) -> None:
    life = with_ledger(f"DECISION#{ROW}", outcome=outcome, code=code)
    with pytest.raises(AssertionError, match=problem):
        check_end(replace(life, rows={ROW: {"outcome": outcome}}))


def test_what_is_not_promised_is_not_asked_for() -> None:
    """Of a ticket that was closed by hand no note is missing, and after the counter was edited none is one too many."""
    check_end(replace(with_notes(), closed=True))
    check_end(replace(with_notes(TOLD + STATE, TOLD + STATE), counter_edited=True, touched=True))
