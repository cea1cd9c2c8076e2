"""TLS as Teleport wants it. To its auth server: the Host CA, one client certificate, the ALPN list that a proxy routes
by. To its proxy: the public roots and the private CAs that were configured.
"""

from __future__ import annotations

import ssl
from functools import cached_property
from tempfile import NamedTemporaryFile
from typing import Final

import certifi

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.identity import Identity

SERVER_NAME: Final = "teleport.cluster.local"
HTTP2: Final = "h2"
JOIN_PROTOCOLS: Final = ("teleport-proxy-grpc", HTTP2)
"""What a client offers that has no certificate yet: the proxy routes it to its public gRPC server."""


class WebTls:
    """Trust in what has a web certificate: a Teleport proxy, or the load balancer before it.

    Parameters
    ----------
    extra_ca_pem
        Private CAs, as PEM, trusted besides the public roots.
    """

    def __init__(self, extra_ca_pem: str = "") -> None:
        self.extra_ca_pem = extra_ca_pem

    def offering(self, *protocols: str) -> ssl.SSLContext:
        """Return the context, set to offer these ALPN names in the connections made from now on.

        Raises
        ------
        BrokenConfiguration
            when `extra_ca_pem` is no PEM.
        """
        # One context for all: OpenSSL copies the names into each connection, and the public roots take 20 ms to load.
        self._context.set_alpn_protocols(list(protocols))
        return self._context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(certifi.where())
        if self.extra_ca_pem:
            trust(context, self.extra_ca_pem)
        return context


def trust(context: ssl.SSLContext, extra_ca_pem: str) -> None:
    """Let a context trust the private CAs too; raises BrokenConfiguration when they are no PEM."""
    try:
        context.load_verify_locations(cadata=extra_ca_pem.encode("ascii", "replace").decode())
    except ssl.SSLError as error:
        raise BrokenConfiguration(
            "EXTRA_CA_PARAMETER",
            "it holds no PEM certificates.",
            "Put the private CAs' certificates into it, as PEM.",
        ) from error


def knows_no_protocol(error: OSError) -> bool:
    """Whether the other side ended the handshake because it knows none of the ALPN names that it was offered.

    By OpenSSL's text: Python's `reason` is None for this alert (seen on 3.11 and 3.13).
    """
    return isinstance(error, ssl.SSLError) and "alert no application protocol" in str(error)


def alpn_protocols(cluster_name: str) -> list[str]:
    """Return the ALPN list for a cluster: the proxy routes by the first entry, the auth server speaks the second.

    The proxy takes the first entry that it knows, so the order counts; an auth server dialled directly takes the same
    list (both recorded on 18.0.0).
    """
    return [f"teleport-auth@{cluster_name.encode().hex()}.{SERVER_NAME}", HTTP2]


def client_context(identity: Identity) -> ssl.SSLContext:
    """Return the TLS context for an identity. The other side must prove to be `SERVER_NAME` by the cluster's Host CA.

    Not `create_default_context`: its strict checks, new in Python 3.13, may refuse CAs of old clusters.

    Raises
    ------
    BrokenConfiguration
        when OpenSSL can't use what is in the identity file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_alpn_protocols(alpn_protocols(identity.cluster_name))
        context.load_verify_locations(cadata="".join(identity.host_ca_pems))
        # OpenSSL loads a key from a file only: this one has mode 0600 and is gone when the block ends.
        with NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(identity.key_pem + identity.certificate_pem)
            file.flush()
            context.load_cert_chain(file.name)
    except ssl.SSLError as error:
        raise BrokenConfiguration(
            identity.origin.setting,
            f"OpenSSL refuses the identity ({error.reason or error}).",
            f"{identity.origin.renewal}.",
        ) from error
    return context
