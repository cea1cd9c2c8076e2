"""The proxy's web side over HTTP/2: where a client lands that offers `h2` only, a gRPC client for instance."""

from __future__ import annotations

import asyncio

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError


class NotFoundOverHttp2(asyncio.Protocol):
    """Answers every request with 404: no page is asked for over HTTP/2 here, and gRPC is not served (recorded)."""

    def __init__(self) -> None:
        self._http2 = H2Connection(H2Configuration(client_side=False))
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._http2.initiate_connection()
        transport.write(self._http2.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Refuses each stream as soon as its headers are there. What is no HTTP/2 ends the connection."""
        assert self._transport is not None
        try:
            events = self._http2.receive_data(data)
        except ProtocolError:
            self._transport.abort()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._http2.send_headers(event.stream_id, [(":status", "404")], end_stream=True)
        self._transport.write(self._http2.data_to_send())
