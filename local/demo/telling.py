"""How the story looks in a terminal: at most 100 columns, plain when it isn't one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.box import ASCII2, ROUNDED
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_WIDTH = 100
_WHO = 18  # columns for who acts


class Teller:
    """Prints the story. Text of the two systems is printed as it is: nothing in it is markup."""

    def __init__(self) -> None:
        console = Console(markup=False, highlight=False, emoji=False)
        width = min(_WIDTH, console.width) if console.is_terminal else _WIDTH
        self._console = Console(markup=False, highlight=False, emoji=False, width=width, soft_wrap=False)
        self._box = ROUNDED if console.encoding.lower().startswith("utf") else ASCII2

    def title(self, text: str) -> None:
        """A chapter begins."""
        self._console.print()
        line = "-" if self._box is ASCII2 else "─"
        self._console.print(Rule(Text(text, "bold"), align="left", characters=line))

    def say(self, text: str) -> None:
        """A sentence of the narrator."""
        self._console.print(Text(text))

    def does(self, who: str, what: str, *, typed: bool = False) -> None:
        """Somebody does something; `typed`: he types this command."""
        self._line((who, "bold cyan"), f"$ {what}" if typed else what, "green" if typed else "")

    def document(self, title: str, fields: Mapping[str, str]) -> None:
        """A record with its fields."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="bold", min_width=17)
        grid.add_column(overflow="fold")
        for name, value in fields.items():
            grid.add_row(name, Text(value.strip()))
        self._inset(Panel(grid, title=Text(title), title_align="left", box=self._box))

    def listing(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """What a command lists."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="underline")
        for column in columns:
            table.add_column(column, no_wrap=True)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._inset(table)

    def good(self, text: str) -> None:
        """Something that was promised holds."""
        self._line(("ok", "bold green"), text)

    def bad(self, text: str) -> None:
        """Something that was promised doesn't hold."""
        self._console.print(Text.assemble(("\nNot as promised: ", "bold red"), text))

    def _line(self, label: tuple[str, str], text: str, style: str = "") -> None:
        indent = " " * (_WHO + 1)
        wrapped = textwrap.fill(
            text, self._console.width - len(indent), break_long_words=False, break_on_hyphens=False
        ).replace("\n", f"\n{indent}")
        self._console.print(Text.assemble((f"{label[0]:{_WHO}} " if text else label[0], label[1]), (wrapped, style)))

    def _inset(self, what: Panel | Table) -> None:
        self._console.print(Padding(what, (0, 0, 0, 2), expand=False))
