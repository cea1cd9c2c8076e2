"""Whether a ticket that a reason names justifies the access, and what the approver reads about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access_bridge.justification.judge import (
    IN_ITS_GROUP,
    NONE_NAMED,
    Code,
    Finding,
    Justification,
    Ticket,
    judge,
    judge_readable,
    not_found,
    numbers,
    part_in,
    requester_unknown,
    text_denies,
    unreadable,
)
from access_bridge.rules.justification import Justification as JustificationRules

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE, BOB, GROUP = "a1" * 16, "b0" * 16, "9a" * 16
INCIDENT = Ticket(
    "incident",
    "INC0010012",
    "1c" * 16,
    state="2",
    active=True,
    people={"caller_id": ALICE, "opened_by": BOB},
    group=GROUP,
)
CHANGE = Ticket(
    "change_request",
    "CHG0030001",
    "c6" * 16,
    state="-1",
    active=True,
    people={"requested_by": ALICE},
    start=NOON - timedelta(hours=1),
    end=NOON + timedelta(hours=1),
)
RULES = JustificationRules()
WORDS = "{who} is its caller"


def judged(ticket: Ticket, part: str = WORDS, now: datetime = NOON) -> Finding:
    return judge(ticket, RULES.tables()[ticket.table].states, "alice", part, now)


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("INC0010012", ("INC0010012",)),
        ("see INC0010012, and CHG0030001 (RITM0010001).", ("INC0010012", "CHG0030001", "RITM0010001")),
        ("INC0010012 INC0010012", ("INC0010012",)),
        ("https://x.service-now.com/incident.do?number=INC0010012", ("INC0010012",)),
        ("INC1234567 INC1234568 INC1234569 INC1234570", ("INC1234567", "INC1234568", "INC1234569")),
        ("INC123, XINC0010012, INC00100123456789, inc0010012, PRB0010012", ()),
        ("", ()),
        ("x" * 5000 + " INC0010012", ()),
    ],
)
def test_the_numbers_that_a_reason_names(reason: str, found: tuple[str, ...]) -> None:
    assert numbers(reason, RULES.pattern) == found


def test_another_pattern_may_have_groups_and_any_letter_case() -> None:
    assert numbers("for inc-7 and INC-7", r"(?i)\b(inc)-\d+") == ("INC-7",)
    assert numbers("nothing", r"\d*") == ()


@pytest.mark.parametrize(
    ("ticket", "part", "sentence"),
    [
        (INCIDENT, WORDS, "INC0010012 is active (In Progress), and alice is its caller."),
        (
            replace(INCIDENT, state="1"),
            IN_ITS_GROUP,
            "INC0010012 is active (New), and alice is in its assignment group.",
        ),
        (
            CHANGE,
            "{who} asked for it",
            "CHG0030001 is active (Implement), within its planned window until 2026-11-23 13:00:00 UTC, "
            "and alice asked for it.",
        ),
        (
            Ticket("sc_req_item", "RITM0010001", "00" * 16, state="1", active=True, people={"requested_for": ALICE}),
            "it is for {who}",
            "RITM0010001 is active (Open), and it is for alice.",
        ),
    ],
)
def test_an_active_ticket_in_which_the_requester_takes_part_justifies(ticket: Ticket, part: str, sentence: str) -> None:
    assert judged(ticket, part) == Finding(Code.JUSTIFIED, sentence, ticket.sys_id)


@pytest.mark.parametrize(
    ("ticket", "code", "sentence"),
    [
        (replace(INCIDENT, active=False, state="7"), Code.NOT_ACTIVE, "INC0010012 is not active any more (Closed)."),
        (
            replace(INCIDENT, state="6"),
            Code.WRONG_STATE,
            "INC0010012 is in a state that justifies no access (Resolved).",
        ),
        (
            replace(INCIDENT, state="42"),
            Code.WRONG_STATE,
            "INC0010012 is in a state that justifies no access (state 42).",
        ),
        (
            replace(CHANGE, state="-2"),
            Code.WRONG_STATE,
            "CHG0030001 is in a state that justifies no access (Scheduled).",
        ),
        (
            replace(CHANGE, start=NOON + timedelta(seconds=1)),
            Code.OUTSIDE_WINDOW,
            "CHG0030001 is outside its planned window (2026-11-23 12:00:01 UTC to 2026-11-23 13:00:00 UTC).",
        ),
        (
            replace(CHANGE, end=NOON - timedelta(seconds=1)),
            Code.OUTSIDE_WINDOW,
            "CHG0030001 is outside its planned window (2026-11-23 11:00:00 UTC to 2026-11-23 11:59:59 UTC).",
        ),
        (
            replace(CHANGE, end=None),
            Code.OUTSIDE_WINDOW,
            "CHG0030001 is outside its planned window (it has no planned start and end).",
        ),
        (
            replace(CHANGE, start=None),
            Code.OUTSIDE_WINDOW,
            "CHG0030001 is outside its planned window (it has no planned start and end).",
        ),
    ],
)
def test_a_ticket_that_is_over_or_not_yet_due_does_not(ticket: Ticket, code: Code, sentence: str) -> None:
    assert judged(ticket) == Finding(code, sentence, ticket.sys_id)


def test_the_planned_window_includes_its_ends() -> None:
    assert judged(replace(CHANGE, start=NOON)).code is Code.JUSTIFIED
    assert judged(replace(CHANGE, end=NOON)).code is Code.JUSTIFIED


def test_of_a_ticket_in_which_the_requester_takes_no_part_nothing_else_is_told() -> None:
    finding = judged(replace(INCIDENT, active=False, state="7"), part="")
    assert finding == Finding(Code.NOT_INVOLVED, "alice takes no part in INC0010012.", INCIDENT.sys_id)


@pytest.mark.parametrize("column", ["caller_id", "requested_by", "requested_for", "opened_by", "assigned_to"])
def test_who_takes_part_in_a_ticket(column: str) -> None:
    ticket = replace(INCIDENT, people={column: ALICE})
    assert "{who}" in part_in(ticket, ALICE)
    assert part_in(ticket, BOB) == ""


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (INCIDENT, None),
        (replace(INCIDENT, people={}), None),  # its group is known, so its people may be
        (replace(INCIDENT, own=True), Code.OWN_TICKET),
        (replace(INCIDENT, active=None), Code.UNREADABLE),
        (replace(INCIDENT, state=""), Code.UNREADABLE),
        (replace(INCIDENT, people={}, group=""), Code.UNREADABLE),
    ],
)
def test_a_ticket_of_the_bridge_justifies_nothing_and_what_is_hidden_is_not_held_against_anybody(
    ticket: Ticket, code: Code | None
) -> None:
    finding = judge_readable(ticket)
    assert (finding.code if finding else None) is code
    assert finding is None or finding.sys_id == ""


GOOD = judged(INCIDENT)
OVER = judged(replace(CHANGE, state="3", active=False))
MISSING = not_found("RITM0010001")
HIDDEN = unreadable("INC0010013", "the bridge may not read its state")

NOBODY = requester_unknown(INCIDENT, "alice")


@pytest.mark.parametrize(
    ("findings", "good", "bad", "text", "sys_id"),
    [
        ((NONE_NAMED,), False, True, "NOT justified: the reason names no ticket.", ""),
        ((GOOD,), True, False, f"Justification: {GOOD.sentence}", INCIDENT.sys_id),
        ((OVER,), False, True, f"NOT justified: {OVER.sentence}", CHANGE.sys_id),
        ((MISSING,), False, True, f"NOT justified: {MISSING.sentence}", ""),
        ((HIDDEN,), False, False, f"Justification not known: {HIDDEN.sentence}", ""),
        ((NOBODY,), False, False, f"Justification not known: {NOBODY.sentence}", INCIDENT.sys_id),
        (
            (OVER, GOOD, HIDDEN),
            True,
            False,
            f"Justification: {GOOD.sentence}\nAlso named: {OVER.sentence}\nAlso named: {HIDDEN.sentence}",
            INCIDENT.sys_id,
        ),
        (
            (MISSING, OVER),
            False,
            True,
            f"NOT justified: {MISSING.sentence}\nNOT justified: {OVER.sentence}",
            CHANGE.sys_id,
        ),
        (
            (HIDDEN, OVER),
            False,
            False,
            f"Justification not known: {HIDDEN.sentence}\nNOT justified: {OVER.sentence}",
            CHANGE.sys_id,
        ),
    ],
)
def test_what_all_named_tickets_come_to(
    findings: tuple[Finding, ...], good: bool, bad: bool, text: str, sys_id: str
) -> None:
    found = Justification(findings)
    assert (found.good, found.bad, found.text, found.sys_id) == (good, bad, text, sys_id)
    assert text_denies(found.text) is bad


def test_a_ticket_without_a_justification_denies_nothing() -> None:
    assert not text_denies("")


@pytest.mark.parametrize("name", ["[code]<b>x</b>[/code]", "${x}", "al\nNOT justified: ice", "x" * 500, "{0} {who}"])
def test_names_from_elsewhere_stay_text_on_one_line(name: str) -> None:
    texts = [
        judge(INCIDENT, ("2",), name, WORDS, NOON).sentence,
        judge(INCIDENT, ("2",), name, "", NOON).sentence,
        not_found(name).sentence,
        requester_unknown(INCIDENT, name).sentence,
        judged(replace(INCIDENT, state=name)).sentence,
    ]
    for text in texts:
        assert "\n" not in text
        assert "[code]" not in text
        assert "${" not in text
        assert len(text) < 300
