"""The records that the application's update set brings, as an administrator finds them, and those that it needs."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from local.servicenow.schema import CLUSTER, DECISION, TABLES
from local.servicenow.store import Row, Store

INSTANCE_NAME: Final = "dev00001"
_UPDATE_SET: Final = Path(__file__).parents[2] / "servicenow" / "dist" / "access-bridge-update-set.xml"
_SHIPPED_ROLES: Final = ("admin", "itil", "nobody", "sn_incident_read", "sn_incident_write")
# In the update set's own word, and the table whose rows everybody reads.
_READ_AS: Final = {"sys_app": "sys_scope"}
# What the application has there, before what refers to it.
_TABLES: Final = (
    "sys_scope",
    "sys_db_object",
    "sys_user_role",
    "sys_alias",
    "sys_script",
    "sys_script_include",
    "sys_ui_action",
    "sys_rest_message",
    "sys_security_acl",
    "sys_security_acl_role",
)


@dataclass(frozen=True, slots=True)
class ShippedControl:
    """An access control of the application, on a table or on `table.field` (`*` for what has none of its own)."""

    name: str
    operation: str
    roles: frozenset[str]
    admin_overrides: bool


@cache
def access_controls() -> tuple[ShippedControl, ...]:
    """The access controls that the update set brings."""
    roles: dict[str, set[str]] = {}
    for _, values, role in _records("sys_security_acl_role"):
        roles.setdefault(values["sys_security_acl"], set()).add(role)
    return tuple(
        ShippedControl(
            values["name"], values["operation"], frozenset(roles[sys_id]), values["admin_overrides"] == "true"
        )
        for sys_id, values, _ in _records("sys_security_acl")
    )


def prepare(store: Store) -> None:
    """What an instance has before any application: its own name and its own roles."""
    store.insert("sys_properties", {"name": "instance_name", "value": INSTANCE_NAME}, "system")
    for name in _SHIPPED_ROLES:
        store.insert("sys_user_role", {"name": name}, "system")


def install(store: Store) -> None:
    """Commits the shipped update set: of its records those of tables that this instance has."""
    for table in _TABLES:
        for sys_id, shipped, role in _records(table):
            known = store.find_by("sys_user_role", "name", role) if role else None
            values = {**shipped, "sys_user_role": known["sys_id"]} if known else shipped
            store.insert(table, values, "admin", sys_id)


def uninstall(store: Store) -> None:
    """Takes out what `install` brought, with the rows of the application's tables and the grants of its roles."""
    for table in _TABLES:
        for sys_id, _, _ in _records(table):
            store.remove(table, sys_id)
    roles = {row["sys_id"] for row in store.rows("sys_user_role")}
    for table in ("sys_user_has_role", "sys_group_has_role"):
        for row in store.rows(table):
            if row["role"] not in roles:
                store.remove(table, row["sys_id"])
    for table in (DECISION, CLUSTER):
        for row in store.rows(table):
            store.remove(table, row["sys_id"])


@cache
def _records(table: str) -> tuple[tuple[str, Row, str], ...]:
    """The update set's records for a table: `sys_id`, values, and the name of the role that it links, if it does."""
    found = []
    for payload in ElementTree.parse(_UPDATE_SET).iter("payload"):
        for record in ElementTree.fromstring(payload.text or ""):
            if _READ_AS.get(record.tag, record.tag) == table:
                columns = {column.tag: column for column in record if column.tag in TABLES[table].fields}
                sys_id = columns.pop("sys_id").text or ""
                role = columns["sys_user_role"].get("name", "") if "sys_user_role" in columns else ""
                found.append((sys_id, {name: column.text or "" for name, column in columns.items()}, role))
    return tuple(found)
