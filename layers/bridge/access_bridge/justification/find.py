"""Reads the tickets that a request's reason names, and finds out whether they justify the access."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from access_bridge.errors import BrokenConfiguration, Refused
from access_bridge.justification.judge import (
    CHANGES,
    IN_ITS_GROUP,
    NONE_NAMED,
    OWN_TICKETS,
    Finding,
    Justification,
    Ticket,
    judge,
    judge_readable,
    not_found,
    numbers,
    part_in,
    requester_unknown,
    shown,
    unreadable,
)
from access_bridge.people import People
from access_bridge.rules.justification import Justification as JustificationRules
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.errors import NotPermitted
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from access_bridge.servicenow.users import Users
from access_bridge.times import parse_time

_FIELDS: Final = ("number", "state", "active", "assigned_to", "assignment_group", "opened_by")
_FIELDS_OF: Final = {
    "incident": (*_FIELDS, "caller_id", "correlation_display"),
    CHANGES: (*_FIELDS, "requested_by", "start_date", "end_date"),
    "sc_req_item": (*_FIELDS, "requested_for"),
}
_PEOPLE: Final = ("caller_id", "requested_by", "requested_for", "opened_by", "assigned_to")
_HIDDEN: Final = "the bridge sees no ticket of that kind at all"


def find_justification(  # noqa: PLR0913, PLR0917 - all that it works with is handed in
    reason: str,
    requester: str,
    rules: JustificationRules,
    client: ServiceNow,
    users: Users,
    people: People,
    now: datetime,
) -> Justification:
    """Look up the tickets that a reason names.

    Parameters
    ----------
    reason
        The request's reason.
    requester
        What Teleport calls the requester.
    rules
        How numbers are found, and which states justify.
    client, users
        ServiceNow, for the function's own account; `users` unkept, for a person is judged.
    people
        Who the requester is in ServiceNow.
    now
        The present, aware.

    Returns
    -------
    Justification
        What the account may not read, or a query can't express, is `unreadable` in it: it neither justifies nor denies.

    Raises
    ------
    Unavailable, BrokenConfiguration
        ServiceNow or Teleport gives no answer; looking again may help.
    """
    named = numbers(reason, rules.pattern)
    look = _Look(requester, rules, client, users, people, now)
    return Justification(tuple(look.at(number) for number in named) or (NONE_NAMED,))


class _Look:
    def __init__(  # noqa: PLR0913, PLR0917 - all that it works with is handed in
        self,
        requester: str,
        rules: JustificationRules,
        client: ServiceNow,
        users: Users,
        people: People,
        now: datetime,
    ) -> None:
        self._requester = requester
        self._rules = rules
        self._client = client
        self._users = users
        self._people = people
        self._now = now

    def at(self, number: str) -> Finding:
        table = self._table(number)
        if not table:
            return not_found(number)
        try:
            rows = self._client.query(table, Query().equals("number", number), _FIELDS_OF[table], limit=2)
            if not rows:
                return not_found(number) if self._sees(table) else unreadable(number, _HIDDEN)
            if len(rows) > 1:
                return unreadable(number, "ServiceNow has more than one ticket of that number")
            return self._judged(_ticket(table, rows[0]))
        except (NotPermitted, Refused):
            return unreadable(number, "the bridge may not read what it needs to know")

    def _judged(self, ticket: Ticket) -> Finding:
        finding = judge_readable(ticket)
        if finding is not None:
            return finding
        try:
            requesters = self._people.mapped(self._requester)
        except (BrokenConfiguration, Refused):
            return unreadable(ticket.number, f"the bridge can't look up who {shown(self._requester)} is")
        if not requesters and not any(self._users.by_id(sys_id) for sys_id in ticket.people.values()):
            # Every account sees its own user, so that one proves nothing: those of the ticket do.
            return unreadable(ticket.number, "the bridge sees no users")
        if len(requesters) != 1:
            return requester_unknown(ticket, self._requester)
        (user,) = requesters.values()
        part = part_in(ticket, user.sys_id)
        if not part and ticket.group:
            if self._users.is_member(user.sys_id, ticket.group):
                part = IN_ITS_GROUP
            elif not (self._sees("sys_user_grmember") and self._sees("sys_user_group")):
                return unreadable(ticket.number, "the bridge can't see who is in its assignment group")
        states = self._rules.tables()[ticket.table].states
        return judge(ticket, states, self._requester, part, self._now)

    def _sees(self, table: str) -> bool:
        """Whether an empty answer from this table says anything: an account that may see no row gets the same."""
        return self._client.sees(table, other_than="")

    def _table(self, number: str) -> str:
        """The table whose prefix the number has; the longest one, where one prefix begins with another."""
        prefixes = {tickets.prefix.casefold(): table for table, tickets in self._rules.tables().items()}
        fitting = [prefix for prefix in prefixes if number.casefold().startswith(prefix)]
        return prefixes[max(fitting, key=len)] if fitting else ""


def _ticket(table: str, row: Row) -> Ticket:
    """What ServiceNow stores of times is UTC, written without a zone."""
    return Ticket(
        table=table,
        number=shown(row["number"]),
        sys_id=row["sys_id"],
        state=row.get("state", "").strip(),
        active={"true": True, "1": True, "false": False, "0": False}.get(row.get("active", "").strip().lower()),
        people={column: row[column] for column in _PEOPLE if row.get(column)},
        group=row.get("assignment_group", ""),
        start=parse_time(row.get("start_date", "")),
        end=parse_time(row.get("end_date", "")),
        own=row.get("correlation_display", "").startswith(OWN_TICKETS),
    )
