"""Lists of any length, page by page in the order of sys_id: each page asks for what comes after the last record of the
one before. So no record is passed over because others appear, change or go meanwhile, which an offset doesn't promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .client import MOST_ROWS, ServiceNow
from .errors import NotPermitted
from .query import Query
from .records import Row


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the records: where to go on after it (`last`, empty where it is the end), and how many more there are
    that the instance doesn't show to this account (`hidden`, known at the end only)."""

    rows: tuple[Row, ...]
    last: str
    hidden: int = 0


def pages(  # noqa: PLR0913 - all that it works with is handed in
    client: ServiceNow, table: str, query: Query, fields: Sequence[str], *, after: str = "", size: int = MOST_ROWS
) -> Iterator[Page]:
    """Yield the records that fulfil `query`, one call a page, and one page where all fits.

    The instance counts a page's length before it hides what the account may not see, so a short page isn't the end: its
    own count is, or an empty page where it gives none.

    Parameters
    ----------
    client
        The instance.
    table, query, fields
        As for `ServiceNow.query`; without an order.
    after
        The `last` of an earlier page, from where to go on.
    size
        How many records one call asks for at most.

    Raises
    ------
    NotPermitted
        The instance left out a condition or the order, so going on would pass records over.
    Unavailable, Rejected, BrokenConfiguration
        As for `ServiceNow.query`; the pages before are good.
    """
    while True:
        rest = query.after("sys_id", after) if after else query
        found = client.listed(table, rest.order_by("sys_id"), fields, limit=size)
        rows, shown = found.rows, found.shown
        end = not shown or found.total == len(shown)
        if end:
            hidden = (found.total or 0) - len(shown)
            yield Page(rows, "", max(hidden, 0))
            return
        if list(shown) != sorted(shown, key=str.casefold):
            raise NotPermitted(
                f"ServiceNow rights on {table}",
                f"GET {table}: ServiceNow left out the order by sys_id.",
                "Check that the account may read and query sys_id.",
            )
        after = shown[-1]
        yield Page(rows, after)
