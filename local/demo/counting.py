"""How many ServiceNow calls a request took, and what they were for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local.servicenow.http_calls import Call
from local.servicenow.schema import DECISION

LOOK_UPS = ("sys_user", "sys_user_group", "sys_user_grmember")
_WRITES = ("POST", "PATCH", "PUT")


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls by what they were for.

    `ticket_writes`, `ticket_reads` and `row_writes` are those of teleport_events, which alone writes to ServiceNow;
    `checks` are the reads of servicenow_decisions before it believes a decision; `look_ups` those of users and groups
    by either.
    """

    ticket_writes: int
    ticket_reads: int
    row_writes: int
    checks: int
    look_ups: int

    def __str__(self) -> str:
        parts = [
            _counted(self.ticket_writes, "write", "of the incident"),
            _counted(self.ticket_reads, "read", "of the incident"),
        ]
        if self.row_writes or self.checks:
            parts += [
                _counted(self.row_writes, "write", "of the decision row"),
                _counted(self.checks, "read", "to check the decision"),
            ]
        parts.append(_counted(self.look_ups, "look-up", "of users and groups"))
        return ", ".join(parts)


def count(calls: Iterable[Call], *, tickets_account: str, incident: str, request_id: str, row: str = "") -> Calls:
    """Count the calls about one request.

    Parameters
    ----------
    calls
        Calls that the instance answered.
    tickets_account
        The account of teleport_events.
    incident, request_id, row
        The incident's sys_id, the request's id, and the decision row's sys_id if there is one.
    """
    writes = reads = row_writes = checks = look_ups = 0
    for call in calls:
        about_ticket = call.table == "incident" and (incident in call.path or request_id in f"{call.query}{call.body}")
        about_row = call.table == DECISION and bool(row) and row in call.path
        if call.table in LOOK_UPS:
            look_ups += 1
        elif call.user != tickets_account:
            checks += about_ticket or about_row
        elif call.method in _WRITES:
            writes += about_ticket
            row_writes += about_row
        else:
            reads += about_ticket
    return Calls(writes, reads, row_writes, checks, look_ups)


def _counted(number: int, what: str, of: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'} {of}"
