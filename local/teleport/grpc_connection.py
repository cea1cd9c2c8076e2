"""One connection over which gRPC is spoken: its life, its log of calls, and what it says of methods it doesn't have."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
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

from local.teleport.caller import NOBODY, Caller
from local.teleport.calls import Call
from local.teleport.errors import RefusedError, not_implemented
from local.teleport.faults import ConnectionDroppedError, Faults
from local.teleport.join_service import JoinService, new_challenge
from local.teleport.proto import local_teleport_pb2 as pb

_JOIN_SERVICE = "proto.JoinService"
_JOIN_TIME = 60.0

AnyStream = Stream[Any, Any]
Serve = Callable[[AnyStream], Awaitable[None]]


class _Methods(dict[str, Any]):
    """The methods by path. A path that nobody serves is answered too, as 18.0.0 does (recorded)."""

    def __init__(self, served: Mapping[str, Any], connection: GrpcConnection) -> None:
        super().__init__(served)
        self._connection = connection

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path, default) or self._connection.unserved(path)


class GrpcConnection(H2Protocol):
    """HTTP/2 and gRPC for one client, who is nobody until a subclass knows better. Here he may only join."""

    def __init__(
        self,
        faults: Faults,
        calls: list[Call],
        connections: set[GrpcConnection],
        join_service: JoinService | None,
        methods: Mapping[str, Any],
    ) -> None:
        """`methods`: those besides joining, by path. `connections`: where it enters itself while it lives.

        Without a `join_service` the service is unknown.
        """
        self.caller: Caller = NOBODY
        self._faults = faults
        self._calls = calls
        self._connections = connections
        self._join_service = join_service
        self._transport: asyncio.Transport | None = None
        served = dict(methods)
        if join_service is not None:
            request, reply = pb.RegisterUsingIAMMethodRequest, pb.RegisterUsingIAMMethodResponse
            path = f"/{_JOIN_SERVICE}/RegisterUsingIAMMethod"
            served[path] = Method(self._join(path, join_service), Cardinality.STREAM_STREAM, request, reply)
        self._services = {path.split("/")[1] for path in served}
        handler = Handler(_Methods(served, self), ProtoCodec(), None, _DispatchServerEvents())
        settings = H2Configuration(
            client_side=False,
            header_encoding="ascii",
            validate_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_inbound_headers=False,
            normalize_outbound_headers=False,
        )
        super().__init__(handler, Configuration().__for_server__(), settings)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TLS handshake is over."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone, or we cut it."""
        self._connections.discard(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """Cuts the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def unserved(self, path: str) -> Method:
        """A method that says at once that it is not there, without waiting for what the client has to say."""
        service, _, name = path.strip("/").rpartition("/")
        text = f"method {name} not implemented" if service in self._services else f"unknown service {service}"

        async def refuse(_stream: AnyStream) -> None:
            async with self.logged(path):
                raise not_implemented(text)

        return Method(refuse, Cardinality.STREAM_STREAM, Empty, Empty)

    @contextlib.asynccontextmanager
    async def logged(self, path: str) -> AsyncIterator[None]:
        """One call: every end of it stands in the log of calls, and goes to the client."""
        try:
            yield
        except RefusedError as error:
            self._calls.append(Call(self.caller.user, path, error.status.name))
            raise GRPCError(error.status, error.message) from error
        except ConnectionDroppedError:
            self._calls.append(Call(self.caller.user, path, "DROPPED"))
            self.abort()
            raise GRPCError(Status.UNAVAILABLE) from None
        self._calls.append(Call(self.caller.user, path, "OK"))

    def _join(self, path: str, service: JoinService) -> Serve:
        """Challenge, answer, certificates: one attempt for a stream, and a minute for it.

        How the real server says that the minute is over is not recorded.
        """
        method = path.rpartition("/")[2]

        async def serve(stream: AnyStream) -> None:
            async with self.logged(path):
                await self._faults.strike(method, after_commit=False)
                challenge = new_challenge()
                await stream.send_message(pb.RegisterUsingIAMMethodResponse(challenge=challenge))
                try:
                    async with asyncio.timeout(_JOIN_TIME):
                        request = await stream.recv_message()
                except TimeoutError as error:
                    raise RefusedError(Status.RESOURCE_EXHAUSTED, "the client did not answer in time") from error
                if request is None:
                    raise RefusedError(Status.UNKNOWN, "EOF")
                certs = service.register(challenge, request)
                await self._faults.strike(method, after_commit=True)
            await stream.send_message(pb.RegisterUsingIAMMethodResponse(certs=certs))

        return serve
