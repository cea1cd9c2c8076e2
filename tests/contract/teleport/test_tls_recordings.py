"""Each trial of ALPN names, trust stores and certificates ends as it did with a real Teleport 18.0.0."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import Answer, ask, client_context, open_channel, pem_blocks, routing_name

RECORDINGS = Path(__file__).parents[2] / "recordings"
TRIALS: list[dict[str, Any]] = json.loads((RECORDINGS / "tls.json").read_text(encoding="utf-8"))
ROLES = (RECORDINGS / "resources" / "roles.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path_factory.mktemp("teleport"))
    made.apply(ROLES)
    with made:
        yield made


async def attempt(address: str, context: ssl.SSLContext, path: str, request: Any) -> Answer:
    channel = open_channel(address, context)
    try:
        return await ask(channel, path, request)
    finally:
        channel.close()


def outcome(address: str, context: ssl.SSLContext) -> str:
    """How a Ping ended, in the words of the recordings."""
    try:
        answer = asyncio.run(attempt(address, context, "/proto.AuthService/Ping", pb.PingRequest()))
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return "OK" if answer.status == "OK" else f"StreamTerminatedError: {answer.message}"


def kind(result: str) -> str:
    """The part of an outcome that does not depend on versions of Python and OpenSSL."""
    if "alert no application protocol" in result.replace("_", " ").lower():
        return "no application protocol"
    if "CERTIFICATE_VERIFY_FAILED" in result:
        return "certificate verify failed"
    if result.startswith("ConnectionResetError"):
        return "connection reset"
    return "connection lost" if result.startswith("StreamTerminatedError") else result


def context_of(trial: dict[str, Any], cluster: TeleportCluster) -> ssl.SSLContext:
    name = trial["name"]
    trusted = cluster.web_ca_pem if name.startswith("trusting the web CA") else cluster.host_ca_pem
    if name.startswith("user CA in the trust store"):
        trusted += cluster.user_ca_pem
    ttl = timedelta(minutes=-5) if name.startswith("expired") else timedelta(hours=1)
    identity = cluster.identity_file("sn-tickets", ttl=ttl) if trial["client_certificate"] else None
    return client_context(trusted, trial["alpn"], identity, strict="STRICT" in name)


@pytest.mark.parametrize("trial", TRIALS, ids=[trial["name"] for trial in TRIALS])
def test_each_recorded_trial_ends_the_same_way(trial: dict[str, Any], cluster: TeleportCluster) -> None:
    address = cluster.auth_addr if trial["port"] == "auth" else cluster.proxy_addr

    result = outcome(address, context_of(trial, cluster))

    assert kind(result) == kind(trial["result"]), result


@pytest.mark.parametrize("trial", [trial for trial in TRIALS if "list" in trial], ids=lambda trial: trial["name"])
def test_without_a_certificate_nothing_but_ping_is_answered(trial: dict[str, Any], cluster: TeleportCluster) -> None:
    address = cluster.auth_addr if trial["port"] == "auth" else cluster.proxy_addr
    path, query = "/proto.AuthService/ListAccessRequests", pb.ListAccessRequestsRequest()

    answer = asyncio.run(attempt(address, context_of(trial, cluster), path, query))

    assert f"{answer.status} {answer.message}" == trial["list"]


def test_the_cluster_name_is_found_in_upper_case_hex_too(cluster: TeleportCluster) -> None:
    name = f"teleport-auth@{cluster.name.encode().hex().upper()}.teleport.cluster.local"
    context = client_context(cluster.host_ca_pem, [name, "h2"], cluster.identity_file("sn-tickets"))

    assert outcome(cluster.proxy_addr, context) == "OK"


def test_a_certificate_of_another_cluster_is_not_accepted(cluster: TeleportCluster, tmp_path: Path) -> None:
    other = TeleportCluster(directory=tmp_path)
    other.apply(ROLES)
    context = client_context(cluster.host_ca_pem, ["h2"], other.identity_file("sn-tickets"))

    assert kind(outcome(cluster.auth_addr, context)) == "connection lost"


def test_tls_1_2_is_spoken_too(cluster: TeleportCluster) -> None:
    context = client_context(cluster.host_ca_pem, ["h2"], cluster.identity_file("sn-tickets"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert outcome(cluster.auth_addr, context) == "OK"


def shape(value: Any) -> Any:
    """The keys and the types."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


@pytest.mark.parametrize("page", ["find", "ping"])
def test_the_proxy_says_about_itself_what_was_recorded(page: str, cluster: TeleportCluster, tmp_path: Path) -> None:
    trusted = tmp_path / "web-ca.pem"
    trusted.write_text(cluster.web_ca_pem)
    recorded = json.loads((RECORDINGS / f"webapi-{page}.json").read_text(encoding="utf-8"))

    response = requests.get(f"https://{cluster.proxy_addr}/webapi/{page}", verify=str(trusted), timeout=5)

    assert response.status_code == 200
    said = json.loads(response.text.replace(cluster.proxy_addr.rpartition(":")[2], "3080"))
    assert said == recorded
    assert shape(said) == shape(recorded)


def test_any_other_page_is_not_found(cluster: TeleportCluster, tmp_path: Path) -> None:
    trusted = tmp_path / "web-ca.pem"
    trusted.write_text(cluster.web_ca_pem)

    assert (
        requests.get(f"https://{cluster.proxy_addr}/v1/enterprise/x", verify=str(trusted), timeout=5).status_code == 404
    )


def test_without_alpn_the_auth_server_speaks_http_and_has_no_pages(cluster: TeleportCluster) -> None:
    context = client_context(cluster.host_ca_pem, [], cluster.identity_file("sn-tickets"))
    host, _, port = cluster.auth_addr.partition(":")

    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="teleport.cluster.local") as connection,
    ):
        connection.sendall(b"GET /webapi/find HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


def test_the_host_ca_does_not_vouch_for_the_web_side(cluster: TeleportCluster, tmp_path: Path) -> None:
    trusted = tmp_path / "host-ca.pem"
    trusted.write_text(pem_blocks(cluster.identity_file("sn-tickets"))[2])

    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{cluster.proxy_addr}/webapi/find", verify=str(trusted), timeout=5)


def test_after_a_stop_nothing_listens_and_after_a_start_the_same_identity_works_again(tmp_path: Path) -> None:
    cluster = TeleportCluster(directory=tmp_path)
    cluster.apply(ROLES)
    cluster.start()
    context = client_context(
        cluster.host_ca_pem, [routing_name(cluster.name), "h2"], cluster.identity_file("sn-tickets")
    )
    address = cluster.proxy_addr

    cluster.stop()
    assert outcome(address, context).startswith("ConnectionRefusedError")

    cluster.start()
    assert cluster.proxy_addr == address
    assert outcome(address, context) == "OK"
    cluster.stop()
