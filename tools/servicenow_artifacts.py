"""Makes the two ServiceNow artifacts from what `now-sdk build` and `now-sdk pack` left, the same bytes every time.

`python tools/servicenow_artifacts.py BUILD OUT` reads BUILD/app and the one BUILD/*.zip, and writes to OUT the
application package and the update set. `python tools/servicenow_artifacts.py --compare OUT COMMITTED` says where they
differ from what is committed.
"""

import hashlib
import json
import re
import sys
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

PACKAGE: Final = "access-bridge-application.zip"
UPDATE_SET: Final = "access-bridge-update-set.xml"

# Neither the SDK's list of what it is built from nor its package.json is used by an instance that loads an update set.
_LEFT_OUT: Final = frozenset({"sys_module"})
_NAMESPACE: Final = uuid.UUID("b1f9f8fd-6a5d-4e0c-8f0b-7b3c0c6f1e52")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_DATE: Final = "1980-01-01 00:00:00"
_INVENTORY: Final = "/package_inventory.csv"
# What an instance calls the kind of a record in an update set, by table.
_TYPES: Final = {
    "sys_alias": "Connection & Credential Aliases",
    "sys_app": "Custom Application",
    "sys_choice": "Choice list",
    "sys_db_object": "Table",
    "sys_dictionary": "Dictionary",
    "sys_rest_message": "REST Message",
    "sys_rest_message_fn": "HTTP Method",
    "sys_rest_message_fn_headers": "HTTP Headers",
    "sys_scope_privilege": "Cross scope privilege",
    "sys_script": "Business Rule",
    "sys_script_include": "Script Include",
    "sys_security_acl": "Access Control",
    "sys_security_acl_role": "Access Roles",
    "sys_ui_action": "UI Action",
    "sys_ui_action_role": "UI Action Role",
    "sys_user_role": "Role",
}
# Application, tables and roles come before what refers to them.
_FIRST: Final = ("sys_app", "sys_user_role", "sys_db_object", "sys_dictionary", "sys_choice")


@dataclass(frozen=True, slots=True)
class Update:
    """One record of an update set: its update name, its table, the name that a person knows it by, and its XML."""

    name: str
    table: str
    label: str
    on_table: str
    payload: str


def update_set(app: Path) -> str:
    """The update set of the records below `app`. Raises ValueError for a record of a kind that isn't known here."""
    updates = [
        one
        for folder in ("scope", "update", "author_elective_update")
        for one in map(_update, sorted((app / folder).glob("*.xml")))
        if one.table not in _LEFT_OUT
    ]
    unknown = sorted({one.table for one in updates} - _TYPES.keys())
    if unknown:
        raise ValueError(f"no name is known for the kind of {', '.join(unknown)}: add it to _TYPES")
    updates.sort(key=lambda one: (_FIRST.index(one.table) if one.table in _FIRST else len(_FIRST), one.name))
    scope = next(_parsed(one.payload) for one in updates if one.table == "sys_app")
    application = {name: scope.findtext(name) or "" for name in ("sys_id", "name", "scope", "version")}
    header = _id("update set")
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', f'<unload unload_date="{_DATE}">', _header(header, application)]
    parts += [_record(one, header, application) for one in updates]
    return "\n".join([*parts, "</unload>", ""])


def _update(path: Path) -> Update:
    text = path.read_text("utf-8")
    # What package_json names is among the records that are left out.
    text = re.sub(r"<package_json>[^<]*</package_json>", "<package_json/>", text)
    record = _parsed(text)
    table = "sys_choice" if record.tag == "sys_choice_v2" else record.tag
    label = next((found for tag in ("name", "function_name", "element") if (found := record.findtext(tag))), path.stem)
    on_table = record.findtext("collection") or record.findtext("table") or record.get("table") or ""
    return Update(path.stem, table, label, on_table, text.strip())


def _parsed(payload: str) -> ElementTree.Element:
    """The record within its `record_update`."""
    return ElementTree.fromstring(payload)[0]  # noqa: S314 - our own build made it


def _header(sys_id: str, application: dict[str, str]) -> str:
    columns = {
        "application": application["sys_id"],
        "application_name": application["name"],
        "application_scope": application["scope"],
        "application_version": application["version"],
        "collisions": "",
        "commit_date": "",
        "deleted": "",
        "description": "Teleport access requests as tickets, and decisions on them back to Teleport",
        "inserted": "",
        "name": f"{application['name']} {application['version']}",
        "origin_sys_id": "",
        "parent": "",
        "release_date": "",
        "remote_base_update_set": "",
        "remote_parent_id": "",
        "remote_sys_id": _id("update set at its origin"),
        "state": "loaded",
        "summary": "",
        "sys_class_name": "sys_remote_update_set",
        "sys_created_by": "access-bridge",
        "sys_created_on": _DATE,
        "sys_id": sys_id,
        "sys_mod_count": "0",
        "sys_updated_by": "access-bridge",
        "sys_updated_on": _DATE,
        "update_set": "",
        "update_source": "",
        "updated": "",
    }
    return _xml("sys_remote_update_set", columns)


def _record(one: Update, header: str, application: dict[str, str]) -> str:
    columns = {
        "action": "INSERT_OR_UPDATE",
        "application": application["sys_id"],
        "category": "customer",
        "comments": "",
        "name": one.name,
        "payload": one.payload,
        "payload_hash": "",
        "remote_update_set": header,
        "replace_on_upgrade": "false",
        "sys_created_by": "access-bridge",
        "sys_created_on": _DATE,
        "sys_id": _id(one.name),
        "sys_mod_count": "0",
        "sys_recorded_at": "",
        "sys_updated_by": "access-bridge",
        "sys_updated_on": _DATE,
        "table": one.on_table,
        "target_name": one.label,
        "type": _TYPES[one.table],
        "update_domain": "global",
        "update_guid": "",
        "update_guid_history": "",
        "update_set": "",
        "view": "",
    }
    return _xml("sys_update_xml", columns)


def _xml(tag: str, columns: dict[str, str]) -> str:
    lines = [f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>" for name, value in columns.items()]
    return "\n".join([f'<{tag} action="INSERT_OR_UPDATE">', *lines, f"</{tag}>"])


def _id(name: str) -> str:
    return uuid.uuid5(_NAMESPACE, name).hex


def package(packed: Path, out: Path) -> None:
    """Writes the application package anew, without what differs from build to build: times, and the id that the SDK
    gives to its list of components. The package's inventory gets the digest of what is then in it."""
    with zipfile.ZipFile(packed) as source:
        files = {name: source.read(name) for name in source.namelist()}
    changed = {name: _without_chance(content) for name, content in files.items() if b"CycloneDX" in content}
    inventory = files[_INVENTORY].decode("utf-8")
    for name, content in changed.items():
        digest = hashlib.sha256(content).hexdigest()
        inventory = re.sub(
            rf"^{re.escape(name.lstrip('/'))};.*$", f"{name.lstrip('/')};{digest}", inventory, flags=re.M
        )
    files |= changed | {_INVENTORY: inventory.encode("utf-8")}
    with zipfile.ZipFile(out, "w") as target:
        for name in sorted(files):
            # Stored, not compressed: what a compressor makes depends on its version.
            target.writestr(zipfile.ZipInfo(name, _EPOCH), files[name], zipfile.ZIP_STORED)


def _without_chance(content: bytes) -> bytes:
    text = content.decode("utf-8")
    text = re.sub(r'"serialNumber": "urn:uuid:[^"]*"', f'"serialNumber": "urn:uuid:{_NAMESPACE}"', text)
    text = re.sub(r'"timestamp": "[^"]*"', '"timestamp": "1980-01-01T00:00:00.000Z"', text)
    start, end = text.index("<![CDATA[") + len("<![CDATA["), text.rindex("]]>")
    # Raises where the substitution broke it.
    json.loads(text[start:end])
    return text.encode("utf-8")


def make(build: Path, out: Path) -> None:
    """Makes both artifacts in `out`. Raises ValueError where `build` doesn't hold exactly one package."""
    packed = list(build.glob("*.zip"))
    if len(packed) != 1:
        raise ValueError(f"{build} should hold one package, and holds {len(packed)}")
    out.mkdir(exist_ok=True)
    (out / UPDATE_SET).write_text(update_set(build / "app"), "utf-8")
    package(packed[0], out / PACKAGE)


def differences(built: Path, committed: Path) -> list[str]:
    """What of the committed artifacts isn't what was built, a sentence for each."""
    found: list[str] = []
    for name in (PACKAGE, UPDATE_SET):
        if not (committed / name).is_file():
            found.append(f"{committed / name} isn't there.")
        elif (committed / name).read_bytes() != (built / name).read_bytes():
            found.append(f"{committed / name} isn't what the sources make.")
    return found


def main(arguments: list[str]) -> int:
    """Does what the module says; the exit code."""
    if arguments[0] != "--compare":
        make(Path(arguments[0]), Path(arguments[1]))
        return 0
    built, committed = Path(arguments[1]), Path(arguments[2])
    found = differences(built, committed)
    for sentence in found:
        print(sentence)
    if found:
        print(f"If that is meant, copy {built}/* to {committed} and commit it.")
        return 1
    print(f"{committed} is what the sources make.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
