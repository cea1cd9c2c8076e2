"""Making tickets that people work with, for tests and the demo: changes and requested items."""

from collections.abc import Mapping
from typing import Final

from local.servicenow.schema import TABLES
from local.servicenow.store import Row, Store
from local.servicenow.task_tables import ENDED

_NAMES: Final = {"sys_user": "user_name", "sys_user_group": "name"}


def add_task(store: Store, table: str, values: Mapping[str, str]) -> str:
    """Adds a ticket and answers its `sys_id`.

    `values` are columns as they are stored, but users and groups may be given by name. `active` follows `state` where
    it isn't given. Raises KeyError for a column that isn't there.
    """
    row: Row = {}
    for name, value in values.items():
        points_to = TABLES[table].fields[name].reference
        named = store.find_by(points_to, _NAMES[points_to], value) if value and points_to in _NAMES else None
        row[name] = named["sys_id"] if named else value
    state = row.get("state", TABLES[table].fields["state"].default)
    row.setdefault("active", "false" if state in ENDED[table] else "true")
    return store.insert(table, row, "admin")["sys_id"]
