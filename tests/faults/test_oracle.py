"""The oracle can fail: each thing that may be missing or too much is found, and what an invariant allows is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.history import BOT, Happened, Row, Shown, Ticket, Vote
from tests.faults.oracle import Allowance, Intended, Meant, Verdict, judge

ROW = "0123456789abcdef0123456789abcdef"
BY_BOB = Vote("bob", "APPROVED", "APPROVED")
BY_BOT = Vote(BOT, "APPROVED", "APPROVED", ROW)
REVIEWED = "bob reviewed the request: approved.\nReason: fine"
APPROVED = "The request is approved.\nAccess until: 2026-11-28 06:54 UTC"
DECIDED = "Decision in ServiceNow by Bea Boss (bea): approve.\nThe request is approved in Teleport (as a review by it)."
REFUSED = "Decision in ServiceNow by Bea Boss (bea): approve.\nNot applied (not_in_group): You are no member."
TICKET = Ticket("1", "6", "Resolved by request", "The access request was approved in Teleport.", "Teleport x #2", ())
PENDING = Ticket("1", "1", "", "", "Teleport x #1", ())
APPLIED = Row(ROW, "applied", "applied")
CLICKED = Intended(rows={ROW: Meant()})


def told(*notes: str, ticket: Ticket = TICKET, **other: object) -> Shown:
    """What is there after these notes, the counter with them."""
    counted = replace(ticket, notes=notes, display=f"Teleport x #{1 + len(notes)}")
    return replace(Shown((counted,)), **other)  # type: ignore[arg-type]


REVIEW = Happened((BY_BOB,), state="APPROVED")
DECISION = Happened((BY_BOT,), state="APPROVED")
GOOD_REVIEW = told(f"{REVIEWED}\n\n{APPROVED}")
GOOD_DECISION = told(f"{DECIDED}\n\n{APPROVED}", rows=(APPLIED,))

FINE = {
    "pending, nothing told": (Happened(state="PENDING"), Shown((PENDING,)), Intended()),
    "reviewed in one note": (REVIEW, GOOD_REVIEW, Intended()),
    "reviewed in two notes": (REVIEW, told(REVIEWED, APPROVED), Intended()),
    "decided": (DECISION, GOOD_DECISION, CLICKED),
    "decided, told by its review": (
        DECISION,
        told(f"{BOT} reviewed the request: approved.\nReason: Approved in ServiceNow\n\n{APPROVED}", rows=(APPLIED,)),
        CLICKED,
    ),
    "refused": (
        Happened(state="PENDING"),
        told(REFUSED, ticket=PENDING, rows=(Row(ROW, "refused", "not_in_group"),)),
        Intended(rows={ROW: Meant("refused", "not_in_group")}),
    ),
    "deleted, and by whom once that is known": (
        Happened(deleted_by="00000000-0000-0000-0000-000000000000.tele"),
        told(
            "The request was deleted before anybody decided.",
            "The request was deleted by an administrator on the auth server before anybody decided.",
            ticket=replace(TICKET, close_code="No resolution provided", close_notes="The access request was deleted."),
        ),
        Intended(),
    ),
}
LOST = {
    "no ticket": (REVIEW, Shown(), Intended()),
    "a review that isn't told": (REVIEW, told(APPROVED), Intended()),
    "an outcome that isn't told": (REVIEW, told(REVIEWED), Intended()),
    "a ticket that stays open": (REVIEW, told(REVIEWED, APPROVED, ticket=PENDING), Intended()),
    "a ticket that ends otherwise": (
        REVIEW,
        told(REVIEWED, APPROVED, ticket=replace(TICKET, close_code="No resolution provided")),
        Intended(),
    ),
    "a ticket that ended too early": (Happened(state="PENDING"), told(), Intended()),
    "a decision that never reached Teleport": (
        Happened(state="PENDING"),
        told(ticket=PENDING, rows=(APPLIED,)),
        CLICKED,
    ),
    "a row without its outcome": (DECISION, replace(GOOD_DECISION, rows=(Row(ROW, "", ""),)), CLICKED),
    "a row with another outcome": (
        DECISION,
        replace(GOOD_DECISION, rows=(Row(ROW, "refused", "already_resolved"),)),
        CLICKED,
    ),
    "a row that is gone": (DECISION, replace(GOOD_DECISION, rows=()), CLICKED),
    "a dead letter": (REVIEW, replace(GOOD_REVIEW, dead=("{}",)), Intended()),
    "a mark of failure": (REVIEW, replace(GOOD_REVIEW, failed=True), Intended()),
    "a note that is counted and not there": (
        REVIEW,
        replace(GOOD_REVIEW, tickets=(replace(GOOD_REVIEW.tickets[0], display="Teleport x #5"),)),
        Intended(),
    ),
}
DOUBLED = {
    "a second ticket": (REVIEW, replace(GOOD_REVIEW, tickets=GOOD_REVIEW.tickets * 2), Intended()),
    "a ticket that nobody knows": (REVIEW, replace(GOOD_REVIEW, strays=("2",)), Intended()),
    "a review told twice": (REVIEW, told(REVIEWED, f"{REVIEWED}\n\n{APPROVED}"), Intended()),
    "an outcome told twice": (REVIEW, told(f"{REVIEWED}\n\n{APPROVED}", APPROVED), Intended()),
    "a decision told twice, in other words": (
        DECISION,
        told(f"{DECIDED}\n\n{APPROVED}", f"{BOT} reviewed the request: approved.", rows=(APPLIED,)),
        CLICKED,
    ),
    "words that are no fact": (
        REVIEW,
        told(f"{REVIEWED}\n\n{APPROVED}", "This ticket said denied before."),
        Intended(),
    ),
    "a decision that reached Teleport twice": (replace(DECISION, votes=(BY_BOT, BY_BOT)), GOOD_DECISION, CLICKED),
    "a refused decision that reached Teleport": (
        DECISION,
        GOOD_DECISION,
        Intended(rows={ROW: Meant("refused", "not_in_group")}),
    ),
    "a write of the bot's for no decision": (replace(REVIEW, votes=(BY_BOB, BY_BOT)), GOOD_REVIEW, Intended()),
    "a row that nobody made": (REVIEW, replace(GOOD_REVIEW, rows=(APPLIED,)), Intended()),
    "a note that isn't counted": (
        REVIEW,
        replace(GOOD_REVIEW, tickets=(replace(GOOD_REVIEW.tickets[0], display="Teleport x #1"),)),
        Intended(),
    ),
}
UNSETTLED = {
    "a message that is left": (REVIEW, replace(GOOD_REVIEW, waiting=1), Intended()),
    "an attempt without an end": (REVIEW, replace(GOOD_REVIEW, open_attempts=1), Intended()),
}
ROW_OPEN = Allowance("why", row_open=True)
BECOMES = Allowance("why", row_open=True, becomes=Meant("refused", "row_absent"))
FIRST = Allowance("why", told_before=("identity_locked",))
ALLOWED = {
    "a row without its outcome": (DECISION, replace(GOOD_DECISION, rows=(Row(ROW, "", ""),)), CLICKED, ROW_OPEN),
    "a decision that is refused instead": (
        Happened(state="PENDING"),
        told(REFUSED.replace("not_in_group", "row_absent"), ticket=PENDING, rows=(Row(ROW, "", ""),)),
        CLICKED,
        BECOMES,
    ),
    "a failure that is told before": (
        DECISION,
        told(REFUSED.replace("not_in_group", "identity_locked"), f"{DECIDED}\n\n{APPROVED}", rows=(APPLIED,)),
        CLICKED,
        FIRST,
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_as_it_must_be_is_good(case: str) -> None:
    assert judge(*FINE[case]) == Verdict()


@pytest.mark.parametrize("case", LOST)
def test_what_is_missing_is_lost(case: str) -> None:
    assert judge(*LOST[case]).lost


@pytest.mark.parametrize("case", DOUBLED)
def test_what_is_too_much_is_doubled(case: str) -> None:
    assert judge(*DOUBLED[case]).doubled


@pytest.mark.parametrize("case", UNSETTLED)
def test_what_is_not_over_is_unsettled(case: str) -> None:
    verdict = judge(*UNSETTLED[case])
    assert verdict.unsettled
    assert not (verdict.lost or verdict.doubled)


@pytest.mark.parametrize("case", ALLOWED)
def test_an_allowance_allows_what_it_says(case: str) -> None:
    happened, shown, intended, allowed = ALLOWED[case]
    assert judge(happened, shown, intended, allowed).good
    assert not judge(happened, shown, intended).good


@pytest.mark.parametrize("allowed", [ROW_OPEN, BECOMES, FIRST], ids=["open", "becomes", "first"])
@pytest.mark.parametrize("case", DOUBLED)
def test_no_allowance_allows_anything_twice(case: str, allowed: Allowance) -> None:
    if case == "a refused decision that reached Teleport" and allowed is not BECOMES:
        return  # the decision there is meant to be refused
    assert judge(*DOUBLED[case], allowed).doubled
