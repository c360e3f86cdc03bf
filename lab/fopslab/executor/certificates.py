"""The executor's own certificate authority, and the certificates, good and bad, that it issues."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAME = "executor.lab.test"
VALID_DAYS = 30


@dataclass(frozen=True)
class Issuer:
    """A certificate authority whose key lives in memory only."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def make_issuer(common_name: str) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject(common_name))
        .issuer_name(subject(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Issuer(certificate, key)


def issue(issuer: Issuer, folder: Path, name: str, dns_name: str, address: str | None, valid_until: datetime) -> str:
    """Writes NAME.pem and NAME.key; returns the SHA-256 of the public key in base64, as pins are written."""
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(dns_name)]
    if address:
        names.append(x509.IPAddress(ip_address(address)))
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject(dns_name))
        .issuer_name(issuer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_until - timedelta(days=VALID_DAYS + 1))
        .not_valid_after(valid_until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").touch(0o600)
    (folder / f"{name}.key").write_bytes(secret)
    encoded = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


def make_certificates(folder: Path) -> dict[str, str]:
    """Issues everything anew: server (good), wrong-name, expired, untrusted (another authority). Returns their pins."""
    now = datetime.now(UTC)
    good = make_issuer("fops lab authority")
    other = make_issuer("fops lab authority that nobody trusts")
    later = now + timedelta(days=VALID_DAYS - 1)
    (folder / "ca.pem").write_bytes(good.certificate.public_bytes(serialization.Encoding.PEM))
    return {
        "server": issue(good, folder, "server", SERVER_NAME, "127.0.0.1", later),
        "wrongName": issue(good, folder, "wrongName", "other.lab.test", None, later),
        "expired": issue(good, folder, "expired", SERVER_NAME, "127.0.0.1", now - timedelta(days=1)),
        "untrusted": issue(other, folder, "untrusted", SERVER_NAME, "127.0.0.1", later),
    }
