"""Votes on approvals, groups, Teleport users, and the limits of what may be decided from ServiceNow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from access_bridge.access_request import AccessRequest, RequestState
from access_bridge.decisions.evidence import Delegation, Vote
from access_bridge.decisions.judge_people import judge_approver, judge_group, judge_own_request, judge_teleport_user
from access_bridge.decisions.judge_request import judge_limits, judge_own_review, length_words
from access_bridge.decisions.judge_row import judge_vote
from access_bridge.decisions.outcome import Verdict
from access_bridge.rules.decisions import DecisionRules
from tests.unit.decisions.values import ALICE, BOB, NOON, REQUEST, ROW, TICKET_ID, vote

APPROVED, DENIED = RequestState.APPROVED, RequestState.DENIED
LINK = "https://tele.example.test/web/requests/1"
VOTED = replace(ROW, approval="f" * 32, created_by="system")
VOTE = Vote("f" * 32, TICKET_ID, BOB.sys_id, "approved", "bob", "2026-11-01 11:00:00")
ASKED_ALICE = replace(VOTE, approver=ALICE.sys_id)
NOW = Delegation("2026-11-01 00:00:00", "2026-11-02 00:00:00")


def code(verdict: Verdict | None) -> str:
    return "" if verdict is None else verdict.reason.value


# ---- votes


@pytest.mark.parametrize(
    ("seen", "delegations", "expected"),
    [
        (VOTE, (), ""),
        (replace(VOTE, updated_by="BOB"), (), ""),
        (None, (), "vote_absent"),
        (replace(VOTE, ticket="8" * 32), (), "vote_foreign"),
        (replace(VOTE, ticket=""), (), "vote_foreign"),
        (replace(VOTE, state="rejected"), (), "withdrawn"),
        (replace(VOTE, state="requested"), (), "withdrawn"),
        (replace(VOTE, updated_by="system"), (), "vote_not_by_approver"),
        (replace(VOTE, updated_by="guest"), (), "vote_not_by_approver"),
        (replace(VOTE, updated_by=""), (), "vote_not_by_approver"),
        (replace(VOTE, approver=""), (), "vote_not_by_approver"),
        (ASKED_ALICE, (), "vote_not_by_approver"),
        (ASKED_ALICE, (NOW,), ""),
        (ASKED_ALICE, (replace(NOW, ends="2026-11-01 10:59:59"),), "vote_not_by_approver"),
        (ASKED_ALICE, (replace(NOW, starts="2026-11-01 11:00:01"),), "vote_not_by_approver"),
        (ASKED_ALICE, (replace(NOW, starts=""),), "vote_not_by_approver"),
        (ASKED_ALICE, (replace(NOW, ends=""),), "vote_not_by_approver"),
        (replace(ASKED_ALICE, updated_by="system"), (NOW,), "vote_not_by_approver"),
    ],
)
def test_a_vote_counts_if_its_approver_or_his_delegate_of_that_time_gave_it(
    seen: Vote | None, delegations: tuple[Delegation, ...], expected: str
) -> None:
    assert code(judge_vote(VOTED, seen, BOB, delegations)) == expected


def test_a_row_of_a_vote_is_made_by_a_rule_so_who_made_it_says_nothing() -> None:
    assert judge_approver(VOTED, BOB, {BOB.sys_id: BOB}) is None
    assert code(judge_approver(replace(VOTED, approval=""), BOB, {BOB.sys_id: BOB})) == "not_by_its_user"


# ---- people


def test_a_human_is_the_requester_by_what_teleport_may_call_him_too() -> None:
    assert code(judge_own_request(BOB, ("robert",), {}, ("robert",))) == "own_request"
    assert code(judge_own_request(BOB, ("ROBERT",), {}, ("robert",))) == "own_request"
    assert judge_own_request(BOB, ("alice",), {ALICE.sys_id: ALICE}, ("robert",)) is None
    assert judge_own_request(BOB, ("alice",), {}, ("bob",)) is None  # whether he must be known is another question


def test_only_members_of_the_group_decide() -> None:
    assert judge_group("Approvers", member=True, link=LINK) is None
    assert code(judge_group("Approvers", member=False, link=LINK)) == "not_in_group"


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["bob"], ""), ([], "teleport_user_unknown"), (["bob", "Bob"], "teleport_user_ambiguous")],
)
def test_a_review_in_his_own_name_needs_exactly_one_teleport_user(names: list[str], expected: str) -> None:
    verdict = judge_teleport_user(names, ["bob", "bob@example.test"])
    assert code(verdict) == expected
    if expected == "teleport_user_unknown":
        assert verdict is not None
        assert "looked for: bob, bob@example.test" in verdict.sentence
        assert "Sign in to Teleport once, then decide again." in verdict.sentence


def test_who_has_no_name_to_look_for_is_sent_to_whoever_runs_the_bridge() -> None:
    verdict = judge_teleport_user([], [])
    assert code(verdict) == "teleport_user_unknown"
    assert verdict is not None
    assert "decisions.teleport_users" in verdict.sentence


def test_a_human_s_own_review_is_his_by_any_name_that_teleport_may_have_for_him() -> None:
    request = replace(REQUEST, reviews=(vote("robert", APPROVED),))
    assert judge_own_review(request, BOB, APPROVED, {}) is None
    assert code(judge_own_review(request, BOB, APPROVED, {}, ("robert",))) == "already_reviewed"


# ---- limits


def limits(**rules: object) -> DecisionRules:
    return DecisionRules.model_validate(rules)


def lasting(hours: float, **values: object) -> AccessRequest:
    return replace(REQUEST, access_until=NOON + timedelta(hours=hours), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_now", "wanted", "rules", "expected"),
    [
        (REQUEST, APPROVED, limits(), ""),
        (REQUEST, APPROVED, limits(never_approve=["db*"]), "role_never_approved"),
        (replace(REQUEST, roles=("web", "dba")), APPROVED, limits(never_approve=["dba"]), "role_never_approved"),
        (REQUEST, DENIED, limits(never_approve=["dba"]), ""),
        (replace(REQUEST, long_term=True), APPROVED, limits(), "long_term"),
        (replace(REQUEST, long_term=True), DENIED, limits(), "long_term"),
        (lasting(8), APPROVED, limits(longest_access="8h"), ""),
        (lasting(8.01), APPROVED, limits(longest_access="8h"), "access_too_long"),
        (lasting(8.01), DENIED, limits(longest_access="8h"), ""),
        (lasting(20, assume_start=NOON + timedelta(hours=12)), APPROVED, limits(longest_access="8h"), ""),
        (lasting(9, assume_start=NOON - timedelta(hours=12)), APPROVED, limits(longest_access="8h"), "access_too_long"),
        (replace(REQUEST, access_until=None), APPROVED, limits(longest_access="8h"), "access_too_long"),
    ],
)
def test_what_the_rules_do_not_let_be_decided_here_is_refused_with_the_way_to_teleport(
    request_now: AccessRequest, wanted: RequestState, rules: DecisionRules, expected: str
) -> None:
    verdict = judge_limits(request_now, wanted, rules, NOON, LINK)
    assert code(verdict) == expected
    if verdict is not None:
        assert LINK in verdict.sentence


@pytest.mark.parametrize(("text", "minutes"), [("30m", 30), ("8h", 480), ("90m", 90), ("2d", 2880)])
def test_a_length_is_told_as_the_rules_have_it(text: str, minutes: int) -> None:
    assert length_words(timedelta(minutes=minutes)) == text
