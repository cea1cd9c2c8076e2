"""Encoded queries for ServiceNow lists, in which a value can never become a term, an operator or a script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from .errors import InexpressibleValue

_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_UNSENDABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TIME: Final = "%Y-%m-%d %H:%M:%S"
_ANY_ZONE: Final = timedelta(days=1)
"""More than lies between any two time zones: an instance may take a time in a query for one in the account's zone."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any of `fields` stands in `operator` to `values`."""

    fields: tuple[str, ...]
    operator: Literal["=", "IN", "ISEMPTY", "STARTSWITH", ">", ">="]
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "^OR".join(f"{field}{self.operator}{','.join(self.values)}" for field in self.fields)

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether `row` fulfils this condition; case and outer blanks don't count, a missing field fulfils none."""
        found = [row[field] for field in self.fields if field in row]
        match self.operator:
            case "ISEMPTY":
                return "" in found
            case "STARTSWITH":
                return any(_folded(value).startswith(_folded(self.values[0])) for value in found)
            case ">":
                return any(_folded(value) > _folded(self.values[0]) for value in found)
            case ">=":
                return any(value >= self.values[0] for value in found)
        wanted = {_folded(value) for value in self.values}
        return any(_folded(value) in wanted for value in found)

    def ignored_for(self, row: Mapping[str, str]) -> bool:
        """Whether an instance that had applied this condition can't have answered with `row`.

        A database may compare without accents, so a value that differs only in these is no sign of it.
        """
        match self.operator:
            case "ISEMPTY" | ">":
                return not self.holds(row)
            case "STARTSWITH":
                start = _bare(self.values[0])
                return not any(_bare(row.get(field, "")).startswith(start) for field in self.fields)
            case ">=":
                earliest = f"{datetime.strptime(self.values[0], _TIME) - _ANY_ZONE:{_TIME}}"
                return not any(row.get(field, "") >= earliest for field in self.fields)
        wanted = {_bare(value) for value in self.values}
        return not any(_bare(row.get(field, "")) in wanted for field in self.fields)


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold, and an order. Methods return a new query.

    Field names are the program's own: a malformed one raises ValueError. Values may be anything: what an encoded query
    has no way to express raises InexpressibleValue, and then no record is looked for.
    """

    terms: tuple[Term, ...] = ()
    order: tuple[str, ...] = ()

    def equals(self, field: str, value: str) -> Query:
        """Return this query, and `field` has exactly this value (not an empty one: that is `is_empty`)."""
        return self._and(Term((_name(field),), "=", (_expressible(value),)))

    def any_equals(self, fields: Sequence[str], value: str) -> Query:
        """Return this query, and at least one of `fields` has exactly this value."""
        return self._and(Term(tuple(_name(field) for field in fields), "=", (_expressible(value),)))

    def is_in(self, field: str, values: Iterable[str]) -> Query:
        """Return this query, and `field` has one of these values, of which none may hold a comma.

        Without values nothing matches.
        """
        listed = tuple(_expressible(value) for value in values)
        if any("," in value for value in listed):
            raise InexpressibleValue(
                f"A list in an encoded query can't express a value for {field} that holds a comma."
            )
        return self._and(Term((_name(field),), "IN", listed))

    def is_empty(self, field: str) -> Query:
        """Return this query, and `field` has no value."""
        return self._and(Term((_name(field),), "ISEMPTY"))

    def starts_with(self, field: str, start: str) -> Query:
        """Return this query, and `field` begins with this text."""
        return self._and(Term((_name(field),), "STARTSWITH", (_expressible(start),)))

    def after(self, field: str, value: str) -> Query:
        """Return this query, and `field`, of texts such as a sys_id, comes after this value in their order."""
        return self._and(Term((_name(field),), ">", (_expressible(value),)))

    def since(self, field: str, time: datetime) -> Query:
        """Return this query, and `field`, a date and time, is this aware one or later.

        An instance may take it for a time in the account's own zone: that is why the account is set to GMT. A row from
        a few hours before is no sign that the condition was left out, and isn't returned.
        """
        return self._and(Term((_name(field),), ">=", (f"{time.astimezone(UTC):{_TIME}}",)))

    def order_by(self, field: str, *, descending: bool = False) -> Query:
        """Return this query, with rows ordered by `field` after any order given before."""
        return replace(self, order=(*self.order, f"{'ORDERBYDESC' if descending else 'ORDERBY'}{_name(field)}"))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the conditions name, which a row must bring to be checked."""
        return tuple(dict.fromkeys(field for term in self.terms for field in term.fields))

    @property
    def matches_nothing(self) -> bool:
        """Whether no record can fulfil this query, because it asks for one of no values."""
        return any(term.operator == "IN" and not term.values for term in self.terms)

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether `row` fulfils every condition."""
        return all(term.holds(row) for term in self.terms)

    def ignored_term(self, row: Mapping[str, str]) -> Term | None:
        """Return a condition that the instance can't have applied, since it answered with `row`; else None."""
        return next((term for term in self.terms if term.ignored_for(row)), None)

    def halves(self) -> tuple[Query, Query] | None:
        """Return two queries that together find what this one finds, or None where it has no list to halve."""
        for index, term in enumerate(self.terms):
            if term.operator == "IN" and len(term.values) > 1:
                middle = len(term.values) // 2
                before, after = self.terms[:index], self.terms[index + 1 :]
                first, second = replace(term, values=term.values[:middle]), replace(term, values=term.values[middle:])
                return replace(self, terms=(*before, first, *after)), replace(self, terms=(*before, second, *after))
        return None

    def __str__(self) -> str:
        return "^".join((*map(str, self.terms), *self.order))

    def _and(self, term: Term) -> Query:
        return replace(self, terms=(*self.terms, term))


def _name(field: str) -> str:
    if not _FIELD.fullmatch(field):
        raise ValueError(f"{field!r} is no field name")
    return field


def _expressible(value: str) -> str:
    """Return `value` if it can stand in a term. `^` has no escape, `javascript:` is run, NULL means *empty*."""
    if not value.strip() or "^" in value or "javascript:" in value.casefold() or value.strip().casefold() == "null":
        raise InexpressibleValue(
            "An encoded query can't express this value: it is empty or NULL, or holds ^ or javascript:."
        )
    if any(unicodedata.category(character) in _UNSENDABLE for character in value):
        raise InexpressibleValue("An encoded query can't express this value: it holds a control character.")
    return value


def _folded(value: str) -> str:
    return value.strip().casefold()


def _bare(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _folded(value))
    return "".join(character for character in decomposed if not unicodedata.combining(character))
