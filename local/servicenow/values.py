"""Between stored values and what people see: labels, names, dates in a user's zone."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from local.servicenow.access import Session
from local.servicenow.dictionary import Field
from local.servicenow.schema import TABLES, concrete_tables
from local.servicenow.store import Store

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
# A new instance's own zone is US Pacific; without summer time here.
_INSTANCE_ZONE: Final = timezone(timedelta(hours=-8))


def zone_of(session: Session) -> tzinfo:
    """The zone in which a session sees dates: GMT where the user is set to it, else the instance's."""
    return UTC if session.time_zone in ("GMT", "UTC") else _INSTANCE_ZONE


def as_text(value: object) -> str | None:
    """What a JSON value is stored as; None for what can't be stored (objects and lists), which is ignored."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def display(store: Store, session: Session, table: str, field: Field, value: str) -> str:
    """What a person sees for a stored value."""
    if not value:
        return ""
    if field.kind == "reference":
        return name_of(store, field.reference, value)
    if field.kind == "datetime":
        return _shift(value, UTC, zone_of(session))
    return _choice(store, table, field.name, value=value) or value


def from_display(store: Store, session: Session, table: str, field: Field, value: str) -> str:
    """The stored value for what a person typed; a name that no record has leaves a reference empty."""
    if field.kind == "reference" and value:
        for name in concrete_tables(field.reference):
            found = store.find(name, value) or store.find_by(name, TABLES[name].display, value)
            if found is not None:
                return found["sys_id"]
        return ""
    if field.kind == "datetime" and value:
        return _shift(value, zone_of(session), UTC)
    return _choice(store, table, field.name, label=value) or value


def name_of(store: Store, table: str, sys_id: str) -> str:
    """The display value of a referenced record; empty where it dangles."""
    for name in concrete_tables(table):
        row = store.find(name, sys_id)
        if row is not None:
            return row[TABLES[name].display]
    return ""


def _choice(store: Store, table: str, element: str, *, value: str = "", label: str = "") -> str:
    name = "state" if element == "incident_state" else element
    for row in store.rows("sys_choice"):
        if row["name"] == table and row["element"] == name:
            if value and row["value"] == value:
                return row["label"]
            if label and row["label"] == label:
                return row["value"]
    return ""


def _shift(text: str, source: tzinfo, target: tzinfo) -> str:
    try:
        moment = datetime.strptime(text, _FORMAT).replace(tzinfo=source)
    except ValueError:
        return text
    return moment.astimezone(target).strftime(_FORMAT)
