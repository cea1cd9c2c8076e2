"""Progress of long work: one line on standard error where that is a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Advance = Callable[[int], None]
"""Tells that so many more are done."""


@contextmanager
def progress(doing: str, things: str) -> Iterator[Advance]:
    """Show that something is being done, and to how many things so far."""
    console = Console(stderr=True, markup=False, highlight=False)
    done = 0
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(f"{doing} …") as status:

        def advance(more: int) -> None:
            nonlocal done
            done += more
            status.update(f"{doing}: {done} {things} …")

        yield advance
