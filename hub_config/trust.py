"""Whose signatures a gateway believes, and for what (contract §2.7, §5). Public keys only; secrets are never config."""

import base64
import hashlib
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from hub_config.finding import Finding, refusal, show
from hub_config.values import Entry, Mode, entries, text

Role = Literal["release", "hold", "ack", "config"]

KEY_BYTES: Final = 32
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_AUTHORITIES: Final = re.compile("customs|hub|aviation-security|agency:[A-Za-z0-9_-]{1,57}")
"""Contract §5, `basis`."""
_GENERATE: Final = "copy the public key from its owner again"

WELL_KNOWN_KEYS: Final = ("A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",)
"""Public halves of private keys printed in documents (contract §3): for practice only, anyone can sign with them."""


def kid_of(public_key: bytes) -> str:
    """First 16 characters of base64url(SHA-256(raw public key))."""
    return base64.urlsafe_b64encode(hashlib.sha256(public_key).digest()).decode()[:16]


def raw_key(public_key: str) -> bytes | None:
    """The 32 bytes of a base64url key without padding; None if it is no such text."""
    if len(public_key) != 43 or not _BASE64URL.fullmatch(public_key):
        return None
    raw = base64.urlsafe_b64decode(public_key + "=")
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == public_key else None


def _public_key(value: str) -> str:
    if raw_key(value) is not None:
        return value
    limit = f"43 characters of base64url without padding ({KEY_BYTES} bytes)"
    odd = "".join(sorted({sign for sign in value if not _BASE64URL.fullmatch(sign)}))
    if odd:
        what = f"{show(value)} holds {show(odd)}"
    elif len(value) != 43:
        what = f"{show(value)} has {len(value)} characters"
    else:
        what = f"{show(value)} has spare bits set in its last character"
    raise refusal(Finding((), what, limit, _GENERATE))


def _authority(value: str) -> str:
    if _AUTHORITIES.fullmatch(value):
        return value
    limit = '"customs", "hub", "aviation-security" or "agency:" and a code'
    raise refusal(
        Finding((), f"{show(value)} is no authority", limit, 'write for example "agency:plant-health"')
    )


Authority = Annotated[str, AfterValidator(_authority)]


class Trust(Entry):
    """One trusted key: who holds it, what it may sign, in which modes."""

    kid: str
    public_key: Annotated[str, AfterValidator(_public_key)]
    """Raw Ed25519 public key, base64url without padding."""
    holder: Annotated[str, text(1, 80)]
    roles: Annotated[tuple[Role, ...], Field(strict=False), entries(1, 8)]
    modes: Annotated[tuple[Mode, ...], Field(strict=False), entries(1, 8)]
    authorities: Annotated[tuple[Authority, ...], Field(strict=False), entries(1, 8)] | None = None
    """Whose decisions it may sign; None: anybody's, as the contract leaves it."""

    @model_validator(mode="after")
    def _kid_is_the_keys(self) -> "Trust":
        right = kid_of(raw_key(self.public_key) or b"")
        if self.kid != right:
            raise refusal(
                Finding(
                    ("kid",),
                    f"{show(self.kid)} is not the id of this public_key",
                    "first 16 characters of base64url(SHA-256(key))",
                    f'write "{right}" if the key is right, else correct the key',
                )
            )
        return self
