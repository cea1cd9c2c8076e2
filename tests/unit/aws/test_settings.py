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
    is_loopback,
    number,
)

WHOLE = {
    "WEBHOOK_SECRET_ARN": "webhook",
    "CALLBACK_SECRET_ARN": "callback",
    "TICKETS_QUEUE_URL": "tickets",
    "TICKETS_DEAD_LETTER_QUEUE_URL": "dead",
    "DECISIONS_QUEUE_URL": "decisions",
    "TELEPORT_ADDR": "teleport.example.test:443",
    "TELEPORT_IDENTITY_SECRET_ARN": "identity",
    "SERVICENOW_URL": "https://example.service-now.com/",
    "SERVICENOW_SECRET_ARN": "servicenow",
}
NEEDED: dict[Callable[[Mapping[str, str]], object], tuple[str, ...]] = {
    WebhookSettings.read: ("WEBHOOK_SECRET_ARN", "TICKETS_QUEUE_URL", "TICKETS_DEAD_LETTER_QUEUE_URL"),
    CallbackSettings.read: ("CALLBACK_SECRET_ARN", "DECISIONS_QUEUE_URL"),
    TeleportSettings.read: ("TELEPORT_ADDR", "TELEPORT_IDENTITY_SECRET_ARN"),
    ServiceNowSettings.read: ("SERVICENOW_URL", "SERVICENOW_SECRET_ARN"),
}
CASES = [(read, name) for read, names in NEEDED.items() for name in names]


@pytest.mark.parametrize(("read", "name"), CASES)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(read: Callable[[Mapping[str, str]], object], name: str, value: str | None) -> None:
    environment = {**WHOLE, name: value} if value is not None else {k: v for k, v in WHOLE.items() if k != name}
    with pytest.raises(BrokenConfiguration, match=rf"^{name}: is not set\. Set it on the function") as caught:
        read({key: text for key, text in environment.items() if text is not None})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", NEEDED)
def test_each_group_needs_only_its_own_settings(read: Callable[[Mapping[str, str]], object]) -> None:
    read({name: WHOLE[name] for name in NEEDED[read]})


@pytest.mark.parametrize(
    "addr", ["teleport.example.test", "https://teleport.example.test:443", ":443", "host:", "host:https"]
)
def test_an_address_that_is_not_host_and_port_says_how_to_write_it(addr: str) -> None:
    with pytest.raises(BrokenConfiguration, match=r"^TELEPORT_ADDR: is not HOST:PORT\. Write the proxy's address like"):
        TeleportSettings.read({**WHOLE, "TELEPORT_ADDR": addr})


@pytest.mark.parametrize(
    "url",
    [
        "example.service-now.com",
        "ftp://example.service-now.com",
        "https://",
        "https://a.test/api",
        "https://a.test?x=1",
    ],
)
def test_an_address_that_is_no_instances_says_how_to_write_it(url: str) -> None:
    with pytest.raises(
        BrokenConfiguration, match=r"^SERVICENOW_URL: is not the address of an instance\. Write it like"
    ):
        ServiceNowSettings.read({**WHOLE, "SERVICENOW_URL": url})


@pytest.mark.parametrize(
    "url", ["http://example.service-now.com", "http://10.0.0.7:8080", "http://localhost.example.test"]
)
def test_plain_http_is_refused(url: str) -> None:
    with pytest.raises(BrokenConfiguration, match=r"^SERVICENOW_URL: uses plain http\. Use https"):
        ServiceNowSettings.read({**WHOLE, "SERVICENOW_URL": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_plain_http_to_this_machine_is_allowed(url: str) -> None:
    assert ServiceNowSettings.read({**WHOLE, "SERVICENOW_URL": url}).url == url


def test_an_address_loses_its_last_slash_and_a_write_may_take_65_seconds() -> None:
    assert ServiceNowSettings.read(WHOLE) == ServiceNowSettings("https://example.service-now.com", "servicenow", "", 65)


@pytest.mark.parametrize(("text", "value"), [(None, 100), ("", 100), (" ", 100), ("7", 7), (" 7 ", 7)])
def test_a_number_that_is_not_set_has_its_default(text: str | None, value: int) -> None:
    environment = {} if text is None else {"MAX_RECEIVE_COUNT": text}
    assert number(environment, "MAX_RECEIVE_COUNT", 100) == value


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_what_is_no_number_is_named_with_the_default(value: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        ServiceNowSettings.read({**WHOLE, "UNKNOWN_OUTCOME_SECONDS": value})
    assert str(caught.value) == (
        "UNKNOWN_OUTCOME_SECONDS: is no whole number above zero. Leave it out for the default (65)."
    )


@pytest.mark.parametrize(
    ("host", "here"), [("127.8.8.8", True), ("::1", True), ("127.0.0.1.example.test", False), ("", False)]
)
def test_what_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
