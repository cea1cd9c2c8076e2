"""Joining a cluster as a bot with this function's own AWS role: two calls, and an identity that lives in memory alone.

The first, without a certificate, proves the AWS role and yields the bot's own certificate and the cluster's CAs; that
certificate may do nothing but ask for another. The second yields a certificate with the bot's role. The key is made
here for each join and never stored. Failure policy: nothing is repeated; who calls decides.

Teleport 18.3 and newer also have a newer join service (teleport.join.v1). It could not be tried, so it isn't spoken; a
server without the older one is refused with a sentence (`refusals`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.message import DecodeError, Message
from grpclib.client import StreamStreamMethod, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError
from h2.exceptions import H2Error

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.discovery import Endpoint, Found, check_version
from access_bridge.teleport.errors import ADDRESS_SETTING, IAM_JOIN, Unavailable
from access_bridge.teleport.identity import Identity, identity_from_pems
from access_bridge.teleport.joining.refusals import Attempt, refusal
from access_bridge.teleport.joining.signed_request import signed_request, sts_host
from access_bridge.teleport.proto import teleport_pb2 as pb
from access_bridge.teleport.tls import HTTP2, JOIN_PROTOCOLS, SERVER_NAME, client_context, knows_no_protocol, trust
from access_bridge.teleport.transport import Dial, TeleportChannel, network_error, to_auth
from access_bridge.times import utc_now

LIFETIME: Final = timedelta(hours=1)
_DEADLINE: Final = 20.0
_BOT_USER: Final = "bot-"
_JOIN: Final = "/proto.JoinService/RegisterUsingIAMMethod"
_CERTIFICATES: Final = "/proto.AuthService/GenerateUserCerts"

_Reply = TypeVar("_Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Joining:
    """What a join needs.

    Parameters
    ----------
    endpoint
        The proxy, or an auth server, which then is trusted by the private CAs alone: its Host CA has to be one of them.
    token
        The name of the join token. It is no secret.
    node_name
        Who joins, for Teleport's logs.
    session
        AWS's session, from which this function's credentials come.
    region
        The AWS region whose STS endpoint is to see the proof.
    clock
        The time now, aware.
    """

    endpoint: Endpoint
    token: str
    node_name: str
    session: boto3.Session
    region: str
    clock: Callable[[], datetime]


def join(joining: Joining) -> Identity:
    """Join, and return an identity with the role that has the bot's own name, valid for an hour or as long as Teleport
    allows.

    Raises
    ------
    JoinRefused, BrokenConfiguration
        a person has to mend something, which the text names.
    Unavailable
        Teleport, or AWS behind it, can't be reached or is overloaded.
    """
    with asyncio.Runner() as runner:
        return runner.run(_Join(joining).run())


class _Join:
    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._found = joining.endpoint.look()
        if self._found.proxy is not None:
            check_version(self._found.proxy.server_version)
        self._sts_host = sts_host(
            joining.session, joining.region, fips=self._found.proxy is not None and self._found.proxy.fips
        )

    async def run(self) -> Identity:
        bot = self._identity(await self._register())
        role = bot.username.removeprefix(_BOT_USER)
        certificates = await self._certificates(bot, role)
        return identity_from_pems(bot.key_pem, certificates.tls.decode(), bot.host_ca_pems, IAM_JOIN)

    # ---- the proof ----

    async def _register(self) -> pb.Certs:
        try:
            return await self._register_at(_web_dial(self._joining.endpoint, self._found))
        except _Untrusted as error:
            if self._found.proxy is not None or not self._joining.endpoint.web_tls.extra_ca_pem:
                raise
            try:
                return await self._register_at(_auth_dial(self._joining.endpoint, self._found))
            except _Untrusted:
                raise error from None

    async def _register_at(self, dial: Dial) -> pb.Certs:
        attempt = Attempt(self._joining.token, "", self._sts_host)

        async def exchange(channel: TeleportChannel) -> pb.RegisterUsingIAMMethodResponse | None:
            method = StreamStreamMethod(
                channel, _JOIN, pb.RegisterUsingIAMMethodRequest, pb.RegisterUsingIAMMethodResponse
            )
            async with method.open(timeout=_DEADLINE) as stream:
                await stream.send_request()
                challenge = await stream.recv_message()
                if challenge is None:
                    return None
                await stream.send_message(self._request(challenge.challenge), end=True)
                return await stream.recv_message()

        reply = await _called(dial, exchange, attempt)
        return reply.certs

    def _request(self, challenge: str) -> pb.RegisterUsingIAMMethodRequest:
        joining = self._joining
        # One key for both: servers before 17 issue the TLS certificate for the SSH one.
        ask = pb.RegisterUsingTokenRequest(
            node_name=joining.node_name,
            role="Bot",
            token=joining.token,
            public_tls_key=self._public_pem(),
            public_ssh_key=self._key.public_key().public_bytes(
                serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
            ),
        )
        credentials = joining.session.get_credentials()
        if credentials is None:
            raise BrokenConfiguration(
                IAM_JOIN.setting, "this process has no AWS credentials to prove its role with.", "Run it as a Lambda."
            )
        proof = signed_request(challenge, credentials.get_frozen_credentials(), joining.region, self._sts_host)
        return pb.RegisterUsingIAMMethodRequest(register_using_token_request=ask, sts_identity_request=proof)

    def _public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def _identity(self, certs: pb.Certs) -> Identity:
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        cas = [pem.decode() for pem in certs.tls_ca_certs]
        return identity_from_pems(key.decode(), certs.tls.decode(), cas, IAM_JOIN)

    # ---- the certificate with the role ----

    async def _certificates(self, bot: Identity, role: str) -> pb.Certs:
        request = pb.UserCertsRequest(
            username=bot.username, role_requests=[role], use_role_requests=True, tls_public_key=self._public_pem()
        )
        request.expires.FromDatetime(self._joining.clock() + LIFETIME)

        async def exchange(channel: TeleportChannel) -> pb.Certs | None:
            method = UnaryUnaryMethod(channel, _CERTIFICATES, pb.UserCertsRequest, pb.Certs)
            return await method(request, timeout=_DEADLINE)

        dial = to_auth(self._joining.endpoint, self._found, client_context(bot), bot.origin)
        return await _called(dial, exchange, Attempt(self._joining.token, role, self._sts_host))


async def _called(
    dial: Dial, exchange: Callable[[TeleportChannel], Awaitable[_Reply | None]], attempt: Attempt
) -> _Reply:
    """Make one call on a connection of its own, and return the answer; raises as `join` does."""
    channel = TeleportChannel(dial)
    address = dial.endpoint.address
    try:
        reply = await exchange(channel)
    except GRPCError as error:
        raise refusal(error.status, error.message, attempt) from error
    except TimeoutError as error:
        raise Unavailable(f"Teleport didn't answer the join within {_DEADLINE:g} s. It was {address}.") from error
    except (StreamTerminatedError, OSError, H2Error, DecodeError, AssertionError, NotImplementedError) as error:
        raise Unavailable(f"{address} ended the connection while we joined ({type(error).__name__}).") from error
    finally:
        await channel.hang_up()
    if reply is None:
        raise Unavailable(f"{address} ended the join without an answer.")
    return reply


# ---- to whom, trusted by what ---------------------------------------------------------------------------------------


class _Untrusted(BrokenConfiguration):
    """The certificate at TELEPORT_ADDR is not good for it."""


def _web_dial(endpoint: Endpoint, found: Found) -> Dial:
    """To the proxy, by its web certificate; or through what ends TLS before it, by that one's."""
    explain = _explained(endpoint, found)
    if not found.needs_upgrade:
        return Dial(endpoint, found, endpoint.web_tls.offering(*JOIN_PROTOCOLS), endpoint.address.host, explain)
    return Dial(endpoint, found, _unverified(), SERVER_NAME, explain, check=_check_name_and_dates)


def _auth_dial(endpoint: Endpoint, found: Found) -> Dial:
    """To an auth server, by the Host CA among the private CAs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([HTTP2])
    trust(context, endpoint.web_tls.extra_ca_pem)
    return Dial(endpoint, found, context, SERVER_NAME, _explained(endpoint, found))


def _unverified() -> ssl.SSLContext:
    """For the inner connection of an upgraded one. The proxy shows a certificate of the Host CA there, which nobody
    knows before he has joined. The outer connection is verified; Teleport's own client does the same.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(JOIN_PROTOCOLS))
    return context


def _check_name_and_dates(tls: ssl.SSLObject) -> None:
    if not _is_a_proxys(tls.getpeercert(binary_form=True) or b""):
        raise BrokenConfiguration(
            ADDRESS_SETTING,
            "what answers behind the load balancer is no Teleport proxy, by its certificate.",
            "See what the load balancer passes connections on to.",
        )


def _is_a_proxys(certificate_der: bytes) -> bool:
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    in_time = certificate.not_valid_before_utc <= utc_now() < certificate.not_valid_after_utc
    return in_time and SERVER_NAME in names.get_values_for_type(x509.DNSName)


def _explained(endpoint: Endpoint, found: Found) -> Callable[[OSError], BridgeError]:
    def explain(error: OSError) -> BridgeError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _Untrusted(
                ADDRESS_SETTING,
                f"the certificate of {endpoint.address} isn't trusted: {error.verify_message}.",
                "Set it to the name that the certificate is for. If a private CA signed it, put that CA into the SSM "
                "parameter that the stack parameter ExtraCaParameter names; for an auth server, the cluster's Host CA "
                "(`tctl auth export --type=tls-host`).",
            )
        if knows_no_protocol(error):
            return BrokenConfiguration(
                ADDRESS_SETTING, f"{endpoint.address} is no Teleport proxy.", "Set it to the proxy's address."
            )
        return network_error(error, endpoint.address, found)

    return explain
