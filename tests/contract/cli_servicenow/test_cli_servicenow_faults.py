"""`access-bridge servicenow check` finds what is wrong with an instance, and says how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.contract.cli_servicenow.conftest import NAME, OTHER_KEY, Desk

DECISION = "x_acbr_bridge_decision"
CLUSTER = "x_acbr_bridge_cluster"


@dataclass(frozen=True)
class Fault:
    """What somebody broke, what the check must say, and the fix that it must name."""

    name: str
    plant: Callable[[Desk], None]
    found: str
    fix: str


def _drop(table: str, **values: str) -> Callable[[Desk], None]:
    return lambda desk: desk.instance.delete(table, desk.row(table, **values)["sys_id"])


def _change(table: str, key: tuple[str, str], **values: str) -> Callable[[Desk], None]:
    return lambda desk: desk.change(table, key, **values)


def _add_role_to_control(desk: Desk) -> None:
    control = desk.row("sys_security_acl", name=DECISION, operation="create")["sys_id"]
    role = desk.row("sys_user_role", name="itil")["sys_id"]
    desk.instance.insert_raw("sys_security_acl_role", {"sys_security_acl": control, "sys_user_role": role})


def _forget_close_code(desk: Desk) -> None:
    row = desk.row("sys_choice", name="incident", element="close_code", value="Resolved by request")
    desk.instance.update_raw("sys_choice", row["sys_id"], {"inactive": "true"})


def _override(desk: Desk) -> None:
    row = desk.row("sys_security_acl", name=DECISION, operation="write")
    desk.instance.update_raw("sys_security_acl", row["sys_id"], {"admin_overrides": "true"})


def _refused_by_aws(desk: Desk) -> None:
    (decision,) = desk.instance.rows(DECISION)
    desk.instance.update_raw(DECISION, decision["sys_id"], {"delivery": "401"})


def _open_more(desk: Desk) -> None:
    desk.instance.insert_raw("sys_security_acl", {"name": f"{DECISION}.reason", "operation": "write"})


TICKETS_USER = ("user_name", "svc.access.bridge.tickets")
FAULTS = (
    Fault("missing access control", _drop("sys_security_acl", name=DECISION, operation="delete"),
          f"The access control delete {DECISION} is missing or inactive.", "Activate it"),
    Fault("access control for too many", _add_role_to_control,
          f"The access control create {DECISION} is for itil, x_acbr_bridge.approver, not for x_acbr_bridge.approver.",
          "Set its roles right"),
    Fault("access control that admins override", _override,
          f"Administrators override the access control write {DECISION}.", "Clear Admin overrides"),
    Fault("access control of somebody else", _open_more,
          f"An access control that isn't ours: write {DECISION}.reason.", "Deactivate it"),
    Fault("another URL", _change(CLUSTER, ("name", NAME), callback_url="http://127.0.0.1:9/servicenow/decisions"),
          "The callback URL is http://127.0.0.1:9/servicenow/decisions, not ", "configure"),
    Fault("wrong path",
          lambda desk: desk.change(CLUSTER, ("name", NAME), callback_url=f"{desk.callback_url}/more"),
          "answers a signed test with 404 instead of 200.", "CallbackUrl"),
    Fault("URL without TLS", _change(CLUSTER, ("name", NAME), callback_url="http://example.test/servicenow/decisions"),
          "The callback URL http://example.test/servicenow/decisions is no https address", "configure"),
    Fault("nothing answers", _change(CLUSTER, ("name", NAME), callback_url="http://127.0.0.1:9/servicenow/decisions"),
          "The callback URL http://127.0.0.1:9/servicenow/decisions doesn't answer", "CallbackUrl"),
    Fault("clone", _change("sys_properties", ("name", "instance_name"), value="dev00002"),
          "The row was made on instance dev00001, and this is dev00002", "On a clone: delete the row"),
    Fault("renamed role", _change("sys_user_role", ("name", "x_acbr_bridge.decisions"), name="x_acbr_bridge.readers"),
          "The role x_acbr_bridge.decisions is missing.", "Give it its name back"),
    Fault("inactive rule", _change("sys_script", ("name", "Send decision"), active="false"),
          f"The business rule Send decision on {DECISION} is inactive.", "Set Active"),
    Fault("missing rule", _drop("sys_script", name="Record vote"),
          "The business rule Record vote on sysapproval_approver is missing.", "update set"),
    Fault("missing button", _drop("sys_ui_action", action_name="x_acbr_bridge_deny"),
          "The button Deny access (x_acbr_bridge_deny) is missing.", "update set"),
    Fault("inactive script include", _change("sys_script_include", ("name", "BridgeCallback"), active="false"),
          "The script include BridgeCallback is inactive.", "Set Active"),
    Fault("missing REST message", _drop("sys_rest_message", name="Access Bridge callback"),
          "The REST message Access Bridge callback is missing.", "update set"),
    Fault("missing close code", _forget_close_code,
          "The instance has no close code 'Resolved by request' (outcome approved).", "ticket.outcomes.approved"),
    Fault("role taken away", lambda desk: desk.instance.remove_role(TICKETS_USER[1], "x_acbr_bridge.tickets"),
          "The user svc.access.bridge.tickets lacks the role x_acbr_bridge.tickets.", "configure"),
    Fault("account without a right",
          lambda desk: desk.instance.disallow("sys_user_grmember", "read", "x_acbr_bridge.decisions"),
          "The decisions account can't read sys_user_grmember.", "read access control"),
    Fault("field that an account may not read",
          lambda desk: desk.instance.controls.restrict_field("incident", "correlation_id", "read"),
          "The tickets account can't read correlation_id of incident.", "read access control"),
    Fault("password that isn't his", lambda desk: desk.instance.set_password(TICKETS_USER[1], "changed"),
          "The tickets account can't read incident.", "Check that the account is active"),
    Fault("inactive account", _change("sys_user", TICKETS_USER, active="false"),
          "The user svc.access.bridge.tickets is inactive.", "Activate"),
    Fault("another time zone", _change("sys_user", TICKETS_USER, time_zone="US/Pacific"),
          "The user svc.access.bridge.tickets has the time zone US/Pacific.", "Set it to GMT"),
    Fault("no time zone", _change("sys_user", TICKETS_USER, time_zone=""),
          "The user svc.access.bridge.tickets has the time zone of the instance.", "Set it to GMT"),
    Fault("account for people", _change("sys_user", TICKETS_USER, web_service_access_only="false"),
          "The user svc.access.bridge.tickets may sign in to ServiceNow's pages.", "Machine"),
    Fault("account that decides", lambda desk: desk.instance.add_role(TICKETS_USER[1], "x_acbr_bridge.approver"),
          "The user svc.access.bridge.tickets has the role x_acbr_bridge.approver.", "Take it away"),
    Fault("missing table", _drop("sys_db_object", name=DECISION), f"The table {DECISION} is missing.", "update set"),
    Fault("no application", lambda desk: desk.instance.uninstall_application(),
          "The application isn't installed.", "Import Update Set from XML"),
    Fault("another version", _change("sys_scope", ("scope", "x_acbr_bridge"), version="0.0.1"),
          "The application has version 0.0.1", "Commit the update set"),
    Fault("no row", _drop(CLUSTER, name=NAME), f"There is no row for cluster {NAME}.", "configure"),
    Fault("no alias", _change(CLUSTER, ("name", NAME), key_alias=""),
          "The row's key alias is empty or gone.", "configure"),
    Fault("no credential", _drop("discovery_credentials", name=f"Access Bridge {NAME}"),
          "The alias has no active credential.", "configure"),
    Fault("last callback refused", _refused_by_aws,
          "The last decision's callback ended so: 401.", "signs with another key"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_with_its_fix(configured: Desk, fault: Fault) -> None:
    fault.plant(configured)
    checked = configured.check()
    assert checked.exit_code == 1, checked.output
    blocks = checked.output.split("  where: ")
    before = next(index for index, block in enumerate(blocks) if fault.found in block)
    assert fault.fix in blocks[before + 1], checked.output


def test_a_wrong_key_is_found_at_aws_and_on_the_instance(configured: Desk) -> None:
    checked = configured.check(key="other-key")
    assert checked.exit_code == 1
    assert "The callback URL refuses a test signed with this key (401)." in checked.output
    assert f"The credential Access Bridge {NAME} holds another key than this one." in checked.output
    assert OTHER_KEY not in checked.output


def test_a_key_that_was_set_by_hand_can_not_be_compared(configured: Desk) -> None:
    configured.change("discovery_credentials", ("name", f"Access Bridge {NAME}"), user_name="access-bridge")
    checked = configured.check()
    assert checked.exit_code == 0
    assert "Not proved: whether the credential" in checked.output


def test_what_configure_can_mend_it_mends(configured: Desk) -> None:
    configured.change(CLUSTER, ("name", NAME), callback_url="https://old.example.test/x", instance_name="prod")
    configured.instance.remove_role(TICKETS_USER[1], "x_acbr_bridge.tickets")
    assert configured.check().exit_code == 1
    assert "2 records were set." in configured.configure().output
    checked = configured.check()
    assert checked.exit_code == 0, checked.output


def test_close_codes_are_those_of_the_rules_file(configured: Desk) -> None:
    rules = configured.folder / "rules.yaml"
    rules.write_text("version: 1\nticket: {outcomes: {denied: {close_code: Refused by us}}}\n")
    checked = configured.check("--rules", str(rules))
    assert checked.exit_code == 1
    assert "The instance has no close code 'Refused by us' (outcome denied)." in checked.output


def test_a_table_that_only_votes_need_is_told_as_a_note(configured: Desk) -> None:
    instance = configured.instance
    instance.insert_raw("sysapproval_approver", {"state": "requested", "approver": "somebody"})
    assert "votes" not in configured.check().output
    instance.disallow("sysapproval_approver", "read", "x_acbr_bridge.decisions")
    instance.disallow("sysapproval_approver", "read", "itil")
    checked = configured.check()
    assert checked.exit_code == 0
    assert "Only if votes on approvals are to count: The decisions account can't read sysapproval_app" in checked.output
