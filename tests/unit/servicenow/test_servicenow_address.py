"""The instance's address is checked before anything secret is sent to it."""

import pytest

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.address import instance_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.service-now.com", "https://example.service-now.com"),
        (" https://Example.service-now.com/ ", "https://example.service-now.com"),
        ("https://tickets.example.com:8443/", "https://tickets.example.com:8443"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000/", "http://localhost:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_a_base_address_is_taken(text: str, url: str) -> None:
    assert instance_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.service-now.com",
        "ftp://example.service-now.com",
        "http://example.service-now.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://",
        "https://example.service-now.com/api/now",
        "https://example.service-now.com/?x=1",
        "https://example.service-now.com/#top",
        "https://svc:hunter2@example.service-now.com",
        "https://example.service-now.com:port",
        "https://exa mple.com",
        "https://[::1",
        "https://example..com",
        f"https://{'x' * 64}.com",
    ],
)
def test_any_other_address_names_the_setting_and_the_fix(text: str) -> None:
    with pytest.raises(BrokenConfiguration) as error:
        instance_url(text)
    assert error.value.setting == "SERVICENOW_URL"
    assert "https://example.service-now.com" in error.value.fix
    assert "hunter2" not in str(error.value)
