"""Writing by the Table API: what is taken, ignored, cut, defaulted, refused."""

import re

import pytest
import requests

from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow.conftest import Rest

ID = "5e3fd9b6a1c94f9f8f1b0c9d1e2f3a4b"
RESOLVED = {"state": "6", "close_code": "Resolved by request", "close_notes": "done"}


def _new(rest: Rest, **values: str) -> str:
    return str(rest.post("incident", values).json()["result"]["sys_id"])


def _error(answer: requests.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["message"], error["detail"]


def test_a_new_incident_has_its_defaults_and_says_where_it_is(sn: ServiceNowInstance, tickets: Rest) -> None:
    answer = tickets.post("incident", {"short_description": "hello"})
    record = answer.json()["result"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{sn.url}/api/now/v2/table/incident/{record['sys_id']}"
    assert re.fullmatch(r"INC00\d{5}", record["number"])
    assert (record["state"], record["incident_state"], record["approval"]) == ("1", "1", "not requested")
    assert record["sys_created_by"] == "svc.access.bridge.tickets"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", record["sys_created_on"])
    assert record["sys_mod_count"] == "0"


def test_a_sys_id_that_the_client_chose_is_used_and_a_second_insert_fails(
    sn: ServiceNowInstance, tickets: Rest
) -> None:
    assert _new(tickets, sys_id=ID, short_description="first") == ID
    status, message, detail = _error(tickets.post("incident", {"sys_id": ID, "short_description": "second"}))
    assert (status, message) == (403, "Operation Failed")
    assert ID in detail
    assert sn.row("incident", ID)["short_description"] == "first"


def test_an_instance_may_choose_its_own_sys_id(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.honours_client_sys_id = False
    assert _new(tickets, sys_id=ID) != ID


def test_a_sys_id_that_is_none_is_not_used(tickets: Rest) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", _new(tickets, sys_id="request-1"))


def test_unknown_and_system_fields_are_ignored_though_the_call_succeeds(tickets: Rest) -> None:
    body = {"no_such_field": "x", "sys_created_by": "bob", "sys_mod_count": "9", "short_description": "kept"}
    record = tickets.post("incident", body).json()["result"]
    assert "no_such_field" not in record
    assert (record["sys_created_by"], record["sys_mod_count"]) == ("svc.access.bridge.tickets", "0")
    assert record["short_description"] == "kept"


def test_a_field_that_may_not_be_written_is_ignored(sn: ServiceNowInstance, tickets: Rest) -> None:
    sn.controls.restrict_field("incident", "correlation_id", "create")
    record = tickets.post("incident", {"correlation_id": "x"}).json()["result"]
    assert record["correlation_id"] == ""


def test_too_long_text_is_cut_without_a_word(tickets: Rest) -> None:
    record = tickets.post("incident", {"short_description": "s" * 200, "correlation_display": "c" * 200})
    assert len(record.json()["result"]["short_description"]) == 160
    assert len(record.json()["result"]["correlation_display"]) == 100


def test_numbers_and_booleans_become_strings(tickets: Rest) -> None:
    record = tickets.post("incident", {"urgency": 1, "impact": 1, "short_description": None}).json()["result"]
    assert (record["urgency"], record["priority"], record["short_description"]) == ("1", "1", "")


def test_a_reference_to_nothing_is_kept_and_dangles(tickets: Rest) -> None:
    sys_id = _new(tickets, caller_id="alice")
    assert tickets.get(f"incident/{sys_id}").json()["result"]["caller_id"]["value"] == "alice"
    shown = tickets.get(f"incident/{sys_id}", sysparm_display_value="true", sysparm_fields="caller_id")
    assert shown.json()["result"]["caller_id"]["display_value"] == ""


def test_values_as_people_see_them_are_resolved_where_the_caller_says_so(tickets: Rest) -> None:
    body = {"caller_id": "Alice Engineer", "assigned_to": "Nobody Known", "state": "In Progress"}
    answer = tickets.call("POST", "incident", body=body, params={"sysparm_input_display_value": "true"})
    record = answer.json()["result"]
    assert re.fullmatch(r"[0-9a-f]{32}", record["caller_id"]["value"])
    assert (record["assigned_to"], record["state"]) == ("", "2")


def test_state_and_incident_state_are_kept_equal(tickets: Rest) -> None:
    sys_id = _new(tickets)
    assert tickets.patch(f"incident/{sys_id}", {"state": "2"}).json()["result"]["incident_state"] == "2"
    assert tickets.patch(f"incident/{sys_id}", {"incident_state": "1"}).json()["result"]["state"] == "1"


@pytest.mark.parametrize("state", ["6", "7"])
def test_resolving_needs_code_and_notes(sn: ServiceNowInstance, tickets: Rest, admin: Rest, state: str) -> None:
    sys_id = _new(tickets)
    status, message, detail = _error(admin.patch(f"incident/{sys_id}", {"state": state, "work_notes": "lost"}))
    assert (status, message) == (403, "Operation Failed")
    assert detail.startswith("Data Policy Exception: The following fields are mandatory: Resolution code, Resolution")
    assert sn.row("incident", sys_id)["state"] == "1"
    assert sn.work_notes(sys_id) == []


def test_resolving_says_who_and_when(tickets: Rest) -> None:
    record = tickets.patch(f"incident/{_new(tickets)}", RESOLVED).json()["result"]
    assert (record["state"], record["active"]) == ("6", "true")
    assert record["resolved_by"]["value"] == record["opened_by"]["value"]
    assert record["resolved_at"] != ""


@pytest.mark.parametrize("state", ["7", "8"])
def test_what_is_closed_or_canceled_only_an_admin_edits(
    sn: ServiceNowInstance, tickets: Rest, admin: Rest, state: str
) -> None:
    sys_id = _new(tickets)
    sn.update_as("carol", "incident", sys_id, {**RESOLVED, "state": state})
    for body in ({"work_notes": "too late"}, {"state": "2"}):
        status, _, detail = _error(tickets.patch(f"incident/{sys_id}", body))
        assert (status, detail) == (403, "ACL Exception Update Failed due to security constraints")
    assert sn.work_notes(sys_id) == []
    assert admin.patch(f"incident/{sys_id}", {"state": "2"}).status_code == 200


def test_closing_takes_more_than_resolving(tickets: Rest) -> None:
    answer = tickets.patch(f"incident/{_new(tickets)}", {**RESOLVED, "state": "7"})
    assert answer.status_code == 403


def test_each_patch_with_a_note_appends_it_and_counts(sn: ServiceNowInstance, tickets: Rest) -> None:
    sys_id = _new(tickets, work_notes="one")
    for text in ("two", "two", ""):
        tickets.patch(f"incident/{sys_id}", {"work_notes": text})
    assert sn.work_notes(sys_id) == ["one", "two", "two"]
    assert sn.row("incident", sys_id)["sys_mod_count"] == "2"
    entry = sn.rows("sys_journal_field")[0]
    assert (entry["name"], entry["element"], entry["element_id"]) == ("incident", "work_notes", sys_id)


def test_a_patch_that_changes_nothing_counts_nothing(sn: ServiceNowInstance, tickets: Rest) -> None:
    sys_id = _new(tickets, short_description="same")
    assert tickets.patch(f"incident/{sys_id}", {"short_description": "same"}).status_code == 200
    assert sn.row("incident", sys_id)["sys_mod_count"] == "0"


def test_only_the_fields_that_were_sent_change_with_put_too(tickets: Rest) -> None:
    sys_id = _new(tickets, short_description="kept", description="old")
    record = tickets.call("PUT", f"incident/{sys_id}", body={"description": "new"}).json()["result"]
    assert (record["short_description"], record["description"]) == ("kept", "new")


def test_a_post_may_mean_another_method(tickets: Rest) -> None:
    sys_id = _new(tickets)
    headers = {"X-HTTP-Method-Override": "PATCH"}
    answer = tickets.call("POST", f"incident/{sys_id}", body={"description": "new"}, headers=headers)
    assert answer.json()["result"]["description"] == "new"


def test_the_answer_may_be_suppressed(tickets: Rest) -> None:
    answer = tickets.call("POST", "incident", body={}, headers={"X-no-response-body": "true"})
    assert (answer.status_code, answer.content) == (201, b"")


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({"Accept": ""}, b"{}", 400),
        ({"Content-Type": ""}, b"{}", 400),
        ({"Accept": "text/html"}, b"{}", 406),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({}, b"{not json", 400),
        ({}, b'"text"', 400),
    ],
)
def test_requests_that_are_not_in_order(
    sn: ServiceNowInstance, tickets: Rest, headers: dict[str, str], data: bytes, status: int
) -> None:
    sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
    answer = tickets.session.post(f"{sn.url}/api/now/v2/table/incident", data=data, headers=sent, timeout=10)
    assert answer.status_code == status
    assert answer.json()["status"] == "failure"
    assert len(sn.rows("incident")) == 3


def test_only_the_first_record_of_an_array_is_taken(sn: ServiceNowInstance, tickets: Rest) -> None:
    assert tickets.post("incident", [{"description": "a"}, {"description": "b"}]).status_code == 201
    assert [row["description"] for row in sn.rows("incident")[3:]] == ["a"]


def test_deleting_is_for_admins(sn: ServiceNowInstance, tickets: Rest, admin: Rest) -> None:
    sys_id = _new(tickets)
    assert tickets.call("DELETE", f"incident/{sys_id}").status_code == 403
    assert admin.call("DELETE", f"incident/{sys_id}").status_code == 204
    assert tickets.patch(f"incident/{sys_id}", {"work_notes": "gone"}).status_code == 404
    assert tickets.call("DELETE", "incident").status_code == 405
