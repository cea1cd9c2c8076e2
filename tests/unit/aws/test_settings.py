"""A wrong or missing setting: one line that names it and the fix, where it is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from access_bridge.errors import BrokenConfiguration
from access_bridge.settings import (
    CallbackSettings,
    ServiceNowSettings,
    TeleportSettings,
    WebhookSettings,
    number,
)

WHOLE = {
    "WEBHOOK_SECRET_ARN": "webhook",
    "CALLBACK_SECRET_ARN": "callback",
    "TICKETS_QUEUE_URL": "tickets",
    "TICKETS_DEAD_LETTER_QUEUE_URL": "dead",
    "DECISIONS_QUEUE_URL": "decisions",
    "TELEPORT_ADDR": "teleport.example.test:443",
    "TELEPORT_JOIN_TOKEN": "access-bridge-tickets",
    "SERVICENOW_URL": "https://example.service-now.com/",
    "SERVICENOW_SECRET_ARN": "servicenow",
}
NEEDED: dict[Callable[[Mapping[str, str]], object], tuple[str, ...]] = {
    WebhookSettings.read: ("WEBHOOK_SECRET_ARN", "TICKETS_QUEUE_URL", "TICKETS_DEAD_LETTER_QUEUE_URL"),
    CallbackSettings.read: ("CALLBACK_SECRET_ARN", "DECISIONS_QUEUE_URL"),
    TeleportSettings.read: ("TELEPORT_ADDR", "TELEPORT_JOIN_TOKEN"),
    ServiceNowSettings.read: ("SERVICENOW_URL", "SERVICENOW_SECRET_ARN"),
}
CASES = [(read, name) for read, names in NEEDED.items() for name in names]


@pytest.mark.parametrize(("read", "name"), CASES)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(read: Callable[[Mapping[str, str]], object], name: str, value: str | None) -> None:
    environment = {**WHOLE, name: value} if value is not None else {k: v for k, v in WHOLE.items() if k != name}
    with pytest.raises(BrokenConfiguration, match=rf"^{name}: is not set\. Set (it on the function|one)") as caught:
        read({key: text for key, text in environment.items() if text is not None})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", NEEDED)
def test_each_group_needs_only_its_own_settings(read: Callable[[Mapping[str, str]], object]) -> None:
    read({name: WHOLE[name] for name in NEEDED[read]})


def test_an_identity_file_in_a_secret_stands_in_for_the_join_token() -> None:
    environment = {"TELEPORT_ADDR": "teleport.example.test:443", "TELEPORT_IDENTITY_SECRET_ARN": "identity"}
    settings = TeleportSettings.read(environment)
    assert (settings.join_token, settings.identity_secret_arn) == ("", "identity")


def test_who_we_are_to_teleport_is_said_once() -> None:
    with pytest.raises(BrokenConfiguration, match=r"TELEPORT_IDENTITY_SECRET_ARN are both set\. Set one of the two"):
        TeleportSettings.read({**WHOLE, "TELEPORT_IDENTITY_SECRET_ARN": "identity"})


def test_a_join_is_signed_for_the_functions_own_region_unless_another_is_named() -> None:
    own = {**WHOLE, "AWS_REGION": "eu-central-1"}
    assert TeleportSettings.read(own).join_region == "eu-central-1"
    assert TeleportSettings.read({**own, "TELEPORT_JOIN_REGION": "us-east-1"}).join_region == "us-east-1"


def test_an_answer_is_waited_for_and_a_write_may_take_longer() -> None:
    assert TeleportSettings.read(WHOLE).timeout_seconds == 15
    servicenow = ServiceNowSettings.read(WHOLE)
    assert (servicenow.timeout_seconds, servicenow.unknown_outcome_seconds) == (30, 65)


def test_waits_can_be_set() -> None:
    environment = {**WHOLE, "SERVICENOW_TIMEOUT_SECONDS": "3", "TELEPORT_TIMEOUT_SECONDS": "2"}
    assert ServiceNowSettings.read(environment).timeout_seconds == 3
    assert TeleportSettings.read(environment).timeout_seconds == 2


@pytest.mark.parametrize(("text", "value"), [(None, 100), ("", 100), (" ", 100), ("7", 7), (" 7 ", 7)])
def test_a_number_that_is_not_set_has_its_default(text: str | None, value: int) -> None:
    environment = {} if text is None else {"MAX_RECEIVE_COUNT": text}
    assert number(environment, "MAX_RECEIVE_COUNT", 100) == value


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "²", "9" * 5000])
def test_what_is_no_number_is_named_with_the_default(value: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        ServiceNowSettings.read({**WHOLE, "UNKNOWN_OUTCOME_SECONDS": value})
    assert str(caught.value) == (
        "UNKNOWN_OUTCOME_SECONDS: is no whole number above zero. Leave it out for the default (65)."
    )
