"""The gateway's half of TLS with the broker: the files of `[broker.tls]` checked, then a context for one connection.

The files are read anew for every connection, so a renewed certificate needs no restart. What is wrong with them is
said with the file and the next step. A broker that refuses our certificate says so, in TLS 1.3, only after the
handshake is over for us; paho neither raises nor calls back then, hence the socket that listens for the alert.
"""

import select
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from hub_config.broker import BrokerTls

EXPIRY_NOTICE: Final = timedelta(days=30)
FILE_BYTES_MAX: Final = 1_000_000
VERDICT_WAIT_S: Final = 0.5
PRIVATE: Final = 0o077
"""Rights that nobody but the owner may have on a key."""
RENEW: Final = "get a new one (hub broker config --certs makes a set)"


class TlsFault(OSError):  # noqa: N818  (the fault is the file's)
    """A file of `[broker.tls]` can't be used; the text names the file and the next step."""


@dataclass(frozen=True, slots=True)
class BrokerIdentity:
    """What a connection needs of TLS: files, and who the certificate must be of."""

    files: BrokerTls
    name: str
    """CN of the own certificate: the gateway's or coordinator's id."""

    def check(self, now: datetime) -> str | None:
        """Raises TlsFault. Else a sentence if a certificate ends soon."""
        authority = _certificate("ca", self.files.ca, now)
        own = _certificate("cert", self.files.cert, now)
        names = [str(part.value) for part in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names != [self.name]:
            raise TlsFault(
                f"[broker.tls] cert {self.files.cert} is of {', '.join(names) or 'nobody'}; the broker's ACL goes by "
                f"this name and wants {self.name}"
            )
        _check_key(self.files.key, own)
        last = min(authority.not_valid_after_utc, own.not_valid_after_utc)
        if last - now < EXPIRY_NOTICE:
            return f"[broker.tls] a certificate ends on {last:%Y-%m-%d}; {RENEW}"
        return None

    def context(self, refused: Callable[[str], None]) -> ssl.SSLContext:
        """For one connection. `refused` may be called whenever it reads, with the broker's words."""
        self.check(datetime.now(UTC))
        context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cafile=self.files.ca)
        context.load_cert_chain(self.files.cert, self.files.key)
        context.server_name = self.files.server_name
        context.refused = refused
        context.sslsocket_class = _AlertedSocket
        return context


def identity_in(folder: Path, name: str, server_name: str | None) -> BrokerIdentity:
    """Of a folder as `hub broker config --certs` writes it, looked at once. Raises TlsFault."""
    ca, cert, key = (str(folder.absolute() / file) for file in ("ca.crt", f"{name}.crt", f"{name}.key"))
    identity = BrokerIdentity(BrokerTls(ca=ca, cert=cert, key=key, server_name=server_name), name)
    identity.check(datetime.now(UTC))
    return identity


class _NamedContext(ssl.SSLContext):
    server_name: str | None = None
    refused: Callable[[str], None]

    def wrap_socket(self, sock: Any, *args: Any, **options: Any) -> ssl.SSLSocket:  # noqa: ANN401  (as ssl has it)
        """paho gives the host it dials; the certificate may bear another name."""
        if self.server_name is not None:
            options["server_hostname"] = self.server_name
        return super().wrap_socket(sock, *args, **options)


class _AlertedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        """paho leaves a socket open whose handshake failed."""
        try:
            super().do_handshake(block)
            if self.version() == "TLSv1.3":
                self._hear_verdict()
        except BaseException:
            self.close()
            raise

    def _hear_verdict(self) -> None:
        """A broker that takes our certificate sends a session ticket, else an alert and a reset. Had we written by
        then, the reset could overtake the alert, and nobody would know why."""
        readable, _, _ = select.select([self], [], [], VERDICT_WAIT_S)
        if not readable:
            return
        timeout = self.gettimeout()
        self.settimeout(0)
        with suppress(ssl.SSLWantReadError):
            super().recv(1)  # nothing of MQTT comes before we speak
        self.settimeout(timeout)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as fault:
            if isinstance(self.context, _NamedContext):
                self.context.refused(words(fault))
            raise


def words(fault: OSError) -> str:
    """Why a connection could not be made, for people."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {fault.verify_message}"
    if isinstance(fault, ssl.SSLError) and "ALERT" in str(fault.reason):
        return f"it refuses our certificate: {str(fault.reason).lower().replace('_', ' ')}"
    if isinstance(fault, ssl.SSLError):
        return f"no TLS: {str(fault.reason or fault).lower().replace('_', ' ')}"
    return str(fault)


def _certificate(field: str, path: str, now: datetime) -> x509.Certificate:
    raw = _read(field, path)
    try:
        certificate = x509.load_pem_x509_certificate(raw)
    except ValueError:
        raise TlsFault(
            f"[broker.tls] {field} {path} is no certificate in PEM; copy it from its owner again"
        ) from None
    if now > certificate.not_valid_after_utc:
        raise TlsFault(
            f"[broker.tls] {field} {path} ended on {certificate.not_valid_after_utc:%Y-%m-%d}; {RENEW}"
        )
    if now < certificate.not_valid_before_utc:
        raise TlsFault(
            f"[broker.tls] {field} {path} begins on {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; "
            "is this computer's clock right?"
        )
    return certificate


def _check_key(path: str, own: x509.Certificate) -> None:
    raw = _read("key", path)
    if Path(path).stat().st_mode & PRIVATE:
        raise TlsFault(f"[broker.tls] key {path} can be read by others: chmod 600 {path}")
    try:
        key = load_pem_private_key(raw, password=None)
    except (ValueError, TypeError):
        raise TlsFault(f"[broker.tls] key {path} is no private key in PEM without a password") from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != own.public_key().public_bytes(*form):
        raise TlsFault(f"[broker.tls] key {path} is not the key of cert; the two are made together")


def _read(field: str, path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise TlsFault(
            f"[broker.tls] {field} {path} can't be read: {error.strerror}; correct its path or its rights"
        ) from None
