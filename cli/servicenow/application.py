"""What the application on the instance consists of, by the names of its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCOPE: Final = "x_acbr_bridge"
VERSION: Final = "0.1.0"
DECISION: Final = "x_acbr_bridge_decision"
CLUSTER: Final = "x_acbr_bridge_cluster"
TABLES: Final = (DECISION, CLUSTER)
APPROVER: Final = "x_acbr_bridge.approver"
TICKETS: Final = "x_acbr_bridge.tickets"
DECISIONS: Final = "x_acbr_bridge.decisions"
ROLES: Final = (APPROVER, TICKETS, DECISIONS)
KEY_ALIAS: Final = "Access Bridge callback key"
REST_MESSAGE: Final = "Access Bridge callback"
SCRIPT_INCLUDES: Final = ("BridgeCluster", "BridgeCallback", "BridgeDecision")

TICKETS_USER: Final = "svc.access.bridge.tickets"
DECISIONS_USER: Final = "svc.access.bridge.decisions"


@dataclass(frozen=True, slots=True)
class Rule:
    """A business rule, and the table that it is on."""

    name: str
    table: str

    def __str__(self) -> str:
        return f"{self.name} on {self.table}"


@dataclass(frozen=True, slots=True)
class Button:
    """A UI action: its action name, which no other has, and what a person reads on it."""

    name: str
    label: str

    def __str__(self) -> str:
        return f"{self.label} ({self.name})"


@dataclass(frozen=True, slots=True)
class AccessControl:
    """An access control of type record. `name` is a table or table.field; `roles` are all that it lets through."""

    name: str
    operation: str
    roles: frozenset[str]
    admin_overrides: bool = False

    def __str__(self) -> str:
        return f"{self.operation} {self.name}"


BUSINESS_RULES: Final = (
    Rule("Fill decision", DECISION),
    Rule("Send decision", DECISION),
    Rule("Record vote", "sysapproval_approver"),
    Rule("Name instance", CLUSTER),
)
BUTTONS: Final = (
    Button("x_acbr_bridge_approve", "Approve access"),
    Button("x_acbr_bridge_deny", "Deny access"),
    Button("x_acbr_bridge_deny_workspace", "Deny access"),
    Button("x_acbr_bridge_test", "Test callback"),
)

_NOBODY: Final = frozenset({"nobody"})
_ADMIN: Final = frozenset({"admin"})
ACCESS_CONTROLS: Final = (
    AccessControl(DECISION, "create", frozenset({APPROVER})),
    AccessControl(f"{DECISION}.ticket", "create", frozenset({APPROVER})),
    AccessControl(f"{DECISION}.decision", "create", frozenset({APPROVER})),
    AccessControl(f"{DECISION}.reason", "create", frozenset({APPROVER})),
    AccessControl(f"{DECISION}.*", "create", _NOBODY),
    AccessControl(DECISION, "read", frozenset(ROLES)),
    AccessControl(f"{DECISION}.*", "read", frozenset(ROLES)),
    AccessControl(DECISION, "write", frozenset({TICKETS})),
    AccessControl(f"{DECISION}.outcome", "write", frozenset({TICKETS})),
    AccessControl(f"{DECISION}.outcome_detail", "write", frozenset({TICKETS})),
    AccessControl(f"{DECISION}.*", "write", _NOBODY),
    AccessControl(DECISION, "delete", _NOBODY),
    *(
        AccessControl(CLUSTER, operation, _ADMIN, admin_overrides=True)
        for operation in ("read", "create", "write", "delete")
    ),
)
"""A decision must be nobody's to make but an approver's, so no administrator overrides these. On the cluster's rows it
makes no difference."""

HOW_TO_LOAD: Final = (
    "Load the application first. A user with the role security_admin does it in ServiceNow's own pages, since an\n"
    "update set can't be imported over REST:\n"
    "  1. Your picture, Elevate role: security_admin.\n"
    "  2. System Update Sets, Retrieved Update Sets, Import Update Set from XML: choose\n"
    "     servicenow/dist/access-bridge-update-set.xml.\n"
    "  3. Open it, Preview Update Set. There must be no problems. Then Commit Update Set.\n"
    "  4. Run this command again."
)
