"""The tables that extend `task`: incident, change request and requested item, with their states.

Names, lengths and defaults of incident are those of ServiceNow's own dictionary. Those of the other two are as
ServiceNow ships them as far as its documentation names them; not compared with a live instance.
"""

from typing import Final

from local.servicenow.dictionary import Field, boolean, date, integer, reference, table, text

# What ends each kind of task: such a row isn't active any more.
ENDED: Final = {"change_request": frozenset({"3", "4"}), "sc_req_item": frozenset({"3", "4", "7"})}


def _task(class_name: str, state: str) -> tuple[Field, ...]:
    """The columns that every task has; `state` is the one it starts in."""
    return (
        text("number"),
        text("sys_class_name", 80, class_name),
        reference("parent", "task"),
        integer("state", state),
        boolean("active", "true"),
        text("approval", 40, "not requested"),
        date("approval_set"),
        text("upon_approval", 40, "proceed"),
        text("upon_reject", 40, "cancel"),
        text("short_description", 160),
        text("description", 4000),
        text("close_notes", 4000),
        Field("work_notes", "journal", 4000),
        Field("comments", "journal", 4000),
        Field("comments_and_work_notes", "journal_list", 4000),
        text("correlation_id", 100),
        text("correlation_display", 100),
        reference("opened_by", "sys_user"),
        date("opened_at"),
        reference("assigned_to", "sys_user"),
        reference("assignment_group", "sys_user_group"),
        text("contact_type"),
        integer("urgency", "3"),
        integer("impact", "3"),
        integer("priority", "5" if class_name == "incident" else "4"),
        reference("cmdb_ci", "cmdb_ci"),
        reference("business_service", "cmdb_ci_service"),
        reference("service_offering", "service_offering"),
        text("watch_list", 4000),
        text("work_notes_list", 4000),
        reference("closed_by", "sys_user"),
        date("closed_at"),
        date("due_date"),
    )


INCIDENT: Final = table(
    "incident",
    "number",
    *_task("incident", "1"),
    integer("incident_state", "1"),
    text("close_code"),
    reference("caller_id", "sys_user"),
    text("category", 40, "inquiry"),
    text("subcategory"),
    integer("severity", "3"),
    integer("hold_reason"),
    reference("resolved_by", "sys_user"),
    date("resolved_at"),
    text("business_impact", 4000),
    text("cause", 4000),
    prefix="INC",
    extends="task",
)

CHANGE_REQUEST: Final = table(
    "change_request",
    "number",
    *_task("change_request", "-5"),
    text("type", 40, "normal"),
    text("close_code"),
    reference("requested_by", "sys_user"),
    date("start_date"),
    date("end_date"),
    date("work_start"),
    date("work_end"),
    prefix="CHG",
    extends="task",
)

REQUESTED_ITEM: Final = table(
    "sc_req_item",
    "number",
    *_task("sc_req_item", "1"),
    reference("requested_for", "sys_user"),
    text("stage", 80),
    prefix="RITM",
    extends="task",
)

CHANGE_STATES: Final = (
    ("-5", "New"),
    ("-4", "Assess"),
    ("-3", "Authorize"),
    ("-2", "Scheduled"),
    ("-1", "Implement"),
    ("0", "Review"),
    ("3", "Closed"),
    ("4", "Canceled"),
)
REQUESTED_ITEM_STATES: Final = (
    ("-5", "Pending"),
    ("1", "Open"),
    ("2", "Work in Progress"),
    ("3", "Closed Complete"),
    ("4", "Closed Incomplete"),
    ("7", "Closed Skipped"),
)
