"""A gRPC client for the stand-in, of the tests' own: nothing of the product's client is in it."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.empty_pb2 import Empty
from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.config import Configuration
from grpclib.exceptions import GRPCError, StreamTerminatedError

from local.teleport.cluster import TeleportCluster
from local.teleport.identity import IdentityShape
from local.teleport.proto import local_teleport_pb2 as pb

AUTH, USERS = "/proto.AuthService", "/teleport.users.v1.UsersService"

METHODS: dict[str, tuple[Any, Any]] = {
    f"{AUTH}/Ping": (pb.PingRequest, pb.PingResponse),
    f"{AUTH}/ListAccessRequests": (pb.ListAccessRequestsRequest, pb.ListAccessRequestsResponse),
    f"{AUTH}/GetAccessRequestsV2": (pb.AccessRequestFilter, pb.AccessRequestV3),
    f"{AUTH}/CreateAccessRequestV2": (pb.AccessRequestV3, pb.AccessRequestV3),
    f"{AUTH}/SetAccessRequestState": (pb.RequestStateSetter, Empty),
    f"{AUTH}/SubmitAccessReview": (pb.AccessReviewSubmission, pb.AccessRequestV3),
    f"{AUTH}/DeleteAccessRequest": (pb.RequestID, Empty),
    f"{AUTH}/GenerateUserCerts": (pb.UserCertsRequest, pb.Certs),
    f"{AUTH}/GetUser": (pb.GetUserRequest, Empty),
    f"{AUTH}/ListResources": (pb.ListResourcesRequest, pb.ListResourcesResponse),
    f"{USERS}/GetUser": (pb.GetUserRequest, pb.GetUserResponse),
    f"{USERS}/ListUsers": (pb.ListUsersRequest, pb.ListUsersResponse),
}


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is a gRPC status's name, or `TRANSPORT` for a lost connection."""

    status: str
    message: str = ""
    messages: tuple[Any, ...] = ()


def routing_name(cluster: str) -> str:
    """The ALPN name by which the proxy routes to a cluster's auth server."""
    return f"teleport-auth@{cluster.encode().hex()}.teleport.cluster.local"


def pem_blocks(identity: str) -> list[str]:
    """The PEM blocks of an identity file, in order: key, client certificate, Host CA."""
    blocks, current = [], list[str]()
    for line in identity.splitlines(keepends=True):
        if line.startswith("-----BEGIN"):
            current = []
        current.append(line)
        if line.startswith("-----END"):
            blocks.append("".join(current))
    return blocks


def client_context(
    trusted_pem: str, alpn: Sequence[str], identity: str | None, *, strict: bool = False
) -> ssl.SSLContext:
    """A client's TLS settings: what it trusts, which ALPN names it offers in which order, and who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=trusted_pem)
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if identity is not None:
        key, certificate = pem_blocks(identity)[:2]
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(key + certificate)
            file.flush()
            context.load_cert_chain(Path(file.name))
    return context


def open_channel(address: str, context: ssl.SSLContext) -> Channel:
    """A channel to `host:port` that checks the server's name as Teleport's clients do."""
    host, _, port = address.rpartition(":")
    settings = Configuration(ssl_target_name_override="teleport.cluster.local")
    return Channel(host, int(port), ssl=context, config=settings)


async def ask(channel: Channel, path: str, request: Any, metadata: dict[str, str] | None = None) -> Answer:
    """One call. Errors of TLS and TCP are raised as they come."""
    request_type, reply_type = METHODS[path]
    try:
        if path.endswith("/GetAccessRequestsV2"):
            found = await UnaryStreamMethod(channel, path, request_type, reply_type)(request, timeout=10)
        else:
            method = UnaryUnaryMethod(channel, path, request_type, reply_type)
            found = [await method(request, timeout=10, metadata=metadata)]
    except GRPCError as error:
        return Answer(error.status.name, error.message or "")
    except StreamTerminatedError as error:
        return Answer("TRANSPORT", str(error))
    return Answer("OK", messages=tuple(found))


def call(
    cluster: TeleportCluster, user: str, path: str, request: Any, *, shape: IdentityShape = "tctl", identity: str = ""
) -> Answer:
    """One call over a connection of its own, straight to the auth server, as this user.

    The identity file is made for it, in that shape, unless one is given.
    """

    async def run() -> Answer:
        channel = open_channel(cluster.auth_addr, context)
        try:
            return await ask(channel, path, request)
        finally:
            channel.close()

    context = client_context(cluster.host_ca_pem, ["h2"], identity or cluster.identity_file(user, shape=shape))
    return asyncio.run(run())
