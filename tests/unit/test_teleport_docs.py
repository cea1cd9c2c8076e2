"""The table of docs/teleport.md by which somebody finds out why a function can't join says what the functions say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers/bridge/access_bridge"
JOINING = ("teleport/joining/join.py", "teleport/joining/refusals.py", "teleport/joining/signed_request.py")
SPEAKING = (
    *JOINING,
    "teleport/transport.py",
    "teleport/upgrade.py",
    "teleport/discovery.py",
    "teleport/tls.py",
    "teleport/errors.py",
    "settings.py",
)
ERRORS = {"JoinRefused", "BrokenConfiguration", "Unavailable", "IdentityLocked", "_Untrusted"}
FILLED_IN = "…"


def spoken(node: ast.AST) -> str:
    """The texts in an expression; for what is filled in, and between two texts, there is a mark."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue():
            return FILLED_IN
        case ast.JoinedStr(values=parts):
            return "".join(spoken(part) for part in parts)
    return FILLED_IN.join(spoken(child) for child in ast.iter_child_nodes(node))


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def sentences() -> Iterator[str]:
    """What the first column of the table has in code style, cut where something is left out."""
    _, _, section = (ROOT / "docs/teleport.md").read_text(encoding="utf-8").partition("\n## When it can't join\n")
    for row in re.findall(r"^\| (.*?) \| ", section.partition("\n## ")[0], re.MULTILINE):
        for quoted in re.findall(r"`([^`]+)`", row):
            yield from (part.strip() for part in quoted.split(FILLED_IN) if part.strip(" ,:"))


SENTENCES = sorted(set(sentences()))


def complaints() -> Iterator[str]:
    """All that a failed join may complain of."""
    for module in JOINING:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                yield FILLED_IN.join(spoken(argument) for argument in node.args)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_sentence_of_the_table_is_one_that_a_function_says(sentence: str) -> None:
    said = FILLED_IN.join(spoken(tree(module)) for module in SPEAKING)
    teleports_own = (ROOT / "tests/recordings/iam-join.json").read_text(encoding="utf-8")
    assert sentence in said or sentence in teleports_own


@pytest.mark.parametrize("complaint", sorted(set(complaints())))
def test_each_complaint_of_a_failed_join_is_in_the_table(complaint: str) -> None:
    assert [sentence for sentence in SENTENCES if len(sentence) > 10 and sentence in complaint]
