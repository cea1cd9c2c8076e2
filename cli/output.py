"""Where a command's result goes: standard output, or a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from cli.options import STANDARD_OUTPUT
from cli.problem import Problem


def write(output: str, lines: Iterable[str]) -> None:
    """Write the lines, each with its end, to a file or (`-`) to standard output; a new file is for its owner only.

    Raises
    ------
    Problem
        It can't be written.
    """
    try:
        if output == STANDARD_OUTPUT:
            sys.stdout.writelines(lines)
            sys.stdout.flush()
            return
        file = Path(output)
        file.touch(mode=0o600)
        with file.open("w", encoding="utf-8") as opened:
            opened.writelines(lines)
    except BrokenPipeError:  # the reader has what he wants, as with `| head`
        raise
    except OSError as error:
        name = "Standard output" if output == STANDARD_OUTPUT else output
        raise Problem(f"{name} can't be written ({error.strerror}). Name a file elsewhere: --output FILE.") from error


def printable(text: str) -> str:
    """Return a text that people wrote as one on which no terminal acts: what isn't printed is shown as an escape, line
    ends too."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
