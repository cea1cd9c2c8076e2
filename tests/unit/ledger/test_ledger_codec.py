"""What the ledger writes down is what it reads back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from access_bridge.access_request import AccessRequest, RequestState, Resource, Review, Threshold
from access_bridge.ledger.codec import (
    decision_attributes,
    decision_item,
    failure_attributes,
    no_failure_attributes,
    snapshot,
    snapshot_text,
    ticket_attributes,
    ticket_item,
)
from access_bridge.ledger.items import Attempt, DecisionItem, Failure, FailureKind, TicketItem

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
TIME = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
SECONDS = st.integers(0, 4 * 10**15).map(lambda microseconds: microseconds / 1_000_000)
LABELS = st.dictionaries(TEXT, TEXTS, max_size=2)
REVIEW = st.builds(
    Review, TEXT, st.sampled_from(RequestState), TEXT, TIME, st.lists(st.integers(0, 5)).map(tuple), TEXT
)
REQUEST = st.builds(
    AccessRequest,
    id=TEXT,
    user=TEXT,
    roles=TEXTS,
    state=st.sampled_from(RequestState),
    created=TIME,
    access_until=TIME,
    expires_resource=TIME,
    max_duration=TIME,
    assume_start=TIME,
    reason=TEXT,
    resolve_reason=TEXT,
    resolve_annotations=LABELS,
    system_annotations=LABELS,
    thresholds=st.lists(st.builds(Threshold, TEXT, st.integers(0, 9), st.integers(0, 9)), max_size=2).map(tuple),
    role_thresholds=st.dictionaries(
        TEXT, st.lists(st.lists(st.integers(0, 9), max_size=2).map(tuple), max_size=2).map(tuple), max_size=2
    ),
    reviews=st.lists(REVIEW, max_size=2).map(tuple),
    suggested_reviewers=TEXTS,
    resources=st.lists(st.builds(Resource, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    promoted_access_list=TEXT,
    long_term=st.booleans(),
    revision=TEXT,
)
ATTEMPT = st.builds(
    Attempt, SECONDS, st.integers(0, 99), st.integers(0, 99), TEXTS, st.dictionaries(TEXT, TEXT, max_size=2), TEXT
)
TICKET = st.builds(
    TicketItem,
    request_id=st.just(ID),
    version=st.integers(0, 99),
    selected=st.none() | st.booleans(),
    sys_id=TEXT,
    number=TEXT,
    counter=st.integers(0, 99),
    attempt=st.none() | ATTEMPT,
    told=st.frozensets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), max_size=3),
    fields=st.dictionaries(TEXT, TEXT, max_size=2),
    outcome=TEXT,
    ended_by=TEXT,
    snapshot=st.none() | REQUEST,
    asked_roles=TEXTS,
    gone=st.booleans(),
    not_seen_since=st.none() | SECONDS,
    pending_until=st.none() | SECONDS,
    revision=TEXT,
    opened_again=st.integers(0, 9),
    announced=st.booleans(),
)
DECISION = st.builds(
    DecisionItem,
    request_id=st.just(ID),
    decision_id=st.just("d"),
    table=TEXT,
    sys_id=TEXT,
    decision=TEXT,
    decided_by=TEXT,
    attempt_mode=TEXT,
    attempt_author=TEXT,
    attempt_at=SECONDS,
    outcome=TEXT,
    code=TEXT,
    sentence=TEXT,
)


def through_dynamodb(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes as DynamoDB gives them back; one that is None isn't written."""
    write, read = TypeSerializer(), TypeDeserializer()
    return {name: read.deserialize(write.serialize(value)) for name, value in attributes.items() if value is not None}


@settings(max_examples=50)
@given(TICKET)
def test_a_ticket_item_comes_back_as_it_was(item: TicketItem) -> None:
    assert ticket_item(ID, through_dynamodb(ticket_attributes(item))) == item


@settings(max_examples=50)
@given(TICKET)
def test_what_the_passes_and_failures_write_is_read_and_never_overwritten(item: TicketItem) -> None:
    passes: dict[str, Any] = {
        "asked_revision": "r",
        "asked_at": 5.0,
        "asked_drift": "ticket:ended:0",
        "asked_drift_at": 6.0,
        "unannounced": True,
    }
    failing: dict[str, Any] = {"attempts": 7, "failure": "down", "failure_kind": "retry", "failing_since": 5.0}
    noted = replace(item, failed=True, **passes, **failing)
    attributes = ticket_attributes(noted)
    apart = failure_attributes(Failure(7, "down", FailureKind.RETRY, last=True)) | {"failing_since": 5}
    assert apart.keys() == no_failure_attributes().keys() == {*failing, "failed"}
    assert not {*passes, *apart} & attributes.keys()
    stored = passes | {"asked_at": 5, "asked_drift_at": 6}
    assert ticket_item(ID, through_dynamodb({**attributes, **stored, **apart})) == noted


@settings(max_examples=50)
@given(TICKET)
def test_only_what_is_open_is_in_the_index(item: TicketItem) -> None:
    written = "open" in through_dynamodb(ticket_attributes(item))
    assert written is item.is_open
    assert not written or (item.selected is True and item.outcome == "")


@settings(max_examples=50)
@given(DECISION)
def test_a_decision_item_comes_back_as_it_was(item: DecisionItem) -> None:
    assert decision_item(ID, "d", through_dynamodb(decision_attributes(item))) == item


@settings(max_examples=50)
@given(REQUEST)
def test_a_request_comes_back_as_teleport_had_it(request: AccessRequest) -> None:
    assert snapshot(snapshot_text(request)) == request


def test_a_request_for_very_much_is_kept_with_its_first_200_resources() -> None:
    request = AccessRequest(ID, "alice", resources=tuple(Resource("c", "node", str(n)) for n in range(300)))
    assert snapshot(snapshot_text(request)) == replace(request, resources=request.resources[:200])


def test_what_a_later_version_has_written_is_passed_over() -> None:
    assert ticket_item(ID, {"sys_id": "s", "something": "new"}) == TicketItem(ID, sys_id="s")
    assert decision_item(ID, "d", {"code": "c", "something": "new"}) == DecisionItem(ID, "d", code="c")


def test_an_attempt_that_servicenow_has_becomes_the_tickets_state() -> None:
    attempt = Attempt(5.0, before=1, after=2, facts=("a", "b"), fields={"state": "x"}, outcome="denied")
    ticket = TicketItem(ID, counter=1, attempt=attempt, told=frozenset({"a", "c"}), fields={"state": "o", "k": "v"})
    told = ticket.tell(attempt)
    assert (told.attempt, told.counter, told.told) == (None, 2, frozenset({"a", "b", "c"}))
    assert (told.fields, told.outcome) == ({"state": "x", "k": "v"}, "denied")
    assert replace(ticket, outcome="approved").tell(replace(attempt, outcome="")).outcome == "approved"
