"""What a check finds: what is wrong, where, and the fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

COMMIT_AGAIN: Final = "Commit the application's update set again (it sets each record back to what is shipped)."
CONFIGURE: Final = "Run access-bridge servicenow configure for this cluster."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    what: str
    where: str
    fix: str


def show(findings: Iterable[Finding]) -> None:
    """Print findings on standard output, each on three lines that are not broken, so that they can be searched."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(
            Text.assemble((f"{finding.what}\n", "bold red"), f"  where: {finding.where}\n  fix:   {finding.fix}")
        )
