"""Who is on call, as ServiceNow's On-Call Scheduling answers it: entries as plain values, and whom of them to count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .records import row_of


@dataclass(frozen=True, slots=True)
class OnCallEntry:
    """One entry of a rota's escalation: a user, a device, or a group.

    `order` is the escalation level, 1 for whoever is called first; None where the answer has no whole number there.
    `user_id` is empty for a device or a group, and so it is where one level calls several users together (`userIds`),
    which has not been seen and isn't understood.
    """

    rota: str
    user_id: str
    order: int | None
    device: bool = False
    group: bool = False


def entries_of(result: object, rota: str) -> tuple[OnCallEntry, ...]:
    """Return the entries for one rota from the result of whoisoncall; what isn't understood is left out.

    The service isn't in ServiceNow's REST reference. An answer seen in the field is a list of objects with `userId`,
    `rota`, `isDevice` (a boolean), `escalationGroups` (a list) and `order` (`1.0`); texts and references as objects are
    taken too. An entry of another rota than the one asked for doesn't count: an instance ignores parameters that it
    doesn't know.
    """
    items = result if isinstance(result, list) else [result]
    entries = (_entry(item) for item in items)
    return tuple(entry for entry in entries if entry is not None and entry.rota == rota.lower())


def users_on_call(entries: Iterable[OnCallEntry], levels: int) -> frozenset[str]:
    """Return the sys_ids, in lower case, of the users on the first `levels` escalation levels.

    Where shifts overlap a level has several users, and each of them counts. Devices, groups, and entries without a
    level don't.
    """
    return frozenset(
        entry.user_id
        for entry in entries
        if entry.user_id
        and not entry.device
        and not entry.group
        and entry.order is not None
        and 1 <= entry.order <= levels
    )


def _entry(item: object) -> OnCallEntry | None:
    row = row_of(item)
    if row is None:
        return None
    return OnCallEntry(
        rota=row.get("rota", "").strip().lower(),
        user_id=row.get("userId", "").strip().lower(),
        order=_order(row.get("order", "")),
        device=row.get("isDevice", "").strip().lower() not in {"false", "0", ""},
        group=row.get("escalationGroups", "").strip() not in {"", "[]"},
    )


def _order(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
