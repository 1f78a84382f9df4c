"""Ed25519 signatures, and whose signature counts for what (clearance contract §2 rule 7, §3, §5).

A kid is the first 16 characters of base64url(SHA-256(public key)). A key counts only for the roles and modes that
the hub's configuration gives it: a practice key can never sign a live message.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, Protocol

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from edge.wire.canonical import WireError, b64u, b64u_bytes

Role = Literal["release", "hold", "ack", "config"]

SUFFICIENT: Final[dict[Role, tuple[Role, ...]]] = {
    "release": ("release",),
    "hold": ("hold", "release"),  # who may let a parcel go may also stop it
    "ack": ("ack",),
    "config": ("config",),
}
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class TrustedKey(Protocol):
    """One `[[trust]]` entry of the hub's configuration."""

    @property
    def kid(self) -> str: ...
    @property
    def public_key(self) -> str: ...
    @property
    def holder(self) -> str: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def modes(self) -> Sequence[str]: ...
    @property
    def authorities(self) -> Sequence[str] | None:
        """Whose decisions it may sign; None: anybody's, as the contract does not bind them (§5)."""


def kid_of(public: bytes) -> str:
    return b64u(sha256(public).digest())[:16]


class Signer:
    """A private key in use. Signing is deterministic: the same bytes give the same signature."""

    def __init__(self, private: SigningKey) -> None:
        public = bytes(private.verify_key)
        self._private = private
        self.kid = kid_of(public)
        self.public_b64 = b64u(public)

    def sign(self, message: bytes) -> str:
        return b64u(self._private.sign(message).signature)


class TrustStore:
    """The keys a gateway believes, each within its roles and modes."""

    def __init__(self, trust: Sequence[TrustedKey]) -> None:
        """Raises ValueError for an entry whose kid is not that of its key, and for a kid named twice."""
        self._trust: dict[str, tuple[TrustedKey, VerifyKey]] = {}
        for entry in trust:
            if entry.kid in self._trust:
                raise ValueError(
                    f"key {entry.kid} of {entry.holder} is listed twice; join its roles in one entry"
                )
            self._trust[entry.kid] = (entry, _public_key(entry))

    def verify(
        self, message: bytes, kid: str, sig: str, role: Role, mode: str, authority: str | None = None
    ) -> None:
        """Returns if `sig` is that of a key which may sign `message` in this role and mode, and as this authority where
        one is given, else raises WireError."""
        if kid not in self._trust:
            raise WireError("unknown_key", f"key {kid:.32} is not in this hub's trust list")
        entry, public = self._trust[kid]
        if mode not in entry.modes:
            raise WireError("wrong_mode", f"key {kid} of {entry.holder} is not for mode {mode}")
        if not any(held in SUFFICIENT[role] for held in entry.roles):
            raise WireError("wrong_role", f"key {kid} of {entry.holder} lacks role {role}")
        if None not in (authority, entry.authorities) and authority not in (entry.authorities or ()):
            raise WireError("wrong_authority", f"key {kid} of {entry.holder} is not of {authority}")
        if not signature_holds(public, message, sig):
            raise WireError("bad_signature", f"not signed by key {kid} of {entry.holder}")

    def public_key(self, kid: str) -> str:
        """In base64url. Raises WireError for a key that is not trusted."""
        if kid not in self._trust:
            raise WireError("unknown_key", f"key {kid:.32} is not in this hub's trust list")
        return self._trust[kid][0].public_key


def signature_holds(public: VerifyKey, message: bytes, sig: str) -> bool:
    raw = b64u_bytes(sig, SIGNATURE_BYTES)
    if raw is None:
        return False
    try:
        public.verify(message, raw)
    except BadSignatureError:
        return False
    return True


def _public_key(entry: TrustedKey) -> VerifyKey:
    raw = b64u_bytes(entry.public_key, KEY_BYTES)
    if raw is None:
        raise ValueError(
            f"public key of {entry.holder} is not {KEY_BYTES} bytes in base64url without padding"
        )
    if kid_of(raw) != entry.kid:
        raise ValueError(
            f"kid {entry.kid} of {entry.holder} is not that of its public key; it is {kid_of(raw)}"
        )
    return VerifyKey(raw)
