"""The client against an instance with the Table API's real habits: what is read, written, ignored and left in doubt."""

from collections.abc import Callable

import pytest

from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.credentials import BasicCredentials
from access_bridge.servicenow.errors import NotPermitted, Rejected, RejectionKind, Unavailable, WriteOutcomeUnknown
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.text import LENGTHS, cut, plain
from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_client.conftest import Connect

REQUEST = "0f3a5f5e-6c9e-4f6e-9a53-0f9d7b3f2f11"
TICKET = REQUEST.replace("-", "")
VALUES = {"sys_id": TICKET, "correlation_id": REQUEST, "short_description": "Access for alice"}


def mine(instance: ServiceNowInstance) -> list[dict[str, str]]:
    return [row for row in instance.rows("incident") if row.get("correlation_id") == REQUEST]


def test_a_ticket_is_made_found_changed_and_read(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    caller = next(row["sys_id"] for row in instance.rows("sys_user") if row["user_name"] == "alice")

    written = servicenow.insert("incident", VALUES | {"caller_id": caller}, fields=["number", "state"])
    assert (written.sys_id, written.differences) == (TICKET, ())
    assert written.row["caller_id"] == caller
    assert written.row["number"].startswith("INC")

    (found,) = servicenow.query("incident", Query().equals("correlation_id", REQUEST), ["number"], limit=2)
    assert (found["sys_id"], found["number"]) == (TICKET, written.row["number"])

    note = 'Reviewed by bob:\n"fine" & <b>good</b>'
    changed = servicenow.update("incident", TICKET, {"state": "2", "work_notes": note})
    assert changed is not None
    assert changed.differences == ()
    assert instance.work_notes(TICKET) == [note]
    assert servicenow.get("incident", TICKET, ["state", "caller_id"]) == {
        "sys_id": TICKET,
        "state": "2",
        "caller_id": caller,
    }
    assert servicenow.calls == {"writes": 2, "reads": 2}


def test_a_wished_id_that_is_ignored_shows_as_a_difference(
    instance: ServiceNowInstance, servicenow: ServiceNow
) -> None:
    instance.honours_client_sys_id = False
    written = servicenow.insert("incident", VALUES)
    assert written.sys_id != TICKET
    assert written.differences == ("sys_id",)


def test_a_second_record_of_one_id_is_refused(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    servicenow.insert("incident", VALUES)
    with pytest.raises(Rejected):
        servicenow.insert("incident", VALUES)
    assert len(mine(instance)) == 1


def test_what_the_instance_cuts_ignores_or_does_not_know_is_named(servicenow: ServiceNow) -> None:
    values = VALUES | {"short_description": "x" * 200, "u_unknown": "x", "sys_created_by": "mallory"}
    written = servicenow.insert("incident", values)
    assert written.differences == ("short_description", "u_unknown", "sys_created_by")


def test_a_text_that_was_cut_here_first_is_kept_whole(servicenow: ServiceNow) -> None:
    title = cut(plain("[code]" + "ü🔑" * 200), LENGTHS["short_description"])
    assert servicenow.insert("incident", VALUES | {"short_description": title}).differences == ()


@pytest.mark.parametrize("field", ["correlatoin_id", "u_unknown"])
def test_a_condition_that_the_instance_drops_is_never_taken_for_nothing_found(
    servicenow: ServiceNow, field: str
) -> None:
    with pytest.raises(NotPermitted) as error:
        servicenow.query("incident", Query().equals(field, REQUEST), ["number"])
    assert field in str(error.value)
    with pytest.raises(NotPermitted):
        servicenow.query("incident", Query().is_empty(field), ["number"])


def test_where_nothing_matches_nothing_is_found(servicenow: ServiceNow) -> None:
    assert servicenow.query("incident", Query().equals("correlation_id", REQUEST), ["number"]) == []


def test_rows_come_in_order_and_in_pages(servicenow: ServiceNow) -> None:
    numbers = [
        row["number"]
        for offset in (0, 1, 2)
        for row in servicenow.query("incident", Query().order_by("number", descending=True), ["number"], offset=offset)
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 3


def test_a_list_of_ids_finds_those_that_are_there(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    there = {row["sys_id"] for row in instance.rows("incident")}
    asked_for = sorted(there | {f"{number:032x}" for number in range(120)})
    rows = servicenow.query("incident", Query().is_in("sys_id", asked_for), [], limit=100)
    assert {row["sys_id"] for row in rows} == there


def test_a_deleted_ticket_is_told_from_a_hidden_one(
    instance: ServiceNowInstance, servicenow: ServiceNow, connect: Connect
) -> None:
    instance.add_user("svc.blind", password="blind", web_service_access_only=True)
    blind = connect(BasicCredentials("svc.blind", "blind"))
    servicenow.insert("incident", VALUES)

    assert blind.get("incident", TICKET, ["state"]) is None
    assert blind.sees("incident", other_than=TICKET) is False

    instance.delete("incident", TICKET)
    assert servicenow.get("incident", TICKET, ["state"]) is None
    assert servicenow.update("incident", TICKET, {"state": "6"}) is None
    assert servicenow.sees("incident", other_than=TICKET) is True


def test_a_data_policy_refuses_the_content(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    servicenow.insert("incident", VALUES)
    with pytest.raises(Rejected) as error:
        servicenow.update("incident", TICKET, {"state": "6"})
    assert error.value.kind is RejectionKind.DATA_POLICY
    assert instance.row("incident", TICKET)["state"] == "1"


def test_a_business_rule_refuses_the_content(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    instance.faults.refused_by_rule()
    with pytest.raises(Rejected) as error:
        servicenow.insert("incident", VALUES)
    assert error.value.kind is RejectionKind.BUSINESS_RULE
    assert mine(instance) == []


def test_an_account_without_the_right_to_write_is_for_a_person(
    instance: ServiceNowInstance, connect: Connect, account: BasicCredentials
) -> None:
    instance.add_user("svc.reader", password="reader", web_service_access_only=True)
    with pytest.raises(NotPermitted):
        connect(BasicCredentials("svc.reader", "reader")).insert("incident", VALUES)


def test_a_table_that_is_not_there_is_for_a_person(servicenow: ServiceNow) -> None:
    with pytest.raises(NotPermitted) as error:
        servicenow.query("x_not_installed", Query(), [])
    assert error.value.setting == "ServiceNow table x_not_installed"


def test_a_rate_limit_says_how_long_to_wait_and_nothing_was_written(
    instance: ServiceNowInstance, servicenow: ServiceNow
) -> None:
    instance.faults.rate_limited(2, retry_after=17)
    for call in (lambda: servicenow.insert("incident", VALUES), lambda: servicenow.get("incident", TICKET, [])):
        with pytest.raises(Unavailable) as error:
            call()
        assert error.value.after == 17
    assert mine(instance) == []


def make_trouble(instance: ServiceNowInstance, name: str) -> None:
    getattr(instance.faults, name)()


@pytest.mark.parametrize(
    ("trouble", "committed"),
    [
        ("error_after_commit", True),
        ("truncated_json", True),
        ("empty_success", True),
        ("drop_after_commit", True),
        ("error_before", False),
        ("drop_before", False),
        ("html_page", False),
        ("unavailable", False),
    ],
)
def test_a_write_in_doubt_is_cleared_up_by_looking(
    instance: ServiceNowInstance, servicenow: ServiceNow, trouble: str, committed: bool
) -> None:
    make_trouble(instance, trouble)
    with pytest.raises(WriteOutcomeUnknown):
        servicenow.insert("incident", VALUES)
    assert len(mine(instance)) == committed

    assert (servicenow.get("incident", TICKET, ["state"]) is not None) is committed


@pytest.mark.parametrize(
    "trouble", ["error_before", "html_page", "unavailable", "truncated_json", "empty_success", "drop_before"]
)
def test_a_read_that_failed_is_read_again(instance: ServiceNowInstance, servicenow: ServiceNow, trouble: str) -> None:
    reads: list[Callable[[], object]] = [
        lambda: servicenow.get("incident", TICKET, ["state"]),
        lambda: servicenow.query("incident", Query(), ["state"]),
    ]
    servicenow.insert("incident", VALUES)
    for read in reads:
        make_trouble(instance, trouble)
        with pytest.raises(Unavailable):
            read()
        assert read()


def test_a_commit_after_our_time_ran_out_is_in_doubt(
    instance: ServiceNowInstance, connect: Connect, account: BasicCredentials
) -> None:
    hasty = connect(account, timeout=0.3)
    late = instance.faults.late(30)
    with pytest.raises(WriteOutcomeUnknown):
        hasty.insert("incident", VALUES)
    assert hasty.get("incident", TICKET, ["state"]) is None

    late.release()
    assert instance.wait_for_calls()
    assert hasty.get("incident", TICKET, ["state"]) is not None


def test_an_instance_that_is_down_wrote_nothing(instance: ServiceNowInstance, servicenow: ServiceNow) -> None:
    instance.stop()
    with pytest.raises(Unavailable) as error:
        servicenow.insert("incident", VALUES)
    assert "nothing was sent" in str(error.value)


@pytest.mark.parametrize("value", [f"{REQUEST}^ORstate=1", "x^NQactive=true", "javascript:gs.getUserID()", "a\nb"])
def test_no_value_widens_a_query(servicenow: ServiceNow, value: str) -> None:
    with pytest.raises(Exception, match="encoded query"):
        servicenow.query("incident", Query().equals("correlation_id", value), [])
    assert not servicenow.calls


@pytest.mark.parametrize("value", ["a=b", "a,b", "aORb", "100% & more?#+", "Ünïcödé 🔑", "LIKE", "x!=y", "(a)"])
def test_a_value_that_is_strange_but_sayable_is_found(servicenow: ServiceNow, value: str) -> None:
    servicenow.insert("incident", VALUES | {"correlation_id": value})
    (row,) = servicenow.query("incident", Query().equals("correlation_id", value), [], limit=2)
    assert row["sys_id"] == TICKET
