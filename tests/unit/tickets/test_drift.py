"""What people did to a ticket against its request, as plain functions of the ticket and of what the ledger knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.access_request import RequestState
from access_bridge.ledger.items import TicketItem
from access_bridge.rules.load import load_rules
from access_bridge.rules.model import Outcomes
from access_bridge.tickets.drift import Drift, compared, find, known_outcome, metric, text
from access_bridge.tickets.plan import digests
from tests.unit.tickets.ticket_values import ID, PENDING

NEW, WORK, HOLD, RESOLVED, CLOSED, CANCELED = "1", "2", "3", "6", "7", "8"
GRANTED, REFUSED = "Resolved by request", "No resolution provided"
OPEN = TicketItem(ID, selected=True, sys_id="f" * 32, counter=1)
BY_PERSON = replace(OPEN, ended_by="person", told=frozenset({"ticket:ended:0"}))
OUTCOMES = Outcomes()


def ended(outcome: str, state: str = RESOLVED, code: str = "") -> TicketItem:
    """A ticket that the bridge ended so."""
    code = code or (GRANTED if outcome in {"approved", "promoted"} else REFUSED)
    fields = digests({"state": state, "close_code": code})
    return replace(OPEN, outcome=outcome, fields=fields, told=frozenset({f"state:{outcome}"}))


def drift(ticket: TicketItem, state: str, outcome: str, code: str = "", outcomes: Outcomes = OUTCOMES) -> Drift | None:
    found = find(ticket, {"state": state, "close_code": code}, outcome, outcomes)
    return found.drift if found else None


@pytest.mark.parametrize(
    ("ticket", "state", "outcome", "expected"),
    [
        # pending on both sides, whatever people do with it
        (OPEN, NEW, "", None),
        (OPEN, WORK, "", None),
        (OPEN, HOLD, "", None),
        # ended by a person
        (OPEN, RESOLVED, "", Drift.ENDED),
        (OPEN, CLOSED, "", Drift.ENDED),
        (OPEN, CANCELED, "", Drift.ENDED),
        (BY_PERSON, RESOLVED, "", Drift.ENDED),
        (BY_PERSON, CLOSED, "", Drift.ENDED),
        # and opened again
        (BY_PERSON, WORK, "", Drift.OPEN_AGAIN),
        (BY_PERSON, WORK, "denied", Drift.REOPENED),
        # the request has ended, and the ticket is about to
        (OPEN, NEW, "approved", None),
        (OPEN, RESOLVED, "approved", None),
        # the request has ended after a person had ended the ticket
        (BY_PERSON, RESOLVED, "denied", None),
        (BY_PERSON, CLOSED, "approved", None),
        # a person deleted it
        (replace(OPEN, ended_by="deleted"), NEW, "", None),
        (replace(OPEN, ended_by="deleted"), NEW, "denied", None),
    ],
)
def test_a_ticket_that_the_bridge_has_not_ended(
    ticket: TicketItem, state: str, outcome: str, expected: Drift | None
) -> None:
    assert drift(ticket, state, outcome) is expected


@pytest.mark.parametrize("outcome", ["approved", "promoted", "denied", "expired", "deleted"])
def test_a_ticket_that_the_bridge_has_ended(outcome: str) -> None:
    ticket = ended(outcome)
    own, other = (GRANTED, REFUSED) if outcome in {"approved", "promoted"} else (REFUSED, GRANTED)
    assert drift(ticket, RESOLVED, outcome, own) is None
    # the instance closes it after some days
    assert drift(ticket, CLOSED, outcome, own) is None
    # another code that says no other outcome
    assert drift(ticket, RESOLVED, outcome, "User error") is None
    assert drift(ticket, RESOLVED, outcome, "") is None
    for state in (NEW, WORK, HOLD):
        assert drift(ticket, state, outcome, "") is Drift.REOPENED
        assert drift(ticket, state, outcome, other) is Drift.REOPENED
    for state in (RESOLVED, CLOSED):
        assert drift(ticket, state, outcome, other) is Drift.CONTRADICTS


@pytest.mark.parametrize(
    ("outcome", "expected"), [("approved", Drift.CONTRADICTS), ("promoted", Drift.CONTRADICTS), ("denied", None)]
)
def test_a_canceled_ticket_contradicts_access_that_was_given(outcome: str, expected: Drift | None) -> None:
    assert drift(ended(outcome), CANCELED, outcome) is expected


def test_an_approved_request_that_is_denied_later_is_no_contradiction_while_it_is_corrected() -> None:
    assert drift(ended("approved"), RESOLVED, "approved", GRANTED) is None
    assert drift(ended("denied"), RESOLVED, "denied", REFUSED) is None


def test_a_request_that_is_there_again_has_nothing_against_an_open_ticket() -> None:
    """The bridge had told that it expired, and Teleport shows it again, pending."""
    for state in (NEW, RESOLVED, CLOSED):
        assert drift(ended("expired"), state, "", REFUSED) is None


def test_what_the_rules_write_decides_what_says_another_outcome() -> None:
    rules = load_rules(
        """
ticket:
  outcomes:
    approved: {state: 6, close_code: Solved (Permanently)}
    promoted: {state: 6, close_code: Solved (Permanently)}
    denied: {state: 8, close_code: Closed/Resolved by Caller}
    expired: {state: 8, close_code: Closed/Resolved by Caller}
    deleted: {state: 2, close_code: Closed/Resolved by Caller}
"""
    )
    outcomes = rules.ticket.outcomes
    denied = ended("denied", CANCELED, "Closed/Resolved by Caller")
    assert drift(denied, CANCELED, "denied", "Closed/Resolved by Caller", outcomes) is None
    assert drift(denied, RESOLVED, "denied", "User error", outcomes) is Drift.CONTRADICTS
    assert drift(denied, CANCELED, "denied", "Solved (Permanently)", outcomes) is Drift.CONTRADICTS
    # a state that the bridge itself wrote isn't open again
    deleted = ended("deleted", WORK, "Closed/Resolved by Caller")
    assert drift(deleted, WORK, "deleted", "", outcomes) is None
    assert drift(deleted, NEW, "deleted", "", outcomes) is Drift.REOPENED


def test_where_all_outcomes_have_one_code_none_contradicts_another() -> None:
    same = load_rules(
        "ticket: {outcomes: {"
        + ", ".join(
            f"{name}: {{close_code: Done}}" for name in ("approved", "denied", "promoted", "expired", "deleted")
        )
        + "}}"
    ).ticket.outcomes
    assert drift(ended("denied", code="Done"), RESOLVED, "denied", "Done", same) is None
    assert drift(ended("denied", code="Done"), RESOLVED, "denied", "User error", same) is None


def test_what_was_written_before_the_rules_changed_is_no_contradiction() -> None:
    """The code that a denial had then is an approval's now."""
    others = ", ".join(f"{name}: {{close_code: Other}}" for name in ("denied", "expired", "deleted"))
    changed = load_rules(f"ticket: {{outcomes: {{approved: {{close_code: {REFUSED}}}, {others}}}}}").ticket.outcomes
    assert drift(ended("denied"), RESOLVED, "denied", REFUSED, changed) is None
    assert drift(ended("denied", code="Other"), RESOLVED, "denied", REFUSED, changed) is Drift.CONTRADICTS


def test_each_closing_is_told_once_and_one_after_it_was_opened_again_is_another() -> None:
    row = {"state": RESOLVED}
    ticket, facts = compared(OPEN, row, "", OUTCOMES, may_deny=False)
    assert (ticket.ended_by, [fact.id for fact in facts]) == ("person", ["ticket:ended:0"])
    told = replace(ticket, told=ticket.told | {"ticket:ended:0"})
    finding = find(told, row, "", OUTCOMES)
    assert finding is not None
    assert not finding.is_news(told)
    again, facts = compared(told, {"state": WORK}, "", OUTCOMES, may_deny=False)
    assert (again.ended_by, again.opened_again, facts) == ("", 1, ())
    ticket, facts = compared(again, row, "", OUTCOMES, may_deny=False)
    assert (ticket.ended_by, [fact.id for fact in facts]) == ("person", ["ticket:ended:1"])


def test_a_ticket_that_is_gone_is_nobody_s() -> None:
    assert compared(OPEN, None, "", OUTCOMES, may_deny=True) == (replace(OPEN, ended_by="deleted"), ())


def test_a_ticket_in_order_stays_as_it_is() -> None:
    assert compared(OPEN, {"state": WORK}, "", OUTCOMES, may_deny=True) == (OPEN, ())


def test_a_contradiction_is_told_once_for_each_thing_that_the_ticket_says() -> None:
    ids = []
    for state, code in ((RESOLVED, REFUSED), (CLOSED, REFUSED), (RESOLVED, REFUSED), (CANCELED, REFUSED)):
        _, facts = compared(
            ended("approved"), {"state": state, "close_code": code}, "approved", OUTCOMES, may_deny=False
        )
        ids += [fact.id for fact in facts]
    assert len(ids) == 4
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("state", "outcome", "ticket", "code", "words"),
    [
        (
            RESOLVED,
            "",
            OPEN,
            "",
            "This ticket was resolved in ServiceNow while its access request is pending. That decides nothing: the "
            "request stays open in Teleport. Decide there, or reopen this ticket.",
        ),
        (
            WORK,
            "denied",
            ended("denied"),
            "",
            "This ticket is open in ServiceNow. That changes nothing in Teleport: the request is denied. For access, "
            "the requester makes a new request.",
        ),
        (
            NEW,
            "approved",
            ended("approved"),
            "",
            "This ticket is open in ServiceNow. That changes nothing in Teleport: the request is approved. To end the "
            "access, lock the user in Teleport (tctl lock).",
        ),
        (
            RESOLVED,
            "denied",
            ended("denied"),
            GRANTED,
            "This ticket says 'Resolved by request' in ServiceNow now. In Teleport the request is denied, and Teleport "
            "has the last word.",
        ),
        (
            CANCELED,
            "promoted",
            ended("promoted"),
            "",
            "This ticket is canceled in ServiceNow now. In Teleport the request is promoted to an access list, and "
            "Teleport has the last word.",
        ),
    ],
)
def test_what_the_ticket_is_told(state: str, outcome: str, ticket: TicketItem, code: str, words: str) -> None:
    found = find(ticket, {"state": state, "close_code": code}, outcome, OUTCOMES)
    assert found is not None
    assert text(found, outcome, may_deny=False) == words


def test_where_a_rule_may_deny_the_ticket_does_not_say_that_nothing_happens() -> None:
    found = find(OPEN, {"state": CANCELED}, "", OUTCOMES)
    assert found is not None
    assert text(found, "", may_deny=True) == (
        "This ticket was canceled in ServiceNow while its access request is pending. A rule may deny such a request: "
        "what comes of it follows."
    )


def test_a_close_code_is_text_in_the_note() -> None:
    rules = load_rules('ticket: {outcomes: {approved: {close_code: "[code]<b>${x}"}}}')
    found = find(ended("denied"), {"state": RESOLVED, "close_code": "[code]<b>${x}"}, "denied", rules.ticket.outcomes)
    assert found is not None
    words = text(found, "denied", may_deny=False)
    assert "[code]" not in words
    assert "${" not in words


@pytest.mark.parametrize(
    ("fact", "counted"),
    [
        ("ticket:ended:0", "TicketEndedByPerson"),
        ("ticket:reopened:denied", "TicketReopened"),
        ("ticket:says:6:abc", ""),
        ("ticket:contradicts:6:abc", "TicketContradictsRequest"),
        ("ticket:open_again:0", ""),
        ("review:ended", ""),
        ("state:DENIED", ""),
        ("review:ticket:ended:0", ""),
    ],
)
def test_which_facts_are_counted_as_what_people_did(fact: str, counted: str) -> None:
    assert metric(fact) == counted


@pytest.mark.parametrize(
    ("ticket", "outcome"),
    [
        (OPEN, ""),
        (ended("approved"), "approved"),
        (replace(OPEN, snapshot=PENDING), ""),
        (replace(BY_PERSON, snapshot=replace(PENDING, state=RequestState.DENIED)), "denied"),
        (replace(BY_PERSON, snapshot=PENDING, gone=True), "deleted"),
        (replace(BY_PERSON, gone=True), "deleted"),
    ],
)
def test_how_a_request_ended_as_its_ledger_item_alone_tells(ticket: TicketItem, outcome: str) -> None:
    assert known_outcome(ticket) == outcome
