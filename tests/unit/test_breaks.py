"""The list of deliberate breaks fits the code: each guard is where the list says, and the code without it is code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.breaks.breaks import BREAKS, PACKAGE, Break

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.without)
def test_a_break_takes_out_what_stands_once_and_leaves_code(one: Break) -> None:
    whole = (PROJECT / PACKAGE / one.file).read_text(encoding="utf-8")
    assert whole.count(one.text) == 1
    ast.parse(whole.replace(one.text, one.instead))
    assert (PROJECT / one.tests).is_file()


def test_no_guard_is_listed_twice() -> None:
    assert len({one.without for one in BREAKS}) == len(BREAKS)
