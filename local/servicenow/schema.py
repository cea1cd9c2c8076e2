"""The dictionary: which tables there are, which fields they have, how long those are and what they default to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from local.servicenow.dictionary import Field, Table, boolean, date, integer, reference, table, text
from local.servicenow.platform_tables import PLATFORM_TABLES
from local.servicenow.task_tables import CHANGE_REQUEST, CHANGE_STATES, INCIDENT, REQUESTED_ITEM, REQUESTED_ITEM_STATES

DECISION: Final = "x_acbr_bridge_decision"
CLUSTER: Final = "x_acbr_bridge_cluster"
APPROVAL: Final = "sysapproval_approver"
DELEGATE: Final = "sys_user_delegate"
ROTA: Final = "cmn_rota"

_USER: Final = table(
    "sys_user",
    "name",
    text("user_name"),
    text("name", 151),
    text("first_name", 50),
    text("last_name", 50),
    text("email", 100),
    boolean("active", "true"),
    boolean("locked_out"),
    boolean("web_service_access_only"),
    boolean("internal_integration_user"),
    text("time_zone"),
    text("title", 60),
    Field("user_password", "secret", 255),
)

_DECISION: Final = table(
    DECISION,
    "sys_id",
    text("ticket_table", 80),
    reference("ticket", "task"),
    text("request_id", 100),
    text("cluster", 255),
    text("decision"),
    text("reason", 4000),
    reference("decided_by", "sys_user"),
    reference("approval", "sysapproval_approver"),
    text("delivery", 100),
    text("outcome"),
    text("outcome_detail", 1000),
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            INCIDENT,
            CHANGE_REQUEST,
            REQUESTED_ITEM,
            _USER,
            _DECISION,
            table(
                CLUSTER,
                "name",
                text("name", 255),
                text("callback_url", 1024),
                reference("key_alias", "sys_alias"),
                text("instance_name", 80),
            ),
            table(
                "sys_user_group",
                "name",
                text("name", 80),
                text("description", 1000),
                text("email", 100),
                reference("manager", "sys_user"),
                boolean("active", "true"),
            ),
            table("sys_user_grmember", "sys_id", reference("user", "sys_user"), reference("group", "sys_user_group")),
            table(
                "sys_choice",
                "label",
                text("name", 80),
                text("element", 80),
                text("value"),
                text("label", 255),
                text("language", 3, "en"),
                integer("sequence"),
                boolean("inactive"),
            ),
            table(
                APPROVAL,
                "sys_id",
                reference("sysapproval", "task"),
                text("source_table", 80),
                text("document_id", 32),
                reference("approver", "sys_user"),
                text("state", 40, "requested"),
                Field("comments", "journal", 4000),
                reference("group", "sysapproval_group"),
                date("due_date"),
            ),
            # Columns as ServiceNow's own scripts and the form name them; who may stand in for an approver, and when.
            table(
                DELEGATE,
                "sys_id",
                reference("user", "sys_user"),
                reference("delegate", "sys_user"),
                date("starts"),
                date("ends"),
                boolean("approvals", "true"),
                boolean("assignments", "true"),
                boolean("notifications", "true"),
                boolean("invitations", "true"),
            ),
            table(
                ROTA,
                "name",
                text("name", 100),
                reference("group", "sys_user_group"),
                reference("schedule", "cmn_schedule"),
                boolean("active", "true"),
            ),
            table(
                "sys_journal_field",
                "sys_id",
                text("name", 80),
                text("element", 80),
                text("element_id", 32),
                text("value", 4000),
            ),
            *PLATFORM_TABLES,
        )
    }
)

CHOICES: Final[Mapping[tuple[str, str], tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        ("incident", "state"): (
            ("1", "New"),
            ("2", "In Progress"),
            ("3", "On Hold"),
            ("6", "Resolved"),
            ("7", "Closed"),
            ("8", "Canceled"),
        ),
        ("incident", "close_code"): tuple(
            (label, label)
            for label in (
                "Duplicate",
                "Known error",
                "No resolution provided",
                "Resolved by caller",
                "Resolved by change",
                "Resolved by problem",
                "Resolved by request",
                "Solution provided",
                "Workaround provided",
                "User error",
            )
        ),
        ("incident", "approval"): (
            ("not requested", "Not Yet Requested"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("cancelled", "Cancelled"),
        ),
        ("incident", "urgency"): (("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")),
        ("incident", "impact"): (("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")),
        ("incident", "priority"): (
            ("1", "1 - Critical"),
            ("2", "2 - High"),
            ("3", "3 - Moderate"),
            ("4", "4 - Low"),
            ("5", "5 - Planning"),
        ),
        ("incident", "hold_reason"): (
            ("1", "Awaiting Caller"),
            ("3", "Awaiting Problem"),
            ("4", "Awaiting Vendor"),
            ("5", "Awaiting Change"),
        ),
        ("incident", "category"): (("inquiry", "Inquiry / Help"), ("software", "Software"), ("hardware", "Hardware")),
        ("change_request", "state"): CHANGE_STATES,
        ("sc_req_item", "state"): REQUESTED_ITEM_STATES,
        (APPROVAL, "state"): (
            ("not requested", "Not Yet Requested"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("cancelled", "Cancelled"),
            ("not_required", "No Longer Required"),
            ("duplicate", "Duplicate"),
        ),
        (DECISION, "decision"): (("approved", "Approved"), ("rejected", "Rejected")),
    }
)


def concrete_tables(name: str) -> list[str]:
    """The tables whose rows a reference to `name` may mean: itself, or those that extend it (task)."""
    return [entry.name for entry in TABLES.values() if name in (entry.name, entry.extends)]


def cut(field: Field, value: str) -> str:
    """What the column keeps of `value`: what is too long is cut without a word, not refused."""
    return value[: field.length]
