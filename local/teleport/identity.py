"""Who a caller is: written into client certificates and identity files, and read back from a certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    SSHCertPublicKeyTypes,
)
from cryptography.x509.oid import NameOID

from local.teleport.certificates import KeyAndCertificate
from local.teleport.ids import new_uuid

IdentityShape = Literal["tctl", "tbot", "tsh"]

_TELEPORT = "1.3.9999"
_HOME_CLUSTER = x509.ObjectIdentifier(f"{_TELEPORT}.1.7")
_CLIENT_ADDRESS = x509.ObjectIdentifier(f"{_TELEPORT}.1.9")
_KEY_POLICY = x509.ObjectIdentifier(f"{_TELEPORT}.1.15")
_USER_TYPE = x509.ObjectIdentifier(f"{_TELEPORT}.1.20")
_IMPERSONATOR = x509.ObjectIdentifier(f"{_TELEPORT}.2.7")
_NO_REISSUE = x509.ObjectIdentifier(f"{_TELEPORT}.2.9")
_BOT_NAME = x509.ObjectIdentifier(f"{_TELEPORT}.2.18")
_BOT_INSTANCE = x509.ObjectIdentifier(f"{_TELEPORT}.2.20")
_JOIN_ATTRIBUTES = x509.ObjectIdentifier(f"{_TELEPORT}.2.21")


@dataclass(frozen=True, slots=True)
class CertificateIdentity:
    """What a client certificate says about its holder. `expires` is in nanoseconds since 1970.

    Of a bot: `bot_instance` is its join, `join_attributes` (JSON) how it joined.
    """

    user: str
    roles: tuple[str, ...]
    impersonator: str = ""
    bot_name: str = ""
    expires: int = 0
    bot_instance: str = ""
    join_attributes: str = ""


def _attribute(oid: x509.ObjectIdentifier, value: str) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(oid, value)])


def subject(
    cluster: str, identity: CertificateIdentity, logins: Sequence[str], traits: Mapping[str, Sequence[str]]
) -> x509.Name:
    """The subject of a user's certificate: the attributes that were recorded, in their order."""
    names = [
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.LOCALITY_NAME, login) for login in logins]),
        _attribute(NameOID.STREET_ADDRESS, cluster),
        _attribute(NameOID.POSTAL_CODE, json.dumps(traits) if traits else "null"),
    ]
    if identity.roles:
        roles = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, role) for role in identity.roles]
        names.append(x509.RelativeDistinguishedName(roles))
    names += [_attribute(NameOID.COMMON_NAME, identity.user), _attribute(_HOME_CLUSTER, cluster)]
    if identity.bot_name:
        names.append(_attribute(_CLIENT_ADDRESS, "127.0.0.1"))
    if identity.impersonator:
        names.append(_attribute(_IMPERSONATOR, identity.impersonator))
    if identity.bot_name:
        if identity.impersonator:
            names.append(_attribute(_NO_REISSUE, "true"))
        names += [_attribute(_BOT_NAME, identity.bot_name), _attribute(_BOT_INSTANCE, identity.bot_instance)]
    names += [_attribute(_USER_TYPE, "local"), _attribute(_KEY_POLICY, "none")]
    if identity.bot_name:
        names.append(_attribute(_JOIN_ATTRIBUTES, identity.join_attributes))
    return x509.Name(names)


def _value(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def from_certificate(der: bytes) -> CertificateIdentity:
    """Who the holder of this client certificate is."""
    certificate = x509.load_der_x509_certificate(der)
    name = certificate.subject
    return CertificateIdentity(
        user=_value(name, NameOID.COMMON_NAME),
        roles=tuple(str(role.value) for role in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)),
        impersonator=_value(name, _IMPERSONATOR),
        bot_name=_value(name, _BOT_NAME),
        expires=int(certificate.not_valid_after_utc.timestamp()) * 1_000_000_000,
        bot_instance=_value(name, _BOT_INSTANCE),
        join_attributes=_value(name, _JOIN_ATTRIBUTES),
    )


def _openssh(key: ed25519.Ed25519PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


class SshAuthorities:
    """The SSH side of an identity file. Nothing here talks SSH; a parser of identity files has to get past it."""

    def __init__(self) -> None:
        self._user = ed25519.Ed25519PrivateKey.generate()
        self._host = ed25519.Ed25519PrivateKey.generate()

    def user_certificate(self, key: SSHCertPublicKeyTypes, name: str, logins: Sequence[str], end: datetime) -> str:
        """One line: an SSH certificate for a key, valid until `end`."""
        start, last = int(datetime.now(UTC).timestamp()), int(end.timestamp())
        builder = (
            SSHCertificateBuilder()
            .public_key(key)
            .serial(0)
            .type(SSHCertificateType.USER)
            .key_id(name.encode())
            .valid_principals([login.encode() for login in logins])
            .valid_after(min(start, last) - 60)
            .valid_before(last)
            .add_extension(b"permit-port-forwarding", b"")
        )
        return builder.sign(self._user).public_bytes().decode()

    @property
    def user_key(self) -> str:
        """One line: the public key of the authority that signs users' SSH certificates."""
        return _openssh(self._user)

    @property
    def host_key(self) -> str:
        """One line: the public key of the authority that signs the cluster's SSH host keys."""
        return _openssh(self._host)

    def known_host(self, cluster: str) -> str:
        """One line of a `known_hosts` file: the authority that signs the cluster's SSH host keys."""
        return f"@cert-authority {cluster},*.{cluster} {self.host_key} type=host"


def unusable_logins() -> list[str]:
    """The logins of a certificate that may log in nowhere, as recorded."""
    return [f"-teleport-nologin-{new_uuid()}", "-teleport-internal-join"]


def identity_text(holder: KeyAndCertificate, host_ca_pem: str, known_host: str, ssh_certificate: str = "") -> str:
    """An identity file: key, SSH certificate (if any), client certificate, SSH host authority, Host CA."""
    return "".join(
        [
            holder.key_pem,
            f"{ssh_certificate}\n" if ssh_certificate else "",
            holder.certificate_pem,
            f"{known_host}\n",
            host_ca_pem,
        ]
    )
