"""Records as the Table API shows them: strings, references as objects, three ways of display, dot-walked fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.servicenow.access import AccessControls, Session
from local.servicenow.dictionary import Field
from local.servicenow.schema import TABLES, concrete_tables
from local.servicenow.store import Row, Store
from local.servicenow.values import display

Shown = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """How a caller wants records: `fields` empty for all; `mode` is false, true or all; `base` starts the links."""

    fields: tuple[str, ...] = ()
    mode: str = "false"
    exclude_link: bool = False
    base: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], base: str) -> "View":
        """Reads `sysparm_fields`, `sysparm_display_value` and `sysparm_exclude_reference_link`."""
        names = tuple(name.strip() for name in query.get("sysparm_fields", "").split(",") if name.strip())
        mode = query.get("sysparm_display_value", "false").lower()
        if mode not in ("true", "all"):
            mode = "false"
        return cls(names, mode, query.get("sysparm_exclude_reference_link", "").lower() == "true", base)


class Renderer:
    """Shows rows to one session, through its access controls."""

    def __init__(self, store: Store, controls: AccessControls, session: Session) -> None:
        self._store = store
        self._controls = controls
        self._session = session

    def knows(self, table: str, path: str) -> bool:
        """Whether `path` names a field of the table, dot-walked or not."""
        name, _, rest = path.partition(".")
        field = TABLES[table].fields.get(name)
        if field is None or not rest:
            return field is not None
        return field.kind == "reference" and any(self.knows(to, rest) for to in concrete_tables(field.reference))

    def stored(self, table: str, row: Row, path: str) -> str:
        """The stored value behind a path; empty where the walk ends at a record that isn't there or is hidden."""
        end = self._walk(table, row, path)
        if end is None or end[1].kind in ("journal", "journal_list", "secret"):
            return ""
        return end[2].get(end[1].name, "")

    def record(self, table: str, row: Row, view: View) -> dict[str, Shown]:
        """One record as the caller wants it; names that are no fields are left out without a word."""
        names = view.fields or tuple(sorted(TABLES[table].fields))
        shown: dict[str, Shown] = {}
        for path in names:
            if self.knows(table, path):
                end = self._walk(table, row, path)
                if end is None:
                    shown[path] = ""
                elif end[1].kind != "secret":
                    shown[path] = self._show(*end, view)
        return shown

    def _walk(self, table: str, row: Row, path: str) -> tuple[str, Field, Row] | None:
        name, _, rest = path.partition(".")
        field = TABLES[table].fields.get(name)
        if field is None or not self._controls.may_field(self._session, table, name, "read"):
            return None
        if not rest:
            return table, field, row
        for to in concrete_tables(field.reference):
            target = self._store.find(to, row.get(name, ""))
            if target is not None and self._controls.may(self._session, to, "read", target):
                return self._walk(to, target, rest)
        return None

    def _show(self, table: str, field: Field, row: Row, view: View) -> Shown:
        if field.kind in ("journal", "journal_list"):
            value, label = "", self._entries(table, field, row) if view.mode != "false" else ""
        else:
            value = row[field.name]
            label = display(self._store, self._session, table, field, value) if view.mode != "false" else ""
        linked = field.kind == "reference" and value != "" and not view.exclude_link
        if view.mode == "all":
            parts = {"display_value": label, "value": value}
        elif not linked:
            return label if view.mode == "true" else value
        else:
            parts = {"display_value": label} if view.mode == "true" else {"value": value}
        if linked:
            parts["link"] = f"{view.base}/{field.reference}/{value}"
        return parts

    def _entries(self, table: str, field: Field, row: Row) -> str:
        """A journal as people see it: newest entry first, each under its time, author and field."""
        both = ("comments", "work_notes") if field.kind == "journal_list" else (field.name,)
        labels = {"comments": "Additional comments", "work_notes": "Work notes"}
        entries = [entry for entry in self._store.rows("sys_journal_field") if entry["name"] == table]
        texts = []
        for entry in reversed(entries):
            if entry["element_id"] == row["sys_id"] and entry["element"] in both:
                author = self._store.find_by("sys_user", "user_name", entry["sys_created_by"])
                when = display(
                    self._store, self._session, table, TABLES[table].fields["sys_created_on"], entry["sys_created_on"]
                )
                name = author["name"] if author else entry["sys_created_by"]
                texts.append(f"{when} - {name} ({labels[entry['element']]})\n{entry['value']}\n\n")
        return "".join(texts)
