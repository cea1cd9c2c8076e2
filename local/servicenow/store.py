"""Rows of the instance, in memory, with the fields that the platform keeps itself."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from local.servicenow.schema import TABLES, concrete_tables, cut

Row = dict[str, str]
Clock = Callable[[], float]


class DuplicateKeyError(Exception):
    """A row with this `sys_id` is there already."""


class Store:
    """All tables. Values are strings; dates are UTC, `YYYY-MM-DD HH:MM:SS`.

    `clock` answers seconds since the epoch. Take `lock` for anything that reads and then writes.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self._numbers: dict[str, int] = dict.fromkeys(TABLES, 10000)

    def now(self) -> str:
        """The time as the platform stores it."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%d %H:%M:%S")

    def rows(self, table: str) -> list[Row]:
        """Copies of all rows, in the order in which they were made."""
        with self.lock:
            return [dict(row) for row in self._tables[table].values()]

    def find(self, table: str, sys_id: str) -> Row | None:
        """A copy of one row; a parent table's name (task) finds the rows of the tables that extend it."""
        with self.lock:
            for name in concrete_tables(table):
                row = self._tables[name].get(sys_id)
                if row is not None:
                    return dict(row)
        return None

    def find_by(self, table: str, field: str, value: str) -> Row | None:
        """A copy of the first row whose `field` is `value`."""
        return next((row for row in self.rows(table) if row.get(field) == value), None)

    def blank(self, table: str) -> Row:
        """A row as a new record starts: every field there, the dictionary's defaults set."""
        return {name: field.default for name, field in TABLES[table].fields.items() if field.kind != "journal_list"}

    def insert(self, table: str, values: Mapping[str, str], by: str, sys_id: str = "") -> Row:
        """Adds a row and answers a copy of it. Raises DuplicateKeyError where `sys_id` is taken."""
        definition = TABLES[table]
        with self.lock:
            key = sys_id or uuid.uuid4().hex
            if key in self._tables[table]:
                raise DuplicateKeyError(key)
            now = self.now()
            row = self.blank(table)
            row.update({"sys_id": key, "sys_created_on": now, "sys_created_by": by})
            row.update({"sys_updated_on": now, "sys_updated_by": by, "sys_mod_count": "0"})
            row.update({name: cut(definition.fields[name], value) for name, value in values.items()})
            if definition.prefix and not row["number"]:
                self._numbers[table] += 1
                row["number"] = f"{definition.prefix}{self._numbers[table]:07d}"
            self._tables[table][key] = row
            return dict(row)

    def update(self, table: str, sys_id: str, changes: Mapping[str, str], by: str) -> Row:
        """Changes a row, counts the change, and answers a copy of it."""
        with self.lock:
            row = self._tables[table][sys_id]
            row.update({name: cut(TABLES[table].fields[name], value) for name, value in changes.items()})
            row["sys_updated_on"] = self.now()
            row["sys_updated_by"] = by
            row["sys_mod_count"] = str(int(row["sys_mod_count"]) + 1)
            return dict(row)

    def overwrite(self, table: str, sys_id: str, values: Mapping[str, str]) -> None:
        """Puts values into a row as they are, system fields too, and counts nothing."""
        with self.lock:
            self._tables[table][sys_id].update(values)

    def remove(self, table: str, sys_id: str) -> None:
        """Deletes a row; one that is not there is no error."""
        with self.lock:
            self._tables[table].pop(sys_id, None)

    def journal(self, element_id: str, element: str) -> list[Row]:
        """The entries of one journal field, oldest first."""
        entries = self.rows("sys_journal_field")
        return [row for row in entries if row["element_id"] == element_id and row["element"] == element]
