"""A way through a load balancer that ends TLS: Teleport's connection upgrade, bytes carried in WebSocket frames."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, RejectConnection, Request
from wsproto.utilities import ProtocolError

from access_bridge.teleport.discovery import Address

_PATH: Final = "/webapi/connectionupgrade"
_PROTOCOL: Final = "alpn"
_CHUNK: Final = 65536
_NO_MASK: Final = bytes(4)
_FINAL_BINARY: Final = 0x82
_MASKED: Final = 0x80


class UpgradeRefused(ConnectionError):
    """What is before the proxy, or the proxy, doesn't do the connection upgrade; the text says what it answered."""


class Tunnel:
    """A connection upgraded at a proxy's web server. `socket` is our end: what is written there reaches the proxy as if
    it had come in on its port. Made by `open_tunnel`; moves bytes only while the event loop runs.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, websocket: WSConnection) -> None:
        self.socket, self._inner = socket.socketpair()
        self._reader = reader
        self._writer = writer
        self._websocket = websocket
        self._pump = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """End it; our end then reads its end of file."""
        self._pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pump

    async def _run(self) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(sock=self._inner)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._up(inner_reader))
                both.create_task(self._down(inner_writer))
        except* (OSError, ProtocolError, _Ended):
            pass  # either side has hung up, and so do we
        finally:
            inner_writer.transport.abort()
            self._writer.transport.abort()

    async def _up(self, inner: asyncio.StreamReader) -> None:
        while data := await inner.read(_CHUNK):
            self._writer.write(_frame(data))
            await self._writer.drain()
        raise _Ended

    async def _down(self, inner: asyncio.StreamWriter) -> None:
        while True:
            for event in self._websocket.events():  # the first may have come together with the upgrade's answer
                match event:
                    case BytesMessage():
                        inner.write(event.data)
                    case Ping():
                        self._writer.write(self._websocket.send(event.response()))
                    case CloseConnection():
                        raise _Ended
            await inner.drain()
            self._websocket.receive_data(await self._reader.read(_CHUNK) or None)


class _Ended(Exception):
    """One side is done, so both are."""


async def open_tunnel(address: Address, context: ssl.SSLContext) -> Tunnel:
    """Connect to the load balancer, whose certificate must be good for the address, and upgrade.

    Raises
    ------
    OSError
        as any dial, also for its own trouble (5xx); `UpgradeRefused` when it answers, and never with the upgrade (404:
        the server is too old).
    """
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=context, server_hostname=address.host
    )
    with contextlib.ExitStack() as undo:
        undo.callback(writer.transport.abort)
        try:
            websocket = await _upgraded(address, reader, writer)
        except ProtocolError as error:
            raise UpgradeRefused("its answer to the connection upgrade is no WebSocket's") from error
        undo.pop_all()
    return Tunnel(reader, writer, websocket)


async def _upgraded(address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> WSConnection:
    websocket = WSConnection(ConnectionType.CLIENT)
    writer.write(websocket.send(Request(host=str(address), target=_PATH, subprotocols=[_PROTOCOL])))
    match await _answer(websocket, reader):
        case AcceptConnection(subprotocol="alpn"):
            return websocket
        case RejectConnection(status_code=status) if status >= 500:
            raise ConnectionError(f"it answered the connection upgrade with status {status}")
        case RejectConnection(status_code=status):
            raise UpgradeRefused(f"it answered the connection upgrade with status {status}")
    raise UpgradeRefused("it upgraded the connection to something else")


async def _answer(websocket: WSConnection, reader: asyncio.StreamReader) -> Event:
    while True:
        data = await reader.read(_CHUNK)
        if not data:
            raise ConnectionError("it hung up instead of upgrading the connection")
        websocket.receive_data(data)
        if (event := next(websocket.events(), None)) is not None:
            return event


def _frame(data: bytes) -> bytes:
    """One binary message, marked as masked with a mask of zeros.

    wsproto masks with random bytes, as it should; some releases of Teleport don't take a mask off, and its own client
    sends zeros for them (18.0.0 takes any mask, tried).
    """
    if len(data) < 126:
        length = struct.pack("!B", _MASKED | len(data))
    elif len(data) < 1 << 16:
        length = struct.pack("!BH", _MASKED | 126, len(data))
    else:
        length = struct.pack("!BQ", _MASKED | 127, len(data))
    return bytes((_FINAL_BINARY,)) + length + _NO_MASK + data
