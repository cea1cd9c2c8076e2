"""Every case of who may decide and as whom: docs/decision-cases.md is the table of these."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.decisions.cases.book import BOOK
from tests.contract.decisions.cases.declare import KINDS, Entry
from tests.contract.decisions.conftest import NewCourt
from tests.contract.decisions.court import GROUP, Court

ENTRIES = [entry for chapter in BOOK for entry in chapter.entries]


def court_for(entry: Entry, new_court: NewCourt) -> Court:
    court = new_court(**KINDS[entry.teleport])
    court.rules = {"decisions": {"mode": entry.mode, "approvers": {"group": GROUP}}}
    return court


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_a_case_ends_as_the_table_says(entry: Entry, new_court: NewCourt) -> None:
    entry.check(court_for(entry, new_court))


def test_a_case_that_ends_otherwise_fails(new_court: NewCourt) -> None:
    entry = next(entry for entry in ENTRIES if entry.name == "not_in_the_group")
    wrong = replace(entry, expected=replace(entry.expected, told="Well done."))
    with pytest.raises(AssertionError):
        wrong.check(court_for(entry, new_court))
