"""What the stand-in refuses, as PySNC tells it: each status is the error that ServiceNow's own client has for it."""

from typing import Any

import pytest
from pysnc.exceptions import AuthenticationException, NotFoundException, RequestException, RoleException

from local.servicenow.instance import ServiceNowInstance
from local.servicenow.seed import DemoAccounts
from tests.contract.servicenow_pysnc.conftest import Client, ClientFactory, found, new_incident


def _said(error: pytest.ExceptionInfo[Any]) -> dict[str, str]:
    """The error object of the instance's answer."""
    answer = error.value.args[0]
    assert answer["status"] == "failure"
    said: dict[str, str] = answer["error"]
    return said


def test_a_wrong_password_is_not_authenticated(accounts: DemoAccounts, client_as: ClientFactory) -> None:
    with pytest.raises(AuthenticationException) as error:
        client_as(accounts.tickets.user_name, "wrong").GlideRecord("incident").query()
    assert _said(error) == {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}


def test_a_user_without_the_role_may_not_make_an_incident(sn: ServiceNowInstance, client_as: ClientFactory) -> None:
    sn.add_user("dave", password="dave")
    with pytest.raises(RoleException) as error:
        new_incident(client_as("dave", "dave"))
    assert _said(error)["message"] == "Operation Failed"
    assert "ACL Exception Insert Failed" in _said(error)["detail"]
    assert sn.rows("incident") == []


def test_who_may_not_delete_is_refused(erin: Client) -> None:
    record = new_incident(erin)
    with pytest.raises(RoleException) as error:
        record.delete()
    assert "ACL Exception Delete Failed" in _said(error)["detail"]
    assert found(erin, record.get_value("sys_id"))


def test_a_data_policy_names_the_fields_that_are_missing(erin: Client) -> None:
    record = new_incident(erin)
    record.state = "6"
    with pytest.raises(RoleException) as error:
        record.update()
    assert "mandatory" in _said(error)["detail"]
    assert found(erin, record.get_value("sys_id")).get_value("state") == "1"


def test_a_record_that_is_gone_is_not_found(sn: ServiceNowInstance, erin: Client) -> None:
    record = new_incident(erin)
    sn.delete("incident", record.get_value("sys_id"))
    assert not erin.GlideRecord("incident").get(record.get_value("sys_id"))
    record.urgency = "1"
    for write in (record.update, record.delete):
        with pytest.raises(NotFoundException) as error:
            write()
        assert _said(error)["message"] == "No Record found"


def test_a_record_that_is_hidden_is_not_found_either(
    sn: ServiceNowInstance, tickets: Client, client_as: ClientFactory
) -> None:
    sys_id = new_incident(tickets).get_value("sys_id")
    sn.set_password("alice", "alice")
    assert not client_as("alice", "alice").GlideRecord("incident").get(sys_id)


def test_a_table_that_is_not_there_is_a_bad_request(tickets: Client) -> None:
    with pytest.raises(RequestException) as error:
        tickets.GlideRecord("sys_user_list").query()
    assert _said(error)["message"] == "Invalid table sys_user_list"


@pytest.mark.parametrize("user_name", ["svc.access.bridge.tickets", "erin"])
def test_nobody_but_an_approver_makes_a_decision(
    sn: ServiceNowInstance, accounts: DemoAccounts, client_as: ClientFactory, user_name: str
) -> None:
    sn.set_password(user_name, "known")
    client = client_as(user_name, "known")
    ticket = new_incident(client)
    decision = client.GlideRecord("x_acbr_bridge_decision")
    decision.initialize()
    decision.ticket, decision.decision = ticket.get_value("sys_id"), "approved"
    with pytest.raises(RoleException):
        decision.insert()
    assert sn.rows("x_acbr_bridge_decision") == []
