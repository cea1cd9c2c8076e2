"""Which connections a cluster that demands what a real one demands lets stand, and what is said of the others."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.client import connect
from access_bridge.teleport.discovery import Endpoint, Found, Proxy, find, parse_address
from access_bridge.teleport.errors import IDENTITY_FILE, NotPermitted, Unavailable
from access_bridge.teleport.identity import Identity, parse_identity
from access_bridge.teleport.proto import teleport_pb2 as pb
from access_bridge.teleport.tls import WebTls, client_context
from access_bridge.teleport.transport import TeleportChannel, to_auth
from local.teleport.cluster import TeleportCluster
from tests.contract.teleport_client.conftest import Connect, NewCluster
from tests.unit.teleport.certificates import authority, server
from tests.unit.teleport.given import Given

TRIALS = json.loads((Path(__file__).parents[2] / "recordings" / "tls.json").read_text())
NAME = "tele.example.test"


# ---- every recorded trial, with the client's own context, altered as the trial says


def _context(cluster: TeleportCluster, trial: dict[str, Any]) -> ssl.SSLContext:
    expired = timedelta(hours=-1) if trial["name"].startswith("expired") else timedelta(hours=1)
    identity = parse_identity(cluster.identity_file("sn-tickets", ttl=expired))
    if trial["name"].startswith("trusting the web CA"):
        identity = replace(identity, host_ca_pems=(cluster.web_ca_pem,))
    if trial["client_certificate"]:
        context = client_context(identity)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=cluster.host_ca_pem)
    if trial["name"].startswith("user CA"):
        context.load_verify_locations(cadata=cluster.user_ca_pem)
    if "STRICT" in trial["name"]:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(trial["alpn"])
    return context


async def _try(address: str, context: ssl.SSLContext) -> str:
    found = Found(Proxy(NAME, tls_routing_enabled=True, public_addr=""))
    channel = TeleportChannel(to_auth(Endpoint(address), found, context, IDENTITY_FILE))
    ping = UnaryUnaryMethod(channel, "/proto.AuthService/Ping", pb.PingRequest, pb.PingResponse)
    requests = UnaryUnaryMethod(
        channel,
        "/proto.AuthService/ListAccessRequests",
        pb.ListAccessRequestsRequest,
        pb.ListAccessRequestsResponse,
    )
    try:
        await ping(pb.PingRequest(), timeout=10)
        try:
            await requests(pb.ListAccessRequestsRequest(), timeout=10)
        except GRPCError as error:
            return f"OK, then {error.status.name} {error.message}"
    except (StreamTerminatedError, BrokenConfiguration, Unavailable) as error:
        return type(error).__name__
    finally:
        await channel.hang_up()
    return "OK"


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial["name"])
def test_every_recorded_trial_ends_as_recorded(cluster: TeleportCluster, trial: dict[str, Any]) -> None:
    outcome = {
        "OK": f"OK, then {trial.get('list')}" if "list" in trial else "OK",
        "SSLCertVerificationError": "HostCaUnknown",
        "SSLError": "BrokenConfiguration",
        "ConnectionResetError": "Unavailable",
        "StreamTerminatedError": "StreamTerminatedError",
    }[trial["result"].split(":")[0]]
    address = cluster.auth_addr if trial["port"] == "auth" else cluster.proxy_addr
    assert asyncio.run(_try(address, _context(cluster, trial))) == outcome


# ---- the client as it is


@pytest.mark.parametrize("shape", ["tctl", "tbot"])
@pytest.mark.parametrize("port", ["proxy_addr", "auth_addr"])
@pytest.mark.parametrize("extra_ca", [True, False], ids=["with the web CA", "without the web CA"])
def test_both_identities_connect_through_the_proxy_and_directly(
    cluster: TeleportCluster, shape: Any, port: str, extra_ca: bool
) -> None:
    user = "sn-tickets" if shape == "tctl" else "bot-sn-tickets"
    identity = parse_identity(cluster.identity_file(user, shape=shape))
    extra_ca_pem = cluster.web_ca_pem if extra_ca else ""
    with connect(Given(identity), Endpoint(getattr(cluster, port), extra_ca_pem)) as teleport:
        assert (teleport.username, teleport.cluster_name) == (user, NAME)
        answer = teleport.ping()
        assert (answer.name, answer.server_version, answer.advanced_access_workflows) == (NAME, "18.0.0", True)
        assert answer.proxy_public_addr == cluster.proxy_addr
        assert teleport.access_requests() == ()


def test_an_open_source_cluster_says_that_it_has_no_reviews(new_cluster: NewCluster) -> None:
    cluster = new_cluster("oss.yaml", edition="oss")
    with connect(Given(_identity(cluster, "bot-sn-decisions")), Endpoint(cluster.auth_addr)) as teleport:
        assert not teleport.ping().advanced_access_workflows


def test_one_connection_serves_a_whole_with_and_nothing_is_dialled_before_the_first_call(
    cluster: TeleportCluster, as_user: Connect
) -> None:
    with as_user("sn-tickets") as teleport:
        assert not cluster.calls
        for _ in range(3):
            teleport.access_requests()
        teleport.ping()
    methods = [call.path.rpartition("/")[2] for call in cluster.calls]
    assert methods == ["Ping", "ListAccessRequests", "ListAccessRequests", "ListAccessRequests"]


def test_a_proxy_says_of_which_cluster_it_is(cluster: TeleportCluster) -> None:
    found = find(parse_address(cluster.proxy_addr), WebTls(cluster.web_ca_pem))
    assert found == Proxy(
        NAME, tls_routing_enabled=True, public_addr=cluster.proxy_addr, server_version="18.0.0", fips=False
    )
    assert find(parse_address(cluster.proxy_addr), WebTls()) is None
    assert find(parse_address(cluster.auth_addr), WebTls(cluster.web_ca_pem)) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, b""),
        (200, b"<html>Sign in</html>"),
        (200, b"[]"),
        (200, b'{"cluster_name": 7, "proxy": {}}'),
        (404, b'{"cluster_name": "tele.example.test", "proxy": {}}'),
    ],
)
def test_what_is_no_teleport_proxy_is_not_taken_for_one(
    cluster: TeleportCluster, tmp_path: Path, status: int, body: bytes
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", f"https://{cluster.proxy_addr}/webapi/find")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    web = authority("Web CA", "1")
    certificate = tmp_path / "web.pem"
    certificate.write_text("".join(server(web, "localhost")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with _serving(Page, context) as port:
        assert find(parse_address(f"localhost:{port}"), WebTls(web.pem + cluster.web_ca_pem)) is None


def test_a_stopped_cluster_is_unavailable_and_works_again_when_it_is_back(
    cluster: TeleportCluster, as_user: Connect
) -> None:
    cluster.stop()
    with as_user("sn-tickets") as teleport:
        with pytest.raises(Unavailable, match="nothing listens there"):
            teleport.access_requests()
        cluster.start()
        assert teleport.access_requests() == ()


def test_a_restart_between_two_calls_costs_at_most_one_call(cluster: TeleportCluster, as_user: Connect) -> None:
    with as_user("sn-tickets") as teleport:
        teleport.access_requests()
        cluster.stop()
        with pytest.raises(Unavailable):
            teleport.access_requests()
        cluster.start()
        assert teleport.access_requests() == ()


@pytest.mark.parametrize("port", ["proxy_addr", "auth_addr"])
def test_an_identity_that_expired_by_teleports_clock_alone_names_the_certificate(
    cluster: TeleportCluster, port: str
) -> None:
    identity = parse_identity(cluster.identity_file("sn-tickets", ttl=timedelta(hours=-1)))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with (
        connect(Given(identity), Endpoint(getattr(cluster, port)), clock=lambda: yesterday) as teleport,
        pytest.raises(Unavailable, match=r"refused the client certificate of 'sn-tickets'.*new identity file"),
    ):
        teleport.ping()


def test_an_expired_identity_makes_no_connection(cluster: TeleportCluster) -> None:
    identity = parse_identity(cluster.identity_file("sn-tickets", ttl=timedelta(hours=-1)))
    with (
        connect(Given(identity), Endpoint(cluster.proxy_addr)) as teleport,
        pytest.raises(NotPermitted, match="expired"),
    ):
        teleport.ping()
    assert not cluster.calls


@pytest.mark.parametrize("port", ["proxy_addr", "auth_addr"])
def test_an_identity_of_another_cluster_is_refused_with_its_reason(new_cluster: NewCluster, port: str) -> None:
    other, cluster = new_cluster(name="other.example.test"), new_cluster()
    endpoint = Endpoint(getattr(cluster, port), cluster.web_ca_pem)
    with connect(Given(_identity(other)), endpoint) as teleport, pytest.raises(BrokenConfiguration, match="cluster"):
        teleport.ping()


def test_a_rotated_host_ca_asks_for_a_new_identity(new_cluster: NewCluster) -> None:
    before, after = new_cluster(), new_cluster()
    with (
        connect(Given(_identity(before)), Endpoint(after.proxy_addr, after.web_ca_pem)) as teleport,
        pytest.raises(BrokenConfiguration, match=r"TELEPORT_IDENTITY_SECRET_ARN.*rotated"),
    ):
        teleport.ping()


def test_a_server_of_version_16_is_refused_with_a_sentence(new_cluster: NewCluster) -> None:
    cluster = new_cluster(version="16.4.2")
    with (
        connect(Given(_identity(cluster)), Endpoint(cluster.proxy_addr)) as teleport,
        pytest.raises(NotPermitted, match=r"runs Teleport 16\.4\.2, and Access Bridge needs 17 or newer"),
    ):
        teleport.access_requests()


def test_an_address_that_speaks_no_tls_names_the_setting(cluster: TeleportCluster) -> None:
    with (
        _serving(BaseHTTPRequestHandler) as port,
        connect(Given(_identity(cluster)), Endpoint(f"127.0.0.1:{port}")) as teleport,
        pytest.raises(BrokenConfiguration, match="TELEPORT_ADDR"),
    ):
        teleport.ping()


def test_nothing_secret_is_logged(cluster: TeleportCluster, as_user: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with as_user("sn-tickets") as teleport:
        teleport.access_requests()
    assert "PRIVATE" not in caplog.text


def _identity(cluster: TeleportCluster, user: str = "sn-tickets") -> Identity:
    return parse_identity(cluster.identity_file(user))


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A web server on loopback; yields its port."""
    with HTTPServer(("127.0.0.1", 0), handler) as web:
        if context:
            web.socket = context.wrap_socket(web.socket, server_side=True)
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web.server_port
        finally:
            web.shutdown()
            thread.join()
