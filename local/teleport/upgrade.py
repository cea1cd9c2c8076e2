"""The proxy's connection upgrade: a connection to its port, carried inside an HTTP connection to its web side.

With 18.0.0 the WebSocket form worked with both subprotocols and any mask, and so did the legacy form (recorded). Which
request gets which refusal, and what the server makes of pings and fragments, is from its source.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import io
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from http.client import parse_headers
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Request
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

PATH = "/webapi/connectionupgrade"
PING_INTERVAL = 30.0
"""Seconds between two pings of the server on an `alpn-ping` connection."""

_CHUNK = 65536
_KEY_BYTES = 16
_SUBPROTOCOLS = ("alpn", "alpn-ping")


class UpgradeRefusedError(Exception):
    """The web side answers with this status line and sentence instead of 101."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Framing(Protocol):
    """How the inner connection's bytes stand in the outer one."""

    def unwrap(self, data: bytes) -> Iterator[bytes]:
        """The inner bytes in what came in. Raises EOFError where the client ends the connection."""

    def wrap(self, data: bytes) -> bytes:
        """What to send for these inner bytes."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade that was asked for rightly: the bytes of the answer, the framing and the bytes of a ping, if any.

    Without a framing the connection ends after the answer: that is what a client gets that names no known subprotocol.
    """

    answer: bytes
    framing: Framing | None
    ping: bytes = b""


class _Raw:
    """The legacy form: the inner bytes as they are."""

    def __init__(self, already_here: bytes) -> None:
        self._already_here = already_here

    def unwrap(self, data: bytes) -> Iterator[bytes]:
        yield self._already_here + data
        self._already_here = b""

    def wrap(self, data: bytes) -> bytes:
        return data


class _WebSocket:
    """Binary frames. Nothing else carries bytes: text is passed over, and so is a ping, which gets no pong.

    A real server loses the frames that continue a message. Here the connection ends, so that a client that sends them
    fails where it went wrong.
    """

    def __init__(self, websocket: WSConnection) -> None:
        self._websocket = websocket
        self._continues = False

    def unwrap(self, data: bytes) -> Iterator[bytes]:
        if data:
            self._websocket.receive_data(data)
        for event in self._websocket.events():
            match event:
                case BytesMessage() if not self._continues:
                    self._continues = event.frame_finished and not event.message_finished
                    yield bytes(event.data)
                case BytesMessage() | CloseConnection():
                    raise EOFError

    def wrap(self, data: bytes) -> bytes:
        return self._websocket.send(BytesMessage(data))


def negotiate(received: bytes) -> Upgrade:
    """What a GET for the upgrade asks for; `received` is all that came so far.

    Both headers name types, and WebSocket goes first. Raises UpgradeRefusedError: 404 for types that are not known, 400
    or 431 for a handshake that is none. The legacy `alpn-ping` is not known here: it has a framing of its own, which is
    not recorded.
    """
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        raise UpgradeRefusedError("431 Request Header Fields Too Large", "the request's head does not end")
    headers = parse_headers(io.BytesIO(head.partition(b"\r\n")[2] + end))
    types = headers.get_all("X-Teleport-Upgrade", []) + headers.get_all("Upgrade", [])
    if "websocket" in types:
        return _websocket(head + end, rest)
    if "alpn" in types and "alpn-ping" not in types:
        lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: alpn", "X-Teleport-Upgrade: alpn", "Connection: Upgrade")
        return Upgrade("\r\n".join([*lines, "", ""]).encode(), _Raw(rest))
    raise UpgradeRefusedError("404 Not Found", f"unsupported upgrade types: [{' '.join(types)}]")


def _websocket(head: bytes, rest: bytes) -> Upgrade:
    websocket = WSConnection(ConnectionType.SERVER)
    try:
        websocket.receive_data(head)
        asked = next(websocket.events())
    except (RemoteProtocolError, StopIteration) as error:
        raise UpgradeRefusedError("400 Bad Request", f"websocket: {error}") from error
    assert isinstance(asked, Request)
    _check_key(dict(asked.extra_headers)[b"sec-websocket-key"])
    subprotocol = next((name for name in asked.subprotocols if name in _SUBPROTOCOLS), None)
    answer = websocket.send(AcceptConnection(subprotocol=subprotocol))
    if subprotocol is None:
        return Upgrade(answer, None)
    websocket.receive_data(rest)
    ping = websocket.send(Ping(b"teleport")) if subprotocol == "alpn-ping" else b""
    return Upgrade(answer, _WebSocket(websocket), ping)


def _check_key(key: bytes) -> None:
    try:
        is_right = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except binascii.Error:
        is_right = False
    if not is_right:
        raise UpgradeRefusedError("400 Bad Request", "websocket: 'Sec-WebSocket-Key' must be 16 bytes in Base64")


async def until_one_ends(*running: Coroutine[Any, Any, None]) -> None:
    """Runs all of them until the first ends, then cancels the others. What the first raises is raised."""
    tasks = [asyncio.ensure_future(one) for one in running]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of one TCP connection: the door looks at the address and resets, which a Unix socket can't."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.setblocking(False)
    return near, far


def _streams(transport: asyncio.Transport) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The rest of a connection that a protocol began, as streams."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class Upgrades:
    """The connections that were upgraded. Each is given to `admit` as if it had come in on the proxy's port."""

    def __init__(self, admit: Callable[[socket.socket], Awaitable[None]], ping_interval: float) -> None:
        """`ping_interval`: seconds between pings on `alpn-ping` connections."""
        self._admit = admit
        self._ping_interval = ping_interval
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, transport: asyncio.Transport, upgrade: Upgrade) -> None:
        """Answers on a web connection whose request asked for this, and carries the inner connection from then on."""
        reader, writer = _streams(transport)
        writer.write(upgrade.answer)
        if upgrade.framing is None:
            writer.close()
            return
        near, far = _pair()
        self._spawn(self._admit(far))
        self._spawn(self._carry(reader, writer, near, upgrade.framing, upgrade.ping))

    async def close(self) -> None:
        """Cuts them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, coroutine: Awaitable[None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(
        self,
        outer_reader: asyncio.StreamReader,
        outer: asyncio.StreamWriter,
        near: socket.socket,
        framing: Framing,
        ping: bytes,
    ) -> None:
        """Until either side hangs up; then the other is hung up on too, once it has what was under way to it."""
        inner_reader, inner = await asyncio.open_connection(sock=near)

        async def inwards() -> None:
            data = b""
            while True:
                for unwrapped in framing.unwrap(data):
                    inner.write(unwrapped)
                await inner.drain()
                data = await outer_reader.read(_CHUNK)
                if not data:
                    return

        async def outwards() -> None:
            while data := await inner_reader.read(_CHUNK):
                outer.write(framing.wrap(data))
                await outer.drain()

        async def pings() -> None:
            while True:
                await asyncio.sleep(self._ping_interval)
                outer.write(ping)

        try:
            # A frame can't be written any more once the client's close was read: LocalProtocolError.
            with contextlib.suppress(OSError, EOFError, LocalProtocolError):
                await until_one_ends(inwards(), outwards(), *([pings()] if ping else []))
        except asyncio.CancelledError:
            outer.transport.abort()
            raise
        finally:
            inner.close()
            outer.close()
