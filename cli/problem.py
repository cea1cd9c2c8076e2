"""What ends a command: one plain line that says what is wrong and what to do, and exit status 1."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

EXIT_STATUS: Final = 1


class Problem(Exception):
    """A command can't do its work. The text is for the operator: what is wrong, then the next step; no secrets."""


class Commands(TyperGroup):
    """The group of all commands: shows a Problem as one line on standard error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            typer.echo(f"Error: {problem}", err=True)
            raise typer.Exit(EXIT_STATUS) from problem
