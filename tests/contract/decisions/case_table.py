"""docs/decision-cases.md, written from the cases: `python -m tests.contract.decisions.case_table`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from tests.contract.decisions.cases.book import BOOK
from tests.contract.decisions.cases.declare import MODES, Chapter, Entry, Expected

_HEAD: Final = """\
# Decisions, case by case

Who may decide in ServiceNow, as whom in Teleport, and what becomes of it. How it works: [decisions.md](decisions.md).

Each row is a test that runs against stand-ins: for Teleport, with its own roles, and for ServiceNow. This file is
written from these tests (`make cases`), and a test compares the two: don't edit it.

*Mode* is `decisions.mode` in the rules file. Names of people and things are in italics. Where nothing else is said,
Teleport is an Enterprise cluster of 18.11, which knows `submit_for_users`; there is one approver group, with the
approver in it; approver and requester have the same user name in both systems.
"""
_COLUMNS: Final = ("Case", "Mode", "Outcome", "Code", "Teleport then shows", "What people are told")
_LEGEND: Final = """\
## Outcomes

| Outcome | Meaning |
|---|---|
| `applied` | Teleport has the decision, and the request is resolved by it. |
| `recorded` | Teleport has the review, and needs more of them. |
| `refused` | The decision doesn't count. Nothing was changed in Teleport by it. |
| `withdrawn` | The human took it back before it was applied. |
| `conflict` | Teleport had the opposite outcome or vote already. It has the last word. |
| `failed` | Teleport refuses the bridge itself. It is tried again: mended in time, the decision is applied. |
| not yet | Something didn't answer, or has to be mended. It is tried again. |
| none | Nobody made a decision. |

Outcome, code and sentence are on the decision row (`outcome`, `outcome_detail`), in a work note on the incident, and in
the ledger. The reason in Teleport begins with the decision's id, which is left out here.
"""


def table() -> str:
    """Return the whole file."""
    return "\n".join((_HEAD, *(_chapter(chapter) for chapter in BOOK), _LEGEND))


def _chapter(chapter: Chapter) -> str:
    lines = [f"## {chapter.title}", "", _marked(chapter.text), "", _line(_COLUMNS), "|---" * len(_COLUMNS) + "|"]
    return "\n".join([*lines, *_rows(chapter)]) + "\n"


def _rows(chapter: Chapter) -> Iterator[str]:
    """One for each case and what it comes to; modes in which that is the same share a row."""
    for _, entries in groupby(chapter.entries, key=lambda entry: entry.name):
        alike: dict[tuple[str, Expected], list[Entry]] = {}
        for entry in entries:
            alike.setdefault((entry.teleport, entry.expected), []).append(entry)
        for group in sorted(
            alike.values(), key=lambda group: (group[0].teleport != "18.11", MODES.index(group[0].mode))
        ):
            yield _row(group)


def _row(entries: list[Entry]) -> str:
    entry, expected = entries[0], entries[0].expected
    modes = ", ".join(f"`{one.mode}`" for one in entries)
    where = {"18.11": "", "18.0": "; Teleport 18.0", "open source": "; open source"}[entry.teleport]
    outcome = f"`{expected.outcome}`" if expected.outcome else ("not yet" if expected.is_made else "none")
    code = f"`{expected.code}`" if expected.code else ""
    return _line((entry.title, modes + where, outcome, code, _teleport(expected), expected.told))


def _teleport(expected: Expected) -> str:
    parts = [expected.state if expected.state.islower() else f"`{expected.state}`"]
    if expected.reviews:
        parts.append(f"reviewed by {', '.join(expected.reviews)}")
    shown = "; ".join(parts)
    return f'{shown}: "{expected.words}"' if expected.words else shown


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_marked(cell).replace("|", "\\|") for cell in cells) + " |"


def _marked(text: str) -> str:
    return re.sub(r"\{([^}]*)\}", r"*\1*", text)


if __name__ == "__main__":
    sys.stdout.write(table())
