"""The committed update set: what an administrator loads is ours alone, holds no secret, and is what the sources say."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import dukpy
import pytest

from tests.unit.servicenow_app.review import SCOPE, SCOPE_ID, SCRIPTS, objections
from tests.unit.servicenow_app.shipped import SOURCES, UPDATE_SET, Shipped, of_table, records_of, shipped


def test_nothing_in_the_update_set_is_objected_to() -> None:
    assert objections(shipped()) == []


def _foreign_scope(one: Shipped) -> None:
    scope = one.record.find("sys_scope")
    assert scope is not None
    scope.text = "global"


def _put(column: str, value: str) -> Callable[[Shipped], None]:
    def change(one: Shipped) -> None:
        found = one.record.find(column)
        found = ElementTree.SubElement(one.record, column) if found is None else found
        found.text = value

    return change


def _rename(tag: str) -> Callable[[Shipped], None]:
    def change(one: Shipped) -> None:
        one.record.tag = tag

    return change


@pytest.mark.parametrize(
    ("table", "change", "objection"),
    [
        ("sys_script", _foreign_scope, "another scope"),
        ("sys_alias", _rename("discovery_credentials"), "no kind of record"),
        ("sys_alias", _rename("basic_auth_credentials"), "no kind of record"),
        ("sys_alias", _rename("sys_properties"), "no kind of record"),
        ("sys_alias", _rename("x_acbr_bridge_cluster"), "no kind of record"),
        ("sys_rest_message", _put("basic_auth_password", "hunter2"), "basic_auth_password has a value"),
        ("sys_rest_message_fn", _put("basic_auth_password", "hunter2"), "basic_auth_password has a value"),
        ("sys_dictionary", _put("name", "incident"), "changes incident"),
        ("sys_db_object", _put("name", "task"), "changes task"),
        ("sys_security_acl", _put("name", "incident"), "changes incident"),
        ("sys_script", _put("collection", "incident"), "changes incident"),
        ("sys_user_role", _put("name", "itil"), "changes itil"),
        ("sys_script", _put("script", "const answer = [1].map((x) => x);"), "no ES5"),
        ("sys_script_include", _put("script", "var text = `template`;"), "no ES5"),
        ("sys_ui_action", _put("client_script_v2", "async function onClick() {}"), "no ES5"),
    ],
)
def test_what_must_not_be_shipped_is_objected_to(table: str, change: Callable[[Shipped], None], objection: str) -> None:
    updates = records_of(UPDATE_SET.read_text("utf-8"))
    spoilt = next(one for one in updates if one.table == table)
    change(spoilt)
    assert [sentence for sentence in objections(updates) if objection in sentence]


def test_every_script_of_the_update_set_is_a_file_of_the_sources_and_the_other_way_round() -> None:
    in_update_set = {one.value(column) for one in shipped() for column in SCRIPTS} - {""}
    assert in_update_set == {path.read_text("utf-8") for path in SOURCES.rglob("*.js")}


@pytest.mark.parametrize(
    ("folder", "table", "file_name"),
    [
        ("script-includes", "sys_script_include", lambda name: name),
        ("business-rules", "sys_script", lambda name: name.lower().replace(" ", "-")),
        ("ui-actions", "sys_ui_action", lambda name: name.lower().replace(" ", "-")),
    ],
)
def test_each_record_has_the_script_of_its_name(folder: str, table: str, file_name: Callable[[str], str]) -> None:
    for one in of_table(table):
        path = SOURCES / folder / f"{file_name(one.value('name'))}.js"
        assert one.value("script") == path.read_text("utf-8")


def test_the_update_set_is_one_of_our_application_ready_to_be_previewed() -> None:
    root = ElementTree.fromstring(UPDATE_SET.read_text("utf-8"))
    headers = root.findall("sys_remote_update_set")
    assert [
        (one.findtext("state"), one.findtext("application"), one.findtext("application_scope")) for one in headers
    ] == [("loaded", SCOPE_ID, SCOPE)]
    owners = {one.findtext("remote_update_set") for one in root.iter("sys_update_xml")}
    assert owners == {headers[0].findtext("sys_id")}
    names = [one.findtext("name") for one in root.iter("sys_update_xml")]
    assert len(names) == len(set(names))


def test_the_rules_are_when_and_where_the_design_says() -> None:
    rules = {
        one.value("name"): (
            one.value("collection"),
            one.value("when"),
            one.value("active"),
            one.value("filter_condition"),
        )
        for one in of_table("sys_script")
    }
    votes = "stateVALCHANGES^stateINapproved,rejected^sysapproval.correlation_displaySTARTSWITHTeleport^EQ"
    assert rules == {
        "Fill decision": (f"{SCOPE}_decision", "before", "true", ""),
        "Send decision": (f"{SCOPE}_decision", "async_always", "true", ""),
        "Record vote": ("sysapproval_approver", "async_always", "true", votes),
        "Name instance": (f"{SCOPE}_cluster", "before", "true", ""),
    }


def test_nobody_overrides_the_access_controls_of_a_decision() -> None:
    roles = {one.value("sys_id"): one.value("name").removeprefix(f"{SCOPE}.") for one in of_table("sys_user_role")}
    allowed: dict[str, set[str]] = {}
    for one in of_table("sys_security_acl_role"):
        role = one.record.find("sys_user_role")
        assert role is not None
        name = role.get("name") or roles[role.text or ""]
        allowed.setdefault(one.value("sys_security_acl"), set()).add(name.removeprefix(f"{SCOPE}."))
    controls = {
        (one.value("operation"), one.value("name").removeprefix(f"{SCOPE}_")): (
            one.value("admin_overrides"),
            *sorted(allowed[one.value("sys_id")]),
        )
        for one in of_table("sys_security_acl")
        if one.value("name").startswith(f"{SCOPE}_decision")
    }
    assert controls == {
        ("create", "decision"): ("false", "approver"),
        ("create", "decision.ticket"): ("false", "approver"),
        ("create", "decision.decision"): ("false", "approver"),
        ("create", "decision.reason"): ("false", "approver"),
        ("create", "decision.*"): ("false", "nobody"),
        ("read", "decision"): ("false", "approver", "decisions", "tickets"),
        ("read", "decision.*"): ("false", "approver", "decisions", "tickets"),
        ("write", "decision"): ("false", "tickets"),
        ("write", "decision.outcome"): ("false", "tickets"),
        ("write", "decision.outcome_detail"): ("false", "tickets"),
        ("write", "decision.*"): ("false", "nobody"),
        ("delete", "decision"): ("false", "nobody"),
    }


def test_a_web_service_makes_no_decision() -> None:
    create = [
        one
        for one in of_table("sys_security_acl")
        if (one.value("name"), one.value("operation")) == (f"{SCOPE}_decision", "create")
    ]
    assert [(one.value("advanced"), "gs.isInteractive()" in one.value("script")) for one in create] == [("true", True)]


def test_the_buttons_are_for_approvers_on_forms_and_in_workspaces() -> None:
    buttons = [one for one in of_table("sys_ui_action") if one.value("table") == "incident"]
    assert {one.value("condition") for one in buttons} == {f"new {SCOPE}.BridgeDecision().offered(current)"}
    places = ("form_button", "form_button_v2")
    shown = sorted((one.value("name"), *(one.value(place) for place in places)) for one in buttons)
    assert shown == [
        ("Approve access", "true", "true"),
        ("Deny access", "false", "true"),
        ("Deny access", "true", "false"),
    ]
    in_workspaces = {one.value("form_button_v2"): one.value("format_for_configurable_workspace") for one in buttons}
    assert in_workspaces == {"true": "true", "false": "false"}
    roles = {
        one.value("sys_ui_action"): role.get("name")
        for one in of_table("sys_ui_action_role")
        if (role := one.record.find("sys_user_role")) is not None
    }
    assert {roles[one.value("sys_id")] for one in buttons} == {f"{SCOPE}.approver"}


def test_in_a_workspace_a_denial_asks_for_the_reason_and_hands_it_to_the_servers_script() -> None:
    script = (SOURCES / "workspace" / "deny-access.js").read_text("utf-8")
    browser = """
        var asked = null, fields = {}, submitted = null;
        var g_modal = { showFields: function (options) {
            asked = options;
            return { then: function (answered) { answered({ updatedFields: [{ value: 'Too broad' }] }); } };
        } };
        onClick({
            setValue: function (name, value) { fields[name] = value; },
            submit: function (action) { submitted = action; }
        });
        ({ mandatory: asked.fields[0].mandatory, fields: fields, submitted: submitted })
    """
    done = dukpy.evaljs(f"{script}\n{browser}")
    assert done == {
        "mandatory": True,
        "fields": {"work_notes": "Too broad"},
        "submitted": "x_acbr_bridge_deny_workspace",
    }
    assert done["submitted"] in {one.value("action_name") for one in of_table("sys_ui_action")}


@pytest.mark.parametrize("path", sorted((SOURCES / "business-rules").glob("*.js")), ids=lambda path: path.stem)
def test_no_rule_relies_on_what_an_asynchronous_one_lacks(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "previous." not in text
    assert ".changes" not in text
