"""The shipped buttons on a ticket and on a cluster: who sees what, what becomes a decision, and what is only said."""

import base64
import hashlib
import hmac

import pytest

from local.servicenow.errors import Refused
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import CLUSTER as CLUSTER_TABLE
from local.servicenow.schema import DECISION
from tests.contract.servicenow.conftest import CLUSTER, KEY, Receiver


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_button_makes_the_decision_of_who_pressed_it_and_sends_it(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver, decision: str
) -> None:
    row = sn.row(DECISION, sn.click("bob", ticket, decision, "  Seen the change\n"))
    assert (row["decision"], row["reason"], row["sys_created_by"]) == (decision, "Seen the change", "bob")
    assert sn.row("sys_user", row["decided_by"])["user_name"] == "bob"
    assert receiver.next().headers["x-bridge-event-id"] == row["sys_id"]


def test_an_approval_needs_no_reason_and_a_denial_does(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    assert sn.row(DECISION, sn.click("bob", ticket, "approved"))["reason"] == ""
    with pytest.raises(Refused, match="Write into Work notes why"):
        sn.click("bob", ticket, "rejected", " \n")
    assert [row["decision"] for row in sn.rows(DECISION)] == ["approved"]


def test_what_is_written_as_the_reason_is_not_saved_on_the_ticket(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver
) -> None:
    before = sn.row("incident", ticket)["sys_mod_count"]
    sn.click("bob", ticket, "rejected", "No")
    assert (sn.work_notes(ticket), sn.row("incident", ticket)["sys_mod_count"]) == ([], before)


def test_whoever_is_no_approver_decides_nothing(sn: ServiceNowInstance, ticket: str) -> None:
    with pytest.raises(Refused, match="Only an approver decides"):
        sn.click("alice", ticket)
    assert sn.rows(DECISION) == []


def test_an_account_for_web_services_has_no_buttons_even_with_the_role(sn: ServiceNowInstance, ticket: str) -> None:
    sn.add_user("robot", roles=["x_acbr_bridge.approver"], web_service_access_only=True)
    with pytest.raises(Refused, match="can't sign in to the user interface"):
        sn.click("robot", ticket)


@pytest.mark.parametrize(
    "values",
    [{"state": "6"}, {"state": "7"}, {"state": "8"}, {"correlation_display": "Jira"}, {"correlation_display": ""}],
)
def test_only_an_open_ticket_for_an_access_request_has_the_buttons(
    sn: ServiceNowInstance, ticket: str, values: dict[str, str]
) -> None:
    sn.update_raw("incident", ticket, values)
    with pytest.raises(Refused, match="Only an approver decides"):
        sn.click("bob", ticket)
    assert sn.rows(DECISION) == []


def test_a_ticket_without_a_request_id_is_refused_by_the_rule_and_said_so(sn: ServiceNowInstance, ticket: str) -> None:
    sn.update_raw("incident", ticket, {"correlation_id": ""})
    with pytest.raises(Refused, match="The decision was not taken"):
        sn.click("bob", ticket)


def test_the_button_on_a_cluster_sends_a_signed_test_that_decides_nothing(
    sn: ServiceNowInstance, ticket: str, receiver: Receiver
) -> None:
    receiver.status = 200
    said = sn.test_callback("bob", CLUSTER)
    received = receiver.next()
    assert said == "The callback was answered: 200 (200 is good)"
    assert received.body == b'{"test":true}'
    assert received.signature == hmac.new(base64.b64decode(KEY), received.signed, hashlib.sha256).digest()
    assert sn.rows(DECISION) == []


def test_a_clone_of_the_instance_sends_nothing(sn: ServiceNowInstance, ticket: str, receiver: Receiver) -> None:
    name = next(row for row in sn.rows("sys_properties") if row["name"] == "instance_name")
    before = name["value"]
    sn.update_raw("sys_properties", name["sys_id"], {"value": "clone"})
    row = sn.click("bob", ticket)
    assert sn.wait_for_callbacks()
    assert sn.row(DECISION, row)["delivery"] == (
        f"not sent: the cluster is configured for instance {before} and this is clone"
    )
    assert sn.outbound_calls == []


def test_a_cluster_is_noted_for_the_instance_on_which_it_was_made(sn: ServiceNowInstance) -> None:
    sn.add_user("root", roles=["admin"])
    values = {"name": "new.example.test", "callback_url": "https://bridge.example.test/servicenow/decisions"}
    cluster = sn.row(CLUSTER_TABLE, sn.insert_as("root", CLUSTER_TABLE, values))
    name = next(row for row in sn.rows("sys_properties") if row["name"] == "instance_name")
    assert cluster["instance_name"] == name["value"]
