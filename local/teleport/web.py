"""The proxy's web side: what it says about itself, over HTTPS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.teleport.resources import Edition
from local.teleport.state import SecondFactor
from local.teleport.upgrade import PATH as UPGRADE_PATH
from local.teleport.upgrade import UpgradeRefusedError, Upgrades, negotiate

_MAX_HEADERS = 65536


@dataclass(frozen=True, slots=True)
class WebFacts:
    """What the answers are made of: `proxy_port` is the proxy's one listener's, `public_addr` the `host:port` it gives.

    Recorded was a cluster whose `second_factor` is `webauthn`.
    """

    cluster_name: str
    version: str
    edition: Edition
    proxy_port: int
    public_addr: str
    second_factor: SecondFactor
    fips: bool


def _proxy(facts: WebFacts) -> dict[str, Any]:
    listener = f"127.0.0.1:{facts.proxy_port}"
    return {
        "kube": {"enabled": True, "listen_addr": listener},
        "ssh": {
            "listen_addr": listener,
            "tunnel_listen_addr": listener,
            "web_listen_addr": listener,
            "public_addr": facts.public_addr,
            "dial_timeout": 30000000000,
        },
        "db": {"postgres_listen_addr": listener, "mysql_listen_addr": listener},
        "tls_routing_enabled": True,
    }


def _common(facts: WebFacts) -> dict[str, Any]:
    major = int(facts.version.split(".", maxsplit=1)[0])
    return {
        "proxy": _proxy(facts),
        "server_version": facts.version,
        "min_client_version": f"{major - 1}.0.0-aa",
        "auto_update": {
            "tools_version": facts.version,
            "tools_auto_update": False,
            "agent_version": facts.version,
            "agent_auto_update": False,
            "agent_update_jitter_seconds": 60,
        },
        "cluster_name": facts.cluster_name,
        "automatic_upgrades": False,
        "edition": facts.edition,
        "fips": facts.fips,
    }


def find(facts: WebFacts) -> dict[str, Any]:
    """The answer of `/webapi/find`, as recorded."""
    auth = {
        "type": "",
        "private_key_policy": "",
        "piv_slot": "",
        "piv_pin_cache_ttl": 0,
        "device_trust": {},
        "has_motd": False,
        "default_session_ttl": "0s",
        "signature_algorithm_suite": "balanced-v1",
    }
    return {"auth": auth, **_common(facts)}


def ping(facts: WebFacts) -> dict[str, Any]:
    """The answer of `/webapi/ping`, as recorded: it asks the auth server too."""
    auth = {
        "type": "local",
        "second_factor": facts.second_factor,
        "preferred_local_mfa": facts.second_factor,
        "allow_passwordless": True,
        "allow_headless": True,
        "local": {"name": ""},
        "webauthn": {"rp_id": "localhost"},
        "private_key_policy": "none",
        "piv_slot": "",
        "piv_pin_cache_ttl": 0,
        "device_trust": {},
        "has_motd": False,
        "default_session_ttl": "12h0m0s",
        "signature_algorithm_suite": "balanced-v1",
    }
    return {"auth": auth, **_common(facts)}


_PAGES: dict[str, Callable[[WebFacts], dict[str, Any]]] = {
    "/webapi/find": find,
    "/webapi/ping": ping,
    "/v1/webapi/find": find,
    "/v1/webapi/ping": ping,
}


class WebConnection(asyncio.Protocol):
    """One HTTP/1.1 connection, one answer.

    Without `facts` nothing is found: the auth server has no web pages. Without `upgrades` the connection upgrade is no
    page either, as on a server that is too old for it.
    """

    def __init__(self, facts: WebFacts | None, upgrades: Upgrades | None = None) -> None:
        self._facts = facts
        self._upgrades = upgrades
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers once the request's head is complete."""
        self._received += data
        if self._transport is None or (b"\r\n\r\n" not in self._received and len(self._received) < _MAX_HEADERS):
            return
        transport, self._transport = self._transport, None
        method, _, rest = self._received.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1") if method == b"GET" else ""
        page = _PAGES.get(path)
        if path == UPGRADE_PATH and self._upgrades is not None:
            self._upgrade(transport, self._upgrades)
        elif page is None or self._facts is None:
            _answer(transport, "404 Not Found", _error("path not found"))
        else:
            _answer(transport, "200 OK", page(self._facts))

    def _upgrade(self, transport: asyncio.Transport, upgrades: Upgrades) -> None:
        try:
            upgrade = negotiate(self._received)
        except UpgradeRefusedError as refusal:
            _answer(transport, refusal.status, _error(str(refusal)))
        else:
            upgrades.start(transport, upgrade)


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


def _answer(transport: asyncio.Transport, status: str, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        "Connection: close\r\n\r\n"
    )
    transport.write(head.encode() + payload)
    transport.close()
