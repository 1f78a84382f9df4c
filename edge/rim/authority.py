"""A hub's own certificate authority in a folder: certificates for the broker, gateways and coordinator, revocation.

ECDSA P-256, as event-path-facts §3 measured it. Keys are files of mode 0600. What exists is kept, so that adding a
gateway changes no other; a certificate is renewed by removing its two files and asking again.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS: Final = 3_650
LEAF_DAYS: Final = 730
BACKDATED: Final = timedelta(minutes=5)
"""For gateways whose clock is a little behind."""
CA: Final = "ca"
CRL_FILE: Final = "crl.pem"


class AuthorityFault(Exception):  # noqa: N818  (the fault is the folder's)
    """The folder's authority can't be used; the text says why."""


class Authority:
    """Opens the authority in `folder`, or makes it at first use. Raises AuthorityFault."""

    def __init__(self, folder: Path, title: str) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self._paths(CA)
        try:
            if not certificate.exists():
                self._make(title)
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
            loaded = load_pem_private_key(key.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise AuthorityFault(f"the authority in {folder} can't be used: {error}") from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise AuthorityFault(f"{key} is no key of an elliptic curve; it was not made here")
        self._key = loaded

    def issue(
        self,
        name: str,
        server_names: Sequence[str] = (),
        until: datetime | None = None,
        dials: bool = False,
    ) -> tuple[Path, Path]:
        """Certificate and key of `name`, made if they are missing. With `server_names` it is a broker's; a node of
        a cluster also `dials` others under it."""
        certificate, key_file = self._paths(name)
        if certificate.exists() and key_file.exists():
            return certificate, key_file
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH] if server_names else []
        if dials or not server_names:
            usages.append(ExtendedKeyUsageOID.CLIENT_AUTH)
        builder = (
            _builder(name, self._certificate.subject, key, now, until or now + timedelta(days=LEAF_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        if server_names:
            names = [_general_name(host) for host in server_names]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write_private(key_file, _pem(key))
        certificate.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        return certificate, key_file

    def revoke(self, name: str) -> None:
        """Refused from the broker's next start on; its two files go, so that a new pair can be made."""
        certificate, key_file = self._paths(name)
        try:
            serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        except (OSError, ValueError) as error:
            raise AuthorityFault(f"there is no certificate of {name} to revoke: {error}") from error
        self.write_crl([*self._revoked(), serial])
        certificate.unlink()
        key_file.unlink(missing_ok=True)

    def write_crl(self, serials: Sequence[int] | None = None) -> Path:
        """Mosquitto wants a list that is current, also an empty one. None keeps what is revoked."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(self._certificate.not_valid_after_utc)
        )
        for serial in self._revoked() if serials is None else serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - BACKDATED)
            builder = builder.add_revoked_certificate(revoked.build())
        path = self._folder / CRL_FILE
        path.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        return path

    def _revoked(self) -> list[int]:
        path = self._folder / CRL_FILE
        if not path.exists():
            return []
        return [entry.serial_number for entry in x509.load_pem_x509_crl(path.read_bytes())]

    def _make(self, title: str) -> None:
        certificate, key_file = self._paths(CA)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            _builder(title, _name(title), key, now, now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        _write_private(key_file, _pem(key))
        certificate.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, until) - BACKDATED)
        .not_valid_after(until)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(path: Path, content: bytes) -> None:
    """Private from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
