"""Finds and deletes the rows that this command, or an administrator in its place, has put beside the application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from access_bridge.servicenow.query import Query
from cli.servicenow.admin import CREDENTIALS, Instance
from cli.servicenow.application import CLUSTER, ROLES
from cli.servicenow.callback_records import own_name


@dataclass(frozen=True, slots=True)
class Doomed:
    """A record that is to be deleted, and how it is called."""

    table: str
    sys_id: str
    name: str


def rows_of(instance: Instance, cluster: str) -> list[Doomed]:
    """Return a cluster's row, credential and alias, and with the last cluster the grants of the application's roles.

    In the order in which they may go: the row first, so that nothing is sent any more.
    """
    found: list[Doomed] = []
    others = False
    if instance.named("sys_db_object", CLUSTER):
        rows = instance.every(CLUSTER, Query(), ("name",))
        found += [Doomed(CLUSTER, row["sys_id"], f"Cluster {row['name']}") for row in rows if row["name"] == cluster]
        others = len(rows) > len(found)
    name = own_name(cluster)
    for table, kind in ((CREDENTIALS, "Credential"), ("sys_alias", "Alias")):
        rows = instance.every(table, Query().equals("name", name), ("name",))
        found += [Doomed(table, row["sys_id"], f"{kind} {name}") for row in rows if row["name"] == name]
    return found if others else [*found, *_grants(instance)]


def _grants(instance: Instance) -> Iterator[Doomed]:
    roles = {sys_id: name for name, sys_id in instance.role_ids(*ROLES).items()}
    for table, holder, people in (
        ("sys_user_has_role", "user", "sys_user"),
        ("sys_group_has_role", "group", "sys_user_group"),
    ):
        for row in instance.every(table, Query().is_in("role", roles), ("role", holder, "inherited")):
            if row.get("inherited") == "true":  # goes with the grant that it comes of
                continue
            who = instance.get(people, row[holder], ("name",))
            yield Doomed(table, row["sys_id"], f"Role {roles[row['role']]} of {who['name'] if who else row[holder]}")
