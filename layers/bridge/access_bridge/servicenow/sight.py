"""ServiceNow answers 404 for a record that isn't there and for one that the account may not see: what it takes to tell
the two apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.client import ServiceNow

Found = TypeVar("Found")


def surely(look: Callable[[], Found | None], client: ServiceNow, table: str, sys_id: str) -> Found | None:
    """Return what a look finds; None only where the record surely isn't there: where the account sees others, and after
    that still not this one, for its rights may have come back between the two looks.

    Parameters
    ----------
    look
        Looks for the record; called once more where it found nothing.
    client
        The client that it looks with.
    table, sys_id
        The record.

    Raises
    ------
    BrokenConfiguration
        The account can't be shown to see any other record of the table, so nothing proves that this one isn't there.
    """
    found = look()
    if found is None:
        if not client.sees(table, other_than=sys_id):
            raise BrokenConfiguration(
                f"ServiceNow rights on {table}",
                f"{sys_id} can't be read, and neither can any other record.",
                "Give the account back its right to read this table.",
            )
        found = look()
    return found
