"""The table of cases in docs/ is the one that the tests prove."""

from __future__ import annotations

from pathlib import Path

from access_bridge.decisions.outcome import Outcome, Reason
from tests.contract.decisions.case_table import table
from tests.contract.decisions.cases import limits
from tests.contract.decisions.cases.book import BOOK
from tests.contract.decisions.cases.declare import KINDS, MODES

FILE = Path(__file__).parents[3] / "docs" / "decision-cases.md"
PROVED_ELSEWHERE = {Reason.APPLIED_UNPROVED, Reason.GAVE_UP, Reason.REFUSED_BY_TELEPORT}
"""What only lost answers, and a message that is given up, lead to: the tests of applying and of the queues."""


def test_the_committed_table_is_what_the_cases_say() -> None:
    assert FILE.read_text(encoding="utf-8") == table(), "run: make cases"


def test_every_reason_has_a_case() -> None:
    assert {entry.expected.code for chapter in BOOK for entry in chapter.entries} >= set(Reason) - PROVED_ELSEWHERE


def test_every_mode_and_kind_of_teleport_has_cases() -> None:
    entries = [entry for chapter in BOOK for entry in chapter.entries]
    assert {(entry.mode, entry.teleport) for entry in entries} == {(mode, kind) for mode in MODES for kind in KINDS}
    assert {entry.expected.outcome for entry in entries} >= set(Outcome) - {Outcome.APPLIED_UNPROVED}


def test_each_guard_rail_leads_to_the_request_in_teleport() -> None:
    refusals = [entry.expected for entry in limits.CHAPTER.entries if entry.expected.outcome == Outcome.REFUSED]
    assert [refusal.told for refusal in refusals if "{link}" not in refusal.told] == []
