"""Reading by the Table API: shapes of values, display modes, queries, pages."""

import pytest

from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow.conftest import Rest


def _incident(sn: ServiceNowInstance, **values: str) -> str:
    return sn.insert_raw("incident", values)


def test_a_list_without_hits_is_404_on_v1_and_empty_elsewhere(tickets: Rest) -> None:
    query = {"sysparm_query": "number=INC9999999"}
    v1 = tickets.call("GET", "incident", params=query, api="/api/now/v1/table/")
    assert (v1.status_code, v1.json()["error"]["message"]) == (404, "No Record found")
    for api in ("/api/now/v2/table/", "/api/now/table/"):
        answer = tickets.call("GET", "incident", params=query, api=api)
        assert (answer.status_code, answer.json()) == (200, {"result": []})


def test_every_scalar_is_a_string_and_an_empty_reference_is_an_empty_string(tickets: Rest) -> None:
    record = tickets.get("incident", sysparm_limit="1").json()["result"][0]
    assert record["active"] == "true"
    assert record["priority"] == "5"
    assert record["assigned_to"] == ""
    assert set(record["caller_id"]) == {"link", "value"}


def test_references_in_the_three_display_modes(sn: ServiceNowInstance, tickets: Rest) -> None:
    alice = next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == "alice")
    path = f"incident/{_incident(sn, caller_id=alice, state='6', opened_at='2026-01-02 03:04:05')}"
    link = f"{sn.url}/api/now/v2/table/sys_user/{alice}"

    stored = tickets.get(path).json()["result"]
    shown = tickets.get(path, sysparm_display_value="true").json()["result"]
    both = tickets.get(path, sysparm_display_value="all").json()["result"]
    plain = tickets.get(path, sysparm_exclude_reference_link="true").json()["result"]

    assert stored["caller_id"] == {"link": link, "value": alice}
    assert shown["caller_id"] == {"link": link, "display_value": "Alice Engineer"}
    assert both["caller_id"] == {"link": link, "value": alice, "display_value": "Alice Engineer"}
    assert plain["caller_id"] == alice
    assert (stored["state"], shown["state"]) == ("6", "Resolved")
    assert both["state"] == {"display_value": "Resolved", "value": "6"}


def test_dates_are_utc_as_stored_and_in_the_users_zone_as_shown(sn: ServiceNowInstance, admin: Rest) -> None:
    path = f"incident/{_incident(sn, opened_at='2026-01-02 03:04:05')}"
    assert admin.get(path).json()["result"]["opened_at"] == "2026-01-02 03:04:05"
    assert admin.get(path, sysparm_display_value="true").json()["result"]["opened_at"] == "2026-01-01 19:04:05"


def test_fields_are_chosen_dot_walked_and_unknown_ones_left_out(sn: ServiceNowInstance, tickets: Rest) -> None:
    alice = next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == "alice")
    sys_id = _incident(sn, caller_id=alice)
    answer = tickets.get(f"incident/{sys_id}", sysparm_fields="sys_id,caller_id.email,no_such,assigned_to.email")
    assert answer.json()["result"] == {
        "sys_id": sys_id,
        "caller_id.email": "alice@example.test",
        "assigned_to.email": "",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("short_description=one", ["one"]),
        ("short_description!=one", ["three", "two"]),
        ("short_descriptionINone,two", ["one", "two"]),
        ("short_descriptionLIKEo", ["one", "two"]),
        ("short_descriptionSTARTSWITHt", ["three", "two"]),
        ("assigned_toISEMPTY", ["one", "three"]),
        ("assigned_toISNOTEMPTY", ["two"]),
        ("assigned_to.user_name=bob", ["two"]),
        ("short_description=one^ORshort_description=two^urgency=1", ["two"]),
        ("short_description=one^NQshort_description=three", ["one", "three"]),
        ("short_description=ONE", []),
    ],
)
def test_encoded_queries(sn: ServiceNowInstance, tickets: Rest, query: str, expected: list[str]) -> None:
    bob = next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == "bob")
    for row in sn.rows("incident"):
        sn.delete("incident", row["sys_id"])
    _incident(sn, short_description="one", urgency="3")
    _incident(sn, short_description="two", urgency="1", assigned_to=bob)
    _incident(sn, short_description="three", urgency="3")
    found = tickets.get("incident", sysparm_query=query).json()["result"]
    assert sorted(record["short_description"] for record in found) == expected


@pytest.mark.parametrize("query", ["no_such_field=x", "correlation_ids=x", "nonsense", "caller_id.no_such=x", "^^"])
def test_a_term_that_names_no_field_is_dropped_and_everything_comes_back(
    sn: ServiceNowInstance, tickets: Rest, query: str
) -> None:
    found = tickets.get("incident", sysparm_query=query).json()["result"]
    assert len(found) == len(sn.rows("incident")) == 3


def test_values_that_are_scripts_are_evaluated(sn: ServiceNowInstance, tickets: Rest) -> None:
    mine = tickets.post("incident", {}).json()["result"]["sys_id"]
    found = tickets.get("incident", sysparm_query="opened_by=javascript:gs.getUserID()").json()["result"]
    assert [record["sys_id"] for record in found] == [mine]
    assert tickets.get("incident", sysparm_query="description=javascript:gs.sleep(1)").json()["result"] != []


def test_order_and_pages(sn: ServiceNowInstance, tickets: Rest) -> None:
    numbers = sorted(row["number"] for row in sn.rows("incident"))
    down = tickets.get("incident", sysparm_query="ORDERBYDESCnumber", sysparm_fields="number")
    assert [record["number"] for record in down.json()["result"]] == numbers[::-1]
    page = tickets.get("incident", sysparm_query="ORDERBYnumber", sysparm_limit="1", sysparm_offset="1")
    assert [record["number"] for record in page.json()["result"]] == numbers[1:2]
    assert page.headers["X-Total-Count"] == "3"
    assert 'rel="next"' in page.headers["Link"]


def test_pairs_filter_where_there_is_no_query(sn: ServiceNowInstance, tickets: Rest) -> None:
    number = sn.rows("incident")[0]["number"]
    assert [record["number"] for record in tickets.get("incident", number=number).json()["result"]] == [number]


def test_a_journal_reads_back_empty_and_shows_its_text_only_by_display_value(
    sn: ServiceNowInstance, tickets: Rest
) -> None:
    sys_id = tickets.post("incident", {"work_notes": "first"}).json()["result"]["sys_id"]
    tickets.patch(f"incident/{sys_id}", {"work_notes": "second"})
    assert tickets.get(f"incident/{sys_id}").json()["result"]["work_notes"] == ""
    shown = tickets.get(f"incident/{sys_id}", sysparm_display_value="true").json()["result"]["work_notes"]
    assert shown.index("second") < shown.index("first")
    assert "Access Bridge Tickets (Work notes)" in shown
    assert sn.work_notes(sys_id) == ["first", "second"]


def test_choices_can_be_looked_up(admin: Rest) -> None:
    query = "name=incident^element=close_code^inactive=false"
    values = [row["value"] for row in admin.get("sys_choice", sysparm_query=query).json()["result"]]
    assert "Resolved by request" in values
    assert "Solved (Permanently)" not in values


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/now/v2/table/no_such_table", 400, "Invalid table no_such_table"),
        ("/api/now/v9/table/incident", 400, "Requested URI does not represent any resource"),
        ("/api/now/v2/table/incident/0123456789abcdef0123456789abcdef", 404, "No Record found"),
    ],
)
def test_what_is_not_there(tickets: Rest, path: str, status: int, message: str) -> None:
    answer = tickets.call("GET", "", api=path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == message
    assert answer.json()["status"] == "failure"
