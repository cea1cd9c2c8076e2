"""One connection to the auth server: who is on it, and which gRPC method does what."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from grpclib.const import Cardinality
from grpclib.const import Handler as Method

from local.teleport import certificate_service, identity, ping_service, request_service, user_service
from local.teleport.caller import Caller
from local.teleport.calls import Call
from local.teleport.errors import not_found
from local.teleport.faults import ConnectionDroppedError, Faults
from local.teleport.grpc_connection import AnyStream, GrpcConnection, Serve
from local.teleport.issuing import Issuer
from local.teleport.join_service import JoinService
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState

Service = Callable[[Caller, Any], Any]

_VERSION = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)")


def peer_chain(tls: ssl.SSLObject) -> list[Any]:
    """All certificates of a client that sent one. Public in Python 3.13; before that on the object inside."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain() or ())
    return list(cast(Any, tls)._sslobj.get_unverified_chain() or ())


class AuthConnection(GrpcConnection):
    """A connection to the auth server, and the rules that hold for a whole one."""

    def __init__(  # noqa: PLR0913, PLR0917 - what there is in a cluster
        self,
        state: ClusterState,
        faults: Faults,
        calls: list[Call],
        proxy_address: Callable[[], str],
        connections: set[GrpcConnection],
        issuer: Issuer,
        join_service: JoinService | None,
    ) -> None:
        self._state = state
        self._issuer = issuer
        self._proxy_address = proxy_address
        self._is_refused = False
        super().__init__(faults, calls, connections, join_service, self._methods())

    # ---- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TLS handshake is over. More than one client certificate just loses the connection (recorded)."""
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True)
        if certificate and len(peer_chain(tls)) > 1:
            self._is_refused = True
            cast(asyncio.Transport, transport).abort()
            return
        if certificate:
            found = identity.from_certificate(certificate)
            self.caller = Caller(
                found.user,
                found.roles,
                found.impersonator,
                found.bot_name,
                session_end=found.expires,
                bot_instance=found.bot_instance,
                join_attributes=found.join_attributes,
            )
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of HTTP/2."""
        if not self._is_refused:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone, or we cut it."""
        if not self._is_refused:
            super().connection_lost(exc)

    # ---- the methods

    def _methods(self) -> dict[str, Any]:
        state = self._state

        def unary(service: str, name: str, call: Service, request: type, reply: type) -> tuple[str, Any]:
            path = f"/{service}/{name}"
            return path, Method(self._unary(path, call), Cardinality.UNARY_UNARY, request, reply)

        def empty(call: Service) -> Service:
            def answer(caller: Caller, request: Any) -> Empty:
                call(caller, request)
                return Empty()

            return answer

        def on(function: Callable[[ClusterState, Caller, Any], Any]) -> Service:
            return lambda caller, request: function(state, caller, request)

        auth, users = "proto.AuthService", "teleport.users.v1.UsersService"
        requests = request_service
        stream_path = f"/{auth}/GetAccessRequestsV2"
        served = dict(
            [
                unary(auth, "Ping", self._ping, pb.PingRequest, pb.PingResponse),
                unary(
                    auth,
                    "ListAccessRequests",
                    on(requests.list_requests),
                    pb.ListAccessRequestsRequest,
                    pb.ListAccessRequestsResponse,
                ),
                unary(auth, "CreateAccessRequestV2", on(requests.create), pb.AccessRequestV3, pb.AccessRequestV3),
                unary(auth, "SetAccessRequestState", empty(on(requests.set_state)), pb.RequestStateSetter, Empty),
                unary(
                    auth,
                    "SubmitAccessReview",
                    on(requests.submit_review),
                    pb.AccessReviewSubmission,
                    pb.AccessRequestV3,
                ),
                unary(
                    auth,
                    "DeleteAccessRequest",
                    empty(lambda caller, request: requests.delete(state, caller, request.ID)),
                    pb.RequestID,
                    Empty,
                ),
                unary(
                    auth,
                    "ListResources",
                    on(user_service.list_resources),
                    pb.ListResourcesRequest,
                    pb.ListResourcesResponse,
                ),
                unary(
                    auth,
                    "GenerateUserCerts",
                    lambda caller, request: certificate_service.generate(state, self._issuer, caller, request),
                    pb.UserCertsRequest,
                    pb.Certs,
                ),
                unary(users, "GetUser", on(user_service.get_user), pb.GetUserRequest, pb.GetUserResponse),
                unary(users, "ListUsers", on(user_service.list_users), pb.ListUsersRequest, pb.ListUsersResponse),
            ]
        )
        stream = self._stream(stream_path, on(requests.stream_requests))
        served[stream_path] = Method(stream, Cardinality.UNARY_STREAM, pb.AccessRequestFilter, pb.AccessRequestV3)
        return served

    def _ping(self, _caller: Caller, _request: pb.PingRequest) -> pb.PingResponse:
        assert self._transport is not None
        # A connection that came through an upgrade has no address of its own; the proxy would pass the client's on.
        host, port = (self._transport.get_extra_info("peername") or ("127.0.0.1", 0))[:2]
        return ping_service.ping(self._state, self._proxy_address(), f"{host}:{port}")

    def _unary(self, path: str, call: Service) -> Serve:
        async def serve(stream: AnyStream) -> None:
            answer = await self._serve(path, call, stream)
            await stream.send_message(answer)

        return serve

    def _stream(self, path: str, call: Service) -> Serve:
        async def serve(stream: AnyStream) -> None:
            for answer in await self._serve(path, call, stream):
                await stream.send_message(answer)

        return serve

    async def _serve(self, path: str, call: Service, stream: AnyStream) -> Any:
        """Runs one call: faults, version, caller, service."""
        method = path.rpartition("/")[2]
        request = await stream.recv_message()
        async with self.logged(path):
            self._check_version(stream)
            await self._faults.strike(method, request, after_commit=False)
            with self._state.mutex:
                self._check_caller(method)
                answer = call(self.caller, request)
            if await self._faults.strike(method, request, after_commit=True):
                answer = type(answer)()
        await stream.send_initial_metadata(metadata={"version": self._state.version})
        return answer

    def _check_caller(self, method: str) -> None:
        self._state.check_caller(self.caller)
        if self.caller.is_nobody and method != "Ping":
            raise not_found('"user" "Nop" does not exist')

    def _check_version(self, stream: AnyStream) -> None:
        """A client older than the major version before this one loses its connection (recorded); none is accepted."""
        if stream.metadata is None or "version" not in stream.metadata:
            return
        parsed = _VERSION.match(str(stream.metadata["version"]))
        oldest = int(self._state.version.split(".", maxsplit=1)[0]) - 1
        if parsed is None or int(parsed[1]) < oldest:
            raise ConnectionDroppedError
