"""A client of the tests' own that joins the stand-in by `iam`: its own Signature Version 4, its own stream."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib.client import Channel, StreamStreamMethod
from grpclib.config import Configuration
from grpclib.exceptions import GRPCError, StreamTerminatedError

from local.teleport.cluster import TeleportCluster
from local.teleport.proto import local_teleport_pb2 as pb
from tests.contract.teleport.wire import AUTH, call, client_context

JOIN = "/proto.JoinService/RegisterUsingIAMMethod"
BODY = "Action=GetCallerIdentity&Version=2011-06-15"
HOST = "sts.us-east-1.amazonaws.com"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials, and whom they stand for."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    arn: str


TICKETS = Credentials(
    "AKIATESTTICKETS00000",
    "secret of tickets",
    "session-token",
    "arn:aws:sts::123456789012:assumed-role/teleport-events-role/teleport-events",
)
DECISIONS = Credentials(
    "AKIATESTDECISIONS000",
    "secret of decisions",
    "session-token",
    "arn:aws:sts::123456789012:assumed-role/servicenow-decisions-role/servicenow-decisions",
)


def know(cluster: TeleportCluster, *credentials: Credentials) -> None:
    """Lets the cluster's AWS know these credentials."""
    for one in credentials:
        cluster.sts.add(one.access_key_id, one.secret_access_key, one.session_token, one.arn)


@dataclass(frozen=True, slots=True)
class Signing:
    """How a `GetCallerIdentity` request is made; by default as it has to be."""

    credentials: Credentials = TICKETS
    host: str = HOST
    region: str = "us-east-1"
    service: str = "sts"
    body: str = BODY
    age: timedelta = timedelta()
    headers: Mapping[str, str] = field(default_factory=lambda: {"accept": "application/json"})
    unsigned: frozenset[str] = frozenset()

    def request(self, challenge: str) -> bytes:
        """The request's bytes for a challenge."""
        moment = (datetime.now(UTC) - self.age).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "host": self.host,
            **self.headers,
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "content-length": str(len(self.body)),
            "x-teleport-challenge": challenge,
            "x-amz-date": moment,
            "x-amz-security-token": self.credentials.session_token,
        }
        names = sorted(set(headers) - self.unsigned)
        signed, scope = ";".join(names), f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        listed = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
        canonical = f"POST\n/\n\n{listed}\n{signed}\n{hashlib.sha256(self.body.encode()).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = b"AWS4" + self.credentials.secret_access_key.encode()
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.credentials.access_key_id}/{scope}, SignedHeaders={signed}, "
            f"Signature={key.hex()}"
        )
        lines = [f"{name.title()}: {value}\r\n" for name, value in headers.items()]
        return f"POST / HTTP/1.1\r\n{''.join(lines)}\r\n{self.body}".encode()


@dataclass(frozen=True, slots=True)
class Joining:
    """What a client asks for, and with what."""

    token: str = "sn-tickets-iam"
    role: str = "Bot"
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    ttl: timedelta | None = None
    sign: Callable[[str], bytes] = Signing().request
    tls_key: bytes | None = None
    ssh_key: bytes | None = None

    def request(self, challenge: str) -> pb.RegisterUsingIAMMethodRequest:
        """The one message that a client sends."""
        asked = pb.RegisterUsingTokenRequest(NodeName="teleport-events", Role=self.role, Token=self.token)
        asked.PublicTLSKey = tls_line(self.key) if self.tls_key is None else self.tls_key
        asked.PublicSSHKey = ssh_line(self.key) if self.ssh_key is None else self.ssh_key
        if self.ttl is not None:
            asked.Expires.CopyFrom(in_future(self.ttl))
        return pb.RegisterUsingIAMMethodRequest(
            register_using_token_request=asked, sts_identity_request=self.sign(challenge)
        )


@dataclass(frozen=True, slots=True)
class Joined:
    """How a join ended: the status, and the message or the certificates."""

    status: str
    message: str = ""
    certs: pb.Certs | None = None


def in_future(ttl: timedelta) -> Timestamp:
    """A protobuf time so far from now."""
    moment = Timestamp()
    moment.FromDatetime(datetime.now(UTC) + ttl)
    return moment


def tls_line(key: PrivateKey) -> bytes:
    """A public key as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def ssh_line(key: PrivateKey) -> bytes:
    """A public key as a line of `authorized_keys`."""
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


def identity_of(key: PrivateKey, certs: pb.Certs) -> str:
    """Key and client certificate, as the other tests take them."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certs.TLS).decode()


def host_cas(certs: pb.Certs) -> list[x509.Certificate]:
    """The authorities that came with a join, without the one that signed the client's certificate."""
    users = x509.load_pem_x509_certificate(certs.TLS).issuer
    found = [x509.load_pem_x509_certificate(one) for one in certs.TLSCACerts]
    return [one for one in found if one.subject != users]


async def _attempt(address: str, context: ssl.SSLContext, name: str, joining: Joining) -> Joined:
    host, _, port = address.rpartition(":")
    channel = Channel(host, int(port), ssl=context, config=Configuration(ssl_target_name_override=name))
    request, reply = pb.RegisterUsingIAMMethodRequest, pb.RegisterUsingIAMMethodResponse
    try:
        async with StreamStreamMethod(channel, JOIN, request, reply).open(timeout=10) as stream:
            await stream.send_request()
            first = await stream.recv_message()
            assert first is None or not first.HasField("certs")
            if first is not None:
                await stream.send_message(joining.request(first.challenge), end=True)
                second = await stream.recv_message()
                if second is not None:
                    return Joined("OK", certs=second.certs)
    except GRPCError as error:
        return Joined(error.status.name, error.message or "")
    except StreamTerminatedError as error:
        return Joined("TRANSPORT", str(error))
    finally:
        channel.close()
    return Joined("nothing came")


def join_through_proxy(
    cluster: TeleportCluster, joining: Joining, alpn: tuple[str, ...] = ("teleport-proxy-grpc", "h2")
) -> Joined:
    """One attempt through the proxy, whose web certificate is checked by name."""
    context = client_context(cluster.web_ca_pem, alpn, None)
    return asyncio.run(_attempt(cluster.proxy_addr, context, "localhost", joining))


def join_directly(cluster: TeleportCluster, joining: Joining, identity: str | None = None) -> Joined:
    """One attempt at the auth server, with or without a client certificate."""
    context = client_context(cluster.host_ca_pem, ["h2"], identity)
    return asyncio.run(_attempt(cluster.auth_addr, context, "teleport.cluster.local", joining))


def join_with_role(cluster: TeleportCluster, token: str, credentials: Credentials, role: str) -> str:
    """The identity with which a function works: it joins by that token, and takes the role."""
    joining = Joining(token=token, sign=Signing(credentials).request)
    joined = join_through_proxy(cluster, joining)
    assert joined.certs is not None, joined.message
    user = x509.load_pem_x509_certificate(joined.certs.TLS).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    request = pb.UserCertsRequest(Username=str(user[0].value), RoleRequests=[role], UseRoleRequests=True)
    request.Expires.CopyFrom(in_future(timedelta(hours=1)))
    request.TLSPublicKey = tls_line(joining.key)
    answer = call(cluster, "", f"{AUTH}/GenerateUserCerts", request, identity=identity_of(joining.key, joined.certs))
    assert answer.status == "OK", answer.message
    return identity_of(joining.key, answer.messages[0])
