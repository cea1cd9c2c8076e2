"""The cluster's certificate authorities and what they sign. Keys are EC P-256, Teleport's default suite since 17."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class KeyAndCertificate:
    """A private key and the certificate for it, both also as PEM."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> str:
        """The private key, PKCS #8, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def certificate_pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate_authority(organization: str) -> KeyAndCertificate:
    """A self-signed authority, valid for ten years.

    As recorded, its subject repeats its own serial number; that alone tells the authorities of one cluster apart.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    serial = secrets.randbits(126)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, organization),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, str(serial)),
        ]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyAndCertificate(key, certificate)


def _sign(
    authority: KeyAndCertificate,
    key: CertificatePublicKeyTypes,
    subject: x509.Name,
    usages: Sequence[x509.ObjectIdentifier],
    end: datetime,
) -> x509.CertificateBuilder:
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    # Teleport starts a certificate a minute early (recorded). One that ended already has to start earlier still.
    start = min(datetime.now(UTC), end) - timedelta(minutes=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )


def server_certificate(
    authority: KeyAndCertificate, organization: str, dns_names: Sequence[str], addresses: Sequence[str] = ()
) -> KeyAndCertificate:
    """A certificate for a TLS server with these names and IP addresses, valid for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, dns_names[0]),
        ]
    )
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names += [x509.IPAddress(ip_address(address)) for address in addresses]
    end = datetime.now(UTC) + timedelta(days=3649)
    builder = _sign(authority, key.public_key(), subject, [ExtendedKeyUsageOID.SERVER_AUTH], end)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return KeyAndCertificate(key, builder.sign(authority.key, hashes.SHA256()))


def client_certificate(authority: KeyAndCertificate, subject: x509.Name, lifetime: timedelta) -> KeyAndCertificate:
    """A user's certificate, and a key for it. `lifetime` below zero makes one that has ended already."""
    key = ec.generate_private_key(ec.SECP256R1())
    return KeyAndCertificate(
        key, certificate_for_key(authority, key.public_key(), subject, datetime.now(UTC) + lifetime)
    )


def certificate_for_key(
    authority: KeyAndCertificate, key: CertificatePublicKeyTypes, subject: x509.Name, end: datetime
) -> x509.Certificate:
    """A user's certificate for a key of his own, valid until `end`."""
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _sign(authority, key, subject, usages, end).sign(authority.key, hashes.SHA256())
