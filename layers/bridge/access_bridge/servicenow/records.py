"""Records as plain values, and what came back different from what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Row = Mapping[str, str]
"""A record's fields: stored values as text, references as sys_id, an empty field as an empty text."""

JOURNAL_FIELDS: Final = frozenset({"work_notes", "comments", "comments_and_work_notes"})
"""Fields that append an entry with each write and always read back empty."""


@dataclass(frozen=True, slots=True)
class Written:
    """A write that is committed.

    `differences` names, in order, the fields that came back other than they were sent: ignored (no right, no such
    field), cut, or changed by a rule. Journal fields can't be compared and never count.
    """

    sys_id: str
    row: Row
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: the records that fulfil the query, the sys_id of every record that was shown, in that order, and how
    many fulfil the query in all, those that the account may not see among them (None: the instance doesn't say)."""

    rows: tuple[Row, ...]
    shown: tuple[str, ...]
    total: int | None


def row_of(result: object) -> Row | None:
    """Return one record of an answer as texts, or None if it is none.

    A reference that comes as an object in spite of the parameters is taken by its `value`.
    """
    if not isinstance(result, dict):
        return None
    return {name: _text(value) for name, value in result.items()}


def differences(sent: Mapping[str, str], row: Row) -> tuple[str, ...]:
    """Return the names of the fields of `sent` that `row` holds otherwise, or not at all.

    Kinds of line end, and blanks at either end of a text, don't count: an instance may tidy them.
    """
    return tuple(
        name
        for name, value in sent.items()
        if name not in JOURNAL_FIELDS and (name not in row or _tidy(value) != _tidy(row[name]))
    )


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case {"value": inner}:
            return _text(inner)
        case _:
            return str(value)


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
