"""Sessions, roles and access controls: who may read, create, write and delete what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, cast

from local.servicenow.application import ShippedControl, access_controls
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
        # What an administrator has given the accounts' roles besides (docs/servicenow.md): reading these.
        readers = {
            "incident": {"sn_incident_read"},
            "change_request": {"itil"} | _BOTH,
            "sc_req_item": {"itil"} | _BOTH,
            "sys_user": {"itil"} | _BOTH,
            "sys_user_group": {"itil"} | _BOTH,
            "sys_user_grmember": {"itil"} | _BOTH,
            "sys_choice": {"itil"},
            APPROVAL: {"itil", DECISIONS},
            # As shipped only administrators read it, and everybody what names himself.
            DELEGATE: {DECISIONS},
            ROTA: {"itil", "rota_admin", "rota_manager", DECISIONS},
        }
        writers = {"incident": {"sn_incident_write"}, "change_request": {"itil"}, "sc_req_item": {"itil"}}
        self._tables: dict[tuple[str, Operation], set[str]] = {("incident", "create"): {"sn_incident_write"}}
        for name in TABLES:
            self._tables[name, "read"] = set(readers.get(name, ()))
            self._tables[name, "write"] = set(writers.get(name, ()))
        self._fields: dict[tuple[str, str, Operation], frozenset[str]] = {}
        self._withheld: set[tuple[str, str, Operation, str]] = set()
        self._closed_to_admins: set[tuple[str, Operation]] = set()
        self.use_application(access_controls())

    def use_application(self, controls: Iterable[ShippedControl]) -> None:
        """Takes these as the access controls of the application's tables, in place of those that are there."""
        of_tables = {(table, operation) for table, operation in self._tables if table in (DECISION, CLUSTER)}
        for key in of_tables:
            del self._tables[key]
        self._fields = {key: roles for key, roles in self._fields.items() if key[0] not in (DECISION, CLUSTER)}
        self._closed_to_admins = set()
        known = {(one.name, cast(Operation, one.operation)): one for one in controls}
        for (name, operation), control in known.items():
            table, _, field = name.partition(".")
            if not field:
                self._tables[table, operation] = set(control.roles)
                # An administrator has every role, so he reads. That he does no more is what the controls are for.
                if not control.admin_overrides and operation != "read":
                    self._closed_to_admins.add((table, operation))
            for column in TABLES[table].fields if field == "*" else (field,) if field else ():
                if field != "*" or (f"{table}.{column}", operation) not in known:
                    self._fields[table, column, operation] = control.roles

    def allow(self, table: str, operation: Operation, role: str) -> None:
        """Lets a role do an operation on a table."""
        self._tables.setdefault((table, operation), set()).add(role)

    def disallow(self, table: str, operation: Operation, role: str) -> None:
        """Takes an operation on a table from a role."""
        self._tables.setdefault((table, operation), set()).discard(role)

    def restrict_field(self, table: str, field: str, operation: Operation, roles: Iterable[str] = ()) -> None:
        """Only these roles may read or write the field: for others it reads as empty, and writing it is ignored."""
        self._fields[table, field, operation] = frozenset(roles)

    def withhold(self, user_name: str, table: str, operation: Operation, field: str = "") -> None:
        """Takes an operation on a table, or on one field of it, from one user, whatever his roles."""
        self._withheld.add((user_name, table, operation, field))

    def give_back(self) -> None:
        """Takes back all that was withheld."""
        self._withheld.clear()

    def may(self, session: Session, table: str, operation: Operation, row: Row | None = None) -> bool:
        """Whether the session may do the operation on the table, or on this row of it."""
        if operation != "read" and table in _NOT_WRITTEN:
            return False
        if (session.user_name, table, operation, "") in self._withheld:
            return False
        if table == DECISION and operation == "create" and session.machine:
            return False
        if session.is_admin and (table, operation) not in self._closed_to_admins:
            return True
        if session.roles & self._tables.get((table, operation), set()):
            return True
        return row is not None and self._own(session, table, operation, row)

    def may_field(self, session: Session, table: str, field: str, operation: Operation) -> bool:
        """Whether the session may do the operation on one field, where it may on the table."""
        if (session.user_name, table, operation, field) in self._withheld:
            return False
        roles = self._fields.get((table, field, operation))
        # Administrators have every role but `nobody`, whether they override the control or not.
        if roles is None or (session.is_admin and (table != DECISION or roles - {"nobody"})):
            return True
        return bool(session.roles & roles)

    def _own(self, session: Session, table: str, operation: Operation, row: Row) -> bool:
        """What people may do with what is theirs: read it, and cast their own vote or one that they stand in for."""
        if table == APPROVAL and operation in ("read", "write"):
            return row["approver"] in {session.user_id} | self._stands_in_for(session.user_id)
        return operation == "read" and any(row[field] == session.user_id for field in _OWNERS.get(table, ()))
