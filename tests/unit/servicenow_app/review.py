"""What must never be in an update set that is given to an administrator."""

import re
from collections.abc import Iterable
from typing import Final

import dukpy

from tests.unit.servicenow_app.shipped import Shipped

SCOPE: Final = "x_acbr_bridge"
SCOPE_ID: Final = "b1f9f8fd6a5d4e0c8f0b7b3c0c6f1e52"
# The columns that hold scripts, for the server and for a workspace's browser.
SCRIPTS: Final = ("script", "client_script_v2")

# Kinds of records that the application consists of. Everything else has to be thought about first.
_OURS: Final = frozenset(
    {
        *("sys_alias", "sys_app", "sys_choice_v2", "sys_db_object", "sys_dictionary", "sys_user_role"),
        *("sys_rest_message", "sys_rest_message_fn", "sys_rest_message_fn_headers", "sys_scope_privilege"),
        *("sys_script", "sys_script_include", "sys_security_acl", "sys_security_acl_role"),
        *("sys_ui_action", "sys_ui_action_role"),
    }
)
# Tables of others that a script of ours is attached to, which changes nothing of theirs: table -> where.
_ATTACHED: Final = {"sys_script": {"sysapproval_approver"}, "sys_ui_action": {"incident"}}
_SECRET: Final = re.compile(r"passw|secret|token|private_key|api_key|credential", re.IGNORECASE)


def objections(updates: Iterable[Shipped]) -> list[str]:
    """Why the updates can't be shipped, a sentence for each; none: they can."""
    return [sentence for one in updates for sentence in _of_one(one)]


def _of_one(one: Shipped) -> list[str]:
    found: list[str] = []
    if one.table not in _OURS:
        found.append(f"{one.name}: {one.table} is no kind of record that the application has")
    scopes = [element.text for element in one.record.iter("sys_scope")]
    if set(scopes) != {SCOPE_ID}:
        found.append(f"{one.name}: it is of another scope")
    place = _place(one)
    if not place.startswith(SCOPE) and place not in _ATTACHED.get(one.table, set()):
        found.append(f"{one.name}: it changes {place}, which is not ours")
    found += [
        f"{one.name}: {element.tag} has a value"
        for element in one.record.iter()
        if _SECRET.search(element.tag) and (element.text or "").strip()
    ]
    found += [f"{one.name}: {problem}" for problem in _script_problems(one)]
    return found


def _place(one: Shipped) -> str:
    """The table (or the scope) that a record belongs to."""
    if one.table == "sys_choice_v2":
        return one.record.get("table") or ""
    column = {
        "sys_db_object": "name",
        "sys_dictionary": "name",
        "sys_script": "collection",
        "sys_security_acl": "name",
        "sys_ui_action": "table",
        "sys_user_role": "name",
    }.get(one.table)
    return one.value(column) if column else SCOPE


def _script_problems(one: Shipped) -> list[str]:
    found: list[str] = []
    for script in filter(None, (one.value(column) for column in SCRIPTS)):
        try:
            # In a function, so that it is compiled and not run.
            dukpy.evaljs(f"(function () {{\n{script}\n}}); null")
        except dukpy.JSRuntimeError as error:
            found.append(f"its script is no ES5: {str(error).splitlines()[0]}")
    return found
