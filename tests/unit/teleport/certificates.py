"""Made-up clusters: a Host CA, a User CA and client certificates, as Teleport shapes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    """One CA of a cluster. A cluster's CAs have the same names and differ in the subject's serial number."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """Its certificate."""
        return pem(self.certificate)


def authority(cluster: str, serial: str) -> Authority:
    """Make a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, cluster),
            x509.NameAttribute(NameOID.COMMON_NAME, cluster),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
        ]
    )
    return Authority(_sign(name, name, key, key, ca=True), key)


def client(issuer: Authority, user: str, roles: tuple[str, ...], not_after: datetime | None = None) -> tuple[str, str]:
    """Return key and certificate of a user."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, role) for role in roles),
            x509.NameAttribute(NameOID.COMMON_NAME, user),
        ]
    )
    return key_pem(key), pem(_sign(subject, issuer.certificate.subject, key, issuer.key, not_after=not_after))


def server(issuer: Authority, host_name: str) -> tuple[str, str]:
    """Return key and certificate of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_name)])
    return key_pem(key), pem(_sign(subject, issuer.certificate.subject, key, issuer.key, host_name=host_name))


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    issuer_key: Key,
    *,
    ca: bool = False,
    host_name: str = "",
    not_after: datetime | None = None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(not_after or now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host_name:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host_name)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def key_pem(key: Key) -> str:
    """A private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pem(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()
