"""Encoded queries: a value is never more than a value, and a row is believed only if it fulfils the query."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.errors import Refused
from access_bridge.servicenow.errors import InexpressibleValue
from access_bridge.servicenow.query import Query

VALUES = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(["^", "^OR", "^NQ", "\n", "javascript:", "JavaScript:", "ORDERBY", "x=", "NULL", ",", "a"]),
        max_size=6,
    ).map("".join),
)


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_conditions_and_order_are_written_as_servicenow_reads_them() -> None:
    query = (
        Query()
        .equals("correlation_id", "a=b, c")
        .any_equals(("user_name", "email"), "alice@example.com")
        .is_in("state", ["1", "2"])
        .is_empty("outcome")
        .starts_with("correlation_display", "Teleport x #")
        .after("sys_id", "0f")
        .since("sys_updated_on", NOON.astimezone(timezone(timedelta(hours=9))))
        .order_by("sys_created_on", descending=True)
        .order_by("number")
    )
    assert str(query) == (
        "correlation_id=a=b, c^user_name=alice@example.com^ORemail=alice@example.com^stateIN1,2^outcomeISEMPTY"
        "^correlation_displaySTARTSWITHTeleport x #^sys_id>0f^sys_updated_on>=2026-11-23 12:00:00"
        "^ORDERBYDESCsys_created_on^ORDERBYnumber"
    )
    assert query.fields == (
        "correlation_id",
        "user_name",
        "email",
        "state",
        "outcome",
        "correlation_display",
        "sys_id",
        "sys_updated_on",
    )


@given(VALUES)
def test_no_value_adds_a_term_an_order_or_a_script(value: str) -> None:
    builds: list[Callable[[], Query]] = [
        lambda: Query().equals("name", value),
        lambda: Query().any_equals(("name",), value),
        lambda: Query().is_in("name", [value]),
        lambda: Query().starts_with("name", value),
        lambda: Query().after("name", value),
    ]
    for build in builds:
        try:
            encoded = str(build())
        except InexpressibleValue:
            continue
        assert "^" not in encoded
        assert "javascript:" not in encoded.lower()
        assert len(encoded.splitlines()) == 1
        assert encoded.encode().decode() == encoded
        assert encoded in (f"name={value}", f"nameIN{value}", f"nameSTARTSWITH{value}", f"name>{value}")


@given(VALUES)
def test_a_list_has_as_many_values_as_were_given(value: str) -> None:
    try:
        encoded = str(Query().is_in("name", ["first", value]))
    except InexpressibleValue:
        return
    assert encoded.removeprefix("nameIN").split(",") == ["first", value]


@pytest.mark.parametrize(
    "value", ["", "  ", "a^b", "a\nb", "a\rb", "\x00", "javascript:gs.getUserID()", "x JAVASCRIPT:y", "null", "\ud800"]
)
def test_what_a_query_cannot_express_is_refused_not_asked(value: str) -> None:
    with pytest.raises(InexpressibleValue) as error:
        Query().equals("name", value)
    assert isinstance(error.value, Refused)


@pytest.mark.parametrize("field", ["", "a b", "name^ORname", "name=", "Name", "caller_id.", "1st"])
def test_a_malformed_field_name_is_a_defect(field: str) -> None:
    with pytest.raises(ValueError, match="field name"):
        Query().equals(field, "x")


@pytest.mark.parametrize(
    ("query", "row", "holds", "ignored"),
    [
        (Query().equals("email", "Alice@example.com"), {"email": "alice@EXAMPLE.com "}, True, False),
        (Query().equals("user_name", "jose"), {"user_name": "josé"}, False, False),
        (Query().equals("correlation_id", "a"), {"correlation_id": "b"}, False, True),
        (Query().equals("correlation_id", "a"), {"correlation_id": ""}, False, True),
        (Query().equals("correlation_id", "a"), {}, False, True),
        (Query().any_equals(("user_name", "email"), "a"), {"user_name": "b", "email": "a"}, True, False),
        (Query().any_equals(("user_name", "email"), "a"), {"user_name": "b", "email": "c"}, False, True),
        (Query().is_in("state", ["1", "2"]), {"state": "2"}, True, False),
        (Query().is_in("state", ["1", "2"]), {"state": "3"}, False, True),
        (Query().is_empty("outcome"), {"outcome": ""}, True, False),
        (Query().is_empty("outcome"), {"outcome": "applied"}, False, True),
        (Query().is_empty("outcome"), {}, False, True),
        (Query().starts_with("name", "Tele x #"), {"name": "tele X #3"}, True, False),
        (Query().starts_with("name", "jose"), {"name": "josé x"}, False, False),
        (Query().starts_with("name", "Tele x #"), {"name": "Tele y #3"}, False, True),
        (Query().starts_with("name", "Tele x #"), {"name": ""}, False, True),
        (Query().after("sys_id", "0f"), {"sys_id": "0F0"}, True, False),
        (Query().after("sys_id", "0f"), {"sys_id": "0f"}, False, True),
        (Query().after("sys_id", "0f"), {"sys_id": "0e"}, False, True),
        (Query().since("at", NOON), {"at": "2026-11-23 12:00:00"}, True, False),
        # an instance that took it for another zone's time
        (Query().since("at", NOON), {"at": "2026-11-22 22:00:00"}, False, False),
        (Query().since("at", NOON), {"at": "2026-11-22 11:59:59"}, False, True),
        (Query().since("at", NOON), {"at": ""}, False, True),
        (Query(), {"state": "3"}, True, False),
    ],
)
def test_a_row_shows_whether_it_was_asked_for(query: Query, row: dict[str, str], holds: bool, ignored: bool) -> None:
    assert query.holds(row) is holds
    assert (query.ignored_term(row) is not None) is ignored


def test_a_list_is_halved_and_the_other_conditions_stay() -> None:
    halves = Query().equals("active", "true").is_in("state", ["1", "2", "3"]).halves()
    assert halves is not None
    assert [str(half) for half in halves] == ["active=true^stateIN1", "active=true^stateIN2,3"]
    assert Query().equals("active", "true").is_in("state", ["1"]).halves() is None


def test_a_list_of_nothing_matches_nothing() -> None:
    assert Query().is_in("state", []).matches_nothing
    assert not Query().is_in("state", ["1"]).matches_nothing
