"""Writing records: access controls, fields that may be set, business rules, state model, journals. In that order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from local.servicenow import rules
from local.servicenow.access import AccessControls, Operation, Session
from local.servicenow.errors import Refused, acl_exception, not_found
from local.servicenow.schema import TABLES, cut
from local.servicenow.store import DuplicateKeyError, Row, Store
from local.servicenow.values import as_text, from_display

# Capitals too: PySNC's own tests insert such an id into a real instance and find it as they wrote it.
_SYS_ID: Final = re.compile(r"[0-9A-Fa-f]{32}")
# Encrypted when it is written, and never read back.
_SETTABLE_SECRETS: Final = frozenset({("discovery_credentials", "password")})


class Scripts(Protocol):
    """The instance's scripted business rules."""

    def before_insert(self, session: Session, table: str, row: Row) -> Row:
        """Answers the row as the rules leave it; raises Refused where one aborts."""

    def after_insert(self, session: Session, table: str, row: Row) -> None:
        """Starts the asynchronous rules for a row that was committed."""

    def after_update(self, session: Session, table: str, before: Row, after: Row) -> None:
        """Starts the asynchronous rules for a change that was committed."""


@dataclass(slots=True)
class Habits:
    """Where instances differ, or where it is unverified what they do.

    Whether a `sys_id` that a client sends is used, and how a taken one is answered; in whose session asynchronous rules
    run; what *who is on call* answers for a rota that isn't there; whose time a date in a query is; and which columns
    (`table.column`) this instance doesn't have to query by, so that it drops a term with one.
    """

    honours_client_sys_id: bool = True
    duplicate_key_status: int = 403
    async_user: Literal["system", "session"] = "system"
    unknown_rota: Literal["empty", "not_found"] = "empty"
    query_times: Literal["utc", "user"] = "utc"
    unqueryable: set[str] = field(default_factory=set)


class Records:
    """Inserts and updates as one session, whether it comes by REST or through the user interface."""

    def __init__(self, store: Store, controls: AccessControls, scripts: Scripts, habits: Habits) -> None:
        self._store = store
        self._controls = controls
        self._scripts = scripts
        self._habits = habits

    def insert(self, session: Session, table: str, body: Mapping[str, object], *, typed: bool = False) -> Row:
        """Makes a record and answers it. `typed`: values are what people see (`sysparm_input_display_value`).

        Raises Refused (403) for access controls, data policies, aborting rules and a `sys_id` that is taken.
        """
        if not self._controls.may(session, table, "create"):
            raise acl_exception("Insert")
        values = self._settable(session, table, body, "create", typed)
        with self._store.lock:
            row = self._store.blank(table)
            row.update(values)
            row = self._scripts.before_insert(session, table, row)
            rules.apply(session, table, {}, row, self._store.now())
            notes = _take_notes(table, row)
            stored = self._commit(session, table, row, self._requested_id(body))
            self._append(session, table, stored["sys_id"], notes)
        self._scripts.after_insert(session, table, stored)
        return stored

    def update(
        self, session: Session, table: str, sys_id: str, body: Mapping[str, object], *, typed: bool = False
    ) -> Row:
        """Changes a record and answers it. A change of nothing is no update. Raises Refused (404, 403)."""
        with self._store.lock:
            before = self.read(session, table, sys_id)
            if not self._controls.may(session, table, "write", before):
                raise acl_exception("Update")
            after = {**before, **self._settable(session, table, body, "write", typed)}
            rules.apply(session, table, before, after, self._store.now())
            notes = _take_notes(table, after)
            changes = {name: value for name, value in after.items() if value != before[name]}
            if not changes and not notes:
                return before
            stored = self._store.update(table, sys_id, changes, session.user_name)
            self._append(session, table, sys_id, notes)
        self._scripts.after_update(session, table, before, stored)
        return stored

    def delete(self, session: Session, table: str, sys_id: str) -> None:
        """Deletes a record. Raises Refused (404, 403)."""
        with self._store.lock:
            row = self.read(session, table, sys_id)
            if not self._controls.may(session, table, "delete", row):
                raise acl_exception("Delete")
            self._store.remove(table, sys_id)

    def read(self, session: Session, table: str, sys_id: str) -> Row:
        """One row. Raises Refused (404) where it isn't there or is hidden: nobody can tell which."""
        row = self._store.find(table, sys_id)
        if row is None or not self._controls.may(session, table, "read", row):
            raise not_found()
        return row

    def _settable(
        self, session: Session, table: str, body: Mapping[str, object], operation: Operation, typed: bool
    ) -> Row:
        """What of the body is written. Unknown names, `sys_` fields and forbidden fields are ignored in silence."""
        values: Row = {}
        for name, given in body.items():
            field = TABLES[table].fields.get(name)
            text = as_text(given)
            if field is None or text is None or field.kind == "journal_list" or name.startswith("sys_"):
                continue
            if field.kind == "secret" and (table, name) not in _SETTABLE_SECRETS:
                continue
            if not self._controls.may_field(session, table, name, operation):
                continue
            values[name] = cut(field, from_display(self._store, session, table, field, text) if typed else text)
        return values

    def _requested_id(self, body: Mapping[str, object]) -> str:
        asked = body.get("sys_id")
        if self._habits.honours_client_sys_id and isinstance(asked, str) and _SYS_ID.fullmatch(asked):
            return asked
        return ""

    def _commit(self, session: Session, table: str, row: Row, sys_id: str) -> Row:
        values = {name: value for name, value in row.items() if not name.startswith("sys_")}
        try:
            return self._store.insert(table, values, session.user_name, sys_id)
        except DuplicateKeyError as taken:
            detail = f"Insert Failed: unique key violation, sys_id {taken} exists in {table}"
            raise Refused(self._habits.duplicate_key_status, "Operation Failed", detail) from taken

    def _append(self, session: Session, table: str, sys_id: str, notes: Mapping[str, str]) -> None:
        for element, value in notes.items():
            entry = {"name": table, "element": element, "element_id": sys_id, "value": value}
            self._store.insert("sys_journal_field", entry, session.user_name)


def _take_notes(table: str, row: Row) -> Row:
    """Takes the journal entries out of a row: they are rows of their own, and the field itself stays empty."""
    journals = [name for name, field in TABLES[table].fields.items() if field.kind == "journal"]
    notes = {name: row[name] for name in journals if row.get(name)}
    for name in journals:
        row[name] = ""
    return notes
