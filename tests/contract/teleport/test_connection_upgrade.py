"""A connection to the proxy can be carried inside an HTTP connection to its web side, as with a real 18.0.0."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.upgrade import Framing, negotiate
from tests.contract.teleport.websocket_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LEGACY,
    PING,
    TEXT,
    Mask,
    asked,
    carried,
    frame,
    handshake,
    hung_up,
    read_frame,
)
from tests.contract.teleport.wire import AUTH, Answer, ask, client_context, open_channel, routing_name

ROLES = (Path(__file__).parents[2] / "recordings" / "resources" / "roles.yaml").read_text(encoding="utf-8")
WAYS: list[dict[str, Any]] = [
    {"subprotocol": "alpn", "mask": "zero mask"},
    {"subprotocol": "alpn", "mask": "random masks"},
    {"subprotocol": "alpn-ping", "mask": "zero mask"},
    {"subprotocol": "alpn-ping", "mask": "random masks"},
    {"legacy": True},
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path_factory.mktemp("teleport"))
    made.upgrade_ping_interval = 0.01
    made.apply(ROLES)
    with made:
        yield made


def through_auth(cluster: TeleportCluster, routed_to: str = "") -> ssl.SSLContext:
    name = routing_name(routed_to or cluster.name)
    return client_context(cluster.host_ca_pem, [name, "h2"], cluster.identity_file("sn-tickets"))


async def call(address: str, context: ssl.SSLContext, path: str, request: Any) -> Answer:
    channel = open_channel(address, context)
    try:
        return await ask(channel, f"{AUTH}/{path}", request)
    finally:
        channel.close()


# ---- what is carried


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(map(str, way.values())))
def test_the_auth_server_is_reached_through_every_form_of_upgrade(
    way: dict[str, Any], cluster: TeleportCluster
) -> None:
    async def run() -> list[Answer]:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem, **way) as address:
            channel = open_channel(address, through_auth(cluster))
            try:
                return [
                    await ask(channel, f"{AUTH}/Ping", pb.PingRequest()),
                    await ask(channel, f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest()),
                ]
            finally:
                channel.close()

    answers = asyncio.run(run())

    assert [answer.status for answer in answers] == ["OK", "OK"]
    assert answers[0].messages[0].ClusterName == cluster.name


def test_inside_the_upgrade_the_proxy_shows_its_host_certificate_to_who_wants_to_join(cluster: TeleportCluster) -> None:
    context = client_context(cluster.host_ca_pem, ["teleport-proxy-grpc", "h2"], None)

    async def run() -> tuple[bytes, str | None]:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem) as address:
            host, _, port = address.partition(":")
            _, writer = await asyncio.open_connection(
                host, int(port), ssl=context, server_hostname="teleport.cluster.local"
            )
            tls = writer.get_extra_info("ssl_object")
            writer.close()
            return tls.getpeercert(binary_form=True), tls.selected_alpn_protocol()

    shown, protocol = asyncio.run(run())

    certificate = x509.load_der_x509_certificate(shown)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "teleport.cluster.local" in names.get_values_for_type(x509.DNSName)
    assert certificate.issuer == x509.load_pem_x509_certificate(cluster.host_ca_pem.encode()).subject
    assert protocol == "h2"


def test_the_web_authority_does_not_vouch_for_the_inner_connection(cluster: TeleportCluster) -> None:
    context = client_context(cluster.web_ca_pem, ["teleport-proxy-grpc", "h2"], None)

    async def run() -> None:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem) as address:
            host, _, port = address.partition(":")
            await asyncio.open_connection(host, int(port), ssl=context, server_hostname="teleport.cluster.local")

    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(run())


def test_without_an_upgrade_the_proxy_shows_its_web_certificate_to_who_wants_to_join(cluster: TeleportCluster) -> None:
    context = client_context(cluster.web_ca_pem, ["teleport-proxy-grpc", "h2"], None)

    async def run() -> str | None:
        host, _, port = cluster.proxy_addr.partition(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        protocol: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
        return protocol

    assert asyncio.run(run()) == "h2"


def test_with_alpn_ping_the_server_pings_and_goes_on(cluster: TeleportCluster) -> None:
    async def run() -> list[int]:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, handshake("alpn-ping")) as outer:
            return [(await read_frame(outer.reader))[0] for _ in range(3)]

    assert asyncio.run(run()) == [PING, PING, PING]


# ---- how it ends


def test_a_client_that_closes_is_hung_up_on(cluster: TeleportCluster) -> None:
    async def run() -> bool:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, handshake()) as outer:
            outer.writer.write(frame((1000).to_bytes(2, "big"), opcode=CLOSE))
            return await hung_up(outer)

    assert asyncio.run(run())


@pytest.mark.parametrize("payload", [b"GET / HTTP/1.1\r\n\r\n", bytes(100)], ids=["HTTP", "zeros"])
def test_a_client_that_carries_no_tls_is_hung_up_on(payload: bytes, cluster: TeleportCluster) -> None:
    async def run() -> bool:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, handshake()) as outer:
            outer.writer.write(frame(payload))
            return await hung_up(outer)

    assert asyncio.run(run())


def test_a_connection_for_an_unknown_cluster_is_hung_up_on(cluster: TeleportCluster) -> None:
    async def run() -> None:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem) as address:
            await call(address, through_auth(cluster, "other.example.test"), "Ping", pb.PingRequest())

    with pytest.raises(ConnectionError):
        asyncio.run(run())


def test_when_the_auth_server_hangs_up_so_does_the_web_side(cluster: TeleportCluster) -> None:
    async def run() -> Answer:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem) as address:
            cluster.faults.drop("ListAccessRequests")
            return await call(address, through_auth(cluster), "ListAccessRequests", pb.ListAccessRequestsRequest())

    assert asyncio.run(run()).status == "TRANSPORT"


@pytest.mark.parametrize("sent", [b"", frame(bytes(500))[:100]], ids=["at once", "in the middle of a frame"])
def test_a_client_that_hangs_up_disturbs_nobody_else(sent: bytes, cluster: TeleportCluster) -> None:
    async def run() -> Answer:
        async with carried(cluster.proxy_addr, cluster.web_ca_pem) as address:
            async with asked(cluster.proxy_addr, cluster.web_ca_pem, handshake()) as outer:
                outer.writer.write(sent)
                await outer.writer.drain()
                outer.writer.transport.abort()
            return await call(address, through_auth(cluster), "Ping", pb.PingRequest())

    assert asyncio.run(run()).status == "OK"


def test_when_the_cluster_stops_upgraded_connections_end(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)
    cluster.start()

    async def run() -> bool:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, handshake()) as outer:
            await asyncio.to_thread(cluster.stop)
            return await hung_up(outer)

    assert asyncio.run(run())


# ---- what is refused

PAGE = "GET /webapi/connectionupgrade HTTP/1.1"
REFUSED: dict[str, tuple[int, str, dict[str, str]]] = {
    "no upgrade": (404, PAGE, {}),
    "an unknown type": (404, PAGE, {"Upgrade": "h2c", "Connection": "Upgrade"}),
    "another case of the type": (404, PAGE, handshake(Upgrade="WebSocket")),
    "legacy with pings": (404, PAGE, {**LEGACY, "Upgrade": "alpn-ping", "X-Teleport-Upgrade": "alpn-ping"}),
    "below /v1": (404, "GET /v1/webapi/connectionupgrade HTTP/1.1", handshake()),
    "another method": (404, "POST /webapi/connectionupgrade HTTP/1.1", handshake()),
    "another version": (400, PAGE, handshake(Sec_WebSocket_Version="8")),
    "no version": (400, PAGE, handshake(Sec_WebSocket_Version=None)),
    "no key": (400, PAGE, handshake(Sec_WebSocket_Key=None)),
    "a short key": (400, PAGE, handshake(Sec_WebSocket_Key="c2hvcnQ=")),
    "a key that is no Base64": (400, PAGE, handshake(Sec_WebSocket_Key="*" * 24)),
    "no Connection": (400, PAGE, handshake(Connection=None)),
    "only Teleport's own header": (400, PAGE, handshake(Upgrade=None, X_Teleport_Upgrade="websocket")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused(case: str, cluster: TeleportCluster) -> None:
    status, line, headers = REFUSED[case]

    async def run() -> int:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, headers, line=line) as outer:
            return outer.status

    assert asyncio.run(run()) == status


@pytest.mark.parametrize("subprotocol", [None, "mqtt"])
def test_without_a_known_subprotocol_the_connection_ends_after_the_answer(
    subprotocol: str | None, cluster: TeleportCluster
) -> None:
    async def run() -> tuple[int, bool, bytes]:
        headers = handshake(Sec_WebSocket_Protocol=subprotocol)
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, headers) as outer:
            return outer.status, "sec-websocket-protocol" in outer.headers, await outer.reader.read()

    assert asyncio.run(run()) == (101, False, b"")


@pytest.mark.parametrize("headers", [handshake(), LEGACY], ids=["WebSocket", "legacy"])
def test_a_server_that_is_too_old_does_not_find_the_page(headers: dict[str, str], tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)
    cluster.upgrades_connections = False

    async def run() -> int:
        async with asked(cluster.proxy_addr, cluster.web_ca_pem, headers) as outer:
            return outer.status

    with cluster:
        assert asyncio.run(run()) == 404


# ---- frames


def opened(trailing: bytes = b"") -> Framing:
    """The server's side of the framing, after the request and what may have come along with it."""
    lines = [PAGE, "Host: localhost", *(f"{name}: {value}" for name, value in handshake().items()), "", ""]
    framing = negotiate("\r\n".join(lines).encode() + trailing).framing
    assert framing is not None
    return framing


@pytest.mark.parametrize("mask", ["zero mask", "random masks"])
@pytest.mark.parametrize("length", [1, 125, 126, 65535, 65536, 200_000])
def test_frames_of_every_length_are_carried(length: int, mask: Mask) -> None:
    payload = bytes(index % 251 for index in range(length))
    key = bytes(4) if mask == "zero mask" else b"\x01\xfe\x80\x7f"

    assert b"".join(opened().unwrap(frame(payload, mask=key))) == payload


def test_frames_that_come_byte_by_byte_are_carried() -> None:
    framing = opened()

    came = [b"".join(framing.unwrap(bytes([byte]))) for byte in frame(b"one") + frame(b"two")]

    assert b"".join(came) == b"onetwo"


def test_a_frame_that_comes_with_the_request_is_carried() -> None:
    assert b"".join(opened(frame(b"early")).unwrap(b"")) == b"early"


def test_nothing_but_binary_frames_carries_bytes() -> None:
    sent = frame(b"a") + frame(b"text", opcode=TEXT) + frame(b"ping", opcode=PING) + frame(b"b")

    assert b"".join(opened().unwrap(sent)) == b"ab"


@pytest.mark.parametrize(
    "last",
    [
        frame(b"", opcode=CLOSE),
        frame(b"begin", final=False) + frame(b"end", opcode=CONTINUATION),
        frame(b"reserved", opcode=3),
        bytes([0x80 | BINARY, 3]) + b"raw",
    ],
    ids=["close", "a message in fragments", "an unknown opcode", "not masked"],
)
def test_after_these_frames_the_connection_ends(last: bytes) -> None:
    with pytest.raises(EOFError):
        list(opened().unwrap(last))
