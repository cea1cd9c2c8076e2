"""Addresses, TLS settings, and what a failed dial says to the person who has to mend it."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.client import connect
from access_bridge.teleport.discovery import Address, Endpoint, Found, Proxy, check_version, find, parse_address
from access_bridge.teleport.errors import IDENTITY_FILE, NotPermitted, Unavailable
from access_bridge.teleport.identity import Identity, identity_from_pems, parse_identity
from access_bridge.teleport.tls import WebTls, alpn_protocols, client_context
from access_bridge.teleport.transport import HostCaUnknown, dial_error
from tests.unit.teleport.certificates import authority, client, server
from tests.unit.teleport.given import Given
from tests.unit.teleport.recorded import text

CLUSTER = "tele.example.test"


@pytest.mark.parametrize(
    ("addr", "expected"),
    [
        ("teleport.example.com", "teleport.example.com:443"),
        ("teleport.example.com:3080", "teleport.example.com:3080"),
        (" https://teleport.example.com/ ", "teleport.example.com:443"),
        ("10.0.0.1:3025", "10.0.0.1:3025"),
        ("[::1]:3025", "[::1]:3025"),
    ],
)
def test_an_address_is_a_host_and_a_port(addr: str, expected: str) -> None:
    assert str(parse_address(addr)) == expected


@pytest.mark.parametrize(
    "addr",
    [
        "",
        ":443",
        "host:port",
        "host:99999",
        "http://host",
        "host/path",
        "user@host",
        "host?x=1",
        "a..b",
        "::1",
        "ho st:1",
        "[::1",
    ],
)
def test_anything_else_names_the_setting(addr: str) -> None:
    with pytest.raises(BrokenConfiguration) as caught:
        parse_address(addr)
    assert caught.value.setting == "TELEPORT_ADDR"


def test_private_cas_that_are_no_pem_name_the_setting() -> None:
    with pytest.raises(BrokenConfiguration, match="EXTRA_CA_PARAMETER"):
        find(Address("localhost", 1), WebTls("not a certificate"))


def test_the_alpn_list_is_the_one_that_a_real_proxy_routes_by() -> None:
    trials = {trial["name"]: trial["alpn"] for trial in json.loads(text("tls.json"))}
    assert alpn_protocols(CLUSTER) == trials["TLS routing"]


PROXY = Proxy(CLUSTER, tls_routing_enabled=True, public_addr="localhost:3080")
NO_ROUTING = Proxy(CLUSTER, tls_routing_enabled=False, public_addr="localhost:3080")


def _ssl_error(kind: type[ssl.SSLError], reason: str) -> ssl.SSLError:
    error = kind(1, f"[SSL: {reason}] something")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "proxy", "kind", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), None, Unavailable, "nothing listens there"),
        (TimeoutError(), None, Unavailable, "didn't answer in time"),
        (ConnectionResetError(), None, Unavailable, "for a cluster that it doesn't know"),
        (ConnectionResetError(), NO_ROUTING, Unavailable, "TLS routing is off"),
        (OSError("Multiple exceptions: [Errno 111] …"), None, Unavailable, "Multiple exceptions"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), None, Unavailable, "Temporary failure"),
        (socket.gaierror(socket.EAI_NONAME, "not known"), None, BrokenConfiguration, "no host has the name tele"),
        (
            _ssl_error(ssl.SSLCertVerificationError, "CERTIFICATE_VERIFY_FAILED"),
            PROXY,
            HostCaUnknown,
            "TELEPORT_IDENTITY_SECRET_ARN: .*rotated.*load balancer",
        ),
        (
            _ssl_error(ssl.SSLCertVerificationError, "CERTIFICATE_VERIFY_FAILED"),
            None,
            HostCaUnknown,
            "TELEPORT_ADDR: .* no server of the identity's cluster",
        ),
        (
            ssl.SSLError(1, "[SSL] tlsv1 alert no application protocol (_ssl.c:1020)"),
            None,
            BrokenConfiguration,
            "no server of Teleport's gRPC API",
        ),
        (_ssl_error(ssl.SSLError, "WRONG_VERSION_NUMBER"), None, BrokenConfiguration, "WRONG_VERSION_NUMBER"),
        (_ssl_error(ssl.SSLEOFError, "UNEXPECTED_EOF_WHILE_READING"), None, Unavailable, "during the TLS handshake"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OSError) else "",
)
def test_a_failed_dial_says_why_and_names_the_setting(
    error: OSError, proxy: Proxy | None, kind: type[BridgeError], words: str
) -> None:
    found = dial_error(error, Address("tele", 443), Found(proxy), IDENTITY_FILE)
    assert type(found) is kind
    with pytest.raises(kind, match=words):
        raise found
    assert "TELEPORT_ADDR" in str(found)


@pytest.mark.parametrize("version", ["16.5.1", "15.0.0-dev", "v9.0.0"])
def test_a_server_older_than_17_is_refused_with_a_sentence(version: str) -> None:
    with pytest.raises(NotPermitted, match=f"runs Teleport {version}, and Access Bridge needs 17 or newer"):
        check_version(version)


@pytest.mark.parametrize("version", ["17.0.0-aa", "18.0.0", "19.1.0-dev.2", "100.0.0", "", "main"])
def test_newer_servers_and_unreadable_versions_pass(version: str) -> None:
    check_version(version)


def test_an_expired_identity_is_refused_before_anything_is_dialled() -> None:
    identity = parse_identity(text("identity-tbot.pem"))
    later = datetime(2026, 11, 24, tzinfo=UTC)
    with (
        pytest.raises(NotPermitted, match="expired"),
        connect(Given(identity), Endpoint("localhost:1"), clock=lambda: later) as teleport,
    ):
        teleport.ping()


@pytest.fixture(scope="module")
def cluster() -> tuple[Identity, tuple[str, str], tuple[str, str], str]:
    users, host, web = (authority(CLUSTER, serial) for serial in ("1", "2", "3"))
    key, certificate = client(users, "bot-x", ("a",))
    identity = identity_from_pems(key, certificate, [host.pem])
    return identity, server(host, "teleport.cluster.local"), server(web, "teleport.cluster.local"), users.pem


def _handshake(identity: Identity, served: tuple[str, str], client_ca: str, directory: Path) -> ssl.SSLObject:
    """Let the client's context and a server's shake hands in memory; returns the server's side."""
    listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = directory / "server.pem"
    file.write_text("".join(served))
    listening.load_cert_chain(file)
    listening.load_verify_locations(cadata=client_ca)
    listening.verify_mode = ssl.CERT_REQUIRED
    listening.set_alpn_protocols(["h2"])
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client_context(identity).wrap_bio(down, up, server_hostname="teleport.cluster.local")
    there = listening.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert here.selected_alpn_protocol() == "h2"
    return there


def test_the_context_shows_the_identity_and_speaks_http2(
    cluster: tuple[Identity, tuple[str, str], tuple[str, str], str], tmp_path: Path
) -> None:
    identity, auth, _, user_ca = cluster
    there = _handshake(identity, auth, user_ca, tmp_path)
    peer = there.getpeercert()
    assert peer is not None
    assert (("commonName", "bot-x"),) in peer["subject"]
    assert there.version() == "TLSv1.3"


def test_a_server_whose_certificate_is_of_another_ca_is_refused(
    cluster: tuple[Identity, tuple[str, str], tuple[str, str], str], tmp_path: Path
) -> None:
    identity, _, web, user_ca = cluster
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(identity, web, user_ca, tmp_path)


def test_the_key_is_on_no_disk_afterwards(
    cluster: tuple[Identity, tuple[str, str], tuple[str, str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    context = client_context(cluster[0])
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert not list(tmp_path.iterdir())
