"""The cluster's own certificate authority, what it issues for servers and people, and the key that signs tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fopslab.executor.certificates import VALID_DAYS, Issuer, make_issuer

SERVER_NAME = "kubernetes.lab"
SERVER_NAMES = (SERVER_NAME, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost", "127.0.0.1")


@dataclass(frozen=True)
class Wanted:
    """One certificate: whose, of which groups, and for a server its names."""

    file: str
    common_name: str
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def private_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(0o600)
    path.write_bytes(private_text(key))


def issue(issuer: Issuer, folder: Path, wanted: Wanted) -> x509.Certificate:
    """Writes FILE.pem and FILE.key. Groups become organizations: that is where the API server looks for them."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in wanted.groups]
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name))
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if wanted.names else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS - 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    if wanted.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(general_names(wanted.names)), critical=False)
    certificate = builder.sign(issuer.key, hashes.SHA256())
    (folder / f"{wanted.file}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    write_private(folder / f"{wanted.file}.key", key)
    return certificate


def pin_of(certificate: x509.Certificate) -> str:
    """The SHA-256 of the public key in base64."""
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def fingerprint_of(certificate: x509.Certificate) -> str:
    """The SHA-256 of the whole certificate in hex with colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def make_certificates(folder: Path) -> dict[str, str]:
    """Issues everything anew; returns pin and fingerprint of the API server's certificate."""
    issuer = make_issuer("fops lab cluster authority")
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(serialization.Encoding.PEM))
    server = issue(issuer, folder, Wanted("server", SERVER_NAME, names=SERVER_NAMES))
    issue(issuer, folder, Wanted("node", "lab-node", names=("lab-node", "127.0.0.1")))
    masters = ("system:masters",)
    issue(issuer, folder, Wanted("kubelet-client", "kube-apiserver-kubelet-client", masters))
    issue(issuer, folder, Wanted("admin", "admin", masters))
    issue(issuer, folder, Wanted("fops", "fops"))
    signer = ec.generate_private_key(ec.SECP256R1())
    write_private(folder / "service-account.key", signer)
    public = signer.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "service-account.pub").write_bytes(public)
    return {"pin": pin_of(server), "fingerprint": fingerprint_of(server)}
