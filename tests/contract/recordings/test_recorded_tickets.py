"""The whole text of each recorded request's ticket, and that the order in which its events come doesn't matter."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.access_request import AccessRequest
from access_bridge.events.audit_event import CREATE, TYPES, AuditEvent
from access_bridge.times import parse_time
from tests.contract.recordings.golden import GOLDEN, TELEPORT, golden_file, golden_text
from tests.contract.recordings.recorded_requests import RecordedRequest, posted, recorded_requests
from tests.contract.recordings.ticket_life import TicketLife

REQUESTS = [pytest.param(recorded, id=recorded.id) for recorded in recorded_requests()]
SHOWN = [pytest.param(recorded, id=recorded.id) for recorded in recorded_requests() if recorded.final]
FORGOTTEN = [recorded for recorded in recorded_requests() if recorded.final is None]
LATER_THAN_ALL = max(time for call in posted() if (time := parse_time(call.event["time"]))) + timedelta(seconds=1)
"""Before any of the recorded requests would have been over by its time alone, but for those that are."""


@pytest.mark.parametrize("recorded", REQUESTS)
def test_the_ticket_says_this(recorded: RecordedRequest) -> None:
    assert golden_text(recorded) == golden_file(recorded).read_text(encoding="utf-8"), (
        "If the new text is better: python -m tests.contract.recordings.golden (PYTHONPATH=layers/bridge:.)"
    )


def test_every_recorded_request_has_its_text_and_no_other_has() -> None:
    assert {golden_file(recorded) for recorded in recorded_requests()} == set(GOLDEN.glob("*.txt"))


def test_every_event_about_a_request_belongs_to_one_of_them() -> None:
    events = [call.event["id"] for call in posted() if call.event["event"] in TYPES]
    assert set(events) == {recorded.id for recorded in recorded_requests() if recorded.events}


@pytest.mark.parametrize("recorded", REQUESTS)
def test_no_text_shows_an_id_that_means_nothing_to_a_reader(recorded: RecordedRequest) -> None:
    """The host's UUID is there only as the name of a resource; schedules and users' UUIDs never."""
    text = golden_file(recorded).read_text(encoding="utf-8")
    assert "0123456789abcdef" not in text
    assert ".tele.example.test" not in text


def shown_in_the_end(life: TicketLife) -> dict[str, str]:
    """The ticket's fields; how many notes it took is no part of what it says."""
    return {name: value for name, value in life.fields.items() if name != "correlation_display"}


def lived(
    recorded: RecordedRequest, request: AccessRequest | None, events: list[AuditEvent], now: datetime = LATER_THAN_ALL
) -> TicketLife:
    """A ticket after these events have come one by one, while Teleport shows the request so."""
    life = TicketLife(recorded.id, TELEPORT)
    for event in events:
        life.look(request, now, event)
    return life


def deeds(life: TicketLife) -> set[str]:
    """The told facts that say what somebody did, not what the request was after it."""
    return {fact for fact in life.told if fact.startswith(("review:", "change:"))}


@given(st.data())
@pytest.mark.parametrize("recorded", SHOWN)
def test_in_any_order_and_repeated_the_events_end_in_the_same_ticket(
    recorded: RecordedRequest, data: st.DataObject
) -> None:
    in_order = list(recorded.events)
    arriving = data.draw(st.permutations(in_order), label="arriving")
    repeated = data.draw(st.lists(st.sampled_from(in_order), max_size=4), label="repeated")
    expected = lived(recorded, recorded.final, in_order)
    life = lived(recorded, recorded.final, [*arriving, *repeated])
    assert shown_in_the_end(life) == shown_in_the_end(expected)
    assert set(life.told) == set(expected.told)
    assert max(Counter(life.told).values(), default=1) == 1
    assert life.ticket.outcome == expected.ticket.outcome


@given(st.data())
@pytest.mark.parametrize("recorded", REQUESTS)
def test_the_same_holds_where_teleport_has_forgotten_the_request(
    recorded: RecordedRequest, data: st.DataObject
) -> None:
    in_order = list(recorded.events)
    arriving = data.draw(st.permutations(in_order), label="arriving")
    repeated = data.draw(st.lists(st.sampled_from(in_order), max_size=4), label="repeated")
    expected = lived(recorded, None, in_order)
    life = lived(recorded, None, [*arriving, *repeated])
    assert shown_in_the_end(life) == shown_in_the_end(expected)
    assert deeds(life) == deeds(expected)
    assert max(Counter(life.told).values(), default=1) == 1
    assert life.ticket.outcome == expected.ticket.outcome


@pytest.mark.parametrize("recorded", SHOWN)
def test_without_any_event_the_same_outcome_shows(recorded: RecordedRequest) -> None:
    """Event forwarding off: the pass alone looks, once while the request is pending and once in the end."""
    life = TicketLife(recorded.id, TELEPORT)
    life.look(recorded.opened, LATER_THAN_ALL)
    life.look(recorded.final, LATER_THAN_ALL)
    with_events = lived(recorded, recorded.final, list(recorded.events)) if recorded.events else life
    assert life.ticket.outcome == with_events.ticket.outcome
    assert life.fields.get("state") == with_events.fields.get("state")
    assert life.fields.get("close_code") == with_events.fields.get("close_code")


@pytest.mark.parametrize("recorded", FORGOTTEN, ids=lambda recorded: recorded.id)
def test_an_end_alone_makes_no_ticket(recorded: RecordedRequest) -> None:
    ends = [event for event in recorded.events if event.event in {"access_request.expire", "access_request.delete"}]
    assert lived(recorded, None, ends).looks == []


@pytest.mark.parametrize("recorded", FORGOTTEN, ids=lambda recorded: recorded.id)
def test_a_create_event_that_comes_last_still_opens_the_ticket_and_ends_it(recorded: RecordedRequest) -> None:
    events = sorted(recorded.events, key=lambda event: event.event == CREATE)
    life = lived(recorded, None, events)
    assert life.fields["state"] == "6"
    assert "alice asks" in life.fields["description"] or "dave asks" in life.fields["description"]
