"""What stands at TELEPORT_ADDR: the address itself, what a proxy there says about its cluster, and whether a load
balancer that ends TLS stands before that proxy.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.errors import ADDRESS_SETTING, OLDEST_SERVER, NotPermitted, Unavailable
from access_bridge.teleport.tls import WebTls, knows_no_protocol

TIMEOUT: Final = 5.0
_PROBE: Final = "teleport-reversetunnel"
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
    server_version: str = ""
    fips: bool = False


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


@dataclass(frozen=True, slots=True)
class Found:
    """What answered: a proxy (None: an auth server, or nothing that we trust), and whether connections to it have to be
    wrapped in a WebSocket, because something before it ends TLS."""

    proxy: Proxy | None
    needs_upgrade: bool = False


class Endpoint:
    """TELEPORT_ADDR, looked at when it is first needed. What a proxy said is remembered; that none answered isn't.

    Parameters
    ----------
    addr
        The proxy's address, or an auth server's.
    extra_ca_pem
        Private CAs, as PEM, trusted besides the public roots for the proxy's web certificate. An auth server that is to
        be joined directly is trusted by these alone.

    Raises
    ------
    BrokenConfiguration
        when the address is none.
    """

    def __init__(self, addr: str, extra_ca_pem: str = "") -> None:
        self.address = parse_address(addr)
        self.web_tls = WebTls(extra_ca_pem)
        self._found: Found | None = None

    def look(self) -> Found:
        """Return what is there; raises as `find` does."""
        if self._found is None:
            proxy = find(self.address, self.web_tls)
            if proxy is None:
                return Found(None)
            self._found = Found(proxy, needs_upgrade(self.address, self.web_tls))
        return self._found

    def forget(self) -> None:
        """Look anew the next time: something else may be there now."""
        self._found = None


def find(address: Address, web_tls: WebTls) -> Proxy | None:
    """Ask what is at the address, as a proxy: `GET /webapi/find`.

    None when no proxy answers there (an auth server doesn't), or one whose web certificate isn't trusted: dialling then
    shows what is there. No redirect is followed and no HTTP proxy is used, because the gRPC connection can't do either.

    Raises
    ------
    BrokenConfiguration
        when the private CAs are no PEM.
    Unavailable
        when it answers with its own trouble (5xx), as a load balancer does for a proxy that isn't there.
    """
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _Trusting(web_tls.offering("http/1.1")))
        try:
            answer = session.get(f"https://{address}/webapi/find", timeout=TIMEOUT, allow_redirects=False)
            found = answer.json() if answer.status_code == requests.codes.ok else None
        except requests.RequestException:
            return None
    if answer.status_code >= requests.codes.server_error:
        raise Unavailable(f"{address} answered with status {answer.status_code}: what is there has trouble of its own.")
    return _proxy(found)


def _proxy(found: object) -> Proxy | None:
    match found:
        case {"cluster_name": str(name), "proxy": {**proxy}}:
            ssh = proxy.get("ssh")
            public = ssh.get("public_addr") if isinstance(ssh, dict) else None
            said = found if isinstance(found, dict) else {}
            return Proxy(
                cluster_name=name,
                tls_routing_enabled=proxy.get("tls_routing_enabled") is True,
                public_addr=str(public or ""),
                server_version=str(said.get("server_version") or ""),
                fips=said.get("fips") is True,
            )
    return None


def check_version(server_version: str) -> None:
    """Raise `NotPermitted` for a server that is too old; a version that can't be read passes."""
    major = re.match(r"v?(\d+)\.", server_version)
    if major and int(major[1]) < OLDEST_SERVER:
        raise NotPermitted(
            ADDRESS_SETTING,
            f"the cluster runs Teleport {server_version}, and Access Bridge needs {OLDEST_SERVER} or newer.",
            "Upgrade the cluster; Teleport itself no longer supports that version.",
        )


def needs_upgrade(address: Address, web_tls: WebTls) -> bool:
    """Whether something before a proxy ends TLS: then the proxy's own ALPN names aren't known there.

    As Teleport's Go client decides it: offered `teleport-reversetunnel` alone, a proxy agrees, and a load balancer
    agrees to nothing or refuses. What fails for another reason is left to the dial, which says why.
    """
    try:
        with (
            socket.create_connection((address.host, address.port), timeout=TIMEOUT) as tcp,
            web_tls.offering(_PROBE).wrap_socket(tcp, server_hostname=address.host) as tls,
        ):
            return tls.selected_alpn_protocol() != _PROBE
    except OSError as error:
        return knows_no_protocol(error)


class _Trusting(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
