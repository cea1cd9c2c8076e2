"""The ledger against DynamoDB as moto has it, in this process; its table is the template's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from access_bridge.access_request import AccessRequest
from access_bridge.errors import BrokenConfiguration, Retry
from access_bridge.events.audit_event import AuditEvent
from access_bridge.ledger.items import Attempt, DecisionItem, Failure, FailureKind, Records, Sweep, TicketItem
from access_bridge.ledger.table import NO_WORD, Ledger
from tests.unit.stack import stack

ID = "01a20645-1700-710f-912d-cd7494dd7fa3"
OTHER = "01a20646-293f-7a1b-b5ec-0850e708ae9e"
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
CREATED = AuditEvent(uid="u-1", event="access_request.create", id=ID, user="alice", user_kind=1, roles=("dba",))

SESSION = boto3.Session(aws_access_key_id="sample", aws_secret_access_key="sample")
"""One for all tests: it keeps AWS's descriptions of its services, which take long to read."""


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        resource = SESSION.resource("dynamodb", region_name="eu-central-1")
        (table,) = stack().of_type("AWS::DynamoDB::Table").values()
        taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        resource.create_table(TableName="ledger", **{name: table[name] for name in taken})
        yield resource


@pytest.fixture
def ledger(dynamodb: Any) -> Ledger:
    return Ledger(dynamodb, "ledger")


class SentAgain:
    """A resource as boto3's is where the answer to each write is lost once: it sends the same write again."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def Table(self, _name: str) -> SentAgain:
        return self

    def get_item(self, **arguments: Any) -> Any:
        return self._table.get_item(**arguments)

    def update_item(self, **arguments: Any) -> Any:
        self._table.update_item(**arguments)
        return self._table.update_item(**arguments)


def test_a_request_that_nobody_knows_has_empty_records(ledger: Ledger) -> None:
    assert ledger.records(ID) == Records(TicketItem(ID))


def test_the_first_use_sets_when_the_ledger_began(ledger: Ledger) -> None:
    assert ledger.started(NOW) == NOW
    assert ledger.started(NOW + timedelta(days=1)) == NOW


def test_that_the_instance_chooses_ids_itself_is_learnt_once(ledger: Ledger) -> None:
    ledger.started(NOW)
    assert not ledger.ids_are_ignored()
    ledger.learn_ids_are_ignored()
    assert ledger.ids_are_ignored()
    assert ledger.started(NOW + timedelta(days=1)) == NOW


def test_events_are_kept_once_and_only_with_their_request(ledger: Ledger) -> None:
    ledger.put_event(CREATED)
    ledger.put_event(CREATED)
    ledger.put_event(CREATED.model_copy(update={"uid": "u-0", "event": "access_request.expire"}))
    assert [event["uid"] for event in ledger.records(ID).events] == ["u-0", "u-1"]
    assert ledger.records(ID).events[1] == CREATED.fields()
    assert ledger.records(OTHER).events == ()


def test_a_ticket_is_read_as_it_was_saved(ledger: Ledger) -> None:
    item = TicketItem(
        ID,
        selected=True,
        sys_id="s",
        number="INC0010004",
        counter=3,
        attempt=Attempt(5.5, 3, 4, ("review:bob",), {"state": "d"}, "approved"),
        told=frozenset({"review:carol"}),
        snapshot=AccessRequest(ID, "alice", created=NOW),
        pending_until=NOW.timestamp(),
    )
    saved = ledger.save_ticket(item)
    assert saved == replace(item, version=1)
    assert ledger.records(ID).ticket == saved
    cleared = ledger.save_ticket(replace(saved, attempt=None, told=frozenset(), pending_until=None))
    assert ledger.records(ID).ticket == cleared


def test_who_was_overtaken_looks_again(ledger: Ledger) -> None:
    first = ledger.save_ticket(TicketItem(ID))
    ledger.save_ticket(replace(first, counter=1))
    with pytest.raises(Retry, match="another invocation") as caught:
        ledger.save_ticket(replace(first, counter=9))
    assert caught.value.after == 1
    with pytest.raises(Retry, match="another invocation"):
        ledger.save_ticket(TicketItem(ID, counter=9))
    assert ledger.records(ID).ticket.counter == 1


def test_marks_of_the_pass_and_of_failures_do_not_count_as_a_second_writer(ledger: Ledger) -> None:
    ledger.note_asked(ID, "r-1", 5.0)
    first = ledger.save_ticket(TicketItem(ID, selected=True))
    ledger.note_ticket_failure(ID, Failure(3, "down", FailureKind.RETRY), 5.5)
    ledger.note_asked(ID, "r-2", 6.0)
    ledger.note_drift_asked(ID, "ticket:ended:0", 7.5)
    ledger.note_unannounced(ID)
    ledger.save_ticket(replace(first, counter=1))
    ticket = ledger.records(ID).ticket
    assert (ticket.counter, ticket.failure, ticket.asked_revision, ticket.asked_at) == (1, "down", "r-2", 6.0)
    assert (ticket.asked_drift, ticket.asked_drift_at, ticket.unannounced) == ("ticket:ended:0", 7.5, True)


def failing(item: TicketItem | DecisionItem) -> tuple[int, str, str, float, bool]:
    """What an item says of failed attempts."""
    return item.attempts, item.failure, item.failure_kind, item.failing_since, item.failed


NOT_FAILING = (0, "", "", 0.0, False)


def test_failed_attempts_are_noted_marked_and_cleared(ledger: Ledger) -> None:
    ledger.save_ticket(TicketItem(ID, selected=True))
    ledger.note_ticket_failure(ID, Failure(99, "down", FailureKind.RETRY), 5.5)
    assert failing(ledger.records(ID).ticket) == (99, "down", "retry", 5.5, False)
    ledger.note_ticket_failure(ID, Failure(100, "x" * 2000, FailureKind.REFUSED, last=True), 6.5)
    assert failing(ledger.records(ID).ticket) == (100, "x" * 1000, "refused", 5.5, True)
    ledger.note_ticket_failure(ID, Failure(1, "again", FailureKind.DEFECT), 7.5)
    assert failing(ledger.records(ID).ticket) == (1, "again", "defect", 5.5, False)
    ledger.clear_ticket_failure(ID)
    assert failing(ledger.records(ID).ticket) == NOT_FAILING
    assert ledger.records(ID).ticket.selected


def test_an_attempt_that_left_no_word_is_noted_by_the_one_after_it(ledger: Ledger) -> None:
    ledger.note_ticket_begun(ID, 2, 5.5, last=False)
    assert failing(ledger.records(ID).ticket) == (1, NO_WORD, "silent", 5.5, False)
    ledger.note_ticket_begun(ID, 3, 6.5, last=False)
    assert failing(ledger.records(ID).ticket) == (2, NO_WORD, "silent", 5.5, False)


def test_an_attempt_that_gave_its_reason_keeps_it_when_the_next_one_begins(ledger: Ledger) -> None:
    ledger.note_ticket_failure(ID, Failure(4, "down", FailureKind.RETRY), 5.5)
    ledger.note_ticket_begun(ID, 5, 6.5, last=False)
    assert failing(ledger.records(ID).ticket) == (4, "down", "retry", 5.5, False)
    ledger.note_ticket_begun(ID, 6, 7.5, last=False)
    assert failing(ledger.records(ID).ticket) == (5, NO_WORD, "silent", 5.5, False)


def test_the_last_attempt_is_marked_before_it_is_made_with_the_last_reason_that_is_known(ledger: Ledger) -> None:
    ledger.note_decision_failure(ID, "d-1", Failure(99, "down", FailureKind.RETRY), 5.5)
    ledger.note_decision_begun(ID, "d-1", 100, 6.5, last=True)
    assert failing(ledger.decision(ID, "d-1")) == (100, "down", "retry", 5.5, True)
    ledger.note_decision_begun(ID, "d-2", 1, 6.5, last=True)
    assert failing(ledger.decision(ID, "d-2")) == (1, NO_WORD, "silent", 6.5, True)
    ledger.clear_decision_failure(ID, "d-1")
    assert failing(ledger.decision(ID, "d-1")) == NOT_FAILING


def test_a_redelivery_that_is_killed_takes_the_mark_of_the_dead_letter_away(ledger: Ledger) -> None:
    ledger.note_ticket_failure(ID, Failure(100, "down", FailureKind.RETRY, last=True), 5.5)
    ledger.note_ticket_begun(ID, 2, 6.5, last=False)
    assert failing(ledger.records(ID).ticket) == (1, NO_WORD, "silent", 5.5, False)


def test_what_became_a_dead_letter_is_found_and_nothing_else(ledger: Ledger) -> None:
    dead, alive = (Failure(100, "down", FailureKind.RETRY, last=last) for last in (True, False))
    ledger.save_ticket(TicketItem(ID, selected=True, sys_id="s"))
    ledger.note_ticket_failure(ID, dead, 5.5)
    ledger.note_ticket_failure(OTHER, alive, 5.5)
    ledger.note_decision_failure(ID, "d-1", alive, 5.5)
    ledger.save_decision(DecisionItem(OTHER, "d-2", decision="approved"))
    ledger.note_decision_failure(OTHER, "d-2", dead, 5.5)
    ledger.put_event(CREATED)
    found = list(ledger.failed())
    assert len(found) == 2
    assert ledger.records(ID).ticket in found
    assert ledger.decision(OTHER, "d-2") in found
    ledger.clear_ticket_failure(ID)
    ledger.note_decision_failure(OTHER, "d-2", alive, 5.5)
    assert list(ledger.failed()) == []


def test_dead_letters_beyond_a_page_are_found_too(ledger: Ledger) -> None:
    """A query answers at most 1 MB at a time."""
    for number in range(40):
        ledger.save_decision(DecisionItem(ID, f"d-{number:02}", sentence="x" * 50_000))
        ledger.note_decision_failure(ID, f"d-{number:02}", Failure(100, "down", FailureKind.RETRY, last=True), 5.5)
    assert len(list(ledger.failed())) == 40


def test_a_decision_is_read_as_it_was_saved_also_among_the_records(ledger: Ledger) -> None:
    assert ledger.decision(ID, "d-1") == DecisionItem(ID, "d-1")
    item = ledger.save_decision(DecisionItem(ID, "d-1", decision="approved", attempt_mode="bot", attempt_at=5.25))
    assert ledger.decision(ID, "d-1") == item
    assert ledger.records(ID).decisions == (item,)
    ledger.note_decision_failure(ID, "d-1", Failure(2, "down", FailureKind.RETRY), 5.5)
    noted = replace(item, attempts=2, failure="down", failure_kind="retry", failing_since=5.5)
    assert ledger.decision(ID, "d-1") == noted
    ledger.save_decision(replace(item, outcome="applied"))
    assert ledger.decision(ID, "d-1").failure == "down"
    ledger.clear_decision_failure(ID, "d-1")
    assert ledger.decision(ID, "d-1").failure == ""


def test_when_the_pass_asked_for_a_decision_is_kept_apart_from_the_decision(ledger: Ledger) -> None:
    ledger.note_decision_asked(ID, "d-1", 5.5)
    assert ledger.decision(ID, "d-1") == DecisionItem(ID, "d-1", asked_at=5.5)
    saved = ledger.save_decision(DecisionItem(ID, "d-1", outcome="applied"))
    assert ledger.decision(ID, "d-1") == replace(saved, asked_at=5.5)


def test_who_was_overtaken_at_a_decision_looks_again(ledger: Ledger) -> None:
    first = ledger.save_decision(DecisionItem(ID, "d-1"))
    ledger.note_decision_asked(ID, "d-1", 5.5)
    ledger.save_decision(replace(first, outcome="applied"))
    for old in (first, DecisionItem(ID, "d-1")):
        with pytest.raises(Retry, match="another invocation"):
            ledger.save_decision(replace(old, outcome="refused"))
    assert ledger.decision(ID, "d-1").outcome == "applied"


def test_a_decision_whose_write_boto3_had_to_send_again_is_stored(dynamodb: Any) -> None:
    ledger = Ledger(SentAgain(dynamodb.Table("ledger")), "ledger")
    begun = ledger.save_decision(DecisionItem(ID, "d-1", attempt_mode="bot", attempt_at=5.25))
    ledger.save_decision(replace(begun, outcome="applied", decided_at=6.125))
    assert ledger.decision(ID, "d-1").outcome == "applied"


def test_many_decisions_are_read_at_once(ledger: Ledger) -> None:
    """BatchGetItem takes 100 keys, each once."""
    ids = [(request_id, f"d-{number}") for request_id in (ID, OTHER) for number in range(60)]
    for request_id, decision_id in ids[:105]:
        ledger.save_decision(DecisionItem(request_id, decision_id, sentence=f"of {request_id} {decision_id}"))
    found = ledger.decisions_of([*ids, ids[0]])
    assert set(found) == set(ids[:105])
    assert all(item.sentence == f"of {key[0]} {key[1]}" for key, item in found.items())
    assert ledger.decisions_of([]) == {}


def test_how_far_each_pass_has_come_is_read_as_it_was_saved(ledger: Ledger) -> None:
    assert ledger.sweep("tickets") == Sweep()
    under_way = Sweep(after="0f" * 16, begun=NOW, since=NOW - timedelta(minutes=5))
    ledger.save_sweep("tickets", under_way)
    assert ledger.sweep("tickets") == under_way
    assert ledger.sweep("decisions") == Sweep()
    ledger.save_sweep("tickets", Sweep(since=NOW))
    assert ledger.sweep("tickets") == Sweep(since=NOW)


def test_when_events_came_first_and_last_is_kept(ledger: Ledger) -> None:
    assert ledger.events_came() is None
    ledger.started(NOW)
    assert ledger.events_came() is None
    for later in (1, 2, 3):
        ledger.note_event(NOW + timedelta(days=later))
    assert ledger.events_came() == (NOW + timedelta(days=1), NOW + timedelta(days=3))
    assert ledger.started(NOW + timedelta(days=4)) == NOW


def test_the_index_holds_only_what_is_open(ledger: Ledger) -> None:
    states: dict[str, dict[str, Any]] = {
        "open": {"selected": True},
        "ended by a person, its request isn't": {"selected": True, "ended_by": "person", "told": {"ticket:ended:0"}},
        "not selected": {"selected": False},
        "not judged yet": {},
        "ended": {"selected": True, "outcome": "approved"},
        "ended by a person, and told how its request ended": {
            "selected": True,
            "ended_by": "person",
            "told": {"state:DENIED"},
        },
        "ended by a person, and told that nobody decided": {
            "selected": True,
            "ended_by": "person",
            "told": {"end:expired"},
        },
        "deleted": {"selected": True, "ended_by": "deleted"},
    }
    for name, fields in states.items():
        ledger.save_ticket(TicketItem(name, **{**fields, "told": frozenset(fields.get("told", ()))}))
    assert sorted(ticket.request_id for ticket in ledger.open_tickets()) == sorted(list(states)[:2])
    for ticket in ledger.open_tickets():
        ledger.save_ticket(replace(ticket, outcome="denied"))
    assert ledger.open_tickets() == ()


def test_many_tickets_are_read_at_once(ledger: Ledger) -> None:
    """BatchGetItem takes 100 keys."""
    ids = [f"{number:08x}-0000-7000-8000-000000000000" for number in range(120)]
    for request_id in ids[:105]:
        ledger.save_ticket(TicketItem(request_id, revision=f"of {request_id}"))
    found = ledger.tickets([*ids, ids[0]])
    assert set(found) == set(ids[:105])
    assert all(ticket.revision == f"of {request_id}" for request_id, ticket in found.items())
    assert ledger.tickets([]) == {}


def test_records_larger_than_a_page_are_read_whole(ledger: Ledger) -> None:
    """A query answers at most 1 MB at a time."""
    for number in range(40):
        values = {"uid": f"u-{number:02}", "event": "access_request.update", "id": ID}
        ledger.put_event(AuditEvent.from_record({**values, "annotations": {str(n): ["x" * 4000] for n in range(12)}}))
    assert len(ledger.records(ID).events) == 40


def test_every_decision_on_every_request_is_found_and_nothing_else(ledger: Ledger) -> None:
    ledger.put_event(CREATED)
    ledger.save_ticket(TicketItem(ID))
    ledger.started(NOW)
    saved = [
        ledger.save_decision(DecisionItem(request_id, decision_id, decision="approved", decided_at=5.25))
        for request_id, decision_id in ((ID, "d-1"), (ID, "d-2"), (OTHER, f"oncall-{OTHER}"))
    ]
    assert sorted(ledger.decisions(), key=lambda item: item.decision_id) == saved


def test_decisions_beyond_a_page_are_found_too(ledger: Ledger) -> None:
    """A scan answers at most 1 MB at a time."""
    for number in range(40):
        ledger.save_decision(DecisionItem(ID, f"d-{number:02}", sentence="x" * 50_000))
    assert len(list(ledger.decisions())) == 40


def test_an_event_with_everything_that_an_exporter_may_send_can_be_stored(ledger: Ledger) -> None:
    values: dict[str, Any] = {
        "event": "access_request.create",
        "id": ID,
        "user_kind": 10**60,
        "annotations": {"": ["x"], "k": ["", "\ud800"]},
        "resource_ids": [{"": "x", "kind": "", "name": "n"}],
        "roles": [""],
        "reason": "\x00",
    }
    event = AuditEvent.from_record(values)
    ledger.put_event(event)
    assert ledger.records(ID).events == (event.fields(),)


def test_a_table_that_is_not_there_names_the_setting(dynamodb: Any) -> None:
    with pytest.raises(BrokenConfiguration, match=r"^LEDGER_TABLE: names a table .*ResourceNotFoundException"):
        Ledger(dynamodb, "another").records(ID)


class BrokenTable:
    """A table that answers every call with an error; also the resource that gives it."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def Table(self, _: str) -> BrokenTable:
        return self

    def _fail(self, **_: object) -> dict[str, Any]:
        raise self._error

    query = scan = get_item = put_item = update_item = batch_get_item = _fail


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "the message"}}, "Query")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (client_error("ProvisionedThroughputExceededException"), Retry, "the ledger can't be reached: Provisioned"),
        (client_error("ThrottlingException"), Retry, "the ledger can't be reached: ThrottlingException"),
        (EndpointConnectionError(endpoint_url="https://x"), Retry, "the ledger can't be reached: EndpointConnection"),
        (client_error("AccessDeniedException"), BrokenConfiguration, "LEDGER_TABLE: names a table that can't be used"),
    ],
)
def test_what_dynamodb_refuses_is_told_by_what_it_means(error: Exception, kind: type[Exception], text: str) -> None:
    ledger = Ledger(BrokenTable(error), "ledger")
    calls: list[Callable[[], object]] = [
        lambda: ledger.records(ID),
        lambda: ledger.put_event(CREATED),
        lambda: ledger.save_ticket(TicketItem(ID)),
        lambda: ledger.started(NOW),
        lambda: ledger.tickets([ID]),
        ledger.open_tickets,
        lambda: ledger.decision(ID, "d"),
        lambda: list(ledger.decisions()),
        lambda: list(ledger.failed()),
        lambda: ledger.decisions_of([(ID, "d")]),
        lambda: ledger.note_ticket_begun(ID, 2, 5.5, last=False),
    ]
    for call in calls:
        with pytest.raises(kind, match=f"^{text}"):
            call()


class SlowBatches:
    """Answers BatchGetItem one key at a time, as DynamoDB may."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource
        self.Table = resource.Table

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        wanted = RequestItems["ledger"]
        answer = self._resource.batch_get_item(RequestItems={"ledger": {**wanted, "Keys": wanted["Keys"][:1]}})
        rest = wanted["Keys"][1:]
        return {**answer, "UnprocessedKeys": {"ledger": {**wanted, "Keys": rest}} if rest else {}}


def test_keys_that_a_batch_leaves_out_are_asked_for_again(ledger: Ledger, dynamodb: Any) -> None:
    for number in range(3):
        ledger.save_ticket(TicketItem(str(number)))
    assert set(Ledger(SlowBatches(dynamodb), "ledger").tickets(["0", "1", "2", "3"])) == {"0", "1", "2"}
