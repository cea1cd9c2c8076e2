"""What stands at TELEPORT_ADDR: the address itself, and what a proxy there says about its cluster."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.errors import ADDRESS_SETTING

_TIMEOUT = 5.0
_FIX = "Set it to the proxy's host name and port, such as teleport.example.com:443, or to the auth server's."


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port of a proxy or an auth server."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a proxy says about itself (`/webapi/find`)."""

    cluster_name: str
    tls_routing_enabled: bool
    public_addr: str


def parse_address(addr: str) -> Address:
    """Return host and port of `host[:port]`, with or without `https://`; the port is 443 where none is given.

    Raises
    ------
    BrokenConfiguration
        naming TELEPORT_ADDR, for anything else.
    """
    text = addr.strip()
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host, port = url.hostname, url.port
        (host or "").encode("idna")
    except ValueError as error:
        raise BrokenConfiguration(ADDRESS_SETTING, "it is no address.", _FIX) from error
    if url.scheme != "https":
        raise BrokenConfiguration(ADDRESS_SETTING, "Teleport speaks only TLS.", _FIX)
    if (
        not host
        or re.search(r"[^\w.:-]", host)
        or url.path not in ("", "/")
        or url.query
        or url.fragment
        or url.username is not None
    ):
        raise BrokenConfiguration(ADDRESS_SETTING, "it is not just a host name and a port.", _FIX)
    return Address(host, 443 if port is None else port)


def find(address: Address, extra_ca_pem: str = "") -> Proxy | None:
    """Ask what is at the address, as a proxy: `GET /webapi/find`, trusting the public roots and `extra_ca_pem`.

    None when no proxy answers there (an auth server doesn't), or one whose web certificate isn't trusted: the
    connection that matters trusts the Host CA alone, so dialling then shows what is there. No redirect is followed and
    no HTTP proxy is used, because the gRPC connection can't do either.

    Raises
    ------
    BrokenConfiguration
        when `extra_ca_pem` is no PEM.
    """
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _Trusting(extra_ca_pem))
        try:
            answer = session.get(f"https://{address}/webapi/find", timeout=_TIMEOUT, allow_redirects=False)
            found = answer.json() if answer.status_code == requests.codes.ok else None
        except requests.RequestException:
            return None
    return _proxy(found)


def _proxy(found: object) -> Proxy | None:
    match found:
        case {"cluster_name": str(name), "proxy": {**proxy}}:
            ssh = proxy.get("ssh")
            public = ssh.get("public_addr") if isinstance(ssh, dict) else None
            return Proxy(name, proxy.get("tls_routing_enabled") is True, str(public or ""))
    return None


class _Trusting(HTTPAdapter):
    """Trusts private CAs besides the public roots, which requests adds to the context itself."""

    def __init__(self, extra_ca_pem: str) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        if extra_ca_pem:
            try:
                self._context.load_verify_locations(cadata=extra_ca_pem.encode("ascii", "replace").decode())
            except ssl.SSLError as error:
                raise BrokenConfiguration(
                    "EXTRA_CA_PARAMETER",
                    "it holds no PEM certificates.",
                    "Put the private CAs' certificates into it, as PEM.",
                ) from error
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
