"""What every section of the rules file is made of: texts, times, lengths of time, patterns of role names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_LENGTH: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _no_number(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and "-" not in value):
        raise ValueError("must be a time such as 2026-11-01T00:00:00Z")
    return value


def _length(value: object) -> timedelta:
    found = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError("must be a length of time such as 30m, 8h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Text = Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_number_as_text)]
Time = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_aware)]
Length = Annotated[
    timedelta, BeforeValidator(_length), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[mhd]$"})
]


class Part(BaseModel):
    """A section of the rules file: no keys but its own, and never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def role_matches(role: str, patterns: Iterable[str]) -> bool:
    """Tell whether a role's name fits one of these patterns (* and ?, case counts; a bracket is only itself)."""
    return any(fnmatchcase(role, pattern.replace("[", "[[]")) for pattern in patterns)
