"""How figures are printed: tables of at most 100 columns, plain where the output is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_WIDTH = 100


class Teller:
    """Prints what was measured."""

    def __init__(self) -> None:
        console = Console(markup=False, highlight=False, emoji=False)
        width = min(_WIDTH, console.width) if console.is_terminal else _WIDTH
        self._console = Console(markup=False, highlight=False, emoji=False, width=width)

    def title(self, text: str) -> None:
        """A part begins."""
        self._console.print()
        self._console.print(Rule(Text(text, "bold"), align="left"))

    def say(self, text: str) -> None:
        """A paragraph."""
        self._console.print(text, soft_wrap=False)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Figures, right-justified beside what they are of; the first column's head is the title."""
        table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold underline")
        for index, column in enumerate((title, *columns)):
            table.add_column(column, justify="right" if index else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._console.print()
        self._console.print(table)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """A bar while something runs; yields what is called after each part."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)


def milliseconds(seconds: Iterable[float]) -> str:
    """The least, the median and the most, of at least one value."""
    values = sorted(one * 1000 for one in seconds)
    return f"{values[0]:.0f} {median(values):.0f} {values[-1]:.0f}"
