"""The gRPC connection: dialling Teleport with our own TLS, through an upgraded connection where that is needed, and
what it means when that fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from grpclib.client import Channel
from grpclib.protocol import H2Protocol

from access_bridge.errors import BridgeError, BrokenConfiguration
from access_bridge.teleport.discovery import Address, Endpoint, Found
from access_bridge.teleport.errors import ADDRESS_SETTING, Origin, Unavailable
from access_bridge.teleport.tls import HTTP2, SERVER_NAME, knows_no_protocol
from access_bridge.teleport.upgrade import Tunnel, UpgradeRefused, open_tunnel

CONNECT_TIMEOUT = 5.0
_ADDRESS_FIX = "Set it to the address of the cluster's proxy (with TLS routing), or of its auth server."


class HostCaUnknown(BrokenConfiguration):
    """The auth server's certificate is signed by none of the Host CAs that the identity came with."""


@dataclass(frozen=True, slots=True)
class Dial:
    """How to reach a gRPC server at an endpoint.

    `context` and `server_name`: TLS with that server. `explain`: what an error before the connection stands means.
    `check`: looks at the server's TLS once the connection stands, and raises BrokenConfiguration.
    """

    endpoint: Endpoint
    found: Found
    context: ssl.SSLContext
    server_name: str
    explain: Callable[[OSError], BridgeError]
    check: Callable[[ssl.SSLObject], None] = lambda _tls: None


def to_auth(endpoint: Endpoint, found: Found, context: ssl.SSLContext, origin: Origin) -> Dial:
    """Return how to reach the auth server, by a context of `client_context`: end to end, whatever stands between."""
    return Dial(endpoint, found, context, SERVER_NAME, lambda error: dial_error(error, endpoint.address, found, origin))


class TeleportChannel(Channel):
    """A grpclib channel that dials within `CONNECT_TIMEOUT`, insists on HTTP/2, and raises our own errors if it can't.

    grpclib 0.4.9 checks no ALPN and has no hook for it, so this overrides the one method in which it dials.
    """

    def __init__(self, dial: Dial) -> None:
        address = dial.endpoint.address
        super().__init__(address.host, address.port, ssl=dial.context)
        self._dial = dial
        self._transport: asyncio.Transport | None = None
        self._tunnel: Tunnel | None = None

    async def _create_connection(self) -> H2Protocol:
        dial = self._dial
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                transport, protocol = await asyncio.get_running_loop().create_connection(
                    self._protocol_factory, ssl=dial.context, server_hostname=dial.server_name, **await self._way()
                )
        except OSError as error:
            raise dial.explain(error) from error
        self._transport = transport
        tls = cast(ssl.SSLObject, transport.get_extra_info("ssl_object"))
        if tls.selected_alpn_protocol() != HTTP2:
            raise BrokenConfiguration(ADDRESS_SETTING, f"{dial.endpoint.address} speaks no HTTP/2.", _ADDRESS_FIX)
        dial.check(tls)
        return protocol

    async def _way(self) -> dict[str, Any]:
        endpoint = self._dial.endpoint
        if not self._dial.found.needs_upgrade:
            return {"host": endpoint.address.host, "port": endpoint.address.port}
        await self._close_tunnel()
        self._tunnel = await open_tunnel(endpoint.address, endpoint.web_tls.offering("http/1.1"))
        return {"sock": self._tunnel.socket}

    async def hang_up(self) -> None:
        """Close the connection and its socket; safe to call when there is none."""
        self.close()
        if self._transport is not None:
            with contextlib.suppress(AttributeError):  # early 3.11 releases fail here once the peer has closed
                self._transport.abort()
            await asyncio.sleep(0)  # the socket is closed in the loop's next round, the TLS layer's in this one
            await asyncio.sleep(0)
        await self._close_tunnel()

    async def _close_tunnel(self) -> None:
        if self._tunnel is not None:
            await self._tunnel.close()
            self._tunnel = None


def dial_error(error: OSError, address: Address, found: Found, origin: Origin) -> BridgeError:
    """Return what a failed dial of the auth server means: `BrokenConfiguration` where waiting can't help, else
    `Unavailable`.

    Parameters
    ----------
    error
        What the socket or OpenSSL raised before the connection stood.
    address, found
        Where we dialled, and what answered there.
    origin
        Where the identity comes from.
    """
    proxy = found.proxy
    match error:
        case ssl.SSLCertVerificationError() if proxy:
            return HostCaUnknown(
                origin.setting,
                f"the identity's Host CAs don't know the auth server behind {address}; the cluster's Host CA may have "
                "been rotated.",
                f"{origin.renewal}. If a load balancer ends TLS before Teleport, and doesn't pass WebSockets, set "
                f"{ADDRESS_SETTING} to an address where TLS is passed through.",
            )
        case ssl.SSLCertVerificationError():
            return HostCaUnknown(
                ADDRESS_SETTING,
                f"{address} is no server of the identity's cluster.",
                f"{_ADDRESS_FIX} If it is right, the cluster's Host CA may be a new one. {origin.renewal}.",
            )
        case ssl.SSLError() if knows_no_protocol(error):
            return BrokenConfiguration(ADDRESS_SETTING, f"{address} is no server of Teleport's gRPC API.", _ADDRESS_FIX)
    return network_error(error, address, found)


def network_error(error: OSError, address: Address, found: Found) -> BridgeError:  # noqa: PLR0911 - one line a cause
    """Return what a failed dial means where no certificate is in question; parameters as for `dial_error`."""
    match error:
        case UpgradeRefused():
            return BrokenConfiguration(
                ADDRESS_SETTING,
                f"something before the Teleport proxy ends TLS at {address}, and {error}.",
                "Let the load balancer pass WebSockets to the proxy (Teleport 17 or newer), or set it to an address "
                "where TLS is passed through.",
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return _unreachable(address, "it closed the connection during the TLS handshake", found)
        case ssl.SSLError():
            return BrokenConfiguration(
                ADDRESS_SETTING, f"{address} refuses TLS as Teleport speaks it ({error.reason or error}).", _ADDRESS_FIX
            )
        case socket.gaierror() if error.errno == socket.EAI_NONAME:
            return BrokenConfiguration(ADDRESS_SETTING, f"no host has the name {address.host}.", _ADDRESS_FIX)
        case TimeoutError():
            return _unreachable(address, "it didn't answer in time", found)
        case ConnectionRefusedError():
            return _unreachable(address, "nothing listens there", found)
        case ConnectionResetError():
            return _unreachable(address, "it hung up, as a proxy does for a cluster that it doesn't know", found)
    return _unreachable(address, error.strerror or str(error) or type(error).__name__, found)


def _unreachable(address: Address, why: str, found: Found) -> Unavailable:
    hint = " Its proxy says that TLS routing is off." if found.proxy and not found.proxy.tls_routing_enabled else ""
    return Unavailable(f"Teleport can't be reached: {why}.{hint} {ADDRESS_SETTING} is {address}.")
