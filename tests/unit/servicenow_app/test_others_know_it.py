"""What `access-bridge servicenow check` looks for and what the stand-in has is what the update set brings."""

import pytest

from cli.servicenow import application
from local.servicenow.schema import TABLES
from tests.unit.servicenow_app.shipped import of_table


def _values(table: str, column: str) -> set[str]:
    return {one.value(column) for one in of_table(table)}


def _roles_by_control() -> dict[str, set[str]]:
    names = {one.value("sys_id"): one.value("name") for one in of_table("sys_user_role")}
    found: dict[str, set[str]] = {}
    for one in of_table("sys_security_acl_role"):
        role = one.record.find("sys_user_role")
        assert role is not None
        found.setdefault(one.value("sys_security_acl"), set()).add(role.get("name") or names[role.text or ""])
    return found


def test_the_check_looks_for_the_names_that_are_shipped() -> None:
    assert _values("sys_app", "version") == {application.VERSION}
    assert _values("sys_app", "scope") == {application.SCOPE}
    assert _values("sys_db_object", "name") == set(application.TABLES)
    assert _values("sys_user_role", "name") == set(application.ROLES)
    assert _values("sys_alias", "name") == {application.KEY_ALIAS}
    assert _values("sys_rest_message", "name") == {application.REST_MESSAGE}
    assert _values("sys_script_include", "name") == set(application.SCRIPT_INCLUDES)


def test_the_check_looks_for_the_rules_and_buttons_that_are_shipped() -> None:
    rules = {(one.value("name"), one.value("collection")) for one in of_table("sys_script")}
    assert rules == {(rule.name, rule.table) for rule in application.BUSINESS_RULES}
    buttons = {(one.value("action_name"), one.value("name")) for one in of_table("sys_ui_action")}
    assert buttons == {(button.name, button.label) for button in application.BUTTONS}


def test_the_check_looks_for_the_access_controls_that_are_shipped() -> None:
    roles = _roles_by_control()
    shipped = {
        (one.value("name"), one.value("operation"), frozenset(roles[one.value("sys_id")]), one.value("admin_overrides"))
        for one in of_table("sys_security_acl")
    }
    assert shipped == {
        (one.name, one.operation, one.roles, str(one.admin_overrides).lower()) for one in application.ACCESS_CONTROLS
    }


@pytest.mark.parametrize("table", application.TABLES)
def test_the_stand_ins_tables_have_the_columns_that_are_shipped(table: str) -> None:
    shipped = {
        one.value("element"): (int(one.value("max_length")), one.value("reference"))
        for one in of_table("sys_dictionary")
        if one.value("name") == table and one.value("element")
    }
    known = {
        name: (field.length, field.reference or "")
        for name, field in TABLES[table].fields.items()
        if not name.startswith("sys_")
    }
    assert shipped == known
