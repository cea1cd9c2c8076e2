"""The dictionary: which tables there are, which fields they have, how long those are and what they default to.

Lengths and defaults of incident are those of ServiceNow's own dictionary (task, incident, journal).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["string", "boolean", "integer", "datetime", "reference", "journal", "journal_list", "secret"]
DECISION: Final = "x_acbr_bridge_decision"
CLUSTER: Final = "x_acbr_bridge_cluster"


@dataclass(frozen=True, slots=True)
class Field:
    """One dictionary entry. `length` counts characters; `reference` names the table that a reference points to."""

    name: str
    kind: Kind = "string"
    length: int = 40
    reference: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `display` is the field that stands for a record; `prefix` starts its numbers, where it has any."""

    name: str
    display: str
    fields: Mapping[str, Field]
    prefix: str = ""
    extends: str = ""


def _text(name: str, length: int = 40, default: str = "") -> Field:
    return Field(name, "string", length, default=default)


def _reference(name: str, to: str) -> Field:
    return Field(name, "reference", 32, reference=to)


def _boolean(name: str, default: str = "false") -> Field:
    return Field(name, "boolean", 5, default=default)


def _date(name: str) -> Field:
    return Field(name, "datetime", 19)


def _integer(name: str, default: str = "") -> Field:
    return Field(name, "integer", 40, default=default)


SYSTEM_FIELDS: Final = (
    _text("sys_id", 32),
    _date("sys_created_on"),
    _text("sys_created_by"),
    _date("sys_updated_on"),
    _text("sys_updated_by"),
    _integer("sys_mod_count", "0"),
)


def _table(name: str, display: str, *fields: Field, prefix: str = "", extends: str = "") -> Table:
    entries = {field.name: field for field in (*SYSTEM_FIELDS, *fields)}
    return Table(name, display, MappingProxyType(entries), prefix, extends)


_INCIDENT: Final = _table(
    "incident",
    "number",
    _text("number"),
    _text("sys_class_name", 80, "incident"),
    _integer("state", "1"),
    _integer("incident_state", "1"),
    _boolean("active", "true"),
    _text("approval", 40, "not requested"),
    _date("approval_set"),
    _text("upon_approval", 40, "proceed"),
    _text("upon_reject", 40, "cancel"),
    _text("short_description", 160),
    _text("description", 4000),
    _text("close_code"),
    _text("close_notes", 4000),
    Field("work_notes", "journal", 4000),
    Field("comments", "journal", 4000),
    Field("comments_and_work_notes", "journal_list", 4000),
    _text("correlation_id", 100),
    _text("correlation_display", 100),
    _reference("caller_id", "sys_user"),
    _reference("opened_by", "sys_user"),
    _date("opened_at"),
    _reference("assigned_to", "sys_user"),
    _reference("assignment_group", "sys_user_group"),
    _text("category", 40, "inquiry"),
    _text("subcategory"),
    _text("contact_type"),
    _integer("urgency", "3"),
    _integer("impact", "3"),
    _integer("priority", "5"),
    _integer("severity", "3"),
    _integer("hold_reason"),
    _reference("cmdb_ci", "cmdb_ci"),
    _reference("business_service", "cmdb_ci_service"),
    _reference("service_offering", "service_offering"),
    _text("watch_list", 4000),
    _text("work_notes_list", 4000),
    _reference("resolved_by", "sys_user"),
    _date("resolved_at"),
    _reference("closed_by", "sys_user"),
    _date("closed_at"),
    _date("due_date"),
    _text("business_impact", 4000),
    _text("cause", 4000),
    prefix="INC",
    extends="task",
)

_USER: Final = _table(
    "sys_user",
    "name",
    _text("user_name"),
    _text("name", 151),
    _text("first_name", 50),
    _text("last_name", 50),
    _text("email", 100),
    _boolean("active", "true"),
    _boolean("locked_out"),
    _boolean("web_service_access_only"),
    _text("time_zone"),
    _text("title", 60),
    Field("user_password", "secret", 255),
)

_DECISION: Final = _table(
    DECISION,
    "sys_id",
    _text("ticket_table", 80),
    _reference("ticket", "task"),
    _text("request_id", 100),
    _text("cluster", 255),
    _text("decision"),
    _text("reason", 4000),
    _reference("decided_by", "sys_user"),
    _reference("approval", "sysapproval_approver"),
    _text("delivery", 100),
    _text("outcome"),
    _text("outcome_detail", 1000),
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.name: table
        for table in (
            _INCIDENT,
            _USER,
            _DECISION,
            _table(
                CLUSTER,
                "name",
                _text("name", 255),
                _text("callback_url", 1024),
                _reference("key_alias", "sys_alias"),
            ),
            _table(
                "sys_user_group",
                "name",
                _text("name", 80),
                _text("description", 1000),
                _text("email", 100),
                _reference("manager", "sys_user"),
                _boolean("active", "true"),
            ),
            _table(
                "sys_user_grmember", "sys_id", _reference("user", "sys_user"), _reference("group", "sys_user_group")
            ),
            _table(
                "sys_choice",
                "label",
                _text("name", 80),
                _text("element", 80),
                _text("value"),
                _text("label", 255),
                _text("language", 3, "en"),
                _integer("sequence"),
                _boolean("inactive"),
            ),
            _table(
                "sysapproval_approver",
                "sys_id",
                _reference("sysapproval", "task"),
                _text("source_table", 80),
                _text("document_id", 32),
                _reference("approver", "sys_user"),
                _text("state", 40, "requested"),
                Field("comments", "journal", 4000),
                _reference("group", "sysapproval_group"),
                _date("due_date"),
            ),
            _table(
                "sys_journal_field",
                "sys_id",
                _text("name", 80),
                _text("element", 80),
                _text("element_id", 32),
                _text("value", 4000),
            ),
            _table("sys_alias", "name", _text("name", 100)),
            _table(
                "discovery_credentials",
                "name",
                _text("name", 100),
                _reference("alias", "sys_alias"),
                _boolean("active", "true"),
                Field("password", "secret", 255),
            ),
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
        (DECISION, "decision"): (("approved", "Approved"), ("rejected", "Rejected")),
    }
)


def concrete_tables(name: str) -> list[str]:
    """The tables whose rows a reference to `name` may mean: itself, or those that extend it (task: incident)."""
    return [table.name for table in TABLES.values() if name in (table.name, table.extends)]


def cut(field: Field, value: str) -> str:
    """What the column keeps of `value`: what is too long is cut without a word, not refused."""
    return value[: field.length]
