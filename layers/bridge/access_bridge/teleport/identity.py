"""Who we are to Teleport: key, client certificate and Host CAs, of an identity file or of a join, checked before
anything is dialled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from access_bridge.errors import BrokenConfiguration
from access_bridge.teleport.errors import IDENTITY_FILE, NotPermitted, Origin

_WHOLE_FILE = (
    "Store the whole file that tbot's `identity` output, or `tctl auth sign --format=file --user=BOT --out=identity`, "
    "writes, unchanged."
)
_BLOCK = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----\r?\n.*?-----END (?P=label)-----", re.DOTALL)
_CERTIFICATE = "CERTIFICATE"


@dataclass(frozen=True, slots=True)
class Identity:
    """A Teleport identity. Its `repr` shows no key.

    `host_ca_pems` are the Host CAs of the identity's own cluster and nothing else: with the User CA among the trusted
    ones OpenSSL sends two client certificates, and Teleport drops the connection (recorded on 18.0.0).
    """

    key_pem: str = field(repr=False)
    certificate_pem: str = field(repr=False)
    host_ca_pems: tuple[str, ...] = field(repr=False)
    username: str
    cluster_name: str
    not_after: datetime
    roles: tuple[str, ...]
    origin: Origin

    def check_valid(self, now: datetime) -> None:
        """Raise `NotPermitted` if the certificate has expired at `now` (aware); Teleport would only hang up."""
        if now >= self.not_after:
            raise NotPermitted(
                self.origin.setting,
                f"the identity of Teleport user {self.username!r} expired at {self.not_after:%Y-%m-%d %H:%M} UTC.",
                f"{self.origin.renewal}.",
            )


class Identities(Protocol):
    """Where the identity comes from, for as long as an environment lives."""

    def current(self) -> Identity:
        """Return the identity to use now; raises a BridgeError where there is none to be had."""

    def refuse(self, identity: Identity) -> None:
        """Take note that no connection could be made with this identity: `current` gives another, if there is one."""

    def not_permitted(self, identity: Identity) -> None:
        """Take note that Teleport knew this identity, and didn't let it do what we need."""


def parse_identity(pem_text: str) -> Identity:
    """Read an identity file.

    In it the first PEM block is the private key, the second the client certificate, all others are CAs; lines with
    SSH certificates and SSH CAs are skipped. Both shapes are read: tctl's, and tbot's, which has no SSH certificate.

    Raises
    ------
    BrokenConfiguration
        naming the secret, when the text is no whole identity file; the text holds nothing of the secret.
    """
    blocks = list(_BLOCK.finditer(pem_text))
    if not blocks:
        raise _broken("is no identity file: it holds no PEM block.")
    if pem_text.count("-----BEGIN ") != len(blocks):
        raise _broken("is cut short or damaged: a PEM block has no end.")
    key, *certificates = blocks
    if not key["label"].endswith("PRIVATE KEY"):
        raise _broken("doesn't start with a private key.")
    if not certificates or any(block["label"] != _CERTIFICATE for block in certificates):
        raise _broken("must hold one private key, then the client certificate and the CAs.")
    client, *cas = (block[0].replace("\r\n", "\n") + "\n" for block in certificates)
    return identity_from_pems(key[0].replace("\r\n", "\n") + "\n", client, cas)


def identity_from_pems(
    key_pem: str, certificate_pem: str, ca_pems: Sequence[str], origin: Origin = IDENTITY_FILE
) -> Identity:
    """Make an identity of a private key, a client certificate and CAs, of which only the cluster's Host CAs are kept.

    Raises
    ------
    BrokenConfiguration
        when the parts can't be read, don't belong together, or no Host CA of the certificate's cluster is among them.
    """
    try:
        return _identity(key_pem, certificate_pem, ca_pems, origin)
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise _broken("holds a certificate that can't be read.", origin) from error


def _identity(key_pem: str, certificate_pem: str, ca_pems: Sequence[str], origin: Origin) -> Identity:
    certificate = _certificate(certificate_pem)
    _check_key(key_pem, certificate, origin)
    username = _values(certificate.subject, NameOID.COMMON_NAME)
    cluster = _values(certificate.issuer, NameOID.ORGANIZATION_NAME)
    if not username or not cluster:
        raise _broken("holds a certificate that is none of a Teleport user.", origin)
    host_cas = tuple(pem for pem in ca_pems if _is_host_ca(_certificate(pem), cluster[0], certificate))
    if not host_cas:
        raise _broken(f"holds no Host CA of the cluster {cluster[0]!r}.", origin)
    return Identity(
        key_pem=key_pem,
        certificate_pem=certificate_pem,
        host_ca_pems=host_cas,
        username=username[0],
        cluster_name=cluster[0],
        not_after=certificate.not_valid_after_utc,
        roles=_values(certificate.subject, NameOID.ORGANIZATION_NAME),
        origin=origin,
    )


def _is_host_ca(ca: x509.Certificate, cluster: str, client: x509.Certificate) -> bool:
    """Both of a cluster's CAs carry its name; the User CA is the one that issued the client certificate."""
    return cluster in _values(ca.subject, NameOID.ORGANIZATION_NAME) and ca.subject != client.issuer


def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _check_key(key_pem: str, certificate: x509.Certificate, origin: Origin) -> None:
    public = _der(certificate.public_key())
    try:
        same = _der(load_pem_private_key(key_pem.encode(), password=None).public_key()) == public
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # No cause is kept: the text of a parser's error may quote what it read.
        raise _broken("holds a private key that can't be read (or has a password).", origin) from None
    if not same:
        raise _broken("holds a private key and a certificate that don't belong together.", origin)


def _der(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _values(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(attribute.value) for attribute in name.get_attributes_for_oid(oid))


def _broken(problem: str, origin: Origin = IDENTITY_FILE) -> BrokenConfiguration:
    fix = _WHOLE_FILE if origin is IDENTITY_FILE else f"{origin.renewal}."
    return BrokenConfiguration(origin.setting, f"{origin.what} {problem}", fix)
