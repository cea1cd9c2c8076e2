"""A client of the proxy's connection upgrade, of the tests' own: HTTP and WebSocket frames written by hand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal

BINARY, TEXT, CONTINUATION, CLOSE, PING, PONG = 2, 1, 0, 8, 9, 10
ZERO_MASK = bytes(4)

Mask = Literal["zero mask", "random masks"]

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455


def frame(payload: bytes, *, opcode: int = BINARY, mask: bytes = ZERO_MASK, final: bool = True) -> bytes:
    """One frame from a client to a server."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65536:
        size = bytes([0x80 | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([0x80 | 127]) + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if any(mask) else payload
    return bytes([0x80 * final | opcode]) + size + mask + masked


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The opcode and the payload of a server's next frame. asyncio.IncompleteReadError when the connection ends."""
    first, second = await reader.readexactly(2)
    assert first & 0x80, "a frame that is not the last of its message"
    assert not second & 0x80, "a masked frame from a server"
    length = second
    if second >= 126:
        length = int.from_bytes(await reader.readexactly(2 if second == 126 else 8), "big")
    return first & 0x0F, await reader.readexactly(length)


def handshake(subprotocol: str = "alpn", **changed: str | None) -> dict[str, str]:
    """The headers of a right request; `changed` replaces some, with None takes them away (`_` stands for `-`)."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Protocol": subprotocol,
    }
    for name, value in changed.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return headers


LEGACY = {"Upgrade": "alpn", "X-Teleport-Upgrade": "alpn", "Connection": "Upgrade"}


@dataclass(frozen=True)
class Outer:
    """A connection to the web side, and what it answered to the request for an upgrade."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    headers: Mapping[str, str]


@contextlib.asynccontextmanager
async def asked(
    address: str, trusted_pem: str, headers: Mapping[str, str], *, line: str = "GET /webapi/connectionupgrade HTTP/1.1"
) -> AsyncIterator[Outer]:
    """Asks for an upgrade over a connection of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trusted_pem)
    context.set_alpn_protocols(["http/1.1"])
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        lines = [line, f"Host: {address}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        fields = (header.partition(":") for header in rest)
        answered = {name.strip().lower(): value.strip() for name, _, value in fields}
        yield Outer(reader, writer, int(first.split(" ")[1]), answered)
    finally:
        writer.close()


async def hung_up(outer: Outer) -> bool:
    """Whether the server ends the connection, whatever it still says before."""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            while await outer.reader.read(65536):
                pass
    return True


def accepts(key: str) -> str:
    """The `Sec-WebSocket-Accept` that belongs to a `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1((key + _MAGIC).encode(), usedforsecurity=False).digest()).decode()


@contextlib.asynccontextmanager
async def carried(
    address: str, trusted_pem: str, *, subprotocol: str = "alpn", mask: Mask = "zero mask", legacy: bool = False
) -> AsyncIterator[str]:
    """`127.0.0.1:PORT`, whose one connection is carried through an upgrade at `address`."""
    headers = dict(LEGACY) if legacy else handshake(subprotocol)
    async with asked(address, trusted_pem, headers) as outer:
        assert outer.status == 101
        if not legacy:
            assert outer.headers["sec-websocket-accept"] == accepts(headers["Sec-WebSocket-Key"])
            assert outer.headers["sec-websocket-protocol"] == subprotocol
        running: list[asyncio.Task[None]] = []

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            running.append(asyncio.ensure_future(_outwards(reader, outer, mask, legacy=legacy)))
            running.append(asyncio.ensure_future(_inwards(outer, writer, legacy=legacy)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def _outwards(inner: asyncio.StreamReader, outer: Outer, mask: Mask, *, legacy: bool) -> None:
    while data := await inner.read(65536):
        key = ZERO_MASK if mask == "zero mask" else secrets.token_bytes(4)
        outer.writer.write(data if legacy else frame(data, mask=key))
        await outer.writer.drain()


async def _inwards(outer: Outer, inner: asyncio.StreamWriter, *, legacy: bool) -> None:
    """Ends the inner connection when the outer one ends."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while not outer.reader.at_eof():
            if legacy:
                inner.write(await outer.reader.read(65536))
                continue
            opcode, payload = await read_frame(outer.reader)
            if opcode == BINARY:
                inner.write(payload)
            elif opcode == PING:
                outer.writer.write(frame(payload, opcode=PONG))
    inner.close()
