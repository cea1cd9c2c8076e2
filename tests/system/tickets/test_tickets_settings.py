"""A wrong or missing setting is one line that names it and says what to do; the webhook goes on accepting meanwhile."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from local.system import LocalSystem
from local.system.stand_ins import BOTS
from local.teleport.forwarder import event_body
from tests.system.tickets.asking import Since, ask, incidents, made_up_event, post, state

FUNCTION = "teleport_events"
Change = Callable[[LocalSystem], None]


def environment(name: str, value: str | None) -> Change:
    return lambda system: system.set_environment(FUNCTION, **{name: value})


def secret(name: str, text: str) -> Change:
    def change(system: LocalSystem) -> None:
        system.put_secret(FUNCTION, name, text)
        system.restart(FUNCTION)

    return change


def parameter(name: str, text: str) -> Change:
    def change(system: LocalSystem) -> None:
        system.put_parameter(FUNCTION, name, text)
        system.restart(FUNCTION)

    return change


def expired_identity(system: LocalSystem) -> None:
    system.use_identity_file(
        FUNCTION, system.teleport.identity_file(BOTS[FUNCTION], ttl=timedelta(hours=-1), shape="tbot")
    )


def no_identity(system: LocalSystem) -> None:
    system.set_environment(FUNCTION, TELEPORT_JOIN_TOKEN=None, TELEPORT_IDENTITY_SECRET_ARN="no-such-secret")


def nonsense_identity(system: LocalSystem) -> None:
    system.use_identity_file(FUNCTION, "-----BEGIN NONSENSE-----")


def wrong_password(system: LocalSystem) -> None:
    account = {"username": system.stand_ins.tickets_account, "password": "wrong"}
    secret("SERVICENOW_SECRET_ARN", json.dumps(account))(system)


WRONG: dict[str, tuple[str, Change, str]] = {
    "no proxy address": ("TELEPORT_ADDR", environment("TELEPORT_ADDR", None), "is not set"),
    "proxy address where nobody is": ("TELEPORT_ADDR", environment("TELEPORT_ADDR", "127.0.0.1:1"), "127.0.0.1:1"),
    "identity that is not there": (
        "TELEPORT_IDENTITY_SECRET_ARN",
        no_identity,
        "Create the secret, or allow",
    ),
    "identity that is none": (
        "TELEPORT_IDENTITY_SECRET_ARN",
        nonsense_identity,
        "identity file",
    ),
    "join token that is not there": (
        "TELEPORT_JOIN_TOKEN",
        environment("TELEPORT_JOIN_TOKEN", "no-such-token"),
        "no join token 'no-such-token'",
    ),
    "region that AWS doesn't have": (
        "TELEPORT_JOIN_REGION",
        environment("TELEPORT_JOIN_REGION", "mars-north-1"),
        "no AWS region",
    ),
    "expired identity": ("TELEPORT_IDENTITY_SECRET_ARN", expired_identity, "expired"),
    "CA parameter that is not there": (
        "EXTRA_CA_PARAMETER",
        environment("EXTRA_CA_PARAMETER", "/no/such/parameter"),
        "Create the parameter, or allow",
    ),
    "CA that is none": ("EXTRA_CA_PARAMETER", parameter("EXTRA_CA_PARAMETER", "no certificate"), "PEM"),
    "no instance": ("SERVICENOW_URL", environment("SERVICENOW_URL", None), "is not set"),
    "instance by plain http": (
        "SERVICENOW_URL",
        environment("SERVICENOW_URL", "http://example.service-now.com"),
        "https",
    ),
    "instance with a path": (
        "SERVICENOW_URL",
        environment("SERVICENOW_URL", "https://example.service-now.com/now"),
        "base address",
    ),
    "ServiceNow account that is none": (
        "SERVICENOW_SECRET_ARN",
        secret("SERVICENOW_SECRET_ARN", '{"user": "a"}'),
        "username",
    ),
    "wrong ServiceNow password": ("SERVICENOW_SECRET_ARN", wrong_password, "401"),
    "no rules": ("RULES_PARAMETER", environment("RULES_PARAMETER", None), "is not set"),
    "rules with an unknown key": (
        "RULES_PARAMETER",
        parameter("RULES_PARAMETER", "version: 1\nticket:\n  asignment_group: Access approvers\n"),
        "line 3: ticket.asignment_group is not a key",
    ),
    "no ledger": ("LEDGER_TABLE", environment("LEDGER_TABLE", None), "is not set"),
    "ledger that is not there": ("LEDGER_TABLE", environment("LEDGER_TABLE", "no-such-table"), "Allow"),
    "attempts that are no number": ("MAX_RECEIVE_COUNT", environment("MAX_RECEIVE_COUNT", "many"), "whole number"),
    "patience that is no number": (
        "UNKNOWN_OUTCOME_SECONDS",
        environment("UNKNOWN_OUTCOME_SECONDS", "soon"),
        "whole number",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_line_and_the_webhook_goes_on(system: LocalSystem, name: str) -> None:
    setting, change, says = WRONG[name]
    change(system)
    since = Since(system)
    event = made_up_event("access_request.create", str(uuid.uuid4()), user="alice", roles=["dba"])
    assert post(system, event_body(event)).status_code == 200

    first = since.problems()[0]
    assert setting in first, first
    assert says in first, first
    assert "\n" not in first
    logged = json.dumps(since.logs())
    assert "Traceback" not in logged
    assert "exception" not in logged
    assert incidents(system, event["id"]) == []
    assert post(system, event_body({**event, "uid": "second"})).status_code == 200


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("WEBHOOK_SECRET_ARN", None, "is not set"),
        ("WEBHOOK_SECRET_ARN", "no-such-secret", "Create the secret, or allow"),
        ("TICKETS_QUEUE_URL", None, "is not set"),
        ("TICKETS_DEAD_LETTER_QUEUE_URL", None, "is not set"),
    ],
)
def test_a_setting_of_the_webhook_itself_makes_the_exporter_try_again(
    system: LocalSystem, setting: str, value: str | None, says: str
) -> None:
    since = Since(system)
    system.set_environment(FUNCTION, **{setting: value})
    answer = post(system, b"[]")
    assert (answer.status_code, answer.json()["code"]) == (503, "configuration")
    (problem,) = since.problems()
    assert problem.startswith(f"{setting}: ")
    assert says in problem
    assert "Traceback" not in json.dumps(since.logs())
    assert since.counted("BrokenConfiguration") == 1


def test_a_queue_that_cannot_be_reached_makes_the_exporter_try_again_and_nothing_is_lost(system: LocalSystem) -> None:
    url = system.environment(FUNCTION)["TICKETS_QUEUE_URL"]
    system.set_environment(FUNCTION, TICKETS_QUEUE_URL=f"{url}-gone")
    request_id = ask(system)
    posted = len(system.forwarder.attempts)
    system.wait_until(lambda: any(one.status == 503 for one in system.forwarder.attempts[max(posted - 1, 0) :]))
    system.set_environment(FUNCTION, TICKETS_QUEUE_URL=url)
    system.settle()
    assert state(system, request_id) == "New"


def test_a_pass_with_a_wrong_setting_says_so_in_one_line_and_the_next_one_works(system: LocalSystem) -> None:
    address = system.environment(FUNCTION)["TELEPORT_ADDR"]
    since = Since(system)
    system.set_environment(FUNCTION, TELEPORT_ADDR="nowhere")
    system.stop_forwarding()
    request_id = ask(system)
    assert system.tick(FUNCTION) == {}
    (problem,) = since.problems()
    assert problem.startswith("TELEPORT_ADDR: ")
    assert since.counted("BrokenConfiguration") == 1
    system.set_environment(FUNCTION, TELEPORT_ADDR=address)
    system.tick(FUNCTION)
    system.settle()
    assert state(system, request_id) == "New"


def test_no_secret_stands_in_the_log(system: LocalSystem) -> None:
    secret("SERVICENOW_SECRET_ARN", '{"username": "u", "password": "pa55-word"')(system)
    since = Since(system)
    request_id = ask(system)
    assert since.problems()
    assert incidents(system, request_id) == []
    logged = json.dumps(system.logs())
    assert "pa55-word" not in logged
    assert "PRIVATE KEY" not in logged
    assert system.webhook_token not in logged
