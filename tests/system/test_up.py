"""`python -m local up`: what a person types, and a cluster and an instance that only the settings name."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from cli.app import app
from local.servicenow.instance import ServiceNowInstance
from local.system import LocalSystem
from local.system.options import DEMO
from local.system.settings import FUNCTIONS, SettingError, Settings
from local.teleport.cluster import TeleportCluster
from local.teleport.forwarder import EventForwarder

PROJECT = Path(__file__).resolve().parents[2]
Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], seconds: float = 20) -> Found:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def running(directory: Path, environment: Mapping[str, str]) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    """`up` with these settings, once it says that all is up; ended as systemd would."""
    settings_file = directory / "settings.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--port", "0", "--settings-file", str(settings_file)],
        cwd=PROJECT,
        env={**os.environ, **environment, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with contextlib.ExitStack() as stack:
        logs = stack.enter_context(contextlib.ExitStack())
        stack.callback(process.communicate, timeout=20)
        stack.callback(process.send_signal, signal.SIGTERM)
        wait_for(lambda: settings_file.exists() or process.poll() is not None, 60)
        assert process.poll() is None, process.stdout and process.stdout.read()
        settings = json.loads(settings_file.read_text())
        log = PROJECT / ".local" / f"functions-{urlsplit(settings['webhook_url']).port}.log"
        logs.callback(log.unlink, missing_ok=True)
        yield settings, process


def test_up_works_with_a_cluster_and_an_instance_that_only_the_settings_name(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(TeleportCluster(tmp_path / "teleport"))
        cluster.apply((DEMO / "cluster.yaml").read_text())
        instance = ServiceNowInstance()
        instance.start()
        stack.callback(instance.stop)
        accounts = instance.seed_demo()
        files = {
            "TELEPORT_EVENTS__TELEPORT_IDENTITY_FILE": cluster.identity_file("bot-access-bridge-tickets", shape="tbot"),
            "SERVICENOW_DECISIONS__TELEPORT_IDENTITY_FILE": cluster.identity_file(
                "bot-access-bridge-decisions", shape="tbot"
            ),
            "SERVICENOW_SECRET_FILE": json.dumps(
                {"username": accounts.bridge.user_name, "password": accounts.bridge.password}
            ),
            "RULES_FILE": (DEMO / "rules.yaml").read_text(),
            "EXTRA_CA_FILE": cluster.web_ca_pem,
            "WEBHOOK_SECRET_FILE": "token-of-the-exporter\n",
        }
        environment = {"TELEPORT_ADDR": cluster.proxy_addr, "SERVICENOW_URL": instance.url}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
            environment[name] = str(tmp_path / name)
        settings, process = stack.enter_context(running(tmp_path, environment))

        assert settings["webhook_token"] == "token-of-the-exporter"
        instance.configure_cluster(cluster.name, settings["callback_url"], settings["callback_key"])
        url = settings["webhook_url"].replace("://", f"://teleport:{settings['webhook_token']}@")
        stack.enter_context(EventForwarder(cluster, url))
        request_id = cluster.as_user("alice").create_request(["dba"], "look at the index")
        incident = wait_for(lambda: [row for row in instance.rows("incident") if row["correlation_id"] == request_id])[
            0
        ]
        instance.decide("bob", incident["sys_id"], "approved")
        wait_for(lambda: cluster.requests[request_id].Spec.State == 2)
        wait_for(lambda: instance.row("incident", incident["sys_id"])["state"] == "6")
        assert process.poll() is None


def test_the_operators_commands_find_the_system_by_what_up_prints(tmp_path: Path) -> None:
    with running(tmp_path, {}) as (_, process):
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("  export "))
        variables = dict(part.split("=", 1) for part in line.split()[1:])
        for command, says in (
            (("dead-letters", "list"), "There are no dead letters.\n"),
            (("decisions", "export"), ""),
        ):
            result = CliRunner().invoke(app, command, env=variables)
            assert (result.exit_code, result.stdout) == (0, says)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TELEPORT_ADDR": "tele.example.test:443"}, "TELEPORT_IDENTITY_FILE"),
        ({"TELEPORT_IDENTITY_FILE": __file__}, "TELEPORT_ADDR"),
        ({"TELEPORT_ADDR": "tele.example.test:443", "TELEPORT_JOIN_TOKEN": "a"}, "AWS_ACCESS_KEY_ID"),
        ({"SERVICENOW_URL": "https://example.service-now.com"}, "SERVICENOW_SECRET_FILE"),
        ({"TELEPORT_EVENTS__SERVICENOW_URL": "https://a.test", "SERVICENOW_SECRET_FILE": __file__}, "SERVICENOW_URL"),
        ({"RULES_FILE": "/nowhere/rules.yaml"}, "RULES_FILE"),
        ({"CALLBACK_SECRET_FILE": "/dev/null"}, "CALLBACK_SECRET_FILE"),
        ({"MAX_RECEIVE_COUNT": "many"}, "MAX_RECEIVE_COUNT"),
    ],
)
def test_a_setting_without_its_partner_or_file_is_named_in_one_line(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_environment(environment)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_setting_with_a_functions_name_before_it_is_for_that_function_alone() -> None:
    settings = Settings.from_environment(
        {"RETRY_BASE_SECONDS": "1", "SERVICENOW_DECISIONS__RETRY_BASE_SECONDS": "2", "MAX_RECEIVE_COUNT": "7"}
    )
    passed_on = [settings.functions[name].passed_on for name in FUNCTIONS]
    assert passed_on == [{"RETRY_BASE_SECONDS": "1"}, {"RETRY_BASE_SECONDS": "2"}]
    assert [settings.functions[name].max_receive_count for name in FUNCTIONS] == [7, 7]


def test_a_secret_file_that_changes_becomes_the_secrets_current_version(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    settings = Settings.from_environment({"WEBHOOK_SECRET_FILE": str(token)})
    with LocalSystem(settings=settings) as system:
        name = system.environment("teleport_events")["WEBHOOK_SECRET_ARN"]

        def current() -> str:
            return system.aws.secretsmanager.get_secret_value(SecretId=name)["SecretString"]

        assert current() == "first"
        token.write_text("second\n")
        system.wait_until(lambda: current() == "second")
        previous = system.aws.secretsmanager.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")
        assert previous["SecretString"] == "first"
