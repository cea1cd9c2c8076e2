"""What the instance refuses an administrator over REST, so that `configure` can't come to rely on it."""

from __future__ import annotations

import json

import pytest
import requests

from tests.contract.cli_servicenow.conftest import KEY, NAME, Desk

ADMIN = ("admin", "admin")


@pytest.mark.parametrize(
    "table",
    [
        "sys_security_acl",
        "sys_security_acl_role",
        "sys_script",
        "sys_script_include",
        "sys_ui_action",
        "sys_remote_update_set",
        "sys_db_object",
        "sys_scope",
    ],
)
def test_no_administrator_makes_or_changes_these_over_rest(desk: Desk, table: str) -> None:
    url = f"{desk.instance.url}/api/now/v2/table/{table}"
    headers = {"Accept": "application/json"}
    before = desk.instance.rows(table)
    answers = [requests.post(url, json={"name": "mine"}, auth=ADMIN, headers=headers, timeout=10)]
    for row in before[:1]:
        one = f"{url}/{row['sys_id']}"
        answers.append(requests.patch(one, json={"name": "mine"}, auth=ADMIN, headers=headers, timeout=10))
        answers.append(requests.delete(one, auth=ADMIN, headers=headers, timeout=10))
    assert {answer.status_code for answer in answers} == {403}
    assert desk.instance.rows(table) == before


def test_a_credential_keeps_its_password_and_shows_it_to_nobody(configured: Desk) -> None:
    row = configured.row("discovery_credentials", name=f"Access Bridge {NAME}")
    assert row["password"] == KEY
    url = f"{configured.instance.url}/api/now/v2/table/discovery_credentials/{row['sys_id']}"
    answer = requests.get(url, auth=ADMIN, headers={"Accept": "application/json"}, timeout=10)
    assert answer.json()["result"]["name"] == f"Access Bridge {NAME}"
    assert KEY not in answer.text


def test_a_role_that_is_given_over_rest_counts_at_once(desk: Desk) -> None:
    user = desk.row("sys_user", user_name="svc.access.bridge.decisions")["sys_id"]
    url = f"{desk.instance.url}/api/now/v2/table"
    signed_in = json.loads((desk.folder / "decisions.json").read_text())
    who = (signed_in["username"], signed_in["password"])

    def seen() -> int:
        headers = {"Accept": "application/json"}
        answer = requests.get(f"{url}/sysapproval_approver", auth=who, headers=headers, timeout=10)
        return len(answer.json()["result"])

    desk.instance.insert_raw("sysapproval_approver", {"state": "requested"})
    assert seen() == 0
    role = desk.row("sys_user_role", name="x_acbr_bridge.decisions")["sys_id"]
    grant = {"user": user, "role": role}
    made = requests.post(
        f"{url}/sys_user_has_role", json=grant, auth=ADMIN, headers={"Accept": "application/json"}, timeout=10
    )
    assert made.status_code == 201
    assert seen() == 1


def test_a_table_of_an_application_that_is_not_installed_is_not_there(desk: Desk) -> None:
    desk.instance.uninstall_application()
    url = f"{desk.instance.url}/api/now/v2/table/x_acbr_bridge_decision"
    answer = requests.get(url, auth=ADMIN, headers={"Accept": "application/json"}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Invalid table x_acbr_bridge_decision"
