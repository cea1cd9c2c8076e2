"""Certificates for keys that the clients themselves made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from local.teleport.authorities import Authorities
from local.teleport.certificates import certificate_for_key
from local.teleport.errors import bad_parameter
from local.teleport.identity import CertificateIdentity, SshAuthorities, subject
from local.teleport.proto import local_teleport_pb2 as pb

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys that a client wants certificates for. None: no such certificate."""

    tls: PublicKey | None
    ssh: PublicKey | None


def parse_keys(tls_pem: bytes, ssh_line: bytes) -> PublicKeys:
    """The keys in a request: PEM (PKIX, or PKCS #1 for RSA) and a line of `authorized_keys`. Empty is none.

    Raises RefusedError for what is no key of a kind that certificates are made for (the texts are not recorded).
    """
    try:
        tls = serialization.load_pem_public_key(tls_pem) if tls_pem else None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise bad_parameter("the TLS public key is no PEM of a public key") from error
    try:
        ssh = serialization.load_ssh_public_key(ssh_line) if ssh_line else None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise bad_parameter("ssh: no key found") from error
    if not isinstance(tls, PublicKey | None) or not isinstance(ssh, PublicKey | None):
        raise bad_parameter("public keys must be RSA, ECDSA or Ed25519")
    return PublicKeys(tls, ssh)


class Issuer:
    """Signs clients' certificates with the cluster's User CA."""

    def __init__(self, cluster: str, authorities: Authorities, ssh: SshAuthorities) -> None:
        self._cluster = cluster
        self._authorities = authorities
        self._ssh = ssh

    def issue(
        self, holder: CertificateIdentity, keys: PublicKeys, logins: Sequence[str], end: datetime, *, with_host_ca: bool
    ) -> pb.Certs:
        """Certificates for these keys, valid until `end`, and the authorities that count: those for users first."""
        certs = pb.Certs(TLSCACerts=self._encoded(with_host_ca=with_host_ca), SSHCACerts=[self._ssh.user_key.encode()])
        if with_host_ca:
            certs.SSHCACerts.append(self._ssh.host_key.encode())
        if keys.tls is not None:
            name = subject(self._cluster, holder, logins, {})
            certificate = certificate_for_key(self._authorities.user.signer, keys.tls, name, end)
            certs.TLS = certificate.public_bytes(serialization.Encoding.PEM)
        if keys.ssh is not None:
            certs.SSH = self._ssh.user_certificate(keys.ssh, holder.user, logins, end).encode()
        return certs

    def _encoded(self, *, with_host_ca: bool) -> list[bytes]:
        hosts = self._authorities.host.certificates if with_host_ca else []
        return [one.encode() for one in (*self._authorities.user.certificates, *hosts)]
