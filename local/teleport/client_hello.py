"""The first message of a TLS handshake, as far as a router reads it: which application protocols the client offers."""

from __future__ import annotations

from dataclasses import dataclass

_RECORD_HANDSHAKE, _CLIENT_HELLO, _EXTENSION_ALPN = 22, 1, 16

NO_APPLICATION_PROTOCOL = bytes([21, 3, 1, 0, 2, 2, 120])
"""The TLS record of the fatal alert `no_application_protocol`."""


class IncompleteError(Exception):
    """More bytes are needed."""


class NotTlsError(Exception):
    """These bytes don't begin a TLS handshake."""


@dataclass
class _Reader:
    data: bytes
    position: int = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise IncompleteError
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self, size: int) -> _Reader:
        """What follows a length of `size` bytes."""
        return _Reader(self.take(self.number(size)))

    @property
    def is_empty(self) -> bool:
        return self.position >= len(self.data)


def _handshake_bytes(data: bytes) -> bytes:
    """The handshake message, put together from as many TLS records as it takes."""
    records, message = _Reader(data), b""
    while True:
        if records.number(1) != _RECORD_HANDSHAKE:
            raise NotTlsError
        records.take(2)
        message += records.take(records.number(2))
        if len(message) >= 4 and len(message) - 4 >= int.from_bytes(message[1:4], "big"):
            return message


def offered_protocols(data: bytes) -> list[str]:
    """The ALPN names in the client's order; none if it sends no such extension.

    Raises IncompleteError when the ClientHello is not there in full yet, NotTlsError when this is something else.
    """
    hello = _Reader(_handshake_bytes(data))
    if hello.number(1) != _CLIENT_HELLO:
        raise NotTlsError
    body = hello.block(3)
    body.take(2 + 32)
    body.block(1)
    body.block(2)
    body.block(1)
    if body.is_empty:
        return []
    extensions = body.block(2)
    while not extensions.is_empty:
        kind, content = extensions.number(2), extensions.block(2)
        if kind == _EXTENSION_ALPN:
            listed, names = content.block(2), list[str]()
            while not listed.is_empty:
                names.append(listed.block(1).data.decode("latin-1"))
            return names
    return []
