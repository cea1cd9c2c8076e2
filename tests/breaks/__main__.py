"""`python -m tests.breaks [words]`: takes one guard out after the other and runs the tests that have to notice.

Each break is made in a copy of the project, so that nothing here changes. Ends with 0 if every break was noticed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.breaks.breaks import BREAKS, PACKAGE, Break

PROJECT: Final = Path(__file__).resolve().parents[2]
_COPIED: Final = ("cli", "docs", "events", "functions", "layers", "local", "servicenow", "teleport", "tests", "tools")
_LEFT_OUT: Final = shutil.ignore_patterns("node_modules", "__pycache__", ".*")
_FAILED: Final = 1  # pytest's exit status where tests ran and some failed


def main(words: list[str]) -> int:
    """Make every break whose sentence holds one of the words (all, without any), and print what noticed it."""
    console = Console(width=110, highlight=False)
    wanted = [one for one in BREAKS if not words or any(word in one.without for word in words)]
    table = Table("Without", "Noticed by", "Seconds", box=None, padding=(0, 2, 0, 0), header_style="underline")
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="breaks-") as directory:
        copy = _copy(Path(directory))
        for number, one in enumerate(wanted, 1):
            console.print(f"{number} of {len(wanted)}: without {one.without} …")
            began = time.monotonic()
            noticed = _noticed(one, copy)
            unnoticed += not noticed
            shown = (
                f"{noticed[0]}{f' and {len(noticed) - 1} more' if len(noticed) > 1 else ''}" if noticed else "nobody"
            )
            table.add_row(one.without, shown, f"{time.monotonic() - began:.0f}")
    console.print()
    console.print(table)
    console.print(f"\n{len(wanted)} breaks, {unnoticed} that no test noticed.")
    return 1 if unnoticed or not wanted else 0


def _copy(directory: Path) -> Path:
    for name in _COPIED:
        shutil.copytree(PROJECT / name, directory / name, ignore=_LEFT_OUT)
    for path in PROJECT.iterdir():
        if path.is_file():
            shutil.copy(path, directory)
    return directory


def _noticed(one: Break, copy: Path) -> list[str]:
    """Return the names of the tests that fail with the guard taken out."""
    path = copy / PACKAGE / one.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(one.text, one.instead), encoding="utf-8")
    try:
        only = ["-k", one.only] if one.only else []
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", one.tests, *only]
        run = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=600, check=False)
    finally:
        path.write_text(whole, encoding="utf-8")
    if run.returncode == _FAILED:
        return [line.split("::")[1].split(" ")[0] for line in run.stdout.splitlines() if line.startswith("FAILED")]
    if run.returncode:
        print(run.stdout[-3000:], run.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f"The tests for the break without {one.without!r} could not be run: status {run.returncode}.")
    return []


sys.exit(main(sys.argv[1:]))
