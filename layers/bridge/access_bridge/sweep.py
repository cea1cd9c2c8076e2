"""Goes through a table of ServiceNow page by page, bounded in calls and in time; the next time it goes on where it
stopped.

A page that was not dealt with, because something failed, comes again; whoever deals with it makes that harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from access_bridge.ledger.items import Sweep
from access_bridge.ledger.table import Ledger
from access_bridge.servicenow.paging import Page

MOST_PAGES: Final = 20
RESERVE_SECONDS: Final = 90.0
"""Not begun with less time left: a page takes one call of at most 30 s, and what is done about a thousand rows."""


class Sweeper:
    """One invocation's share of a sweep.

    Parameters
    ----------
    name
        Under which the ledger keeps how far it has come.
    ledger
        The ledger.
    now
        The present, aware.
    time_left
        Seconds that this invocation still has.
    report
        Only look: begin anew, and leave no trace.
    """

    def __init__(
        self, name: str, ledger: Ledger, *, now: datetime, time_left: Callable[[], float], report: bool
    ) -> None:
        self.finished = False
        """Whether the end was reached."""
        self._name = name
        self._ledger = ledger
        self._now = now
        self._time_left = time_left
        self._report = report

    def pages(self, read: Callable[[Sweep], Iterator[Page]]) -> Iterator[Page]:
        """Yield the pages that `read` gives, which is told where to go on; keep how far it came after each last one.

        Raises
        ------
        Retry, BrokenConfiguration
            The ledger can't be used, and what `read` raises.
        """
        kept = self._ledger.sweep(self._name)
        under_way = kept if kept.after and not self._report else Sweep(begun=self._now, since=kept.since)
        for number, page in enumerate(read(under_way), start=1):
            yield page
            if not page.last:
                self.finished = True
                self._save(Sweep(since=under_way.begun))
            elif number == MOST_PAGES or self._time_left() < RESERVE_SECONDS:
                self._save(Sweep(page.last, under_way.begun, under_way.since))
                return

    def _save(self, sweep: Sweep) -> None:
        if not self._report:
            self._ledger.save_sweep(self._name, sweep)
