"""The rights of the two accounts in ServiceNow as docs/servicenow.md has an administrator give them, read from its
table; and an instance on which an account has exactly some rights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from local.servicenow.access import Operation
from local.servicenow.instance import ServiceNowInstance
from local.servicenow.schema import TABLES

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "servicenow.md"
ACCOUNTS: Final = {"T": "tickets", "D": "decisions"}
USERS: Final = {"tickets": "svc.access.bridge.tickets", "decisions": "svc.access.bridge.decisions"}
_SECTION: Final = "## Who reads and writes what"
_ROW: Final = re.compile(
    r"\| (?P<tables>`[^|]+) \| (?P<accounts>[TD][^|]*) \| (?P<reads>[^|]+) \| (?P<writes>[^|]+) \|"
)
_NAME: Final = re.compile(r"`([a-z_0-9]+)`")

Doing = Literal["read", "write", "create"]
OPERATIONS: Final[tuple[Operation, ...]] = ("read", "create", "write", "delete")


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What an account may do: with a table, or with one field of it. Writing a field is for new records too."""

    account: str
    table: str
    doing: Doing
    field: str = ""

    def __str__(self) -> str:
        return f"{self.account}: {self.doing} {self.table}{'.' if self.field else ''}{self.field}"


def documented() -> frozenset[Right]:
    """Return all rights that the table in docs/servicenow.md names. Raises AssertionError where it can't be read."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text[text.index(_SECTION) : text.index("**On the instance itself:**")]
    rows = [found for line in section.splitlines() if (found := _ROW.match(line))]
    assert len(rows) == sum(line.startswith("| `") for line in section.splitlines()), "a row is not understood"
    return frozenset(right for row in rows for right in _rights(row))


def _rights(row: re.Match[str]) -> Iterator[Right]:
    named, wrote, but = row["reads"].partition("what it wrote")
    reads, writes = _NAME.findall(named), _NAME.findall(row["writes"])
    if wrote:
        reads += [name for name in writes if name not in _NAME.findall(but)]
    for letter in re.findall(r"\b[TD]\b", row["accounts"].split(" with ")[0].split(" for ")[0]):
        account = ACCOUNTS[letter]
        for table in _NAME.findall(row["tables"]):
            assert table in TABLES, f"{table} is no table of the stand-in"
            yield Right(account, table, "read")
            yield from (Right(account, table, "read", field) for field in reads)
            if writes:
                yield Right(account, table, "write")
                yield from (Right(account, table, "write", field) for field in writes)
            if "insert" in row["writes"]:
                yield Right(account, table, "create")


def leave(instance: ServiceNowInstance, account: str, rights: Iterable[Right]) -> None:
    """Take everything from an account that isn't among these rights."""
    has = {(right.table, right.doing, right.field) for right in rights if right.account == account}
    for table in TABLES.values():
        for operation in OPERATIONS:
            if (table.name, operation, "") not in has:
                instance.controls.withhold(USERS[account], table.name, operation)
            fields = "write" if operation == "create" else operation
            for field in table.fields:
                if (table.name, fields, field) not in has:
                    instance.controls.withhold(USERS[account], table.name, operation, field)
