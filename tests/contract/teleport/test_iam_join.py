"""Who may join the stand-in by `iam`, what he gets, and what he may do with it."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.join_client import (
    JOIN,
    TICKETS,
    Joined,
    Joining,
    Signing,
    host_cas,
    identity_of,
    join_directly,
    join_through_proxy,
    know,
)
from tests.contract.teleport.wire import AUTH, client_context

RESOURCES = Path(__file__).parents[2] / "recordings" / "resources"
OIDS = {"impersonator": "1.3.9999.2.7", "no reissue": "1.3.9999.2.9", "bot": "1.3.9999.2.18"}
TOKEN = """
kind: token
version: v2
metadata: {{name: {name}, expires: {expires}}}
spec:
  roles: [Bot]
  bot_name: {bot}
  join_method: {method}
  allow: [{{aws_account: "123456789012"}}]
"""


def token(name: str, *, expires: str = "", bot: str = "sn-tickets", method: str = "iam") -> str:
    return TOKEN.format(name=name, expires=expires or "null", bot=bot, method=method)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[TeleportCluster]:
    made = TeleportCluster(directory=tmp_path)
    for name in ("roles", "bots"):
        made.apply((RESOURCES / f"{name}.yaml").read_text(encoding="utf-8"))
    know(made, TICKETS)
    with made:
        yield made


def joined_certs(cluster: TeleportCluster, joining: Joining) -> pb.Certs:
    joined = join_through_proxy(cluster, joining)
    assert joined.certs is not None, joined.message
    return joined.certs


def certificate_of(certs: pb.Certs) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certs.TLS)


def named(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(one.value) for one in certificate.subject.get_attributes_for_oid(oid)]


# ---- what a bot gets


def test_a_bot_gets_a_certificate_for_its_own_key_with_its_own_role_alone(cluster: TeleportCluster) -> None:
    joining = Joining()
    certs = joined_certs(cluster, joining)

    certificate = certificate_of(certs)
    authorities = [x509.load_pem_x509_certificate(one) for one in certs.TLSCACerts]
    users, hosts = authorities
    certificate.verify_directly_issued_by(users)
    assert certificate.public_key() == joining.key.public_key()
    assert named(certificate, NameOID.COMMON_NAME) == ["bot-sn-tickets"]
    assert named(certificate, NameOID.ORGANIZATION_NAME) == ["bot-sn-tickets"]
    assert named(certificate, x509.ObjectIdentifier(OIDS["bot"])) == ["sn-tickets"]
    assert named(certificate, x509.ObjectIdentifier(OIDS["impersonator"])) == []
    assert named(certificate, x509.ObjectIdentifier(OIDS["no reissue"])) == []
    assert hosts.public_bytes(serialization.Encoding.PEM).decode() == cluster.host_ca_pem
    assert users.public_bytes(serialization.Encoding.PEM).decode() == cluster.user_ca_pem


def test_the_ssh_certificate_is_for_the_key_that_was_given_for_it(cluster: TeleportCluster) -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)

    certs = joined_certs(cluster, Joining(ssh_key=line))

    ssh = serialization.load_ssh_public_identity(certs.SSH)
    assert isinstance(ssh, serialization.SSHCertificate)
    assert ssh.public_key() == key
    assert len(certs.SSHCACerts) == 2


def test_an_rsa_key_in_its_older_encoding_is_taken_too(cluster: TeleportCluster) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pkcs1 = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)

    assert certificate_of(joined_certs(cluster, Joining(key=key, tls_key=pkcs1))).public_key() == key.public_key()


@pytest.mark.parametrize(
    ("wanted", "lifetime"),
    [
        (None, timedelta(hours=1)),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(hours=20), timedelta(hours=12)),
    ],
)
def test_a_joins_certificate_lasts_as_asked_for_else_an_hour_and_at_most_twelve(
    wanted: timedelta | None, lifetime: timedelta, cluster: TeleportCluster
) -> None:
    certificate = certificate_of(joined_certs(cluster, Joining(ttl=wanted)))

    now = datetime.now(UTC)
    assert abs(certificate.not_valid_after_utc - (now + lifetime)) < timedelta(seconds=10)
    assert abs(certificate.not_valid_before_utc - (now - timedelta(minutes=1))) < timedelta(seconds=10)


def test_a_client_certificate_changes_nothing_when_joining_at_the_auth_server(cluster: TeleportCluster) -> None:
    joined = join_directly(cluster, Joining(), cluster.identity_file("alice"))

    assert joined.certs is not None
    assert named(certificate_of(joined.certs), NameOID.COMMON_NAME) == ["bot-sn-tickets"]


# ---- what it may do with it


def test_with_the_host_ca_of_the_join_the_api_is_reached_and_shows_nothing_to_the_bots_own_role(
    cluster: TeleportCluster,
) -> None:
    request_id = cluster.tctl_create("dave", ["dba"], "for the bot")
    certs = joined_certs(cluster, joining := Joining())
    trusted = "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in host_cas(certs))
    context = client_context(trusted, ["h2"], identity_of(joining.key, certs))

    async def ask() -> tuple[Any, str]:
        host, _, port = cluster.auth_addr.rpartition(":")
        settings = Configuration(ssl_target_name_override="teleport.cluster.local")
        channel = Channel(host, int(port), ssl=context, config=settings)
        try:
            listed = await UnaryUnaryMethod(
                channel, f"{AUTH}/ListAccessRequests", pb.ListAccessRequestsRequest, pb.ListAccessRequestsResponse
            )(pb.ListAccessRequestsRequest())
            with pytest.raises(GRPCError) as refused:
                await UnaryUnaryMethod(
                    channel, f"{AUTH}/SetAccessRequestState", pb.RequestStateSetter, pb.RequestStateSetter
                )(pb.RequestStateSetter(ID=request_id, State=pb.DENIED))
        finally:
            channel.close()
        return listed, f"{refused.value.status.name} {refused.value.message}"

    listed, refused = asyncio.run(ask())

    assert not listed.AccessRequests  # as recorded for whoever has no rule for access requests
    assert refused == 'PERMISSION_DENIED access denied to perform action "update" on "access_request"'


# ---- who may not join


@pytest.mark.parametrize(
    ("joining", "status", "message"),
    [
        (Joining(token=""), "INVALID_ARGUMENT", "validating request parameters\n\tmissing parameter Token"),
        (Joining(tls_key=b""), "INVALID_ARGUMENT", "validating request parameters\n\tmissing parameter PublicTLSKey"),
        (Joining(ssh_key=b""), "INVALID_ARGUMENT", "validating request parameters\n\tmissing parameter PublicSSHKey"),
        (Joining(ssh_key=b"no key"), "INVALID_ARGUMENT", "validating request parameters\n\tssh: no key found"),
        (Joining(ttl=timedelta(minutes=-1)), "INVALID_ARGUMENT", "the wanted expiry has passed"),
    ],
)
def test_a_request_that_lacks_something_is_refused(
    joining: Joining, status: str, message: str, cluster: TeleportCluster
) -> None:
    assert join_through_proxy(cluster, joining) == Joined(status, message)


def test_a_private_key_is_no_public_key(cluster: TeleportCluster) -> None:
    private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert join_through_proxy(cluster, Joining(tls_key=private)).status == "INVALID_ARGUMENT"


def test_an_expired_token_is_refused_like_one_that_never_was(cluster: TeleportCluster) -> None:
    cluster.apply(token("old", expires='"2020-01-01T00:00:00Z"'))

    joined = join_through_proxy(cluster, Joining(token="old"))

    assert joined == Joined(
        "PERMISSION_DENIED",
        'completing common token checks\n\t"teleport-events" can not join the cluster with role "Bot", '
        "token expired or not found",
    )


def test_a_token_that_has_not_expired_lets_in(cluster: TeleportCluster) -> None:
    cluster.apply(token("new", expires=f'"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"'))

    assert join_through_proxy(cluster, Joining(token="new")).status == "OK"


def test_a_token_can_be_removed_and_changed_while_the_cluster_runs(cluster: TeleportCluster) -> None:
    cluster.remove_token("sn-tickets-iam")
    assert join_through_proxy(cluster, Joining()).message.endswith("token expired or not found")

    cluster.apply(token("sn-tickets-iam").replace("123456789012", "210987654321"))
    assert "did not match any allow rules" in join_through_proxy(cluster, Joining()).message

    cluster.apply(token("sn-tickets-iam"))
    assert join_through_proxy(cluster, Joining()).status == "OK"


def test_a_token_of_another_join_method_is_refused(cluster: TeleportCluster) -> None:
    cluster.apply(token("by-ec2", method="ec2"))

    joined = join_through_proxy(cluster, Joining(token="by-ec2"))

    assert joined == Joined(
        "PERMISSION_DENIED", "checking iam request\n\tthis token does not support the IAM join method"
    )


def test_a_token_for_nodes_lets_no_bot_in(cluster: TeleportCluster) -> None:
    cluster.apply(token("nodes", bot="null").replace("roles: [Bot]", "roles: [Node]"))

    joined = join_through_proxy(cluster, Joining(token="nodes"))

    assert joined.status == "PERMISSION_DENIED"
    assert 'does not allow role "Bot"' in joined.message


def test_a_token_for_a_bot_that_does_not_exist_is_refused(cluster: TeleportCluster) -> None:
    cluster.apply(token("orphan", bot="nobody"))

    assert join_through_proxy(cluster, Joining(token="orphan")) == Joined(
        "NOT_FOUND", '"user" "bot-nobody" does not exist'
    )


def test_a_locked_bot_cannot_join_until_it_is_unlocked(cluster: TeleportCluster) -> None:
    cluster.lock("bot-sn-tickets")
    joined = join_through_proxy(cluster, Joining())
    assert (joined.status, "in force" in joined.message) == ("PERMISSION_DENIED", True)

    cluster.unlock("bot-sn-tickets")
    assert join_through_proxy(cluster, Joining()).status == "OK"


def test_while_aws_is_out_of_reach_nobody_joins(cluster: TeleportCluster) -> None:
    cluster.sts.reachable = False
    joined = join_through_proxy(cluster, Joining())
    assert joined.status == "UNKNOWN"
    assert joined.message.startswith("checking iam request\n\texecuting STS request\n\t\tPost ")

    cluster.sts.reachable = True
    assert join_through_proxy(cluster, Joining()).status == "OK"


# ---- the signed request


def change(old: str, new: str, signing: Signing | None = None) -> Joining:
    """Joins with a request in which this was changed after it was signed."""

    def sign(challenge: str) -> bytes:
        raw = (signing or Signing()).request(challenge).decode()
        changed = re.sub(old, new, raw, count=1)
        assert changed != raw
        return changed.encode()

    return Joining(sign=sign)


@pytest.mark.parametrize(
    ("joining", "said"),
    [
        (change("Accept: .*\r", "Accept: application/json, */*\r"), "SignatureDoesNotMatch"),
        (change("charset=utf-8", "charset=UTF-8"), "SignatureDoesNotMatch"),
        (change("Host: .*\r", "Host: sts.us-east-2.amazonaws.com\r"), "valid region"),
        (change("Host: .*\r", "Host: sts-fips.us-east-1.amazonaws.com\r"), "SignatureDoesNotMatch"),
        (change("Host: .*\r", "Host: sts.cn-north-1.amazonaws.com.cn\r"), "valid region"),
        (change(r"X-Amz-Date: (\d{8}T\d{4})\d\d", r"X-Amz-Date: \g<1>60"), "IncompleteSignature"),
        (change("X-Amz-Date: .*\r\n", ""), "IncompleteSignature"),
        (change("Signature=.{8}", "Signature=00000000"), "SignatureDoesNotMatch"),
        (change("X-Amz-Security-Token: .*\r", "X-Amz-Security-Token: another\r"), "InvalidClientTokenId"),
        (change("X-Amz-Security-Token: .*\r\n", ""), "InvalidClientTokenId"),
        (change("Credential=AKIATESTTICKETS00000", "Credential=AKIAUNKNOWN"), "InvalidClientTokenId"),
        (change("X-Amz-Date:", "X-Amz-Target: x\r\nX-Amz-Date:"), "SignatureDoesNotMatch"),
        (change("x-teleport-challenge, Sig", "x-nothing;x-teleport-challenge, Sig"), "signed but missing"),
        (Joining(sign=Signing(unsigned=frozenset({"host"})).request), "must be signed"),
        (Joining(sign=Signing(unsigned=frozenset({"x-amz-security-token"})).request), "must be signed"),
        (Joining(sign=Signing(age=timedelta(minutes=16)).request), "Signature expired"),
        (Joining(sign=Signing(age=timedelta(minutes=-16)).request), "Signature not yet current"),
        (Joining(sign=Signing(region="eu-west-1").request), "valid region"),
        (Joining(sign=Signing(service="iam").request), "correct service"),
        (
            Joining(sign=Signing(host="sts.cn-north-1.amazonaws.com.cn", region="cn-north-1").request),
            "InvalidClientTokenId",
        ),
    ],
)
def test_aws_refuses_a_request_that_is_not_as_it_was_signed_or_not_signed_well(
    joining: Joining, said: str, cluster: TeleportCluster
) -> None:
    joined = join_through_proxy(cluster, joining)

    assert joined.status == "PERMISSION_DENIED"
    refusal = r'checking iam request\n\texecuting STS request\n\t\taws sts api returned status: "40[03] .*" body: "'
    assert re.match(refusal, joined.message)
    assert said in joined.message


@pytest.mark.parametrize(
    "signing",
    [
        Signing(host="sts.amazonaws.com"),
        Signing(host="sts.eu-west-1.amazonaws.com", region="eu-west-1"),
        Signing(host="sts-fips.us-west-2.amazonaws.com", region="us-west-2"),
        Signing(age=timedelta(minutes=14)),
        Signing(age=timedelta(minutes=-14)),
        Signing(headers={"accept": "application/json", "x-amz-meta-more": "a  b"}),
    ],
)
def test_any_host_of_aws_in_its_own_region_and_a_clock_fourteen_minutes_off_are_good(
    signing: Signing, cluster: TeleportCluster
) -> None:
    joined = join_through_proxy(cluster, Joining(sign=signing.request))

    assert (joined.status, joined.message) == ("OK", "")


@pytest.mark.parametrize(
    ("joining", "said"),
    [
        (change("POST", "GET"), "is not a POST of /"),
        (change("POST /", "POST /x"), "is not a POST of /"),
        (change("X-Teleport-Challenge: .*\r\n", ""), "does not include challenge header"),
        (change("AWS4-HMAC-SHA256", "Basic"), "no valid Authorization header"),
        (change("/aws4_request", ""), "no valid Authorization header"),
        (Joining(sign=Signing(unsigned=frozenset({"x-teleport-challenge"})).request), "does not sign the header"),
        (Joining(sign=Signing(body="Action=GetCallerIdentity&Version=2011-06-15&x=1").request), "does not equal"),
    ],
)
def test_teleport_refuses_what_it_would_not_send_to_aws(joining: Joining, said: str, cluster: TeleportCluster) -> None:
    cluster.sts.reachable = False

    joined = join_through_proxy(cluster, joining)

    assert joined.status in ("PERMISSION_DENIED", "INVALID_ARGUMENT")
    assert joined.message.startswith("checking iam request\n\tvalidating STS request\n\t\t")
    assert said in joined.message


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01",
        b"hello\r\n\r\n",
        b"POST / HTTP/2.0\r\nHost: sts.amazonaws.com\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost sts.amazonaws.com\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost : sts.amazonaws.com\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: sts.amazonaws.com\r\nHost: sts.amazonaws.com\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: sts.amazonaws.com\r\nContent-Length: 43\r\n\r\nAction=",
        b"POST / HTTP/1.1\r\nHost: sts.amazonaws.com\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_no_http_request_is_refused(raw: bytes, cluster: TeleportCluster) -> None:
    joined = join_through_proxy(cluster, Joining(sign=lambda _challenge: raw))

    assert joined.message.startswith("checking iam request\n\tparsing STS request\n\t\t")


def test_a_request_that_botocore_signed_is_good(cluster: TeleportCluster) -> None:
    auth = pytest.importorskip("botocore.auth")
    request_type = pytest.importorskip("botocore.awsrequest").AWSRequest
    credentials = pytest.importorskip("botocore.credentials").Credentials(
        TICKETS.access_key_id, TICKETS.secret_access_key, TICKETS.session_token
    )
    host, body = "sts.eu-central-1.amazonaws.com", "Action=GetCallerIdentity&Version=2011-06-15"

    def sign(challenge: str) -> bytes:
        headers = {
            "Host": host,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Content-Length": str(len(body)),
            "X-Teleport-Challenge": challenge,
        }
        request = request_type("POST", f"https://{host}/", data=body, headers=headers)
        auth.SigV4Auth(credentials, "sts", "eu-central-1").add_auth(request)
        lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n{body}".encode()

    assert join_through_proxy(cluster, Joining(sign=sign)).status == "OK"


# ---- the ways in, and what may go wrong on them


def test_calls_are_logged_as_nobodys(cluster: TeleportCluster) -> None:
    join_through_proxy(cluster, Joining())
    join_through_proxy(cluster, Joining(token="nope"))

    assert cluster.calls == [("Nop", JOIN, "OK"), ("Nop", JOIN, "PERMISSION_DENIED")]


@pytest.mark.parametrize("after_commit", [False, True])
def test_an_ordered_refusal_strikes_a_join_once(after_commit: bool, cluster: TeleportCluster) -> None:
    cluster.faults.fail(
        "RegisterUsingIAMMethod", Status.RESOURCE_EXHAUSTED, "rate limit exceeded", after_commit=after_commit
    )

    assert join_through_proxy(cluster, Joining()) == Joined("RESOURCE_EXHAUSTED", "rate limit exceeded")
    assert any(event["event"] == "bot.join" for event in cluster.audit_log) == after_commit
    assert join_through_proxy(cluster, Joining()).status == "OK"


def test_an_ordered_loss_of_the_connection_strikes_a_join(cluster: TeleportCluster) -> None:
    cluster.faults.drop("RegisterUsingIAMMethod")

    assert join_through_proxy(cluster, Joining()).status == "TRANSPORT"
    assert join_through_proxy(cluster, Joining()).status == "OK"


@pytest.mark.parametrize("path", ["/proto.AuthService/Ping", "/teleport.join.v1.JoinService/Join"])
def test_the_proxys_own_grpc_server_has_nothing_but_the_join_service(path: str, cluster: TeleportCluster) -> None:
    context = client_context(cluster.web_ca_pem, ["teleport-proxy-grpc", "h2"], None)

    async def ask() -> str:
        host, _, port = cluster.proxy_addr.rpartition(":")
        channel = Channel(host, int(port), ssl=context, config=Configuration(ssl_target_name_override="localhost"))
        try:
            with pytest.raises(GRPCError) as refused:
                await UnaryUnaryMethod(channel, path, pb.PingRequest, pb.PingResponse)(pb.PingRequest(), timeout=5)
        finally:
            channel.close()
        return f"{refused.value.status.name} {refused.value.message}"

    assert asyncio.run(ask()) == f"UNIMPLEMENTED unknown service {path.split('/')[1]}"


def test_a_server_with_the_newer_join_service_alone_does_not_know_this_one(tmp_path: Path) -> None:
    with TeleportCluster(directory=tmp_path, joining="new only") as cluster:
        refused = Joined("UNIMPLEMENTED", "unknown service proto.JoinService")

        assert join_through_proxy(cluster, Joining()) == refused
        assert join_directly(cluster, Joining()) == refused


def test_the_proxys_own_grpc_server_shows_its_web_certificate(
    cluster: TeleportCluster,
) -> None:
    host, _, port = cluster.proxy_addr.partition(":")
    context = client_context(cluster.web_ca_pem, ["teleport-proxy-grpc", "h2"], None)

    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        client_context(cluster.host_ca_pem, ["teleport-proxy-grpc", "h2"], None).wrap_socket(
            plain, server_hostname="teleport.cluster.local"
        )
