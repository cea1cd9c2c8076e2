"""What is read back from ServiceNow about a decision: the row, its ticket, the vote that it may have come from, the
human. Only this is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.client import ServiceNow
from access_bridge.servicenow.incident_states import CANCELED
from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from access_bridge.servicenow.sight import surely
from access_bridge.servicenow.users import User, Users

TABLE: Final = "x_acbr_bridge_decision"
APPROVALS: Final = "sysapproval_approver"
DELEGATES: Final = "sys_user_delegate"
_FIELDS: Final = (
    "ticket_table",
    "ticket",
    "request_id",
    "cluster",
    "decision",
    "reason",
    "decided_by",
    "approval",
    "sys_created_by",
    "sys_created_on",
)
_ENDING_FIELDS: Final = ("correlation_id", "state", "resolved_by", "closed_by")
_VOTE_FIELDS: Final = ("sysapproval", "document_id", "approver", "state", "sys_updated_by", "sys_updated_on")
_MOST_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision row as ServiceNow has it; `created_on` is in UTC and sorts as text."""

    decision_id: str
    ticket_table: str
    ticket: str
    request_id: str
    cluster: str
    decision: str
    reason: str
    decided_by: str
    approval: str
    created_by: str
    created_on: str


@dataclass(frozen=True, slots=True)
class TicketRow:
    """The ticket as ServiceNow has it."""

    sys_id: str
    number: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the ticket stands, and who ended it (sys_ids of users), as the instance notes it when a person's session puts
    it into such a state; empty where it is nobody's doing."""

    correlation_id: str
    state: str
    resolved_by: str
    closed_by: str

    @property
    def by(self) -> str:
        """Who ended it first: an instance closes by itself what somebody resolved."""
        first, second = (self.resolved_by, self.closed_by)
        return (second or first) if self.state == CANCELED else (first or second)


@dataclass(frozen=True, slots=True)
class Vote:
    """An approval of the ticket (a row of sysapproval_approver) as ServiceNow has it: whom it was asked of, what it
    says, and who said so. `updated_on` is in UTC and sorts as text."""

    sys_id: str
    ticket: str
    approver: str
    state: str
    updated_by: str
    updated_on: str


@dataclass(frozen=True, slots=True)
class Delegation:
    """A recorded delegation of approvals (a row of sys_user_delegate), in UTC."""

    starts: str
    ends: str


class Evidence:
    """Reads what a decision rests on.

    Parameters
    ----------
    client
        The ServiceNow client of this function's own account.
    users
        Look-ups that aren't kept: a judgement about a person reads anew.
    """

    def __init__(self, client: ServiceNow, users: Users) -> None:
        self._client = client
        self._users = users

    def row(self, decision_id: str) -> DecisionRow | None:
        """Return a decision row; None where there surely is none.

        Raises
        ------
        BrokenConfiguration
            It can't be read, and neither can any other row of that table.
        """
        found = self._get(TABLE, decision_id, _FIELDS)
        if found is None:
            return None
        return _row(found["sys_id"], found)

    def ticket(self, sys_id: str) -> TicketRow | None:
        """Return the ticket; None where there surely is none; raises BrokenConfiguration as `row` does."""
        found = self._get("incident", sys_id, ("number", "correlation_id"))
        if found is None:
            return None
        return TicketRow(found["sys_id"], found.get("number", ""), found.get("correlation_id", ""))

    def ending(self, sys_id: str) -> Ending | None:
        """Return how the ticket stands; None where there surely is none; raises BrokenConfiguration as `row` does."""
        found = self._get("incident", sys_id, _ENDING_FIELDS)
        if found is None:
            return None
        return Ending(*(found.get(name, "") for name in _ENDING_FIELDS))

    def undecided(self, ticket: str) -> tuple[str, ...]:
        """Return the decision rows on a ticket that have no outcome, by their sys_ids."""
        query = Query().equals("ticket", ticket).is_empty("outcome")
        return tuple(row["sys_id"] for row in self._client.query(TABLE, query, (), limit=_MOST_ROWS))

    def others_of(self, row: DecisionRow) -> tuple[DecisionRow, ...]:
        """Return the other decisions of the same human on the same ticket."""
        query = Query().equals("ticket", row.ticket).equals("decided_by", row.decided_by)
        newest = query.order_by("sys_created_on", descending=True)
        found = self._client.query(TABLE, newest, _FIELDS, limit=_MOST_ROWS)
        return tuple(_row(item["sys_id"], item) for item in found if item["sys_id"] != row.decision_id)

    def vote(self, sys_id: str) -> Vote | None:
        """Return an approval; None where there surely is none; raises BrokenConfiguration as `row` does."""
        found = self._get(APPROVALS, sys_id, _VOTE_FIELDS)
        if found is None:
            return None
        return Vote(
            sys_id=found["sys_id"],
            ticket=found.get("sysapproval", "") or found.get("document_id", ""),
            approver=found.get("approver", ""),
            state=found.get("state", ""),
            updated_by=found.get("sys_updated_by", ""),
            updated_on=found.get("sys_updated_on", ""),
        )

    def delegations(self, approver: str, delegate: str) -> tuple[Delegation, ...]:
        """Return the delegations of approvals from one user to another, both by sys_id, whenever they count."""
        query = Query().equals("user", approver).equals("delegate", delegate).equals("approvals", "true")
        found = self._client.query(DELEGATES, query, ("starts", "ends"), limit=_MOST_ROWS)
        return tuple(Delegation(row.get("starts", ""), row.get("ends", "")) for row in found)

    def user(self, sys_id: str) -> User | None:
        """Return a user, None where there is none."""
        return self._users.by_id(sys_id) if sys_id else None

    def is_member(self, user: User, group: str) -> bool:
        """Tell whether a user is in a group.

        Raises
        ------
        BrokenConfiguration
            ServiceNow has no single group of that name or sys_id.
        """
        if self._users.group(group) is None:
            raise BrokenConfiguration(
                "decisions.approvers",
                f"ServiceNow shows no single group {group!r}.",
                "Mend the rules file, or the group.",
            )
        return self._users.is_member(user.sys_id, group)

    def _get(self, table: str, sys_id: str, fields: Sequence[str]) -> Row | None:
        return surely(lambda: self._client.get(table, sys_id, fields), self._client, table, sys_id)


def _row(sys_id: str, found: object) -> DecisionRow:
    values = dict(found) if isinstance(found, dict) else {}
    return DecisionRow(
        decision_id=sys_id,
        ticket_table=values.get("ticket_table", ""),
        ticket=values.get("ticket", ""),
        request_id=values.get("request_id", ""),
        cluster=values.get("cluster", ""),
        decision=values.get("decision", ""),
        reason=values.get("reason", ""),
        decided_by=values.get("decided_by", ""),
        approval=values.get("approval", ""),
        created_by=values.get("sys_created_by", ""),
        created_on=values.get("sys_created_on", ""),
    )
