"""Sets the three records that a callback is sent with: alias, credential and the cluster's row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from access_bridge.servicenow.query import Query
from access_bridge.servicenow.records import Row, Written
from cli.servicenow.admin import CREDENTIALS, Instance
from cli.servicenow.application import CLUSTER, KEY_ALIAS
from cli.servicenow.given import key_mark
from cli.servicenow.steps import Step


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the decisions for a cluster go, and the key (Base64) that signs them."""

    cluster: str
    url: str
    key: str = field(repr=False)


def own_name(cluster: str) -> str:
    """Return what the alias and the credential of a cluster are called, where this command made them."""
    return f"Access Bridge {cluster}"


def set_callback(instance: Instance, callback: Callback) -> Iterator[Step]:
    """Set what differs, and yield what was done. The row comes last: until it stands nothing is sent."""
    row = instance.cluster(callback.cluster)
    alias, step = _alias(instance, callback.cluster, row)
    yield step
    yield _credential(instance, callback, alias)
    yield _row(instance, callback, alias, row)


def _alias(instance: Instance, cluster: str, row: Row | None) -> tuple[str, Step]:
    """The alias of the row if there is one; else the shipped one while no other cluster has it; else one of its own."""
    if row and row["key_alias"] and (known := instance.get("sys_alias", row["key_alias"], ("name",))):
        return known["sys_id"], Step(f"Alias {known['name']}", "there")
    shipped = instance.named("sys_alias", KEY_ALIAS)
    if shipped and not instance.query(CLUSTER, Query().equals("key_alias", shipped["sys_id"]), ("name",)):
        return shipped["sys_id"], Step(f"Alias {KEY_ALIAS}", "there")
    name = own_name(cluster)
    if own := instance.named("sys_alias", name):
        return own["sys_id"], Step(f"Alias {name}", "there")
    made = instance.insert("sys_alias", {"name": name, "type": "credential"})
    return made.sys_id, Step(f"Alias {name}", "not there", set="made")


def _credential(instance: Instance, callback: Callback, alias: str) -> Step:
    mark = key_mark(callback.key)
    record = f"Credential {own_name(callback.cluster)}"
    active = [row for row in instance.credentials_of(alias) if row["active"] == "true"]
    wanted = {"user_name": mark, "tag": alias, "active": "true"}
    if len(active) > 1:
        names = ", ".join(row["name"] for row in active)
        left = f"Deactivate all but one of those behind the alias ({names}) and run this command again."
        return Step(record, f"{len(active)} active", left=left)
    known = active[0] if active else instance.named(CREDENTIALS, own_name(callback.cluster), tuple(wanted))
    if known is None:
        fixed = {"name": own_name(callback.cluster), "type": "basic_auth", "sys_class_name": "basic_auth_credentials"}
        made = instance.insert(CREDENTIALS, {**fixed, **wanted, "password": callback.key})
        return Step(record, "not there", set="made, with the key", left=_alias_by_hand(made))
    record = f"Credential {known['name']}"
    different = {name: value for name, value in wanted.items() if known.get(name) != value}
    if active:
        different.pop("tag", None)  # it may stand in a list with others
    if not different:
        return Step(record, "there, with this key")
    changed = instance.update(CREDENTIALS, known["sys_id"], {**different, "password": callback.key})
    was = "with another key" if "user_name" in different else "inactive, or not behind the alias"
    return Step(record, f"there, {was}", set="this key" if active else "key and alias", left=_alias_by_hand(changed))


def _alias_by_hand(written: Written | None) -> str:
    if written is not None and "tag" in written.differences:
        return "Open it and set its Credential alias to the cluster's: the instance didn't take that over REST."
    return ""


def _row(instance: Instance, callback: Callback, alias: str, row: Row | None) -> Step:
    record = f"Cluster {callback.cluster}"
    wanted = {"callback_url": callback.url, "key_alias": alias, "instance_name": instance.name()}
    if row is None:
        instance.insert(CLUSTER, {"name": callback.cluster, **wanted})
        return Step(record, "not there", set="made")
    different = {name: value for name, value in wanted.items() if row.get(name) != value}
    if not different:
        return Step(record, "there")
    instance.update(CLUSTER, row["sys_id"], different)
    was = ", ".join(f"{name} {row.get(name) or 'empty'}" for name in different if name != "key_alias")
    return Step(record, was or "without its alias", set=", ".join(different))
