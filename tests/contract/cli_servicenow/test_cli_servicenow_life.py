"""`access-bridge servicenow`: configure, check and remove, each once and once more."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.app import app
from tests.contract.cli_servicenow.conftest import KEY, NAME, OTHER_KEY, Desk


def test_an_instance_is_configured_checked_and_left_without_a_trace(desk: Desk) -> None:
    before = desk.database()
    first = desk.configure()
    assert first.exit_code == 0, first.output
    assert "7 records were set." in first.output
    after = desk.database()
    assert after["x_acbr_bridge_cluster"][0]["callback_url"] == desk.callback_url

    second = desk.configure()
    assert (second.exit_code, desk.database()) == (0, after)
    assert "Nothing was changed." in second.output

    checked = desk.check()
    assert checked.exit_code == 0, checked.output
    assert "All is as it should be." in checked.output

    assert desk.remove("--yes").exit_code == 0
    left = desk.database()
    assert left["x_acbr_bridge_cluster"] == left["discovery_credentials"] == left["sys_group_has_role"] == []
    assert left["sys_alias"] == before["sys_alias"]
    roles = {row["sys_id"] for row in desk.instance.rows("sys_user_role") if row["name"].startswith("x_acbr_bridge.")}
    assert not roles & {row["role"] for row in left["sys_user_has_role"]}

    again = desk.remove("--yes")
    assert (again.exit_code, desk.database()) == (0, left)
    assert "There is nothing to delete." in again.output
    assert "uninstall Access Bridge" in again.output


def test_a_click_on_a_configured_instance_is_sent_and_accepted(configured: Desk) -> None:
    (decision,) = configured.instance.rows("x_acbr_bridge_decision")
    assert decision["delivery"] == "202"
    checked = configured.check()
    assert checked.exit_code == 0, checked.output
    assert "Not proved" not in checked.output


def test_before_the_application_is_there_it_says_how_to_load_it_and_changes_nothing(desk: Desk) -> None:
    desk.instance.uninstall_application()
    before = desk.database()
    run = desk.configure()
    assert (run.exit_code, desk.database()) == (1, before)
    assert "Import Update Set from XML" in run.output
    desk.instance.install_application()
    assert desk.configure().exit_code == 0


def test_what_can_only_be_done_by_hand_is_told_with_its_reason(desk: Desk) -> None:
    run = desk.configure("--tickets-user", "svc.nobody")
    assert run.exit_code == 0
    assert "Make this user" in " ".join(run.output.split())
    assert "Test callback" in run.output
    assert "security_admin" in run.output


def test_a_changed_url_and_key_are_all_that_a_second_run_sets(configured: Desk) -> None:
    (configured.folder / "key").write_text(OTHER_KEY)
    run = configured.run(
        "configure", "--callback-url", "https://new.example.test/servicenow/decisions", "--key-file",
        str(configured.folder / "key"),
    )  # fmt: skip
    assert "2 records were set." in run.output, run.output
    assert configured.row("x_acbr_bridge_cluster", name=NAME)["callback_url"].startswith("https://new.")
    assert configured.row("discovery_credentials", name=f"Access Bridge {NAME}")["password"] == OTHER_KEY


def test_a_second_cluster_has_an_alias_and_a_key_of_its_own(configured: Desk) -> None:
    other = ("--cluster", "other.example.test")
    assert configured.configure(*other).exit_code == 0
    rows = configured.instance.rows("x_acbr_bridge_cluster")
    assert len({row["key_alias"] for row in rows}) == 2
    assert configured.check().exit_code == 0
    assert configured.remove("--yes", *other).exit_code == 0
    assert configured.check().exit_code == 0


def test_a_run_that_was_interrupted_shows_what_it_set_and_the_next_does_the_rest(desk: Desk) -> None:
    desk.instance.faults.error_after_commit(method="POST", table="discovery_credentials")
    broken = desk.configure()
    assert broken.exit_code == 1
    assert "given" in broken.output
    assert "Run the command again" in broken.output
    assert "1 record was set." in desk.configure().output
    assert len(desk.instance.rows("discovery_credentials")) == 1
    assert desk.check().exit_code == 0


def test_nothing_is_removed_unless_it_is_confirmed(configured: Desk) -> None:
    before = configured.database()
    asked = configured.remove(input="n\n")
    assert (asked.exit_code, configured.database()) == (1, before)
    assert configured.remove(input="y\n").exit_code == 0
    assert configured.database() != before


def test_secrets_are_asked_for_and_never_shown(desk: Desk) -> None:
    arguments = ("configure", "--callback-url", desk.callback_url)
    run = desk.run(*arguments, input=f"{KEY}\n")
    assert run.exit_code == 0
    assert KEY not in run.output
    (desk.folder / "admin.json").write_text(json.dumps({"username": "admin", "password": "wrong"}))
    refused = desk.run(*arguments, input=f"{KEY}\n")
    assert refused.exit_code == 1
    assert "credentials (401)" in refused.output
    assert "wrong" not in refused.output


def test_an_administrator_without_a_file_is_asked_for_name_and_password(desk: Desk) -> None:
    where = ("--instance", desk.instance.url, "--cluster", NAME)
    run = CliRunner().invoke(app, ("servicenow", "remove", *where, "--yes"), input="admin\nadmin\n")
    assert run.exit_code == 0, run.output
    assert "User name of an administrator" in run.output
    assert "Password of admin" in run.output


def test_a_credential_that_lost_its_alias_gets_it_back_and_is_not_made_twice(configured: Desk) -> None:
    configured.change("discovery_credentials", ("name", f"Access Bridge {NAME}"), tag="", active="false")
    assert "The alias has no active credential." in configured.check().output
    assert "1 record was set." in configured.configure().output
    assert len(configured.instance.rows("discovery_credentials")) == 1
    assert configured.check().exit_code == 0


@pytest.mark.parametrize("url", ["http://example.test/servicenow/decisions", "https://example.test", "nonsense"])
def test_an_address_that_no_callback_may_go_to_is_refused(desk: Desk, url: str) -> None:
    run = desk.configure("--callback-url", url)
    assert run.exit_code == 1
    assert "CallbackUrl" in run.output


def test_a_key_that_is_none_is_refused(desk: Desk) -> None:
    (desk.folder / "key").write_text("c2hvcnQ=")
    run = desk.configure()
    assert run.exit_code == 1
    assert "CallbackKeyCommand" in run.output
