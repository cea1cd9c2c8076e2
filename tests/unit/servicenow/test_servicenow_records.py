"""Every write is compared with what came back."""

import pytest

from access_bridge.servicenow.records import differences, row_of


@pytest.mark.parametrize(
    ("sent", "came_back", "different"),
    [
        ({"state": "6"}, {"state": "6"}, ()),
        ({"state": "6", "caller_id": "abc"}, {"state": "6", "caller_id": ""}, ("caller_id",)),
        ({"u_missing": "x", "state": "6"}, {"state": "2"}, ("u_missing", "state")),
        ({"sys_id": "a"}, {"sys_id": "b"}, ("sys_id",)),
        ({"short_description": "x" * 200}, {"short_description": "x" * 160}, ("short_description",)),
        ({"work_notes": "x", "comments": "y", "comments_and_work_notes": "z"}, {"work_notes": ""}, ()),
        ({"description": "one\ntwo "}, {"description": "one\r\ntwo"}, ()),
        ({"category": ""}, {"category": ""}, ()),
    ],
)
def test_fields_that_came_back_different_are_named(
    sent: dict[str, str], came_back: dict[str, str], different: tuple[str, ...]
) -> None:
    assert differences(sent, came_back) == different


def test_a_record_is_plain_text_even_where_the_instance_sends_more() -> None:
    row = row_of(
        {
            "state": "1",
            "caller_id": {"link": "https://example.service-now.com/api/now/table/sys_user/ab", "value": "ab"},
            "assigned_to": "",
            "active": True,
            "closed_at": None,
            "reopen_count": 3,
            "urgency": {"display_value": "3 - Low", "value": "3"},
        }
    )
    assert row == {
        "state": "1",
        "caller_id": "ab",
        "assigned_to": "",
        "active": "true",
        "closed_at": "",
        "reopen_count": "3",
        "urgency": "3",
    }


@pytest.mark.parametrize("result", [None, [], "x", 1])
def test_what_is_no_object_is_no_record(result: object) -> None:
    assert row_of(result) is None
