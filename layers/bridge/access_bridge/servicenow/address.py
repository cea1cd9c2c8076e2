"""The address of a ServiceNow instance, checked before anything secret is sent to it."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from access_bridge.errors import BrokenConfiguration

URL_SETTING: Final = "SERVICENOW_URL"
_FIX: Final = "Set it to the instance's base address, like https://example.service-now.com"


def instance_url(text: str) -> str:
    """Return the instance's base address without a slash at its end.

    Raises
    ------
    BrokenConfiguration
        It is no https address (http is taken for loopback alone), or it has a path, a query, a fragment or a user name.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise BrokenConfiguration(URL_SETTING, "it is no address.", _FIX) from None
    if parts.scheme not in {"https", "http"} or not host or any(character.isspace() for character in parts.netloc):
        raise BrokenConfiguration(URL_SETTING, "it is no https address.", _FIX)
    if parts.username is not None or parts.password is not None:
        raise BrokenConfiguration(URL_SETTING, "it holds a user name or password.", _FIX)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise BrokenConfiguration(URL_SETTING, "it goes on after the host's name.", _FIX)
    if parts.scheme == "http" and not _is_loopback(host):
        raise BrokenConfiguration(URL_SETTING, "http would send the credentials in the clear.", _FIX)
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")


def _is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
