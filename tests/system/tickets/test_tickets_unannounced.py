"""Requests that the minute pass finds and no event announces: counted where events came before, for the exporter may be
dead; not where forwarding is off on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.system import LocalSystem
from tests.system.conftest import NewSystem
from tests.system.tickets.asking import ask, asked_and_told, incidents, ledger_ticket, post

FUNCTION = "teleport_events"
MINUTES = 60.0


def found_by_the_pass(system: LocalSystem, minutes_ago: float) -> str:
    """A request that the pass found so long ago, and no event announced; returns its id."""
    request_id = ask(system)
    system.tick(FUNCTION)
    system.settle()
    assert len(incidents(system, request_id)) == 1
    earlier(system, "TICKET", request_id, "asked_at", minutes_ago)
    return request_id


def earlier(system: LocalSystem, key: str, pk: str, attribute: str, minutes: float) -> None:
    """Let it be so long ago that the ledger noted something (a time in seconds)."""
    at = float(ledger_ticket(system, pk)[attribute]) - minutes * MINUTES
    system.aws.dynamodb.update_item(
        TableName=system.resources.ledger_table,
        Key={"pk": {"S": pk}, "sk": {"S": key}},
        UpdateExpression="SET #name = :at",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues={":at": {"N": str(at)}},
    )


def events_came(system: LocalSystem, first: str, last: str) -> None:
    """Let events have come from then until then."""
    system.aws.dynamodb.update_item(
        TableName=system.resources.ledger_table,
        Key={"pk": {"S": "LEDGER"}, "sk": {"S": "START"}},
        UpdateExpression="SET first_event = :first, last_event = :last",
        ExpressionAttributeValues={":first": {"S": first}, ":last": {"S": last}},
    )


def one_more_pass_counts(system: LocalSystem, unannounced: int, missing: int) -> None:
    """One more pass counts so many, and so many of them with no event at all since they were made."""
    before = len(system.metrics())

    def counted() -> tuple[int, int]:
        names = [value.name for value in system.metrics()[before:] for _ in range(int(value.value))]
        return names.count("RequestUnannounced"), names.count("EventsMissing")

    assert system.tick(FUNCTION) == {}
    system.settle()
    system.wait_until(lambda: counted() == (unannounced, missing), what=f"it counted {counted()}")


@pytest.fixture
def silent(new_system: NewSystem) -> LocalSystem:
    """A system whose exporter worked once, and is dead."""
    system = new_system(forwarding=False)
    assert system.tick(FUNCTION) == {}
    events_came(system, "2026-01-01T00:00:00+00:00", _now())
    return system


def _now() -> str:
    return (datetime.now(UTC) - timedelta(minutes=6)).isoformat()


def test_a_dead_exporter_is_noticed_by_the_first_request_that_it_misses(silent: LocalSystem) -> None:
    request_id = found_by_the_pass(silent, minutes_ago=16)
    one_more_pass_counts(silent, 1, 1)
    assert ledger_ticket(silent, request_id)["unannounced"] is True
    # once, however often the pass sees it
    one_more_pass_counts(silent, 0, 0)


def test_an_event_that_may_still_come_is_waited_for(silent: LocalSystem) -> None:
    found_by_the_pass(silent, minutes_ago=14)
    one_more_pass_counts(silent, 0, 0)


def test_a_single_event_that_got_lost_is_counted_and_no_alarm(silent: LocalSystem) -> None:
    found_by_the_pass(silent, minutes_ago=16)
    other = '{"event":"access_request.delete","id":"0190a8e4-9c1d-7def-8123-456789abcdef","uid":"u-1"}'
    assert post(silent, other.encode()).status_code == 200
    silent.settle()
    one_more_pass_counts(silent, 1, 0)


def test_with_forwarding_off_on_purpose_nothing_is_counted(new_system: NewSystem) -> None:
    system = new_system(forwarding=False)
    found_by_the_pass(system, minutes_ago=60)
    one_more_pass_counts(system, 0, 0)


def test_an_event_that_comes_after_the_pass_is_in_time(system: LocalSystem) -> None:
    system.stop_forwarding()
    try:
        request_id = found_by_the_pass(system, minutes_ago=16)
    finally:
        system.start_forwarding()
    system.settle()
    assert ledger_ticket(system, request_id)["announced"] is True
    one_more_pass_counts(system, 0, 0)


def test_a_request_that_was_announced_is_never_counted(system: LocalSystem) -> None:
    request_id = asked_and_told(system)
    system.tick(FUNCTION)
    system.settle()
    assert ledger_ticket(system, request_id)["announced"] is True
    one_more_pass_counts(system, 0, 0)
