"""What the platform itself does with a task when it is written: state model, data policies, look-ups."""

from typing import Final

from local.servicenow.access import Session
from local.servicenow.errors import acl_exception, data_policy_exception
from local.servicenow.store import Row
from local.servicenow.task_tables import ENDED

ON_HOLD: Final = "3"
RESOLVED: Final = "6"
CLOSED: Final = "7"
CANCELED: Final = "8"
# (impact, urgency) -> priority: the shipped priority look-up.
_PRIORITY: Final = {
    ("1", "1"): "1",
    ("1", "2"): "2",
    ("1", "3"): "3",
    ("2", "1"): "2",
    ("2", "2"): "3",
    ("2", "3"): "4",
    ("3", "1"): "3",
    ("3", "2"): "4",
    ("3", "3"): "5",
}


def may_edit(session: Session, before: Row, after: Row) -> None:
    """Raises Refused where the state forbids it: what is closed or canceled only an admin edits, and only
    `itil_admin` or `admin` closes."""
    if session.is_admin:
        return
    if before.get("state") in (CLOSED, CANCELED):
        raise acl_exception("Update")
    if after["state"] == CLOSED and before.get("state") != CLOSED and "itil_admin" not in session.roles:
        raise acl_exception("Update" if before else "Insert")


def apply(session: Session, table: str, before: Row, after: Row, now: str) -> None:
    """Completes `after` as the shipped rules do. `before` is empty for a new record; `now` is UTC.

    Raises Refused where a data policy misses a mandatory field.
    """
    if table == "incident":
        _apply_incident(session, before, after, now)
    elif table in ENDED:
        _apply_task(session, table, before, after, now)


def _apply_task(session: Session, table: str, before: Row, after: Row, now: str) -> None:
    """A change or a requested item: who opened it and when, and whether it is still active."""
    if not before:
        after["opened_by"] = after["opened_by"] or session.user_id
        after["opened_at"] = after["opened_at"] or now
    if after["state"] != before.get("state"):
        after["active"] = "false" if after["state"] in ENDED[table] else "true"


def _apply_incident(session: Session, before: Row, after: Row, now: str) -> None:
    if after["state"] == before.get("state", "1") and after["incident_state"] != before.get("incident_state", "1"):
        after["state"] = after["incident_state"]
    after["incident_state"] = after["state"]
    may_edit(session, before, after)
    after["priority"] = _PRIORITY.get((after["impact"], after["urgency"]), after["priority"])
    if not before:
        after["opened_by"] = after["opened_by"] or session.user_id
        after["opened_at"] = after["opened_at"] or now
    if after["approval"] in ("approved", "rejected") and after["approval"] != before.get("approval"):
        after["approval_set"] = now
    _check_mandatory(after)
    _stamp(session, before, after, now)


def _check_mandatory(after: Row) -> None:
    missing: list[str] = []
    if after["state"] in (RESOLVED, CLOSED):
        labels = {"close_code": "Resolution code", "close_notes": "Resolution notes"}
        missing = [label for name, label in labels.items() if not after[name].strip()]
    elif after["state"] == ON_HOLD and not after["hold_reason"]:
        missing = ["On hold reason"]
    if missing:
        raise data_policy_exception(missing)


def _stamp(session: Session, before: Row, after: Row, now: str) -> None:
    """Who resolved and closed it, and when, where the writer didn't say."""
    if after["state"] == before.get("state"):
        return
    if after["state"] == RESOLVED:
        after["resolved_by"] = after["resolved_by"] or session.user_id
        after["resolved_at"] = after["resolved_at"] or now
    elif after["state"] in (CLOSED, CANCELED):
        after["closed_by"] = after["closed_by"] or session.user_id
        after["closed_at"] = after["closed_at"] or now
    else:
        after["resolved_by"] = after["resolved_at"] = ""
    after["active"] = "false" if after["state"] in (CLOSED, CANCELED) else "true"
