"""The sample events, Teleport resources and CI files say what the rest of the project does."""

import base64
import hashlib
import hmac
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.stack import stack

ROOT = Path(__file__).resolve().parents[2]
TELEPORT = ROOT / "teleport"
CREATED = sorted(
    file.relative_to(TELEPORT)
    for file in TELEPORT.rglob("*.yaml")
    if file.relative_to(TELEPORT).parts[0] not in {"event-handler", "tbot"} or file.name == "tokens.yaml"
)
"""What is for `tctl create -f`."""
SAMPLE_KEY = "YSBzYW1wbGUga2V5LCBmb3Igbm8gcmVhbCBzeXN0ZW0u"
EVENT_TYPES = {f"access_request.{kind}" for kind in ("create", "update", "review", "delete", "expire")}


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return loaded


def resources(name: str) -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((TELEPORT / name).read_text())
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
    (given,) = (
        trigger["Properties"]["Input"]
        for trigger in deployed.properties("TeleportEventsFunction")["Events"].values()
        if "Input" in trigger["Properties"]
    )
    assert event("teleport-events-reconcile") == json.loads(given)
    assert event("reconcile-report") == {"reconcile": "report"}
    assert event("teleport-events-webhook")["rawPath"] == "/teleport/events"
    assert event("servicenow-decisions-callback")["rawPath"] == "/servicenow/decisions"


def test_the_sample_callback_is_signed_with_the_sample_key() -> None:
    sample = event("servicenow-decisions-callback")
    headers = sample["headers"]
    signed = f"v1.{headers['x-bridge-timestamp']}.{headers['x-bridge-event-id']}.{sample['body']}".encode()
    digest = hmac.new(base64.b64decode(SAMPLE_KEY), signed, hashlib.sha256).digest()
    assert headers["x-bridge-signature"] == "v1=" + base64.b64encode(digest).decode()
    assert SAMPLE_KEY in (ROOT / "events/README.md").read_text()


def values(node: Any) -> Iterator[str]:
    """Every text in a document, keys left out."""
    match node:
        case dict():
            for item in node.values():
                yield from values(item)
        case list():
            for item in node:
                yield from values(item)
        case str():
            yield node


def test_the_bot_that_writes_tickets_can_change_nothing_in_teleport() -> None:
    allow = resources("roles/tickets.yaml")["access-bridge-tickets"]["spec"]["allow"]
    assert {verb for rule in allow["rules"] for verb in rule["verbs"]} == {"list", "read"}
    assert "review_requests" not in allow


def test_the_bot_that_decides_reviews_named_roles_only_and_sets_no_state() -> None:
    allow = resources("roles/decisions-bot.yaml")["access-bridge-decisions"]["spec"]["allow"]
    assert {verb for rule in allow["rules"] for verb in rule["verbs"]} == {"list", "read"}
    assert allow["review_requests"] == {"roles": ["dba", "prod-access"]}


def test_the_bot_that_speaks_for_humans_does_so_for_named_ones_only_and_sets_no_state() -> None:
    allow = resources("roles/decisions-on-behalf.yaml")["access-bridge-decisions"]["spec"]["allow"]
    assert {verb for rule in allow["rules"] for verb in rule["verbs"]} == {"list", "read"}
    assert allow["review_requests"]["submit_for_users"] == ["bob", "carol"]


def test_only_one_of_the_files_lets_the_bot_speak_for_humans() -> None:
    files = [file.name for file in TELEPORT.rglob("*.yaml") if "submit_for_users:" in file.read_text()]
    assert files == ["decisions-on-behalf.yaml"]


@pytest.mark.parametrize(
    "file", ["roles/tickets.yaml", "roles/decisions-set-state.yaml", "examples/requester-open-source.yaml"]
)
def test_the_open_source_edition_is_asked_for_nothing_that_it_refuses(file: str) -> None:
    for role in resources(file).values():
        allow = role["spec"]["allow"]
        assert "review_requests" not in allow
        assert {"thresholds", "search_as_roles"}.isdisjoint(allow.get("request", {}))


@pytest.mark.parametrize("file", CREATED, ids=str)
def test_no_file_names_more_than_it_says(file: Path) -> None:
    for document in yaml.safe_load_all((TELEPORT / file).read_text()):
        assert not [value for value in values(document) if "*" in value or value.startswith("^")]


@pytest.mark.parametrize("file", ["tokens.yaml", "tbot/tokens.yaml"])
def test_every_token_is_for_one_role_of_one_account(file: str) -> None:
    for token in resources(file).values():
        assert token["spec"]["roles"] == ["Bot"] and token["spec"]["join_method"] == "iam"
        [rule] = token["spec"]["allow"]
        assert rule.keys() == {"aws_account", "aws_arn"}
        role = re.fullmatch(r"arn:aws:sts::123456789012:assumed-role/([\w-]+)/[\w-]+", rule["aws_arn"])
        assert role is not None and rule["aws_account"] == "123456789012"


@pytest.mark.parametrize("mode", ["bot", "on-behalf", "set-state"])
def test_each_bot_has_a_role_and_a_token_of_its_own_name(mode: str) -> None:
    roles = resources("roles/tickets.yaml") | resources(f"roles/decisions-{mode}.yaml")
    bots, tokens = resources("bots.yaml"), resources("tokens.yaml")
    assert roles.keys() == bots.keys() == tokens.keys()
    for name, bot in bots.items():
        assert bot["spec"]["roles"] == [name]
        assert tokens[name]["spec"]["bot_name"] == name


def test_tbot_joins_by_tokens_of_its_own_as_the_same_bots() -> None:
    tokens = resources("tbot/tokens.yaml")
    assert tokens.keys().isdisjoint(resources("tokens.yaml"))
    for name in resources("bots.yaml"):
        path = TELEPORT / "tbot" / f"{name.removeprefix('access-bridge-')}.yaml"
        used = yaml.safe_load(path.read_text())["onboarding"]["token"]
        assert tokens[used]["spec"]["bot_name"] == name


def test_the_event_handler_sends_the_five_types_to_the_webhook_and_trusts_public_cas() -> None:
    config = tomllib.loads((ROOT / "teleport/event-handler/teleport-event-handler.toml").read_text())
    values = yaml.safe_load((ROOT / "teleport/event-handler/helm-values.yaml").read_text())
    assert set(config["types"].split(",")) == set(values["eventHandler"]["types"]) == EVENT_TYPES
    assert config["forward"]["fluentd"].keys() == {"url", "session-url"}
    for url in (config["forward"]["fluentd"]["url"], values["fluentd"]["url"]):
        assert url.startswith("https://teleport:TOKEN@") and url.endswith("/teleport/events")
    for url in (config["forward"]["fluentd"]["session-url"], values["fluentd"]["sessionUrl"]):
        assert url.endswith("/teleport/session")
