"""Paths as a person would type them here."""

import sys
from pathlib import Path


def short(file: Path) -> str:
    """The path, relative to the current folder where it lies below it."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def command() -> str:
    """How to run this program again: `.venv/bin/python -m local` in a clone."""
    python = Path(sys.executable)
    return f"{short(python) if python.is_relative_to(Path.cwd()) else 'python'} -m local"
