"""The sample events, Teleport resources and CI files say what the rest of the project does."""

import base64
import hashlib
import hmac
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.stack import stack

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_KEY = "YSBzYW1wbGUga2V5LCBmb3Igbm8gcmVhbCBzeXN0ZW0u"
EVENT_TYPES = {f"access_request.{kind}" for kind in ("create", "update", "review", "delete", "expire")}


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return loaded


def resources(name: str) -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((ROOT / "teleport" / name).read_text())
    return {document["metadata"]["name"]: document for document in documents}


def test_there_is_one_sample_for_each_trigger() -> None:
    deployed = stack()
    for function, prefix in (
        ("TeleportEventsFunction", "teleport-events"),
        ("ServiceNowDecisionsFunction", "servicenow-decisions"),
    ):
        triggers = {trigger["Type"] for trigger in deployed.properties(function)["Events"].values()}
        assert triggers == {"HttpApi", "SQS", "Schedule"}
        assert event(f"{prefix}-queue")["Records"][0]["eventSource"] == "aws:sqs"
        assert event(f"{prefix}-schedule")["source"] == "aws.events"
    assert event("teleport-events-webhook")["rawPath"] == "/teleport/events"
    assert event("servicenow-decisions-callback")["rawPath"] == "/servicenow/decisions"


def test_the_sample_callback_is_signed_with_the_sample_key() -> None:
    sample = event("servicenow-decisions-callback")
    headers = sample["headers"]
    signed = f"v1.{headers['x-bridge-timestamp']}.{headers['x-bridge-event-id']}.{sample['body']}".encode()
    digest = hmac.new(base64.b64decode(SAMPLE_KEY), signed, hashlib.sha256).digest()
    assert headers["x-bridge-signature"] == "v1=" + base64.b64encode(digest).decode()
    assert SAMPLE_KEY in (ROOT / "events/README.md").read_text()


@pytest.mark.parametrize("file", ["roles.yaml", "roles-open-source.yaml"])
def test_the_bot_that_writes_tickets_can_change_nothing_in_teleport(file: str) -> None:
    rules = resources(file)["access-bridge-tickets"]["spec"]["allow"]["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "read"}
    assert "review_requests" not in resources(file)["access-bridge-tickets"]["spec"]["allow"]


def test_the_bot_that_decides_reviews_named_roles_only_and_sets_no_state() -> None:
    allow = resources("roles.yaml")["access-bridge-decisions"]["spec"]["allow"]
    assert {verb for rule in allow["rules"] for verb in rule["verbs"]} == {"list", "read"}
    assert not any("*" in role for role in allow["review_requests"]["roles"])


def test_the_bot_that_speaks_for_humans_does_so_for_named_ones_only_and_sets_no_state() -> None:
    allow = resources("roles-on-behalf.yaml")["access-bridge-decisions"]["spec"]["allow"]
    assert {verb for rule in allow["rules"] for verb in rule["verbs"]} == {"list", "read"}
    reviews = allow["review_requests"]
    assert reviews["submit_for_users"]
    assert not any("*" in name for name in reviews["roles"] + reviews["submit_for_users"])


def test_only_one_of_the_files_lets_the_bot_speak_for_humans() -> None:
    for file in ("roles.yaml", "roles-open-source.yaml"):
        assert "submit_for_users" not in (ROOT / "teleport" / file).read_text()


def test_the_open_source_edition_is_asked_for_nothing_that_it_refuses() -> None:
    for role in resources("roles-open-source.yaml").values():
        allow = role["spec"]["allow"]
        assert "review_requests" not in allow
        assert {"thresholds", "search_as_roles"}.isdisjoint(allow.get("request", {}))


def test_each_bot_has_a_role_a_token_and_a_configuration() -> None:
    roles, tokens = resources("roles.yaml"), resources("tokens.yaml")
    for name, bot in resources("bots.yaml").items():
        assert set(bot["spec"]["roles"]) <= roles.keys()
        assert tokens[name]["spec"]["bot_name"] == name
        path = ROOT / "teleport/tbot" / f"{name.removeprefix('access-bridge-')}.yaml"
        assert yaml.safe_load(path.read_text())["onboarding"]["token"] == name


def test_the_event_handler_sends_the_five_types_to_the_webhook_and_trusts_public_cas() -> None:
    config = tomllib.loads((ROOT / "teleport/event-handler/teleport-event-handler.toml").read_text())
    values = yaml.safe_load((ROOT / "teleport/event-handler/helm-values.yaml").read_text())
    assert set(config["types"].split(",")) == set(values["eventHandler"]["types"]) == EVENT_TYPES
    assert config["forward"]["fluentd"].keys() == {"url", "session-url"}
    for url in (config["forward"]["fluentd"]["url"], values["fluentd"]["url"]):
        assert url.startswith("https://teleport:TOKEN@") and url.endswith("/teleport/events")
    for url in (config["forward"]["fluentd"]["session-url"], values["fluentd"]["sessionUrl"]):
        assert url.endswith("/teleport/session")
