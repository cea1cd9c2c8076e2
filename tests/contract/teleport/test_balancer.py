"""Behind a layer 7 load balancer nothing but ordinary requests and WebSocket upgrades reach the proxy."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.teleport.balancer import Balancer
from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.websocket_client import LEGACY, PING, asked, carried, handshake, hung_up, read_frame
from tests.contract.teleport.wire import AUTH, Answer, ask, client_context, open_channel, routing_name

ROLES = (Path(__file__).parents[2] / "recordings" / "resources" / "roles.yaml").read_text(encoding="utf-8")
TUNNEL = "teleport-reversetunnel"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path_factory.mktemp("teleport"))
    made.upgrade_ping_interval = 0.05
    made.apply(ROLES)
    with made:
        yield made


@pytest.fixture(scope="module")
def balancer(cluster: TeleportCluster) -> Iterator[Balancer]:
    with Balancer(cluster.proxy_addr) as made:
        cluster.public_addr = made.addr
        yield made


@pytest.fixture
def trusted(balancer: Balancer, tmp_path: Path) -> str:
    path = tmp_path / "balancer-ca.pem"
    path.write_text(balancer.ca_pem)
    return str(path)


def auth_context(cluster: TeleportCluster, trusted_pem: str) -> ssl.SSLContext:
    return client_context(trusted_pem, [routing_name(cluster.name), "h2"], cluster.identity_file("sn-tickets"))


async def call(address: str, context: ssl.SSLContext) -> Answer:
    channel = open_channel(address, context)
    try:
        return await ask(channel, f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest())
    finally:
        channel.close()


def negotiated(address: str, trusted_pem: str, alpn: list[str]) -> str | None:
    """The ALPN name that a handshake ends with."""

    async def run() -> str | None:
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=client_context(trusted_pem, alpn, None))
        protocol: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
        return protocol

    return asyncio.run(run())


# ---- what passes


def test_the_proxy_says_through_the_balancer_that_it_is_found_there(balancer: Balancer, trusted: str) -> None:
    with requests.Session() as session:  # one connection for both
        said = [
            session.get(f"https://{balancer.addr}/webapi/{page}", verify=trusted, timeout=5).json()
            for page in ("find", "ping")
        ]

    assert [answer["proxy"]["ssh"]["public_addr"] for answer in said] == [balancer.addr, balancer.addr]


def test_what_the_proxy_does_not_find_is_not_found_through_the_balancer(balancer: Balancer, trusted: str) -> None:
    answer = requests.post(f"https://{balancer.addr}/webapi/find", b"body", verify=trusted, timeout=5)

    assert answer.status_code == 404


@pytest.mark.parametrize("subprotocol", ["alpn", "alpn-ping"])
def test_the_auth_server_is_reached_by_a_websocket(
    subprotocol: str, cluster: TeleportCluster, balancer: Balancer
) -> None:
    async def run() -> Answer:
        async with carried(balancer.addr, balancer.ca_pem, subprotocol=subprotocol) as address:
            return await call(address, auth_context(cluster, cluster.host_ca_pem))

    assert asyncio.run(run()).status == "OK"


def test_a_long_answer_comes_whole(cluster: TeleportCluster, balancer: Balancer) -> None:
    reason = "x" * 4000
    for _ in range(200):
        cluster.as_user("alice").create_request(["dba"], reason)

    async def run() -> Answer:
        async with carried(balancer.addr, balancer.ca_pem, mask="random masks") as address:
            return await call(address, auth_context(cluster, cluster.host_ca_pem))

    listed = asyncio.run(run()).messages[0].AccessRequests

    assert [request.Spec.RequestReason for request in listed] == [reason] * 200


def test_a_proxy_that_is_too_old_for_upgrades_says_so_through_the_balancer(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)
    cluster.upgrades_connections = False

    async def run(balancer: Balancer) -> int:
        async with asked(balancer.addr, balancer.ca_pem, handshake()) as outer:
            return outer.status

    with cluster, Balancer(cluster.proxy_addr) as balancer:
        assert asyncio.run(run(balancer)) == 404


# ---- what does not


def test_a_probe_is_negotiated_at_the_proxy_and_not_at_the_balancer(
    cluster: TeleportCluster, balancer: Balancer
) -> None:
    assert negotiated(cluster.proxy_addr, cluster.web_ca_pem, [TUNNEL]) == TUNNEL
    assert negotiated(balancer.addr, balancer.ca_pem, [TUNNEL]) is None
    assert negotiated(balancer.addr, balancer.ca_pem, [TUNNEL, "http/1.1"]) == "http/1.1"


def test_a_balancer_of_the_other_kind_answers_a_probe_with_an_alert(cluster: TeleportCluster) -> None:
    with Balancer(cluster.proxy_addr, unknown_alpn="alert") as balancer:
        with pytest.raises(ssl.SSLError, match=re.compile("no.application.protocol", re.IGNORECASE)):
            negotiated(balancer.addr, balancer.ca_pem, [TUNNEL])

        assert negotiated(balancer.addr, balancer.ca_pem, ["http/1.1"]) == "http/1.1"
        assert negotiated(balancer.addr, balancer.ca_pem, []) is None


def test_without_an_upgrade_a_client_meets_the_balancers_certificate(
    cluster: TeleportCluster, balancer: Balancer
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(call(balancer.addr, auth_context(cluster, cluster.host_ca_pem)))


def test_grpc_to_the_balancer_itself_is_refused(cluster: TeleportCluster, balancer: Balancer) -> None:
    context = auth_context(cluster, balancer.ca_pem)
    context.check_hostname = False

    answer = asyncio.run(call(balancer.addr, context))

    assert answer.status == "UNKNOWN"
    assert "464" in answer.message


def test_the_legacy_upgrade_does_not_pass(balancer: Balancer) -> None:
    async def run() -> int:
        async with asked(balancer.addr, balancer.ca_pem, LEGACY) as outer:
            return outer.status

    assert asyncio.run(run()) == 502


def test_when_the_proxy_is_not_there_the_balancer_answers_for_it(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)
    with cluster:
        address = cluster.proxy_addr
    with Balancer(address) as balancer:
        trusted = tmp_path / "ca.pem"
        trusted.write_text(balancer.ca_pem)

        answer = requests.get(f"https://{balancer.addr}/webapi/find", verify=str(trusted), timeout=5)

    assert answer.status_code == 502


def test_what_is_no_http_is_hung_up_on(balancer: Balancer) -> None:
    async def run() -> bytes:
        host, _, port = balancer.addr.partition(":")
        context = client_context(balancer.ca_pem, [], None)
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        writer.write(b"\x16\x03\x01 no request \r\n\r\n")
        try:
            return await reader.read()
        finally:
            writer.close()

    assert asyncio.run(run()) == b""


# ---- idle connections


def test_an_idle_upgraded_connection_is_closed(cluster: TeleportCluster) -> None:
    async def run(balancer: Balancer) -> bytes:
        async with asked(balancer.addr, balancer.ca_pem, handshake("alpn")) as outer, asyncio.timeout(5):
            return await outer.reader.read()

    with Balancer(cluster.proxy_addr, idle_timeout=0.1) as balancer:
        assert asyncio.run(run(balancer)) == b""


def test_pings_of_the_server_keep_a_connection_open(cluster: TeleportCluster) -> None:
    async def run(balancer: Balancer) -> list[int]:
        async with asked(balancer.addr, balancer.ca_pem, handshake("alpn-ping")) as outer:
            return [(await read_frame(outer.reader))[0] for _ in range(12)]

    with Balancer(cluster.proxy_addr, idle_timeout=0.5) as balancer:
        assert asyncio.run(run(balancer)) == [PING] * 12


def test_when_the_balancer_goes_so_do_its_connections(cluster: TeleportCluster) -> None:
    with Balancer(cluster.proxy_addr) as balancer:

        async def run() -> bool:
            async with asked(balancer.addr, balancer.ca_pem, handshake()) as outer:
                await asyncio.to_thread(balancer.stop)
                return await hung_up(outer)

        assert asyncio.run(run())
