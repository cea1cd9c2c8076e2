"""Sessions, roles and access controls: who may read, create, write and delete what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from local.servicenow.schema import APPROVAL, CLUSTER, DECISION, DELEGATE, ROTA, TABLES
from local.servicenow.store import Row

Operation = Literal["read", "create", "write", "delete"]

APPROVER: Final = "x_acbr_bridge.approver"
TICKETS: Final = "x_acbr_bridge.tickets"
DECISIONS: Final = "x_acbr_bridge.decisions"
_BOTH: Final = frozenset({TICKETS, DECISIONS})
# What no session over REST writes, an administrator's neither: access controls want `security_admin`, an elevation that
# only the user interface has; applications, their scripts and update sets come by an import there.
_NOT_WRITTEN: Final = frozenset(
    {
        "sys_db_object",
        "sys_remote_update_set",
        "sys_rest_message",
        "sys_scope",
        "sys_script",
        "sys_script_include",
        "sys_security_acl",
        "sys_security_acl_role",
        "sys_ui_action",
    }
)

_CONTAINS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "itil_admin": frozenset({"itil", "sn_incident_write", "sn_incident_read"}),
        "itil": frozenset({"sn_incident_write", "sn_incident_read"}),
        "sn_incident_write": frozenset({"sn_incident_read"}),
    }
)
# What a person may say about a decision; the rest of the row the server fills in.
_DECISION_CREATE: Final = frozenset({"ticket", "decision", "reason"})
# The columns that make a row somebody's own.
_OWNERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "incident": ("caller_id", "opened_by"),
        "change_request": ("requested_by", "opened_by"),
        "sc_req_item": ("requested_for", "opened_by"),
        "sys_user": ("sys_id",),
        DELEGATE: ("user", "delegate"),
    }
)
_DECISION_WRITE: Final = frozenset({"outcome", "outcome_detail"})


@dataclass(frozen=True, slots=True)
class Session:
    """Whose session it is. `machine` is a user for web services only, who has no session in the user interface."""

    user_name: str
    user_id: str
    roles: frozenset[str]
    machine: bool = False
    time_zone: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether access controls that admins override let this session pass."""
        return "admin" in self.roles


def with_contained(roles: Iterable[str]) -> frozenset[str]:
    """The roles and the roles that those contain."""
    held = set(roles)
    for role in tuple(held):
        held |= _CONTAINS.get(role, frozenset())
    return frozenset(held)


class AccessControls:
    """Rules for tables and for fields, changeable while the instance runs.

    `stands_in_for` answers the users (by `sys_id`) for whom a user may vote now, as a recorded delegate.
    """

    def __init__(self, stands_in_for: Callable[[str], frozenset[str]]) -> None:
        self._stands_in_for = stands_in_for
        readers = {
            "incident": {"sn_incident_read"} | _BOTH,
            "change_request": {"itil"} | _BOTH,
            "sc_req_item": {"itil"} | _BOTH,
            "sys_user": {"itil"} | _BOTH,
            "sys_user_group": {"itil"} | _BOTH,
            "sys_user_grmember": {"itil"} | _BOTH,
            "sys_choice": {"itil"} | _BOTH,
            APPROVAL: {"itil", DECISIONS},
            # As shipped only administrators read it, and everybody what names himself.
            DELEGATE: {DECISIONS},
            ROTA: {"itil", "rota_admin", "rota_manager", DECISIONS},
            DECISION: {APPROVER} | _BOTH,
            CLUSTER: _BOTH,
        }
        writers = {"incident": {"sn_incident_write", TICKETS}, DECISION: {TICKETS}}
        writers |= {"change_request": {"itil"}, "sc_req_item": {"itil"}}
        self._tables: dict[tuple[str, Operation], set[str]] = {
            ("incident", "create"): {"sn_incident_write", TICKETS},
            (DECISION, "create"): {APPROVER},
        }
        for name in TABLES:
            self._tables[name, "read"] = set(readers.get(name, ()))
            self._tables[name, "write"] = set(writers.get(name, ()))
        self._fields: dict[tuple[str, str, Operation], frozenset[str]] = {}
        for name in TABLES[DECISION].fields:
            if name not in _DECISION_CREATE:
                self._fields[DECISION, name, "create"] = frozenset()
            if name not in _DECISION_WRITE:
                self._fields[DECISION, name, "write"] = frozenset()

    def allow(self, table: str, operation: Operation, role: str) -> None:
        """Lets a role do an operation on a table."""
        self._tables.setdefault((table, operation), set()).add(role)

    def disallow(self, table: str, operation: Operation, role: str) -> None:
        """Takes an operation on a table from a role."""
        self._tables.setdefault((table, operation), set()).discard(role)

    def restrict_field(self, table: str, field: str, operation: Operation, roles: Iterable[str] = ()) -> None:
        """Only these roles may read or write the field: for others it reads as empty, and writing it is ignored."""
        self._fields[table, field, operation] = frozenset(roles)

    def may(self, session: Session, table: str, operation: Operation, row: Row | None = None) -> bool:
        """Whether the session may do the operation on the table, or on this row of it."""
        if operation != "read" and table in _NOT_WRITTEN:
            return False
        if table == DECISION and operation == "create" and session.machine:
            return False
        if session.is_admin and not (table == DECISION and operation in ("create", "write")):
            return True
        if session.roles & self._tables.get((table, operation), set()):
            return True
        return row is not None and self._own(session, table, operation, row)

    def may_field(self, session: Session, table: str, field: str, operation: Operation) -> bool:
        """Whether the session may do the operation on one field, where it may on the table."""
        roles = self._fields.get((table, field, operation))
        if roles is None or (session.is_admin and table != DECISION):
            return True
        return bool(session.roles & roles)

    def _own(self, session: Session, table: str, operation: Operation, row: Row) -> bool:
        """What people may do with what is theirs: read it, and cast their own vote or one that they stand in for."""
        if table == APPROVAL and operation in ("read", "write"):
            return row["approver"] in {session.user_id} | self._stands_in_for(session.user_id)
        return operation == "read" and any(row[field] == session.user_id for field in _OWNERS.get(table, ()))
