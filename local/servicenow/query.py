"""Encoded queries: parsing them as the platform does, which drops what it can't use, and matching rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Resolve = Callable[[str], str]
"""Answers the stored value of a field, or of a dot-walked one, of the row that is looked at."""

_TERM: Final = re.compile(
    r"(?P<path>[a-z][a-z0-9_.]*)"
    r"(?P<operator>NOT LIKE|NOT IN|DOES NOT CONTAIN|CONTAINS|ISNOTEMPTY|ISEMPTY|STARTSWITH|ENDSWITH|LIKE|IN"
    r"|!=|>=|<=|=|>|<)"
    r"(?P<value>.*)",
    re.DOTALL,
)
_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda stored, value: stored == value,
    "!=": lambda stored, value: stored != value,
    # An empty column is a database null, which no comparison finds.
    ">": lambda stored, value: stored != "" and stored > value,
    ">=": lambda stored, value: stored != "" and stored >= value,
    "<": lambda stored, value: stored != "" and stored < value,
    "<=": lambda stored, value: stored != "" and stored <= value,
    "IN": lambda stored, value: stored in value.split(","),
    "NOT IN": lambda stored, value: stored not in value.split(","),
    "LIKE": lambda stored, value: value in stored,
    "NOT LIKE": lambda stored, value: value not in stored,
    # The same by their other names, which ServiceNow's own client PySNC documents and sends.
    "CONTAINS": lambda stored, value: value in stored,
    "DOES NOT CONTAIN": lambda stored, value: value not in stored,
    "STARTSWITH": lambda stored, value: stored.startswith(value),
    "ENDSWITH": lambda stored, value: stored.endswith(value),
    "ISEMPTY": lambda stored, _: stored == "",
    "ISNOTEMPTY": lambda stored, _: stored != "",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `path` is a field or a dot-walked one."""

    path: str
    operator: str
    value: str

    def matches(self, resolve: Resolve) -> bool:
        """Whether the row that `resolve` reads from fulfils the condition."""
        return _TESTS[self.operator](resolve(self.path), self.value)


@dataclass(slots=True)
class Query:
    """Alternatives (`^NQ`) of conditions that all hold (`^`), each of which may have alternatives (`^OR`)."""

    alternatives: list[list[list[Term]]] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)

    def matches(self, resolve: Resolve) -> bool:
        """Whether the row fulfils the query; a query without conditions is fulfilled by every row."""
        return any(
            all(any(term.matches(resolve) for term in group) for group in groups) for groups in self.alternatives
        )


def parse(
    encoded: str,
    known: Callable[[str], bool],
    user_id: str,
    literal: Callable[[str, str], str] = lambda _, value: value,
) -> Query:
    """Reads an encoded query.

    `known` says whether a path names a field; `literal` answers what a value that is compared with a path is stored as.
    Terms that are malformed or name no field are dropped without a word, as the platform does unless
    `glide.invalid_query.returns_no_rows` is set. `javascript:` values are evaluated; only `gs.getUserID()` is known
    here, anything else evaluates to nothing.
    """
    query = Query()
    for part in encoded.split("^NQ"):
        groups: list[list[Term]] = []
        for token in part.split("^"):
            _read(token, known, user_id, groups, query, literal)
        query.alternatives.append([group for group in groups if group])
    return query


def _read(  # noqa: PLR0913, PLR0917
    token: str,
    known: Callable[[str], bool],
    user_id: str,
    groups: list[list[Term]],
    query: Query,
    literal: Callable[[str, str], str],
) -> None:
    for keyword, descending in (("ORDERBYDESC", True), ("ORDERBY", False)):
        if token.startswith(keyword):
            path = token.removeprefix(keyword)
            if known(path):
                query.order.append((path, descending))
            return
    alternative = token.startswith("OR")
    found = _TERM.fullmatch(token.removeprefix("OR") if alternative else token)
    if not alternative or not groups:
        groups.append([])
    if found is not None and known(found["path"]):
        value = found["value"]
        if value.startswith("javascript:"):
            value = user_id if value == "javascript:gs.getUserID()" else ""
        groups[-1].append(Term(found["path"], found["operator"], literal(found["path"], value)))
