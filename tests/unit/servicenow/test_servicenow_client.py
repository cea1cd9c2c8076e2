"""Reading and writing records, on a peer that answers as the Table API does."""

import pytest
import requests

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import AddressTooLong, NotPermitted, Unavailable, WriteOutcomeUnknown
from access_bridge.servicenow.query import Query
from tests.unit.servicenow.peer import Peer, Reply, created, failed, listed, record

TICKET = "0f" * 16
OTHER = "1e" * 16


@pytest.fixture
def servicenow(peer: Peer, session: requests.Session) -> ServiceNow:
    return ServiceNow(peer.url, BasicCredentials("svc", "secret"), session=session)


def test_a_record_is_read_by_its_id_with_only_the_fields_asked_for(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(record(sys_id=TICKET, state="1", caller_id=OTHER))

    row = servicenow.get("incident", TICKET, ["state", "caller_id"])

    assert row == {"sys_id": TICKET, "state": "1", "caller_id": OTHER}
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("GET", f"/api/now/v2/table/incident/{TICKET}")
    assert asked.query == {
        "sysparm_fields": "sys_id,state,caller_id",
        "sysparm_display_value": "false",
        "sysparm_exclude_reference_link": "true",
    }
    assert asked.headers["accept"] == "application/json"


def test_a_record_that_is_gone_or_hidden_is_none(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(failed(404), failed(404))
    assert servicenow.get("incident", TICKET, ["state"]) is None
    assert servicenow.update("incident", TICKET, {"state": "6"}) is None


@pytest.mark.parametrize("sys_id", ["", "..", "../sys_user", "a/b", "a?b", "a b", "é", "x" * 41])
def test_an_id_that_no_record_can_have_is_none_without_a_call(peer: Peer, servicenow: ServiceNow, sys_id: str) -> None:
    assert servicenow.get("incident", sys_id, ["state"]) is None
    assert servicenow.update("incident", sys_id, {"state": "6"}) is None
    assert peer.asked == []


@pytest.mark.parametrize("table", ["", "..", "incident/x", "Incident", "incident?x"])
def test_a_malformed_table_name_is_a_defect(servicenow: ServiceNow, table: str) -> None:
    with pytest.raises(ValueError, match="table's name"):
        servicenow.get(table, TICKET, [])


def test_another_record_than_the_one_asked_for_is_not_believed(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(record(sys_id=OTHER, state="1"), record(sys_id=OTHER, state="6"), listed(), listed())
    with pytest.raises(Unavailable):
        servicenow.get("incident", TICKET, ["state"])
    with pytest.raises(WriteOutcomeUnknown):
        servicenow.update("incident", TICKET, {"state": "6"})
    with pytest.raises(Unavailable):
        servicenow.get("incident", TICKET, ["state"])
    with pytest.raises(WriteOutcomeUnknown):
        servicenow.insert("incident", {"state": "1"})


def test_a_list_is_asked_for_with_the_query_and_brings_the_fields_that_prove_it(
    peer: Peer, servicenow: ServiceNow
) -> None:
    peer.will(listed({"sys_id": TICKET, "number": "INC1", "correlation_id": "ä & b"}))

    rows = servicenow.query("incident", Query().equals("correlation_id", "ä & b"), ["number"], limit=5, offset=10)

    assert rows == [{"sys_id": TICKET, "number": "INC1", "correlation_id": "ä & b"}]
    (asked,) = peer.asked
    assert asked.path == "/api/now/v2/table/incident"
    assert asked.query["sysparm_query"] == "correlation_id=ä & b"
    assert asked.query["sysparm_fields"] == "sys_id,number,correlation_id"
    assert (asked.query["sysparm_limit"], asked.query["sysparm_offset"]) == ("5", "10")


def test_rows_that_only_a_lax_comparison_finds_are_left_out(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(listed({"sys_id": TICKET, "user_name": "jose"}, {"sys_id": OTHER, "user_name": "josé"}))
    rows = servicenow.query("sys_user", Query().equals("user_name", "Jose"), [], limit=2)
    assert [row["sys_id"] for row in rows] == [TICKET]


@pytest.mark.parametrize("row", [{"correlation_id": "another"}, {"correlation_id": ""}, {}])
def test_an_instance_that_left_out_a_condition_is_never_taken_for_one_that_found_nothing(
    peer: Peer, servicenow: ServiceNow, row: dict[str, str]
) -> None:
    peer.will(listed({"sys_id": OTHER, **row}))
    with pytest.raises(NotPermitted) as error:
        servicenow.query("incident", Query().equals("correlation_id", "wanted"), ["number"])
    assert "correlation_id" in str(error.value)


@pytest.mark.parametrize("result", [{"sys_id": TICKET}, ["x"], [{"number": "INC1"}], "x"])
def test_a_list_that_is_none_is_not_believed(peer: Peer, servicenow: ServiceNow, result: object) -> None:
    peer.will(Reply(body={"result": result}))
    with pytest.raises(Unavailable):
        servicenow.query("incident", Query(), [])


def test_a_list_of_ids_too_long_for_one_address_is_asked_for_in_parts(peer: Peer, servicenow: ServiceNow) -> None:
    ids = [f"{number:032x}" for number in range(90)]
    peer.will(*(listed(*({"sys_id": each} for each in part)) for part in (ids[:45], ids[45:])))

    rows = servicenow.query("incident", Query().is_in("sys_id", ids), [], limit=90)

    assert [row["sys_id"] for row in rows] == ids
    asked = [each.query["sysparm_query"].removeprefix("sys_idIN").split(",") for each in peer.asked]
    assert asked == [ids[:45], ids[45:]]
    assert servicenow.calls == {"reads": 2}


def test_what_fits_no_address_is_refused_and_not_sent(peer: Peer, servicenow: ServiceNow) -> None:
    ids = [f"{number:032x}" for number in range(90)]
    with pytest.raises(AddressTooLong):
        servicenow.query("incident", Query().equals("description", "x" * 3000), [])
    with pytest.raises(AddressTooLong):
        servicenow.query("incident", Query().is_in("sys_id", ids).order_by("number"), [], limit=90)
    assert peer.asked == []
    assert not servicenow.calls


def test_a_list_of_nothing_is_not_asked_for(peer: Peer, servicenow: ServiceNow) -> None:
    assert servicenow.query("incident", Query().is_in("sys_id", []), []) == []
    assert peer.asked == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_outside_reason_is_a_defect(servicenow: ServiceNow, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        servicenow.query("incident", Query(), [], limit=limit)


def test_an_insert_tells_what_the_instance_made_of_it(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(created(sys_id=OTHER, short_description="Äccess", caller_id="", work_notes="", number="INC0010001"))

    written = servicenow.insert(
        "incident",
        {"sys_id": TICKET, "short_description": "Äccess", "caller_id": OTHER, "work_notes": "hello"},
        fields=["number"],
    )

    assert written.sys_id == OTHER
    assert written.row["number"] == "INC0010001"
    assert written.differences == ("sys_id", "caller_id")
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("POST", "/api/now/v2/table/incident")
    assert asked.headers["content-type"] == "application/json"
    assert asked.body.isascii()
    assert asked.json == {"sys_id": TICKET, "short_description": "Äccess", "caller_id": OTHER, "work_notes": "hello"}
    assert asked.query["sysparm_fields"] == "sys_id,short_description,caller_id,work_notes,number"
    assert asked.query["sysparm_exclude_reference_link"] == "true"


def test_an_update_changes_only_what_it_is_given(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(record(sys_id=TICKET.upper(), state="2", close_notes="x"))

    written = servicenow.update("incident", TICKET, {"state": "6", "close_notes": "x"})

    assert written is not None
    assert (written.sys_id, written.differences) == (TICKET, ("state",))
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("PATCH", f"/api/now/v2/table/incident/{TICKET}")
    assert asked.json == {"state": "6", "close_notes": "x"}


def test_a_table_that_takes_no_record_is_for_a_person(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(failed(404))
    with pytest.raises(NotPermitted):
        servicenow.insert("incident", {"state": "1"})


@pytest.mark.parametrize(("rows", "sight"), [([], False), ([TICKET], False), ([TICKET, OTHER], True), ([OTHER], True)])
def test_sight_of_a_table_is_proved_by_another_record(
    peer: Peer, servicenow: ServiceNow, rows: list[str], sight: bool
) -> None:
    peer.will(listed(*({"sys_id": sys_id} for sys_id in rows)))
    assert servicenow.sees("incident", other_than=TICKET) is sight
    assert int(peer.asked[0].query["sysparm_limit"]) > 1


def test_calls_are_counted_by_what_they_are_for_and_failed_ones_too(peer: Peer, servicenow: ServiceNow) -> None:
    peer.will(record(sys_id=TICKET), listed(), failed(503), created(sys_id=TICKET), record(sys_id=TICKET), listed())
    servicenow.get("incident", TICKET, [])
    servicenow.query("sysapproval_approver", Query(), [])
    with pytest.raises(Unavailable):
        servicenow.get("incident", TICKET, [])
    before = servicenow.calls.copy()
    servicenow.insert("incident", {})
    servicenow.update("incident", TICKET, {})
    servicenow.query("sys_user", Query(), [])

    assert servicenow.calls == {"reads": 3, "writes": 2, "lookups": 1}
    assert servicenow.calls - before == {"writes": 2, "lookups": 1}
