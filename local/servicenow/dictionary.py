"""The words of the dictionary: what a field and a table are, and short ways to write them down."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["string", "boolean", "integer", "datetime", "reference", "journal", "journal_list", "secret"]


@dataclass(frozen=True, slots=True)
class Field:
    """One dictionary entry. `length` counts characters; `reference` names the table that a reference points to."""

    name: str
    kind: Kind = "string"
    length: int = 40
    reference: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `display` is the field that stands for a record; `prefix` starts its numbers, where it has any."""

    name: str
    display: str
    fields: Mapping[str, Field]
    prefix: str = ""
    extends: str = ""


def text(name: str, length: int = 40, default: str = "") -> Field:
    """A string column."""
    return Field(name, "string", length, default=default)


def reference(name: str, to: str) -> Field:
    """A column that holds the `sys_id` of a row of the table `to`."""
    return Field(name, "reference", 32, reference=to)


def boolean(name: str, default: str = "false") -> Field:
    """A column that holds `true` or `false`."""
    return Field(name, "boolean", 5, default=default)


def date(name: str) -> Field:
    """A column that holds a date and time, UTC."""
    return Field(name, "datetime", 19)


def integer(name: str, default: str = "") -> Field:
    """A column that holds a whole number, as text."""
    return Field(name, "integer", 40, default=default)


SYSTEM_FIELDS: Final = (
    text("sys_id", 32),
    date("sys_created_on"),
    text("sys_created_by"),
    date("sys_updated_on"),
    text("sys_updated_by"),
    integer("sys_mod_count", "0"),
)


def table(name: str, display: str, *fields: Field, prefix: str = "", extends: str = "") -> Table:
    """A table with these columns and the system's own."""
    entries = {field.name: field for field in (*SYSTEM_FIELDS, *fields)}
    return Table(name, display, MappingProxyType(entries), prefix, extends)
