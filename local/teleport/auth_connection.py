"""One connection to the auth server: who is on it, and which gRPC method does what."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from grpclib.config import Configuration
from grpclib.const import Cardinality, Status
from grpclib.const import Handler as Method
from grpclib.encoding.proto import ProtoCodec
from grpclib.events import _DispatchServerEvents
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Handler, Stream
from h2.config import H2Configuration

from local.teleport import identity, ping_service, request_service, user_service
from local.teleport.caller import NOBODY, Caller
from local.teleport.calls import Call
from local.teleport.errors import RefusedError, not_found, not_implemented
from local.teleport.faults import ConnectionDroppedError, Faults
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState

Service = Callable[[Caller, Any], Any]

_VERSION = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)")


def peer_chain(tls: ssl.SSLObject) -> list[Any]:
    """All certificates of a client that sent one. Public in Python 3.13; before that on the object inside."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain() or ())
    return list(cast(Any, tls)._sslobj.get_unverified_chain() or ())


class _Methods(dict[str, Any]):
    """The methods by path. A path that nobody serves is answered too, as 18.0.0 does (recorded)."""

    def __init__(self, served: dict[str, Any], connection: AuthConnection) -> None:
        super().__init__(served)
        self._connection = connection

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path, default) or self._connection.unserved(path)


class AuthConnection(H2Protocol):
    """HTTP/2 and gRPC for one client, and the rules that hold for a whole connection."""

    def __init__(
        self,
        state: ClusterState,
        faults: Faults,
        calls: list[Call],
        proxy_address: Callable[[], str],
        connections: set[AuthConnection],
    ) -> None:
        self._state = state
        self._faults = faults
        self._calls = calls
        self._proxy_address = proxy_address
        self._connections = connections
        self._caller = NOBODY
        self._transport: asyncio.Transport | None = None
        self._is_refused = False
        handler = Handler(self._methods(), ProtoCodec(), None, _DispatchServerEvents())
        settings = H2Configuration(
            client_side=False,
            header_encoding="ascii",
            validate_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_inbound_headers=False,
            normalize_outbound_headers=False,
        )
        super().__init__(handler, Configuration().__for_server__(), settings)

    # ---- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TLS handshake is over. More than one client certificate just loses the connection (recorded)."""
        self._transport = cast(asyncio.Transport, transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True)
        if certificate and len(peer_chain(tls)) > 1:
            self._is_refused = True
            self._transport.abort()
            return
        if certificate:
            found = identity.from_certificate(certificate)
            self._caller = Caller(
                found.user, found.roles, found.impersonator, found.bot_name, session_end=found.expires
            )
        self._connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of HTTP/2."""
        if not self._is_refused:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone, or we cut it."""
        self._connections.discard(self)
        if not self._is_refused:
            super().connection_lost(exc)

    def abort(self) -> None:
        """Cuts the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    # ---- the methods

    def _methods(self) -> _Methods:
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
                unary(users, "GetUser", on(user_service.get_user), pb.GetUserRequest, pb.GetUserResponse),
                unary(users, "ListUsers", on(user_service.list_users), pb.ListUsersRequest, pb.ListUsersResponse),
            ]
        )
        stream = self._stream(stream_path, on(requests.stream_requests))
        served[stream_path] = Method(stream, Cardinality.UNARY_STREAM, pb.AccessRequestFilter, pb.AccessRequestV3)
        return _Methods(served, self)

    def unserved(self, path: str) -> Any:
        """A method that says it is not there."""
        service, _, name = path.strip("/").rpartition("/")
        known = service in ("proto.AuthService", "teleport.users.v1.UsersService")
        text = f"method {name} not implemented" if known else f"unknown service {service}"

        def refuse(_caller: Caller, _request: Any) -> None:
            raise not_implemented(text)

        return Method(self._unary(path, refuse), Cardinality.UNARY_UNARY, Empty, Empty)

    def _ping(self, _caller: Caller, _request: pb.PingRequest) -> pb.PingResponse:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("peername")[:2]
        return ping_service.ping(self._state, self._proxy_address(), f"{host}:{port}")

    def _unary(self, path: str, call: Service) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        async def serve(stream: Stream[Any, Any]) -> None:
            answer = await self._serve(path, call, stream)
            await stream.send_message(answer)

        return serve

    def _stream(self, path: str, call: Service) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        async def serve(stream: Stream[Any, Any]) -> None:
            for answer in await self._serve(path, call, stream):
                await stream.send_message(answer)

        return serve

    async def _serve(self, path: str, call: Service, stream: Stream[Any, Any]) -> Any:
        """Runs one call: faults, version, caller, service. Every end of it stands in the log of calls."""
        method = path.rpartition("/")[2]
        request = await stream.recv_message()
        try:
            self._check_version(stream)
            await self._faults.strike(method, after_commit=False)
            with self._state.mutex:
                self._check_caller(method)
                answer = call(self._caller, request)
            await self._faults.strike(method, after_commit=True)
        except RefusedError as error:
            self._calls.append(Call(self._caller.user, path, error.status.name))
            raise GRPCError(error.status, error.message) from error
        except ConnectionDroppedError:
            self._calls.append(Call(self._caller.user, path, "DROPPED"))
            self.abort()
            raise GRPCError(Status.UNAVAILABLE) from None
        self._calls.append(Call(self._caller.user, path, "OK"))
        await stream.send_initial_metadata(metadata={"version": self._state.version})
        return answer

    def _check_caller(self, method: str) -> None:
        self._state.check_caller(self._caller)
        if self._caller.is_nobody and method != "Ping":
            raise not_found('"user" "Nop" does not exist')

    def _check_version(self, stream: Stream[Any, Any]) -> None:
        """A client older than the major version before this one loses its connection (recorded); none is accepted."""
        if stream.metadata is None or "version" not in stream.metadata:
            return
        parsed = _VERSION.match(str(stream.metadata["version"]))
        oldest = int(self._state.version.split(".", maxsplit=1)[0]) - 1
        if parsed is None or int(parsed[1]) < oldest:
            raise ConnectionDroppedError
