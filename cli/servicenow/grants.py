"""Gives roles to the integration users and to the approvers' group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from access_bridge.servicenow.query import Query
from cli.servicenow.admin import Instance
from cli.servicenow.application import APPROVER, DECISIONS, TICKETS
from cli.servicenow.steps import Step


@dataclass(frozen=True, slots=True)
class Needed:
    """A role that a user needs; any of `instead` does as well."""

    role: str
    instead: tuple[str, ...] = ()


NEEDED_FOR_TICKETS = (Needed(TICKETS), Needed("sn_incident_write", ("itil",)))
NEEDED_FOR_DECISIONS = (Needed(DECISIONS), Needed("sn_incident_read", ("sn_incident_write", "itil")))


def roles_of(instance: Instance, user: str) -> set[str]:
    """Return the sys_ids of the roles that a user has, inherited ones too; raises as the client does."""
    rows = instance.every("sys_user_has_role", Query().equals("user", user), ("role",))
    return {row["role"] for row in rows}


def missing(instance: Instance, user: str, needed: tuple[Needed, ...]) -> list[str]:
    """Return the names of the needed roles that a user, by sys_id, doesn't have."""
    held = roles_of(instance, user)
    names = {name for need in needed for name in (need.role, *need.instead)}
    have = {name for name, sys_id in instance.role_ids(*names).items() if sys_id in held}
    return [need.role for need in needed if not have.intersection((need.role, *need.instead))]


def grant_to_user(instance: Instance, user_name: str, needed: tuple[Needed, ...]) -> Iterator[Step]:
    """Give a user the roles that he lacks, and yield what was done."""
    user = instance.named("sys_user", user_name, column="user_name")
    if user is None:
        left = "Make this user (Machine, web service access only, time zone GMT) and run this command again."
        yield Step(f"User {user_name}", "not there", left=left)
        return
    lacking = missing(instance, user["sys_id"], needed)
    ids = instance.role_ids(*lacking) if lacking else {}
    for need in needed:
        record = f"Role {need.role} of {user_name}"
        if need.role not in lacking:
            yield Step(record, "there")
        elif need.role not in ids:
            yield Step(record, "not there", left="The instance has no such role. Give him one that may do the same.")
        else:
            instance.insert("sys_user_has_role", {"user": user["sys_id"], "role": ids[need.role]})
            yield Step(record, "not there", set="given")


def grant_to_approvers(instance: Instance, group: str | None) -> Step:
    """Give the approvers' group the role that its members decide with, and return what was done."""
    record = f"Role {APPROVER} of group {group}" if group else f"Role {APPROVER}"
    role = instance.role_ids(APPROVER).get(APPROVER)
    if role is None:
        return Step(record, "not there", left="The application's role is missing: commit the update set again.")
    if group is None:
        given = instance.query("sys_group_has_role", Query().equals("role", role), ("group",))
        left = "" if given else "Give it to the group that decides: --approver-group NAME."
        return Step(record, "a group has it" if given else "no group has it", left=left)
    found = instance.named("sys_user_group", group)
    if found is None:
        return Step(record, "not there", left=f"There is no group {group}. Make it, or name another.")
    query = Query().equals("group", found["sys_id"]).equals("role", role)
    if instance.query("sys_group_has_role", query, ("group", "role")):
        return Step(record, "there")
    instance.insert("sys_group_has_role", {"group": found["sys_id"], "role": role})
    return Step(record, "not there", set="given")
