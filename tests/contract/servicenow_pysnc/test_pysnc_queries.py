"""Queries as PySNC writes them: conditions, alternatives, order and pages."""

from typing import Any

import pytest

from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_pysnc.conftest import Client

DOORS = (("Door 1", "3"), ("Door 2", "1"), ("Door 3", "2"), ("Door 4", "1"), ("Door 5", "3"))


@pytest.fixture
def doors(sn: ServiceNowInstance, tickets: Client) -> Any:
    """A record to query five incidents with, among others."""
    for text, urgency in DOORS:
        sn.insert_raw("incident", {"short_description": text, "urgency": urgency, "active": "true"})
    sn.reset_calls()
    record = tickets.GlideRecord("incident")
    record.add_query("short_description", "STARTSWITH", "Door")
    return record


def _texts(record: Any) -> list[str]:
    record.query()
    return [str(each.get_value("short_description")) for each in record]


def test_all_conditions_hold_and_the_order_is_kept(doors: Any) -> None:
    doors.add_active_query()
    doors.add_query("urgency", "<=", "2")
    doors.order_by_desc("short_description")
    assert _texts(doors) == ["Door 4", "Door 3", "Door 2"]
    assert doors.get_row_count() == 3


def test_a_condition_has_alternatives(doors: Any) -> None:
    doors.add_query("urgency", "2").add_or_condition("short_description", "Door 5")
    doors.order_by("short_description")
    assert _texts(doors) == ["Door 3", "Door 5"]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("!=", "Door 1", ["Door 2", "Door 3", "Door 4", "Door 5"]),
        ("IN", "Door 2,Door 9", ["Door 2"]),
        ("NOT IN", "Door 1,Door 2,Door 3", ["Door 4", "Door 5"]),
        ("ENDSWITH", "4", ["Door 4"]),
        ("LIKE", "or 3", ["Door 3"]),
        ("CONTAINS", "or 3", ["Door 3"]),
        ("DOES NOT CONTAIN", "r 1", ["Door 2", "Door 3", "Door 4", "Door 5"]),
        (">", "Door 3", ["Door 4", "Door 5"]),
    ],
)
def test_every_operator_that_pysnc_names(doors: Any, operator: str, value: str, expected: list[str]) -> None:
    doors.add_query("short_description", operator, value)
    doors.order_by("short_description")
    assert _texts(doors) == expected


def test_empty_and_filled_fields(sn: ServiceNowInstance, tickets: Client, doors: Any) -> None:
    doors.add_null_query("caller_id")
    assert len(_texts(doors)) == 5
    filled = tickets.GlideRecord("incident")
    filled.add_not_null_query("caller_id")
    assert len(_texts(filled)) == 3


def test_a_field_of_a_referenced_record_is_a_condition(tickets: Client, accounts: Any) -> None:
    record = tickets.GlideRecord("incident")
    record.add_query("caller_id.email", "dave@example.test")
    assert _texts(record) == ["Laptop battery lasts only an hour"]


def test_one_record_is_found_by_a_field(tickets: Client, doors: Any) -> None:
    record = tickets.GlideRecord("incident")
    assert record.get("short_description", "Door 2")
    assert record.get_value("urgency") == "1"
    assert not tickets.GlideRecord("incident").get("short_description", "Door 9")


def test_many_records_come_in_pages(sn: ServiceNowInstance, doors: Any) -> None:
    doors.batch_size = 2
    doors.order_by("short_description")
    assert _texts(doors) == [text for text, _ in DOORS]
    assert doors.get_row_count() == 5
    assert [(call.query["sysparm_offset"], call.query["sysparm_limit"]) for call in sn.calls] == [
        ("0", "2"),
        ("2", "2"),
        ("4", "2"),
    ]


def test_pages_without_an_order_have_every_record_once(doors: Any) -> None:
    doors.batch_size = 2
    assert sorted(_texts(doors)) == [text for text, _ in DOORS]


def test_a_limit_cuts_the_list_and_the_count_is_of_all(sn: ServiceNowInstance, doors: Any) -> None:
    doors.limit = 3
    doors.order_by("short_description")
    assert _texts(doors) == ["Door 1", "Door 2", "Door 3"]
    assert doors.get_row_count() == 5
    assert len(sn.calls) == 1
