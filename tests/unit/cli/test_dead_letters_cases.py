"""What a person on call sees of what failed: the queue's side and the ledger's put together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.ledger.items import DecisionItem, FailureKind, TicketItem
from cli.dead_letters.advice import advice
from cli.dead_letters.cases import Case, Found, case, with_marked
from cli.dead_letters.letters import Letter, Subject
from tests.unit.cli.letters import REQUESTS, decision, look, look_with_event

ID, OTHER = REQUESTS[:2]
TICKET = Subject("tickets", ID)
DECISION = Subject("decisions", ID, "d" * 32)
SEEN = Found(2, 1000.0, "alice", ("dba",))
FAILING = TicketItem(
    ID,
    version=3,
    selected=True,
    sys_id="s" * 32,
    number="INC0010004",
    attempts=100,
    failure="down",
    failure_kind="retry",
    failing_since=900.0,
    failed=True,
)
DECIDED = DecisionItem(ID, "d" * 32, decision="approved", decided_by="Bob Reviewer (bob)", ticket_number="INC0010004")


def test_a_ticket_that_failed_shows_who_asked_since_when_how_often_and_why() -> None:
    assert case(TICKET, SEEN, FAILING, None) == Case(
        subject=TICKET,
        what="the ticket",
        requester="alice",
        roles=("dba",),
        ticket="INC0010004",
        since=900.0,
        attempts=100,
        reason="down",
        kind=FailureKind.RETRY,
        messages=2,
    )


@pytest.mark.parametrize(
    ("ticket", "shown"),
    [(FAILING, "INC0010004"), (replace(FAILING, number=""), "s" * 32), (TicketItem(ID), "")],
)
def test_the_ticket_is_named_by_its_number_else_by_what_is_known(ticket: TicketItem, shown: str) -> None:
    assert case(TICKET, SEEN, ticket, None).ticket == shown


@pytest.mark.parametrize(
    ("decision_id", "item", "what"),
    [
        ("d" * 32, DECIDED, "approved by Bob Reviewer (bob)"),
        ("d" * 32, replace(DECIDED, decided_by=""), "approved"),
        ("d" * 32, None, "rejected"),
        (f"oncall-{ID}", None, "on-call check"),
        (f"justification-{ID}", None, "justification check"),
        (f"closed-{ID}", None, "closed check"),
    ],
)
def test_a_decision_is_named_by_what_it_says_and_who_says_it(
    decision_id: str, item: DecisionItem | None, what: str
) -> None:
    found = replace(SEEN, decision="rejected")
    assert case(Subject("decisions", ID, decision_id), found, FAILING, item).what == what


def test_a_decision_shows_its_own_failure_and_not_the_ticket_s() -> None:
    failing = replace(DECIDED, attempts=7, failure="no way in", failure_kind="configuration", failing_since=800.0)
    shown = case(DECISION, SEEN, FAILING, failing)
    assert (shown.attempts, shown.reason, shown.kind, shown.since) == (7, "no way in", FailureKind.CONFIGURATION, 800.0)


def test_a_letter_of_which_the_ledger_has_no_failure_says_what_that_can_mean() -> None:
    done = case(TICKET, SEEN, TicketItem(ID, version=4, selected=True), None)
    assert (done.kind, done.since, done.attempts) == (None, 1000.0, 0)
    assert "a look since has succeeded, or the ledger itself could not be written" in done.reason
    assert "knows nothing of it" in case(TICKET, SEEN, TicketItem(ID), None).reason
    assert "knows nothing of it" in case(DECISION, SEEN, FAILING, None).reason
    assert case(DECISION, SEEN, FAILING, replace(DECIDED, outcome="applied")).reason == (
        "none any more: it was decided (applied)"
    )


@pytest.mark.parametrize("kind", ["", "of a later version"])
def test_a_failure_of_a_kind_that_is_not_known_is_one_still(kind: str) -> None:
    assert case(TICKET, SEEN, replace(FAILING, failure_kind=kind), None).kind == FailureKind.RETRY


@pytest.mark.parametrize("kind", [*FailureKind, None])
def test_each_kind_of_failure_has_its_advice_which_ends_in_a_redrive(kind: FailureKind | None) -> None:
    given = advice(replace(case(TICKET, SEEN, FAILING, None), kind=kind), "acme")
    assert "edrive" in given
    assert "{" not in given


def test_where_the_log_tells_more_its_command_is_there_for_the_function_and_stack_in_question() -> None:
    silent = replace(case(TICKET, SEEN, FAILING, None), kind=FailureKind.SILENT)
    assert "aws logs tail /aws/lambda/acme-teleport-events " in advice(silent, "acme")
    defect = replace(silent, subject=DECISION, kind=FailureKind.DEFECT)
    assert "aws logs tail /aws/lambda/acme-servicenow-decisions " in advice(defect, "acme")


def test_the_letters_of_a_subject_are_counted_and_what_they_say_is_kept() -> None:
    found = Found()
    for sent, body in ((1000.0, look(ID)), (900.0, look_with_event(ID)), (1100.0, look(ID))):
        message = {"MessageId": "m", "ReceiptHandle": "r", "Body": body}
        found = found.and_then(
            Letter.of("tickets", {**message, "Attributes": {"SentTimestamp": str(round(sent * 1000))}})
        )
    assert found == Found(3, 900.0, "alice", ("dba", "prod"))
    human = {"MessageId": "m", "ReceiptHandle": "r", "Body": decision(ID, said="rejected")}
    letter = Letter.of("decisions", {**human, "Attributes": {"SentTimestamp": "1000000"}})
    assert Found().and_then(letter).decision == "rejected"


def test_what_only_the_ledger_marks_comes_after_what_the_queue_has_and_nothing_twice() -> None:
    other = TicketItem(OTHER, failed=True)
    assert with_marked({TICKET: SEEN}, [FAILING, other, replace(DECIDED, failed=True)]) == {
        TICKET: SEEN,
        Subject("tickets", OTHER): Found(),
        DECISION: Found(),
    }
