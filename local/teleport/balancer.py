"""A layer 7 load balancer in front of the proxy: it ends TLS itself, so no ALPN name of the client gets behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError

from local.teleport.certificates import certificate_authority, server_certificate
from local.teleport.client_hello import NO_APPLICATION_PROTOCOL
from local.teleport.listeners import Listener, serve_tls
from local.teleport.upgrade import until_one_ends

UnknownAlpn = Literal["none negotiated", "alert"]

_CHUNK = 65536
_PROTOCOLS = ["h2", "http/1.1"]
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)


class _Gone(Exception):
    """The other side of a connection has hung up."""


class _Peer:
    """One side of an HTTP/1.1 exchange: a connection, and where in the protocol it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, http: h11.Connection) -> None:
        self.reader = reader
        self.writer = writer
        self.http = http

    async def next_event(self) -> h11.Event:
        """What comes next. Raises _Gone at the end of the connection, h11.RemoteProtocolError for what is no HTTP."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(_CHUNK))
        if isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
            return event
        raise _Gone

    async def send(self, event: h11.Event) -> None:
        """Writes one part of a message."""
        self.writer.write(self.http.send(event) or b"")
        await self.writer.drain()

    async def answer(self, status: int, reason: str) -> None:
        """Writes a whole answer without a body, the last on this connection."""
        headers = [("Content-Length", "0"), ("Connection", "close")]
        await self.send(h11.Response(status_code=status, headers=headers, reason=reason.encode()))
        await self.send(h11.EndOfMessage())


class Balancer:
    """Listens on a port of its own on loopback, as `localhost`, and speaks HTTP/1.1 over TLS to the proxy behind it.

    It does not verify the proxy's certificate, as AWS's does not. Of ALPN it knows `h2` and `http/1.1`. It passes on
    ordinary requests, and upgrades to WebSocket; of any other upgrade the `Upgrade` header is taken away, and a target
    that switches nevertheless is answered 502. Who speaks HTTP/2 is answered 464, AWS's status for a target group of
    another protocol: gRPC does not get through. Assumptions, none of them recorded: that other upgrades don't pass
    (some balancers let them), that HTTP/2 gets 464 whatever it asks for (a real one passes ordinary requests on).
    """

    def __init__(
        self,
        target: str,
        *,
        unknown_alpn: UnknownAlpn = "none negotiated",
        idle_timeout: float = 60.0,
        port: int = 0,
    ) -> None:
        """Takes its port (0: a free one); nothing is accepted yet. Raises OSError when the port is taken.

        `target`: where the proxy is, `host:port`. `unknown_alpn`: a client that offers only
        names that the balancer doesn't know gets a connection with `none negotiated`, as with AWS, or the alert
        `no_application_protocol`. `idle_timeout`: seconds after which a connection on which nothing moves is closed,
        an upgraded one too; AWS's default is 60.
        """
        self._target = target
        self._unknown_alpn = unknown_alpn
        self._idle_timeout = idle_timeout
        self._authority = certificate_authority("Example Balancer CA")
        self._context = self._server_context()
        self._listener = Listener(port, self._accept)
        self._sessions: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    @property
    def addr(self) -> str:
        """`localhost:PORT` of the balancer."""
        return f"localhost:{self._listener.port}"

    @property
    def ca_pem(self) -> str:
        """The private CA that signed the balancer's certificate."""
        return self._authority.certificate_pem

    def start(self) -> None:
        """Accepts from now on."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="balancer", daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Gives up the port and cuts every connection, for good."""
        if self._thread is None or self._loop is None or self._ending is None:
            return
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Balancer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self._listener.start()
        ready.set()
        await self._ending.wait()
        await self._listener.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await asyncio.sleep(0.01)  # for the transports to close their sockets

    def _server_context(self) -> ssl.SSLContext:
        own = server_certificate(self._authority, "Example", ["localhost"], ["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(_PROTOCOLS)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(own.key_pem + own.certificate_pem)
            file.flush()
            context.load_cert_chain(Path(file.name))
        return context

    # ---- one client

    async def _accept(self, connection: socket.socket, offered: list[str]) -> None:
        loop = asyncio.get_running_loop()
        if self._unknown_alpn == "alert" and offered and not set(offered) & set(_PROTOCOLS):
            await loop.sock_sendall(connection, NO_APPLICATION_PROTOCOL)
            connection.shutdown(socket.SHUT_WR)
            connection.close()
            return
        reader = asyncio.StreamReader(loop=loop)
        await serve_tls(connection, lambda: asyncio.StreamReaderProtocol(reader, self._begin, loop=loop), self._context)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.ensure_future(self._session(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, TimeoutError, _Gone, h11.RemoteProtocolError, ProtocolError):
                if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
                    await self._refuse_http2(reader, writer)
                else:
                    await self._serve_http1(_Peer(reader, writer, h11.Connection(h11.SERVER)))
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise

    async def _refuse_http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = H2Connection(H2Configuration(client_side=False))
        http.initiate_connection()
        while True:
            writer.write(http.data_to_send())
            async with asyncio.timeout(self._idle_timeout):
                data = await reader.read(_CHUNK)
            if not data:
                return
            for event in http.receive_data(data):
                if isinstance(event, RequestReceived):
                    http.send_headers(event.stream_id, [(":status", "464")], end_stream=True)

    async def _serve_http1(self, client: _Peer) -> None:
        """One request after another, until the client hangs up, is idle for too long or switches protocols."""
        while True:
            async with asyncio.timeout(self._idle_timeout):
                request = await client.next_event()
                body = bytearray()
                while isinstance(part := await client.next_event(), h11.Data):
                    body += part.data
            assert isinstance(request, h11.Request)
            await self._pass_on(request, bytes(body), client)
            if client.http.our_state is not h11.DONE or client.http.their_state is not h11.DONE:
                return
            client.http.start_next_cycle()

    async def _open_target(self) -> _Peer:
        host, _, port = self._target.rpartition(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        return _Peer(*await asyncio.open_connection(host, int(port), ssl=context), h11.Connection(h11.CLIENT))

    async def _pass_on(self, request: h11.Request, body: bytes, client: _Peer) -> None:
        """Asks the target and answers the client; a target that is not there, or speaks no HTTP, makes it a 502."""
        with contextlib.ExitStack() as stack:
            try:
                target = await self._open_target()
                stack.callback(target.writer.close)
                answer = await self._ask(request, body, target)
            except (OSError, _Gone, h11.RemoteProtocolError):
                await client.answer(502, "Bad Gateway")
                return
            if isinstance(answer, h11.InformationalResponse):
                await client.send(answer)
                await self._splice(client, target)
                return
            kept = _end_to_end(answer.headers)
            await client.send(h11.Response(status_code=answer.status_code, headers=kept, reason=answer.reason))
            while isinstance(part := await target.next_event(), h11.Data):
                await client.send(part)
            await client.send(h11.EndOfMessage())

    async def _ask(self, request: h11.Request, body: bytes, target: _Peer) -> h11.Response | h11.InformationalResponse:
        """The head of the target's answer. A switch of protocols that was not asked for is h11.RemoteProtocolError."""
        headers = [(name, value) for name, value in _end_to_end(request.headers) if name != b"content-length"]
        headers.append((b"x-forwarded-proto", b"https"))
        if body:
            headers.append((b"content-length", b"%d" % len(body)))
        if dict(request.headers).get(b"upgrade", b"").lower() == b"websocket":
            headers += [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]
        await target.send(h11.Request(method=request.method, target=request.target, headers=headers))
        if body:
            await target.send(h11.Data(data=body))
        await target.send(h11.EndOfMessage())
        async with asyncio.timeout(self._idle_timeout):
            answer = await target.next_event()
        assert isinstance(answer, h11.Response | h11.InformationalResponse)
        return answer

    async def _splice(self, client: _Peer, target: _Peer) -> None:
        """Carries bytes both ways until either side hangs up, or nothing moves for too long."""
        loop = asyncio.get_running_loop()

        async with asyncio.timeout(self._idle_timeout) as idle:

            async def carry(source: _Peer, sink: _Peer) -> None:
                data = source.http.trailing_data[0]
                while True:
                    sink.writer.write(data)
                    await sink.writer.drain()
                    data = await source.reader.read(_CHUNK)
                    idle.reschedule(loop.time() + self._idle_timeout)
                    if not data:
                        return

            await until_one_ends(carry(client, target), carry(target, client))


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
