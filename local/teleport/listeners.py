"""The two TCP ports of the cluster, and where a connection goes that comes in on them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.teleport.client_hello import NO_APPLICATION_PROTOCOL, IncompleteError, NotTlsError, offered_protocols

_PEEK_BYTES = 65536
_HANDSHAKE_TIMEOUT = 10.0
_ROUTE_TO_AUTH = re.compile(r"^teleport-auth@([0-9a-f]+)\.teleport\.cluster\.local$", re.IGNORECASE)

Accept = Callable[[socket.socket, list[str]], Awaitable[None]]
ProtocolFactory = Callable[[], asyncio.BaseProtocol]


def reset(connection: socket.socket) -> None:
    """Ends a connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def bound_socket(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # As Go's servers do; the connections that it accepts inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


async def _peek(connection: socket.socket) -> list[str]:
    """The application protocols that a client offers, without taking a byte off the socket.

    Raises NotTlsError when what comes is no TLS, ConnectionError when nothing comes.
    """
    loop = asyncio.get_running_loop()
    seen = -1
    while True:
        readable = asyncio.Event()
        loop.add_reader(connection, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(connection)
        data = connection.recv(_PEEK_BYTES, socket.MSG_PEEK)
        if not data:
            raise ConnectionError
        with contextlib.suppress(IncompleteError):
            return offered_protocols(data)
        if len(data) == seen:
            await asyncio.sleep(0.005)
        seen = len(data)


async def admit(connection: socket.socket, accept: Accept) -> None:
    """Looks at a connection before TLS and gives it to `accept` with what it offers; closes it if that fails."""
    try:
        async with asyncio.timeout(_HANDSHAKE_TIMEOUT):
            await accept(connection, await _peek(connection))
    except (NotTlsError, OSError, TimeoutError):
        connection.close()
    except asyncio.CancelledError:
        connection.close()
        raise


class Listener:
    """Accepts on one port. Each connection is looked at before TLS, then given to `accept` with what it offers."""

    def __init__(self, port: int, accept: Accept) -> None:
        self._socket = bound_socket(port)
        self._accept = accept
        self._tasks: set[asyncio.Task[None]] = set()
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Begins to accept, in the running loop."""
        self._spawn(self._accept_all())

    async def close(self) -> None:
        """Stops accepting and drops what is not through its handshake."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close()

    def _spawn(self, coroutine: Awaitable[None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._socket)
            connection.setblocking(False)
            self._spawn(admit(connection, self._accept))


async def serve_tls(connection: socket.socket, factory: ProtocolFactory, context: ssl.SSLContext) -> None:
    """Does the TLS handshake as server and hands the connection to a protocol.

    Raises OSError (ssl.SSLError among it) when the handshake fails.
    """
    await asyncio.get_running_loop().connect_accepted_socket(factory, connection, ssl=context)


class AuthDoor:
    """The auth server's port: TLS with `h2` only, and client certificates if the client has one."""

    def __init__(self, context: Callable[[], ssl.SSLContext], grpc: ProtocolFactory, legacy: ProtocolFactory) -> None:
        """`context`: the TLS settings of the moment, which a rotation of the authorities changes."""
        self._context = context
        self._grpc = grpc
        self._legacy = legacy

    async def accept(self, connection: socket.socket, offered: list[str]) -> None:
        """Without ALPN comes the old HTTP/1.1 server, without `h2` in the list the alert that was recorded."""
        if not offered:
            await serve_tls(connection, self._legacy, self._context())
        elif "h2" in offered:
            await serve_tls(connection, self._grpc, self._context())
        else:
            await asyncio.get_running_loop().sock_sendall(connection, NO_APPLICATION_PROTOCOL)
            connection.shutdown(socket.SHUT_WR)
            connection.close()


@dataclass(frozen=True, slots=True)
class Served:
    """What one name is served with: the TLS settings, and what speaks on the connection then."""

    context: ssl.SSLContext
    factory: ProtocolFactory

    async def accept(self, connection: socket.socket) -> None:
        """Ends TLS and begins to serve. Raises OSError when the handshake fails."""
        await serve_tls(connection, self.factory, self.context)


class NothingServed(asyncio.Protocol):
    """Hangs up as soon as TLS is up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is over, and with it the connection."""
        assert isinstance(transport, asyncio.Transport)
        transport.close()


class ProxyDoor:
    """The proxy's port: TLS routing by the first name in the client's list that the proxy knows."""

    def __init__(  # noqa: PLR0913 - one for each place that a connection may go to
        self,
        cluster: str,
        auth: AuthDoor,
        *,
        web: Served,
        web_http2: Served,
        public_grpc: Served,
        upgraded_grpc: Callable[[], Served],
        tunnel: Served,
    ) -> None:
        """`web_http2` is for clients that speak nothing older; `upgraded_grpc` is the public gRPC server again, for
        connections that came through an upgrade, as a rotation of the authorities left it."""
        self._cluster = cluster
        self._auth = auth
        self._web = web
        self._web_http2 = web_http2
        self._public_grpc = public_grpc
        self._upgraded_grpc = upgraded_grpc
        self._tunnel = tunnel

    async def accept(self, connection: socket.socket, offered: list[str], *, upgraded: bool = False) -> None:
        """Passes the connection on untouched to auth, or ends TLS itself; an unknown cluster is reset.

        `upgraded`: it came through a connection upgrade, where the proxy shows its host certificate to gRPC clients.
        """
        for name in offered or ["http/1.1"]:
            routed = _ROUTE_TO_AUTH.match(name)
            if routed is not None:
                if bytes.fromhex(routed[1]) != self._cluster.encode():
                    break
                await self._auth.accept(connection, offered)
                return
            served = self._served(name, offered, upgraded=upgraded)
            if served is not None:
                await served.accept(connection)
                return
        reset(connection)

    def _served(self, name: str, offered: list[str], *, upgraded: bool) -> Served | None:
        match name:
            case "http/1.1":
                return self._web
            case "h2":  # of the two the server itself prefers the older one
                return self._web if "http/1.1" in offered else self._web_http2
            case "teleport-proxy-grpc":
                return self._upgraded_grpc() if upgraded else self._public_grpc
            case "teleport-reversetunnel":
                return self._tunnel
        return None
