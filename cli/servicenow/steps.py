"""What a command found, set, and left to do, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Step:
    """One record: what there was, what was set (empty: nothing), and what a person has to do (empty: nothing)."""

    record: str
    was: str
    set: str = ""
    left: str = ""


def show(steps: Iterable[Step]) -> None:
    """Print the steps on standard output."""
    table = Table("Record", "Was", "Set", "Left to do")
    for step in steps:
        table.add_row(step.record, step.was, step.set or "-", step.left or "-")
    console = Console(highlight=False, markup=False)
    console.print(table)
