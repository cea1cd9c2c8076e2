"""The gRPC connection: dialling Teleport with our own TLS, and what it means when that fails."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import cast

from grpclib.client import Channel
from grpclib.protocol import H2Protocol

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.discovery import Address, Proxy
from access_bridge.teleport.errors import ADDRESS_SETTING, IDENTITY_SETTING, Unavailable
from access_bridge.teleport.tls import HTTP2, SERVER_NAME

CONNECT_TIMEOUT = 5.0
_ADDRESS_FIX = "Set it to the address of the cluster's proxy (with TLS routing), or of its auth server."


class TeleportChannel(Channel):
    """A grpclib channel that dials within `CONNECT_TIMEOUT`, insists on HTTP/2, and raises our own errors if it can't.

    `proxy` is what the proxy at the address said, if one did: it tells the causes of a failure apart.
    grpclib 0.4.9 checks no ALPN and has no hook for it, so this overrides the one method in which it dials.
    """

    def __init__(self, address: Address, context: ssl.SSLContext, proxy: Proxy | None) -> None:
        super().__init__(address.host, address.port, ssl=context)
        self._address = address
        self._context = context
        self._proxy = proxy
        self._transport: asyncio.Transport | None = None

    async def _create_connection(self) -> H2Protocol:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                transport, protocol = await asyncio.get_running_loop().create_connection(
                    self._protocol_factory,
                    self._address.host,
                    self._address.port,
                    ssl=self._context,
                    server_hostname=SERVER_NAME,
                )
        except OSError as error:
            raise dial_error(error, self._address, self._proxy) from error
        self._transport = transport
        if cast(ssl.SSLObject, transport.get_extra_info("ssl_object")).selected_alpn_protocol() != HTTP2:
            raise BrokenConfiguration(ADDRESS_SETTING, f"{self._address} speaks no HTTP/2.", _ADDRESS_FIX)
        return protocol

    async def hang_up(self) -> None:
        """Close the connection and its socket; safe to call when there is none."""
        self.close()
        if self._transport is not None:
            with contextlib.suppress(AttributeError):  # early 3.11 releases fail here once the peer has closed
                self._transport.abort()
            await asyncio.sleep(0)  # the socket is closed in the loop's next round, the TLS layer's in this one
            await asyncio.sleep(0)


def dial_error(error: OSError, address: Address, proxy: Proxy | None) -> BridgeError:  # noqa: PLR0911 - one line a cause
    """Return what a failed dial means: `BrokenConfiguration` where waiting can't help, else `Unavailable`.

    Parameters
    ----------
    error
        What the socket or OpenSSL raised before the connection stood.
    address, proxy
        Where we dialled, and what the proxy there said about itself (None: no proxy answered).
    """
    match error:
        case ssl.SSLCertVerificationError() if proxy:
            return BrokenConfiguration(
                IDENTITY_SETTING,
                f"the identity file's Host CAs don't know the auth server behind {address}.",
                "If the cluster's Host CA was rotated, store a new identity file. If a load balancer ends TLS "
                f"before Teleport, set {ADDRESS_SETTING} to an address where TLS is passed through.",
            )
        case ssl.SSLCertVerificationError():
            return BrokenConfiguration(
                ADDRESS_SETTING,
                f"{address} is no server of the identity's cluster.",
                f"{_ADDRESS_FIX} If it is right, the cluster's Host CA may be a new one: store a new identity file.",
            )
        case ssl.SSLError() if error.reason == "TLSV1_ALERT_NO_APPLICATION_PROTOCOL":
            return BrokenConfiguration(ADDRESS_SETTING, f"{address} is no server of Teleport's gRPC API.", _ADDRESS_FIX)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return _unreachable(address, "it closed the connection during the TLS handshake", proxy)
        case ssl.SSLError():
            return BrokenConfiguration(
                ADDRESS_SETTING, f"{address} refuses TLS as Teleport speaks it ({error.reason}).", _ADDRESS_FIX
            )
        case socket.gaierror() if error.errno == socket.EAI_NONAME:
            return BrokenConfiguration(ADDRESS_SETTING, f"no host has the name {address.host}.", _ADDRESS_FIX)
        case TimeoutError():
            return _unreachable(address, "it didn't answer in time", proxy)
        case ConnectionRefusedError():
            return _unreachable(address, "nothing listens there", proxy)
        case ConnectionResetError():
            return _unreachable(address, "it hung up, as a proxy does for a cluster that it doesn't know", proxy)
    return _unreachable(address, error.strerror or str(error) or type(error).__name__, proxy)


def _unreachable(address: Address, why: str, proxy: Proxy | None) -> Unavailable:
    hint = " Its proxy says that TLS routing is off." if proxy and not proxy.tls_routing_enabled else ""
    return Unavailable(f"Teleport can't be reached: {why}.{hint} {ADDRESS_SETTING} is {address}.")
