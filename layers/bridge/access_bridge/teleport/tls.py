"""TLS as Teleport's auth server wants it: its Host CA, one client certificate, the ALPN list that a proxy routes by."""

from __future__ import annotations

import ssl
from tempfile import NamedTemporaryFile

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.errors import IDENTITY_SETTING
from access_bridge.teleport.identity import Identity

SERVER_NAME = "teleport.cluster.local"
HTTP2 = "h2"


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
            IDENTITY_SETTING,
            f"OpenSSL refuses the file ({error.reason or error}).",
            "Store a new identity file.",
        ) from error
    return context
