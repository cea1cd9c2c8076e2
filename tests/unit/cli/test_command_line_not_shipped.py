"""The command line runs on the operator's machine: nothing of it reaches Lambda."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
SHIPPED = ("layers", "functions")


def test_what_ships_never_imports_the_command_line() -> None:
    importing = re.compile(r"^\s*(from|import) (cli|typer|rich)\b", re.MULTILINE)
    files = [file for folder in SHIPPED for file in (PROJECT / folder).rglob("*.py")]
    assert files
    assert [str(file) for file in files if importing.search(file.read_text(encoding="utf-8"))] == []


def test_what_only_the_command_line_needs_is_not_in_the_layer() -> None:
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    own = {entry.split("==")[0] for entry in groups["cli"] if isinstance(entry, str)}
    layer = set(re.findall(r"^([a-z0-9-]+)==", (PROJECT / "layers/bridge/requirements.txt").read_text(), re.MULTILINE))
    assert "typer" in own
    assert own.isdisjoint(layer)
