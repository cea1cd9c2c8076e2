"""Checks that the application is on the instance as it is shipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from cli.servicenow import application
from cli.servicenow.admin import Instance
from cli.servicenow.application import AccessControl
from cli.servicenow.findings import COMMIT_AGAIN, Finding


def check_application(instance: Instance) -> Iterator[Finding]:
    """Yield what is wrong with the application's record, tables, roles, access controls and scripts."""
    row = instance.application()
    if row is None:
        yield Finding("The application isn't installed.", "sys_scope", application.HOW_TO_LOAD)
        return
    if row["version"] != application.VERSION:
        what = f"The application has version {row['version'] or 'unknown'}; this command is for {application.VERSION}."
        yield Finding(what, "sys_scope", "Commit the update set of the version that you deployed to AWS.")
    if row["active"] != "true":
        yield Finding("The application isn't active.", "sys_scope", "Activate it: System Applications, My Company ...")
    for table in application.TABLES:
        if instance.named("sys_db_object", table) is None:
            yield Finding(f"The table {table} is missing.", "sys_db_object", COMMIT_AGAIN)
    roles = instance.role_ids(*application.ROLES)
    for role in application.ROLES:
        if role not in roles:
            fix = f"Was it renamed? Give it its name back. Else: {COMMIT_AGAIN}"
            yield Finding(f"The role {role} is missing.", "sys_user_role", fix)
    yield from _check_access_controls(instance)
    yield from _check_scripts(instance)


def _check_access_controls(instance: Instance) -> Iterator[Finding]:
    names = {control.name for control in application.ACCESS_CONTROLS}
    fields = ("operation", "type", "active", "admin_overrides")
    rows = [
        row
        for row in instance.every("sys_security_acl", Query().is_in("name", names), fields)
        if row["type"] == "record"
    ]
    allowed = _roles_allowed(instance, rows)
    wanted = {(control.name, control.operation): control for control in application.ACCESS_CONTROLS}
    active = [row for row in rows if row["active"] == "true"]
    for row in active:
        expected = wanted.get((row["name"], row["operation"]))
        where = f"sys_security_acl {row['sys_id']}"
        if expected is None:
            what = f"An access control that isn't ours: {row['operation']} {row['name']}."
            yield Finding(what, where, "Deactivate it: it can let others make or change decisions.")
        else:
            yield from _check_control(row, expected, allowed[row["sys_id"]], where)
    there = {(row["name"], row["operation"]) for row in active}
    for key, control in wanted.items():
        if key not in there:
            what = f"The access control {control} is missing or inactive."
            yield Finding(what, "sys_security_acl", f"Activate it, or: {COMMIT_AGAIN}")


def _check_control(row: Row, expected: AccessControl, allowed: frozenset[str], where: str) -> Iterator[Finding]:
    if allowed != expected.roles:
        what = f"The access control {expected} is for {_listed(allowed)}, not for {_listed(expected.roles)}."
        yield Finding(what, where, "Set its roles right (with security_admin elevated).")
    if row["admin_overrides"] == "true" and not expected.admin_overrides:
        what = f"Administrators override the access control {expected}."
        yield Finding(what, where, "Clear Admin overrides on it (with security_admin elevated).")


def _roles_allowed(instance: Instance, controls: list[Row]) -> dict[str, frozenset[str]]:
    """The names of the roles of each access control, by its sys_id."""
    query = Query().is_in("sys_security_acl", [row["sys_id"] for row in controls])
    links = instance.every("sys_security_acl_role", query, ("sys_user_role",))
    ids = {link["sys_user_role"] for link in links}
    names = {
        row["sys_id"]: row["name"] for row in instance.every("sys_user_role", Query().is_in("sys_id", ids), ("name",))
    }
    found: defaultdict[str, set[str]] = defaultdict(set)
    for link in links:
        found[link["sys_security_acl"]].add(names.get(link["sys_user_role"], "a role that isn't there"))
    return {row["sys_id"]: frozenset(found[row["sys_id"]]) for row in controls}


def _check_scripts(instance: Instance) -> Iterator[Finding]:
    names = {rule.name for rule in application.BUSINESS_RULES}
    rows = instance.every("sys_script", Query().is_in("name", names), ("name", "collection", "active"))
    for rule in application.BUSINESS_RULES:
        found = [row["active"] for row in rows if (row["name"], row["collection"]) == (rule.name, rule.table)]
        yield from _presence(f"The business rule {rule}", "sys_script", found)
    names = {button.name for button in application.BUTTONS}
    rows = instance.every("sys_ui_action", Query().is_in("action_name", names), ("action_name", "active"))
    for button in application.BUTTONS:
        found = [row["active"] for row in rows if row["action_name"] == button.name]
        yield from _presence(f"The button {button}", "sys_ui_action", found)
    rows = instance.every("sys_script_include", Query().is_in("name", application.SCRIPT_INCLUDES), ("name", "active"))
    for name in application.SCRIPT_INCLUDES:
        found = [row["active"] for row in rows if row["name"] == name]
        yield from _presence(f"The script include {name}", "sys_script_include", found)
    if instance.named("sys_rest_message", application.REST_MESSAGE) is None:
        what = f"The REST message {application.REST_MESSAGE} is missing."
        yield Finding(what, "sys_rest_message", COMMIT_AGAIN)


def _presence(what: str, table: str, found: list[str]) -> Iterator[Finding]:
    if not found:
        yield Finding(f"{what} is missing.", table, COMMIT_AGAIN)
    elif "true" not in found:
        yield Finding(f"{what} is inactive.", table, "Set Active on it.")


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles)) or "no role"
