"""Looks and decisions that overlap, and rows that can't be found: nothing is told twice, and nothing is taken for
absent that is only hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_bridge.access_request import RequestState
from access_bridge.decisions.outcome import decision_mark
from access_bridge.errors import OutcomeUnknown, Retry
from access_bridge.ledger.items import Attempt, DecisionItem
from access_bridge.servicenow.errors import CredentialsRefused
from tests.contract.tickets.desk import BOT, ID, REQUEST, Desk, vote

DECISION = "d" * 32
ATTEMPTED = DecisionItem(
    ID, DECISION, decision="approved", decided_by="Bob Reviewer (bob)", attempt_mode="bot", attempt_author=BOT
)
APPLIED = replace(ATTEMPTED, outcome="applied", code="applied", sentence="The request is approved in Teleport.")
REFUSED = replace(ATTEMPTED, attempt_mode="", attempt_author="", outcome="refused", code="own_request", sentence="Own.")
OUR_REVIEW = vote(BOT, f"{decision_mark(DECISION)} Approved in ServiceNow by Bob Reviewer (bob)")


def decision_row(desk: Desk) -> str:
    """A decision row of bob's on the request's incident."""
    return desk.instance.decide("bob", desk.incident()["sys_id"])


def test_a_decision_whose_attempt_comes_late_is_still_told_once(desk: Desk) -> None:
    """The decision is applied while the look at the request is under way: its review is seen, and then its attempt."""
    desk.shows()
    desk.look()
    desk.shows(reviews=(OUR_REVIEW,), revision="r-2")

    def meanwhile() -> None:
        desk.ledger.save_decision(ATTEMPTED)

    desk.teleport.before_answer = meanwhile
    desk.look()
    desk.teleport.before_answer = lambda: None
    desk.ledger.save_decision(replace(APPLIED, version=1))
    desk.look()
    told = "\n".join(desk.notes())
    assert told.count("Approved in ServiceNow by Bob") + told.count("Decision in ServiceNow by Bob") == 1
    assert f"decision:{DECISION}" in desk.item().told


def test_while_a_write_may_still_be_worked_on_nothing_is_looked_at(desk: Desk) -> None:
    desk.shows()
    desk.look()
    desk.instance.faults.error_after_commit(method="PATCH", table="incident")
    desk.shows(reviews=(vote("bob"),))
    with pytest.raises(OutcomeUnknown):
        desk.look()
    desk.instance.reset_calls()
    with pytest.raises(Retry) as waiting:
        desk.look()
    assert 0 < (waiting.value.after or 0) <= 65
    assert desk.instance.calls == []
    desk.later()
    desk.look()
    assert len(desk.notes()) == 1
    assert desk.item().attempt is None


def test_the_very_first_insert_on_an_instance_that_chooses_ids_is_found_again(desk: Desk) -> None:
    """Nobody knows yet that it ignores ours, and its answer is lost."""
    desk.instance.honours_client_sys_id = False
    desk.instance.faults.drop_after_commit(method="POST", table="incident")
    desk.shows()
    with pytest.raises(OutcomeUnknown):
        desk.look()
    desk.later()
    desk.look()
    assert desk.item().sys_id == desk.incident()["sys_id"]


def test_what_a_person_edits_before_a_ticket_is_found_again_stays(desk: Desk) -> None:
    desk.instance.faults.drop_after_commit(method="POST", table="incident")
    desk.shows()
    with pytest.raises(OutcomeUnknown):
        desk.look()
    desk.instance.update_raw("incident", desk.incident()["sys_id"], {"short_description": "mine"})
    desk.later()
    desk.look()
    assert desk.incident()["short_description"] == "mine"


def test_an_attempt_that_servicenow_never_got_is_made_again(desk: Desk) -> None:
    desk.shows()
    desk.look()
    attempt = Attempt(desk.now.timestamp(), before=1, after=2, facts=("review:bob",))
    desk.ledger.save_ticket(replace(desk.item(), attempt=attempt))
    desk.shows(reviews=(vote("bob"),))
    desk.later()
    desk.look()
    assert len(desk.notes()) == 1
    assert (desk.item().counter, desk.item().attempt) == (2, None)


# ---- decision rows


def test_what_became_of_a_decision_stands_on_its_row_and_on_the_ticket(desk: Desk) -> None:
    desk.shows()
    desk.look()
    row = decision_row(desk)
    desk.ledger.save_decision(replace(REFUSED, decision_id=row))
    desk.look()
    stored = desk.instance.row("x_acbr_bridge_decision", row)
    assert (stored["outcome"], stored["outcome_detail"]) == ("refused", "own_request: Own.")
    assert "Not applied (own_request): Own." in desk.notes()[0]


def test_each_way_in_which_a_decision_failed_stands_on_its_row(desk: Desk) -> None:
    desk.shows()
    desk.look()
    row = decision_row(desk)
    failed = replace(REFUSED, decision_id=row, outcome="failed", sentence="Why.")
    for code in ("identity_locked", "identity_locked", "gave_up"):
        failed = desk.ledger.save_decision(replace(failed, code=code))
        desk.look()
        assert desk.instance.row("x_acbr_bridge_decision", row)["outcome_detail"] == f"{code}: Why."
    assert [f"({code})" in note for code, note in zip(("identity_locked", "gave_up"), desk.notes(), strict=True)] == [
        True,
        True,
    ]


def test_a_row_that_is_surely_absent_is_given_up(desk: Desk) -> None:
    """The account sees another row, so one that answers 404 isn't there."""
    desk.shows()
    desk.look()
    decision_row(desk)
    desk.ledger.save_decision(REFUSED)
    desk.look()
    desk.instance.reset_calls()
    desk.look()
    assert f"row:{DECISION}:refused" in desk.item().told
    assert desk.counted.count("DecisionRowNotWritten") == 1
    assert not [call for call in desk.instance.calls if "x_acbr_bridge_decision" in call.path]


def test_a_row_that_may_only_be_hidden_is_tried_again_and_the_ticket_is_told_all_the_same(desk: Desk) -> None:
    desk.shows()
    desk.look()
    desk.ledger.save_decision(REFUSED)
    desk.look()
    desk.look()
    assert f"row:{DECISION}:refused" not in desk.item().told
    assert desk.counted.count("DecisionRowNotWritten") == 2
    assert len(desk.notes()) == 1


@pytest.mark.parametrize("table", ["x_acbr_bridge_decision", "sys_user"])
def test_while_the_credentials_are_refused_nothing_is_given_up(desk: Desk, table: str) -> None:
    """A 401 says nothing of one record or table: whatever it met is tried again as a whole."""
    desk.shows()
    if table == "sys_user":
        desk.instance.faults.unauthorized(table=table)
    else:
        desk.look()
        desk.ledger.save_decision(replace(REFUSED, decision_id=decision_row(desk)))
        desk.instance.faults.unauthorized(table=table, method="PATCH")
    with pytest.raises(CredentialsRefused):
        desk.look()
    desk.look()
    assert desk.incident()["caller_id"] == desk.user("alice")
    assert [row["outcome"] for row in desk.instance.rows("x_acbr_bridge_decision")] == (
        [] if table == "sys_user" else ["refused"]
    )


# ---- gone, and back


def test_a_request_that_comes_back_after_it_was_told_deleted_is_said_to_be_there(desk: Desk) -> None:
    desk.shows()
    desk.look()
    desk.teleport.requests = [replace(REQUEST, id="01a20646-293f-7a1b-b5ec-0850e708ae9e")]
    desk.look()
    assert desk.incident()["state"] == "6"
    desk.shows()
    desk.look()
    desk.look()
    assert desk.notes()[1:] == [
        "Teleport shows this request again, and it is pending: this ticket said deleted too early. Decide in Teleport."
    ]
    desk.shows(state=RequestState.APPROVED, reviews=(vote("bob"), vote("carol")))
    desk.look()
    assert "This ticket said deleted before; that was not the last word." in desk.notes()[-1]
    assert "approved" in desk.incident()["close_notes"]


# ---- rights that come back between two looks


def test_a_request_that_is_shown_again_before_its_absence_is_proved_is_not_gone(desk: Desk) -> None:
    """The look at it shows nothing, the role is mended, and the list that is to prove its absence shows others."""
    desk.shows()
    desk.look()
    mine = desk.teleport.requests[0]
    other = replace(mine, id="01a20645-1700-710f-912d-cd7494dd7fa4")
    desk.teleport.requests = [other]

    def mended() -> None:
        desk.teleport.after_list = lambda: None
        desk.teleport.requests = [mine, other]

    desk.teleport.after_list = mended
    desk.look()
    assert not desk.item().gone
    assert desk.notes() == []


def test_a_ticket_that_is_shown_again_before_its_absence_is_proved_is_not_deleted(desk: Desk) -> None:
    desk.instance.insert_raw("incident", {"short_description": "another"})
    desk.shows()
    desk.look()
    desk.instance.faults.hidden(method="GET", table="incident", when=lambda call: bool(call.sys_id))
    desk.shows(state=RequestState.APPROVED, revision="r-2")
    desk.look()
    assert desk.item().ended_by == ""
    assert desk.incident()["state"] == "6"
