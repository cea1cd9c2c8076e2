"""What the client sends, against what was sent to a real Teleport."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.access_request import RequestState
from access_bridge.teleport import messages
from access_bridge.teleport.proto import teleport_pb2 as pb
from tests.unit.teleport.recorded import GET_USER, LIST, REVIEW, SET_STATE, calls, label, wire


def _recorded(path: str, *keys: str) -> list[dict[str, Any]]:
    """Recorded calls of a method with those kinds of content alone (the longest were kept without their wire)."""
    return [
        call
        for call in calls()
        if call["path"] == path and set(call["request"]) <= set(keys) and call["request_wire"] is not None
    ]


@pytest.mark.parametrize(
    "call", [call for call in _recorded(LIST, "Filter", "Limit") if "ID" in call["request"]["Filter"]], ids=label
)
def test_a_request_is_asked_for_as_recorded(call: dict[str, Any]) -> None:
    message = messages.request_by_id(call["request"]["Filter"]["ID"])
    message.limit = call["request"]["Limit"]  # one or ten were asked for; with an id the number does nothing
    assert message.SerializeToString() == wire(call["request_wire"])


@pytest.mark.parametrize(
    "call", [call for call in _recorded(LIST, "Filter", "Limit") if not call["request"]["Filter"]], ids=label
)
def test_a_page_is_asked_for_as_recorded(call: dict[str, Any]) -> None:
    assert messages.request_page(call["request"]["Limit"]).SerializeToString() == wire(call["request_wire"])


def test_the_next_page_is_asked_for_with_the_same_parameters() -> None:
    first, second = messages.request_page(100), messages.request_page(100, "key")
    assert second.start_key == "key"
    second.start_key = ""
    assert first == second


REVIEWS = [
    call
    for call in _recorded(REVIEW, "RequestID", "Review")
    if set(call["request"]["Review"]) <= {"ProposedState", "Reason"}
]


@pytest.mark.parametrize("call", REVIEWS, ids=label)
def test_a_review_is_sent_as_recorded(call: dict[str, Any]) -> None:
    review = call["request"]["Review"]
    state = RequestState(review.get("ProposedState", "NONE"))
    message = messages.review(call["request"]["RequestID"], state, review.get("Reason", ""))
    assert message.SerializeToString() == wire(call["request_wire"])


@pytest.mark.parametrize("call", _recorded(SET_STATE, "ID", "State", "Delegator", "Reason", "Annotations"), ids=label)
def test_a_state_change_is_sent_as_recorded(call: dict[str, Any]) -> None:
    sent = call["request"]
    annotations = {key: value["Values"] for key, value in sent.get("Annotations", {}).get("Values", {}).items()}
    message = messages.state_setter(
        sent.get("ID", ""),
        RequestState(sent.get("State", "NONE")),
        sent.get("Reason", ""),
        sent.get("Delegator", ""),
        annotations,
    )
    assert message.SerializeToString() == wire(call["request_wire"])


@pytest.mark.parametrize("call", _recorded(GET_USER, "name"), ids=label)
def test_a_user_is_asked_for_as_recorded(call: dict[str, Any]) -> None:
    assert pb.GetUserRequest(name=call["request"]["name"]).SerializeToString() == wire(call["request_wire"])


def test_only_a_review_in_a_humans_name_says_that_it_is_one() -> None:
    own = messages.review("id", RequestState.DENIED, "no").review
    humans = messages.review("id", RequestState.DENIED, "no", "bob").review
    assert (own.author, own.submitted_on_behalf_of_author) == ("", False)
    assert (humans.author, humans.submitted_on_behalf_of_author) == ("bob", True)
    assert not humans.HasField("created")
    assert not humans.submitted_by


@given(
    st.text(max_size=3000)
    | st.sampled_from(["é" * 2048, "é" * 2049, "x" * 4096, "x" * 4097, "日本" * 1000, "😀" * 1500])
)
def test_a_reason_fits_and_what_stands_first_is_kept(reason: str) -> None:
    cut = messages.cut_reason(reason)
    assert len(cut.encode()) <= 4096
    if cut != reason:
        assert len(reason.encode("utf-8", "replace")) > 4096
        assert cut.endswith(" … [cut]")
        assert reason.startswith(cut.removesuffix(" … [cut]"))
        assert len(cut.encode()) > 4092


def test_a_reason_with_half_a_surrogate_pair_can_be_sent() -> None:
    assert messages.cut_reason("a\ud83d") == "a?"
