"""Checks the row of a Teleport cluster, and the alias and credential that its callbacks are signed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row
from cli.servicenow.admin import CREDENTIALS, Instance
from cli.servicenow.application import APPROVER, CLUSTER, DECISION
from cli.servicenow.callback_records import Callback
from cli.servicenow.findings import CONFIGURE, Finding
from cli.servicenow.given import KEY_MARK, key_mark
from cli.servicenow.signed_test import check_answer

_DELIVERY_FIXES = {
    "401": "The instance signs with another key than AWS has, or its clock is wrong. " + CONFIGURE,
    "503": "Access Bridge couldn't take it: its log in CloudWatch says why. Then decide again.",
}


def check_cluster(instance: Instance, expected: Callback, note: Callable[[str], None]) -> Iterator[Finding]:
    """Yield what is wrong with the cluster's records; a URL that isn't given is not compared.

    `note` is told what couldn't be proved.
    """
    row = instance.cluster(expected.cluster)
    if row is None:
        yield Finding(f"There is no row for cluster {expected.cluster}.", CLUSTER, CONFIGURE)
        return
    where = f"{CLUSTER} {row['sys_id']}"
    yield from _check_row(instance, expected, row, where)
    yield from _check_key(instance, expected, row, note)
    yield from check_answer(row["callback_url"], expected.key, where)
    yield from _check_last_delivery(instance, expected.cluster)
    yield from _check_approvers(instance)


def _check_row(instance: Instance, expected: Callback, row: Row, where: str) -> Iterator[Finding]:
    if expected.url and row["callback_url"] != expected.url:
        what = f"The callback URL is {row['callback_url'] or 'empty'}, not {expected.url}."
        yield Finding(what, where, CONFIGURE)
    name, own = row.get("instance_name", ""), instance.name()
    if name != own:
        what = f"The row was made on instance {name or 'unknown'}, and this is {own}: no callback is sent."
        fix = f"On a clone: delete the row (access-bridge servicenow remove). If this instance is to send: {CONFIGURE}"
        yield Finding(what, where, fix)


def _check_key(instance: Instance, expected: Callback, row: Row, note: Callable[[str], None]) -> Iterator[Finding]:
    alias = instance.get("sys_alias", row["key_alias"], ("name",)) if row["key_alias"] else None
    if alias is None:
        yield Finding("The row's key alias is empty or gone.", f"{CLUSTER} {row['sys_id']}", CONFIGURE)
        return
    active = [found for found in instance.credentials_of(alias["sys_id"]) if found["active"] == "true"]
    where = f"{CREDENTIALS}, alias {alias['name']}"
    if len(active) != 1:
        what = f"The alias has {len(active) or 'no'} active credential{'s' if len(active) > 1 else ''}."
        yield Finding(what, where, CONFIGURE if not active else "Deactivate all but the right one.")
        return
    held = active[0]["user_name"]
    if not held.startswith(KEY_MARK):
        note(
            f"Not proved: whether the credential {active[0]['name']} holds this key, which can't be read back. Press "
            "Test callback on the cluster's row, or run access-bridge servicenow configure."
        )
    elif held != key_mark(expected.key):
        what = f"The credential {active[0]['name']} holds another key than this one."
        yield Finding(what, where, f"{CONFIGURE} It sets the key that you give.")


def _check_last_delivery(instance: Instance, cluster: str) -> Iterator[Finding]:
    if instance.named("sys_db_object", DECISION) is None:
        return
    newest = Query().equals("cluster", cluster).order_by("sys_created_on", descending=True)
    for row in instance.query(DECISION, newest, ("delivery",)):
        if row["delivery"] != "202":
            what = f"The last decision's callback ended so: {row['delivery'] or 'it was never sent'}."
            fix = _DELIVERY_FIXES.get(row["delivery"], "See what the other findings say, then decide again.")
            yield Finding(what, f"{DECISION} {row['sys_id']}", fix)


def _check_approvers(instance: Instance) -> Iterator[Finding]:
    role = instance.role_ids(APPROVER).get(APPROVER)
    if role is None:
        return
    query = Query().equals("role", role)
    if not any(instance.query(table, query, ("role",)) for table in ("sys_group_has_role", "sys_user_has_role")):
        fix = "Give it to the group that decides: access-bridge servicenow configure --approver-group NAME."
        yield Finding(f"Nobody has the role {APPROVER}.", "sys_group_has_role", fix)
