"""After the join: the certificate with the bot's real roles, and what a rotation of the authorities does to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpclib.const import Status

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.join_client import (
    DECISIONS,
    TICKETS,
    Joining,
    PrivateKey,
    identity_of,
    in_future,
    join_directly,
    join_through_proxy,
    know,
    ssh_line,
    tls_line,
)
from tests.contract.teleport.wire import AUTH, Answer, ask, call, client_context, open_channel

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
IMPERSONATOR, NO_REISSUE = "1.3.9999.2.7", "1.3.9999.2.9"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path)
    for name in ("roles", "bots"):
        made.apply((RESOURCES / f"{name}.yaml").read_text(encoding="utf-8"))
    know(made, TICKETS, DECISIONS)
    with made:
        yield made


def bot_identity(cluster: TeleportCluster) -> str:
    joined = join_through_proxy(cluster, joining := Joining())
    assert joined.certs is not None, joined.message
    return identity_of(joining.key, joined.certs)


def ask_for_roles(
    cluster: TeleportCluster,
    identity: str,
    *roles: str,
    key: PrivateKey | None = None,
    user: str = "bot-sn-tickets",
    ttl: timedelta = timedelta(hours=1),
) -> Answer:
    request = pb.UserCertsRequest(Username=user, RoleRequests=roles, UseRoleRequests=True)
    request.Expires.CopyFrom(in_future(ttl))
    request.TLSPublicKey = tls_line(key or ec.generate_private_key(ec.SECP256R1()))
    return call(cluster, "", f"{AUTH}/GenerateUserCerts", request, identity=identity)


def role_identity(cluster: TeleportCluster, identity: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = ask_for_roles(cluster, identity, "sn-tickets", key=key)
    assert answer.status == "OK", answer.message
    return identity_of(key, answer.messages[0])


def list_requests(cluster: TeleportCluster, identity: str) -> Answer:
    return call(cluster, "", f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest(), identity=identity)


def values(certificate: x509.Certificate, oid: str) -> list[Any]:
    return [one.value for one in certificate.subject.get_attributes_for_oid(x509.ObjectIdentifier(oid))]


def test_a_bot_takes_its_role_and_reads_requests_with_it(cluster: TeleportCluster) -> None:
    request_id = cluster.tctl_create("dave", ["dba"], "for the bot")
    own = bot_identity(cluster)
    key = ec.generate_private_key(ec.SECP256R1())

    certs = ask_for_roles(cluster, own, "sn-tickets", key=key).messages[0]

    certificate = x509.load_pem_x509_certificate(certs.TLS)
    assert certificate.public_key() == key.public_key()
    assert values(certificate, NameOID.COMMON_NAME.dotted_string) == ["bot-sn-tickets"]
    assert values(certificate, NameOID.ORGANIZATION_NAME.dotted_string) == ["sn-tickets"]
    assert values(certificate, IMPERSONATOR) == ["bot-sn-tickets"]
    assert values(certificate, NO_REISSUE) == ["true"]
    assert [one.decode() for one in certs.TLSCACerts] == [cluster.user_ca_pem]
    assert certs.SSH == b""
    listed = list_requests(cluster, identity_of(key, certs)).messages[0]
    assert [one.Metadata.Name for one in listed.AccessRequests] == [request_id]


def test_the_join_stands_in_the_certificate_with_the_role_too(cluster: TeleportCluster) -> None:
    own = bot_identity(cluster)

    before, after = (x509.load_pem_x509_certificate(one.encode()) for one in (own, role_identity(cluster, own)))

    for oid in ("1.3.9999.2.18", "1.3.9999.2.20", "1.3.9999.2.21"):
        assert values(before, oid) == values(after, oid) != []


def test_an_ssh_certificate_comes_with_the_key_for_it(cluster: TeleportCluster) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = pb.UserCertsRequest(Username="bot-sn-tickets", RoleRequests=["sn-tickets"], UseRoleRequests=True)
    request.Expires.CopyFrom(in_future(timedelta(hours=1)))
    request.SSHPublicKey = ssh_line(key)

    certs = call(cluster, "", f"{AUTH}/GenerateUserCerts", request, identity=bot_identity(cluster)).messages[0]

    assert (certs.SSH.partition(b" ")[0], certs.TLS) == (b"ecdsa-sha2-nistp256-cert-v01@openssh.com", b"")


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        (
            {"roles": ["sn-decisions"]},
            "PERMISSION_DENIED",
            'user "bot-sn-tickets" has requested role impersonation for ["sn-decisions"]',
        ),
        ({"roles": []}, "INVALID_ARGUMENT", "at least one role request is required"),
        ({"roles": ["absent"]}, "NOT_FOUND", "role absent is not found"),
        (
            {"roles": ["sn-tickets"], "ttl": timedelta(minutes=-5)},
            "PERMISSION_DENIED",
            "access denied: client credentials have expired, please relogin.",
        ),
        (
            {"roles": ["sn-tickets"], "user": "bot-sn-decisions"},
            "PERMISSION_DENIED",
            "access denied: impersonation is not allowed",
        ),
    ],
)
def test_what_was_refused_is_refused_in_the_same_words(
    asked: dict[str, Any], status: str, message: str, cluster: TeleportCluster
) -> None:
    roles = asked.pop("roles")

    assert ask_for_roles(cluster, bot_identity(cluster), *roles, **asked) == Answer(status, message)


def test_whoever_has_taken_a_role_takes_no_other(cluster: TeleportCluster) -> None:
    taken = role_identity(cluster, bot_identity(cluster))

    assert ask_for_roles(cluster, taken, "sn-tickets") == Answer(
        "PERMISSION_DENIED", "impersonated roles can not request other roles"
    )


def test_a_person_takes_no_bots_role(cluster: TeleportCluster) -> None:
    answer = ask_for_roles(cluster, cluster.identity_file("alice"), "sn-tickets", user="alice")

    assert answer.message == 'user "alice" has requested role impersonation for ["sn-tickets"]'


def test_a_locked_bot_gets_no_certificate(cluster: TeleportCluster) -> None:
    own = bot_identity(cluster)
    cluster.lock("bot-sn-tickets")

    assert ask_for_roles(cluster, own, "sn-tickets") == Answer("PERMISSION_DENIED", "access denied")


def test_nobody_gets_no_certificate(cluster: TeleportCluster) -> None:
    request = pb.UserCertsRequest(Username="bot-sn-tickets", RoleRequests=["sn-tickets"], UseRoleRequests=True)
    context = client_context(cluster.host_ca_pem, ["h2"], None)

    async def run() -> Answer:
        channel = open_channel(cluster.auth_addr, context)
        try:
            return await ask(channel, f"{AUTH}/GenerateUserCerts", request)
        finally:
            channel.close()

    assert asyncio.run(run()) == Answer("NOT_FOUND", '"user" "Nop" does not exist')


@pytest.mark.parametrize(
    ("max_session_ttl", "asked", "lifetime"),
    [
        ("30h", timedelta(hours=2), timedelta(hours=2)),
        ("30h", timedelta(hours=40), timedelta(hours=30)),
        ("10m", timedelta(hours=1), timedelta(minutes=10)),
        ("400h", timedelta(days=30), timedelta(days=7)),
    ],
)
def test_a_certificate_lasts_no_longer_than_the_roles_sessions_nor_than_a_week(
    max_session_ttl: str, asked: timedelta, lifetime: timedelta, cluster: TeleportCluster
) -> None:
    cluster.apply(
        "kind: role\nversion: v7\nmetadata: {name: sn-tickets}\n"
        f"spec: {{options: {{max_session_ttl: {max_session_ttl}}}}}"
    )

    certs = ask_for_roles(cluster, bot_identity(cluster), "sn-tickets", ttl=asked).messages[0]

    end = x509.load_pem_x509_certificate(certs.TLS).not_valid_after_utc
    assert abs(end - (datetime.now(UTC) + lifetime)) < timedelta(seconds=10)


def test_an_ordered_refusal_strikes_this_call_too(cluster: TeleportCluster) -> None:
    own = bot_identity(cluster)
    cluster.faults.fail("GenerateUserCerts", Status.UNAVAILABLE, "try again")

    assert ask_for_roles(cluster, own, "sn-tickets") == Answer("UNAVAILABLE", "try again")
    assert ask_for_roles(cluster, own, "sn-tickets").status == "OK"


# ---- rotations


def test_within_a_rotation_of_the_host_ca_both_are_handed_out_and_the_new_one_is_shown(
    cluster: TeleportCluster,
) -> None:
    old = cluster.host_ca_pem
    cluster.rotate_host_authority(keep_old=True)

    joined = join_directly(cluster, joining := Joining())

    assert joined.certs is not None
    users, new, kept = (one.decode() for one in joined.certs.TLSCACerts)
    assert (users, kept) == (cluster.user_ca_pem, old)
    assert new + kept == cluster.host_ca_pem
    assert list_requests(cluster, identity_of(joining.key, joined.certs)).status == "OK"


def test_a_client_that_knows_the_old_host_ca_alone_is_lost_after_the_rotation(cluster: TeleportCluster) -> None:
    old = cluster.host_ca_pem
    cluster.rotate_host_authority(keep_old=False)

    joined = join_through_proxy(cluster, Joining())

    assert joined.certs is not None
    assert len(joined.certs.TLSCACerts) == 2
    assert old.encode() not in joined.certs.TLSCACerts
    host, _, port = cluster.auth_addr.partition(":")
    context = client_context(old, ["h2"], None)
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="teleport.cluster.local")


def test_within_a_rotation_of_the_user_ca_certificates_of_both_are_accepted(cluster: TeleportCluster) -> None:
    before = bot_identity(cluster)
    cluster.rotate_user_authority(keep_old=True)
    after = bot_identity(cluster)

    assert list_requests(cluster, before).status == "OK"
    assert list_requests(cluster, after).status == "OK"
    issuers = {x509.load_pem_x509_certificate(one.encode()).issuer for one in (before, after)}
    assert len(issuers) == 2


def test_after_a_rotation_of_the_user_ca_the_old_certificates_are_nothing_and_a_new_join_helps(
    cluster: TeleportCluster,
) -> None:
    before = bot_identity(cluster)
    cluster.rotate_user_authority(keep_old=False)

    assert list_requests(cluster, before).status == "TRANSPORT"
    assert list_requests(cluster, role_identity(cluster, bot_identity(cluster))).status == "OK"
