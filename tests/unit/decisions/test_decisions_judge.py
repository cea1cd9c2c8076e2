"""Who may decide what: each reason for which a decision doesn't count, and that nothing else is held against one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from access_bridge.access_request import RequestState
from access_bridge.decisions import judge_people, judge_request, judge_row
from access_bridge.decisions.evidence import DecisionRow
from access_bridge.decisions.messages import DecisionMessage
from access_bridge.decisions.outcome import Outcome, Verdict
from access_bridge.servicenow.users import User
from tests.unit.decisions.values import ALICE, BOB, CLUSTER, MESSAGE, NOON, REQUEST, ROW, TICKET, TICKET_ID, vote

APPROVED, DENIED, PENDING, PROMOTED = (
    RequestState.APPROVED,
    RequestState.DENIED,
    RequestState.PENDING,
    RequestState.PROMOTED,
)


def code(verdict: Verdict | None) -> str:
    """Return the reason code of a verdict that says more than nothing; `""` for none."""
    if verdict is None:
        return ""
    assert verdict.sentence.endswith(".")
    assert verdict.detail == f"{verdict.reason}: {verdict.sentence}"
    return verdict.reason.value


# ---- the row and the ticket


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (ROW, ""),
        (replace(ROW, ticket_table="task"), "row_contradicts_callback"),
        (replace(ROW, ticket="8" * 32), "row_contradicts_callback"),
        (replace(ROW, request_id="0190a8e4-9c1d-7def-8123-456789abcdee"), "row_contradicts_callback"),
        (replace(ROW, decision="rejected"), "row_contradicts_callback"),
        (replace(ROW, decision=""), "row_contradicts_callback"),
        (replace(ROW, cluster="other.example.test"), "foreign_cluster"),
        (replace(ROW, cluster=""), "foreign_cluster"),
    ],
)
def test_the_row_has_to_say_what_the_callback_said_for_this_cluster(row: DecisionRow, expected: str) -> None:
    assert code(judge_row.judge_row(MESSAGE, row, CLUSTER)) == expected


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_either_decision_may_be_made(decision: str) -> None:
    message = DecisionMessage.model_validate(MESSAGE.model_dump() | {"decision": decision})
    assert judge_row.judge_row(message, replace(ROW, decision=decision), CLUSTER) is None


@pytest.mark.parametrize(
    ("ledger_has", "correlation_id", "expected"),
    [
        (TICKET_ID, TICKET.correlation_id, ""),
        ("8" * 32, TICKET.correlation_id, "foreign_ticket"),
        ("", TICKET.correlation_id, "foreign_ticket"),
        (TICKET_ID, "", "foreign_ticket"),
        (TICKET_ID, "0190a8e4-9c1d-7def-8123-456789abcdee", "foreign_ticket"),
    ],
)
def test_the_ticket_has_to_be_the_one_of_that_request_in_the_ledger_and_in_servicenow(
    ledger_has: str, correlation_id: str, expected: str
) -> None:
    ticket = replace(TICKET, correlation_id=correlation_id)
    assert code(judge_row.judge_ticket(ROW, ticket, ledger_has)) == expected


# ---- the human


@pytest.mark.parametrize(
    ("created_by", "user", "expected"),
    [
        ("bob", BOB, ""),
        ("BOB", BOB, ""),
        ("carol", BOB, "not_by_its_user"),
        ("", BOB, "not_by_its_user"),
        ("", replace(BOB, user_name=""), "not_by_its_user"),
        ("bob", replace(BOB, active=False), "approver_inactive"),
        ("bob", replace(BOB, locked_out=True), "approver_inactive"),
        ("bob", replace(BOB, web_service_access_only=True), "approver_not_human"),
        ("bob", replace(BOB, internal_integration_user=True), "approver_not_human"),
        ("bob", replace(BOB, internal_integration_user=None), ""),  # a column that not every instance has
        ("bob", replace(BOB, active=None), "approver_unreadable"),
        ("bob", replace(BOB, locked_out=None), "approver_unreadable"),
        ("bob", replace(BOB, web_service_access_only=None), "approver_unreadable"),
    ],
)
def test_the_human_made_the_row_and_is_an_active_person(created_by: str, user: User, expected: str) -> None:
    row = replace(ROW, created_by=created_by)
    assert code(judge_people.judge_approver(row, user, {user.sys_id: user})) == expected


def test_a_human_whose_name_or_address_is_another_s_too_cannot_be_told_apart() -> None:
    two = {BOB.sys_id: BOB, "c" * 32: replace(BOB, sys_id="c" * 32, active=False)}
    assert code(judge_people.judge_approver(ROW, BOB, two)) == "approver_unknown"


def test_a_human_whom_a_search_does_not_find_is_judged_by_his_own_record() -> None:
    assert judge_people.judge_approver(ROW, BOB, {}) is None


@pytest.mark.parametrize(
    ("named", "expected"),
    [((), ""), (("svc.access.bridge",), ""), (("svc", "Bob"), "approver_not_human"), (("bob",), "approver_not_human")],
)
def test_an_integration_user_that_the_rules_name_is_no_human(named: tuple[str, ...], expected: str) -> None:
    assert code(judge_people.judge_not_integration(BOB, named)) == expected


# ---- the requester

ALONE = {ALICE.sys_id: ALICE}


@pytest.mark.parametrize(
    ("user", "names", "requesters", "expected"),
    [
        (BOB, ("alice", "alice@example.test"), ALONE, ""),
        (ALICE, ("alice",), ALONE, "own_request"),
        (ALICE, ("al", "alice@example.test"), ALONE, "own_request"),
        (ALICE, ("ALICE@Example.Test",), {}, "own_request"),
        (ALICE, ("alice",), {}, "own_request"),
        (ALICE, ("al",), ALONE, "own_request"),
        (replace(BOB, email="alice@example.test"), ("alice",), ALONE, "own_request"),
        (replace(BOB, user_name="alice@example.test"), ("alice",), ALONE, "own_request"),
        (BOB, ("alice",), {**ALONE, BOB.sys_id: BOB}, "own_request"),
        (BOB, ("alice",), {}, "requester_unknown"),
        (BOB, (), {}, "requester_unknown"),
        (BOB, ("",), {}, "requester_unknown"),
        (BOB, ("alice",), {**ALONE, "c" * 32: replace(ALICE, sys_id="c" * 32, user_name="al")}, "requester_unknown"),
    ],
)
def test_nobody_decides_his_own_request_nor_one_of_somebody_unknown(
    user: User, names: tuple[str, ...], requesters: dict[str, User], expected: str
) -> None:
    assert code(judge_people.judge_requester(user, names, requesters)) == expected


NAME = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(str.strip)
SYS_ID = st.text("0123456789abcdef", min_size=32, max_size=32)
USER = st.builds(User, sys_id=SYS_ID, user_name=NAME, email=st.one_of(st.just(""), NAME))
SPELLING: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.upper, str.lower, str.swapcase])


def found_in(users: list[User], names: list[str]) -> dict[str, User]:
    """Return the users whom ServiceNow gives for these names: in any letter case, outer blanks left out."""
    wanted = {name.strip().casefold() for name in names}
    return {user.sys_id: user for user in users if {user.user_name.casefold(), user.email.casefold()} & wanted}


@settings(deadline=None)
@given(
    requester=USER,
    by_email=st.booleans(),
    spelling=SPELLING,
    before=st.lists(NAME),
    after=st.lists(NAME),
    data=st.data(),
)
def test_no_sequence_of_names_lets_a_requester_decide_his_own_request(
    *,
    requester: User,
    by_email: bool,
    spelling: Callable[[str], str],
    before: list[str],
    after: list[str],
    data: st.DataObject,
) -> None:
    name = requester.email if by_email and requester.email else requester.user_name
    assume(spelling(name).casefold() == name.casefold())
    names = [*before, spelling(name), *after]
    others = data.draw(st.lists(USER, max_size=3), label="others in ServiceNow")
    for seen in (found_in([requester, *others], names), found_in(others, names), {}):
        assert judge_people.judge_requester(requester, names, seen) is not None


@settings(deadline=None)
@given(user=USER, names=st.lists(NAME), found=st.lists(USER, max_size=3))
def test_who_may_decide_is_another_than_the_one_requester_by_every_name_of_both(
    user: User, names: list[str], found: list[User]
) -> None:
    requesters = {one.sys_id: one for one in found}
    if judge_people.judge_requester(user, names, requesters) is None:
        (requester,) = requesters.values()
        theirs = {name.casefold() for name in (*names, requester.user_name, requester.email) if name}
        assert requester.sys_id != user.sys_id
        assert not {user.user_name.casefold(), user.email.casefold()} & theirs


# ---- the request


@pytest.mark.parametrize(
    ("state", "until", "expected"),
    [
        (PENDING, NOON + timedelta(seconds=1), ""),
        (PENDING, NOON, "request_expired"),
        (PENDING, NOON - timedelta(hours=1), "request_expired"),
        (PENDING, None, ""),
        (APPROVED, NOON - timedelta(hours=1), ""),  # its access has ended: that is not about deciding
    ],
)
def test_a_pending_request_past_its_time_takes_no_decision(
    state: RequestState, until: datetime | None, expected: str
) -> None:
    request = replace(REQUEST, state=state, expires_resource=until)
    assert code(judge_request.judge_time(request, NOON)) == expected


@pytest.mark.parametrize(
    ("state", "wanted", "outcome", "expected"),
    [
        (APPROVED, APPROVED, Outcome.REFUSED, "already_resolved"),
        (DENIED, DENIED, Outcome.REFUSED, "already_resolved"),
        (DENIED, APPROVED, Outcome.CONFLICT, "conflict"),
        (APPROVED, DENIED, Outcome.CONFLICT, "conflict"),
        (PROMOTED, APPROVED, Outcome.CONFLICT, "conflict"),
        (PROMOTED, DENIED, Outcome.CONFLICT, "conflict"),
    ],
)
def test_teleport_has_the_last_word_on_a_resolved_request(
    state: RequestState, wanted: RequestState, outcome: Outcome, expected: str
) -> None:
    verdict = judge_request.judge_resolved(replace(REQUEST, state=state), wanted)
    assert verdict is not None
    assert (verdict.outcome, code(verdict)) == (outcome, expected)


def test_a_pending_request_is_open_for_either_decision() -> None:
    assert judge_request.judge_resolved(REQUEST, APPROVED) is None
    assert judge_request.judge_resolved(REQUEST, DENIED) is None


# ---- other decisions and votes


def other(decision: str, at: str) -> DecisionRow:
    return replace(ROW, decision_id="e" * 32, decision=decision, created_on=f"2026-11-01 {at}")


@pytest.mark.parametrize(
    ("mine", "others", "withdrawn"),
    [
        ("approved", [], False),
        ("approved", [other("rejected", "11:00:01")], True),
        ("approved", [other("rejected", "10:59:59")], False),
        ("approved", [other("approved", "11:00:01")], False),
        ("rejected", [other("approved", "11:00:01")], True),
        ("approved", [other("rejected", "11:00:00")], True),
        ("rejected", [other("approved", "11:00:00")], False),
        ("approved", [other("approved", "11:00:02"), other("rejected", "11:00:01")], True),
    ],
)
def test_a_later_decision_takes_an_earlier_one_back_and_in_the_same_second_the_denial_stands(
    mine: str, others: list[DecisionRow], withdrawn: bool
) -> None:
    verdict = judge_row.judge_withdrawn(replace(ROW, decision=mine), others)
    assert code(verdict) == ("withdrawn" if withdrawn else "")


@pytest.mark.parametrize(
    ("author", "addresses", "wanted", "expected"),
    [
        ("carol", {}, APPROVED, ""),
        ("carol", {"carol": ("carol@example.test",)}, DENIED, ""),
        ("bob", {}, APPROVED, "already_reviewed"),
        ("Bob", {}, DENIED, "conflict"),
        ("bob@example.test", {}, APPROVED, "already_reviewed"),
        ("robert", {"robert": ("r@example.test", "BOB@example.test")}, APPROVED, "already_reviewed"),
        ("robert", {"robert": ("bob@example.test",)}, DENIED, "conflict"),
        ("robert", {"robert": ("",)}, APPROVED, ""),
    ],
)
def test_a_human_who_voted_in_teleport_has_no_second_vote(
    author: str, addresses: dict[str, tuple[str, ...]], wanted: RequestState, expected: str
) -> None:
    request = replace(REQUEST, reviews=(vote("dave", DENIED), vote(author, APPROVED)))
    assert code(judge_request.judge_own_review(request, BOB, wanted, addresses)) == expected
