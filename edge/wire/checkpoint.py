"""Checkpoints: a gateway's signed word on all its events so far, and the coordinator's under it (contract §3).

Text and signatures follow C2SP `tlog-checkpoint`, `signed-note` (Ed25519, type 01), `tlog-cosignature` (type 04): the
body is origin, number of events and root, a line each; a signature line is `— name base64(key id ‖ signature)`, the key
id the first 4 bytes of SHA256(name ‖ 0A ‖ type ‖ public key). On MQTT the note travels as `{data, ehubkid, ehubsig}`.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nacl.signing import VerifyKey

from edge.wire.canonical import JsonObject, WireError, b64u, b64u_bytes, canonical
from edge.wire.merkle import HASH_BYTES
from edge.wire.signing import KEY_BYTES, SIGNATURE_BYTES, Signer, TrustStore, signature_holds
from edge.wire.topics import Mode

NOTE_CHARS_MAX: Final = 2_048
LINE_CHARS_MAX: Final = 1_024
"""Of a countersignature; the name in it is a hub and a coordinator."""
COSIGNED_AT_MAX: Final = 1 << 40
"""Seconds of UTC; far beyond any clock, well below 2^53."""
_SIGNED: Final = b"\x01"
_COSIGNED: Final = b"\x04"
_DASH: Final = "\u2014 "


@dataclass(frozen=True, slots=True)
class Log:
    """Whose events: one epoch of one gateway."""

    mode: Mode
    hub: str
    gateway: str
    epoch: int

    @property
    def origin(self) -> str:
        """First line of its checkpoints, and the name of its signature."""
        root = "ehub" if self.mode == "live" else f"ehub-{self.mode}"
        return f"{root}/v1/{self.hub}/{self.gateway}/e{self.epoch}"


@dataclass(frozen=True, slots=True)
class Countersigned:
    """The coordinator holds the same first `size` events: its line under the gateway's checkpoint."""

    size: int
    root: bytes
    line: str
    kid: str
    public: str
    """The coordinator's key, base64url; trusted when the line came."""


def checkpoint_body(log: Log, size: int, root: bytes) -> str:
    return f"{log.origin}\n{size}\n{b64encode(root).decode()}\n"


def sign_note(body: str, name: str, signer: Signer) -> str:
    """The body, an empty line, and the gateway's signature line."""
    return f"{body}\n{_line(name, _SIGNED, signer.public_b64, _raw(signer.sign(body.encode())))}"


def cosign(body: str, name: str, signer: Signer, at_s: int) -> str:
    """A countersignature line, made at `at_s` seconds of UTC."""
    stamped = at_s.to_bytes(8, "big") + _raw(signer.sign(cosigned_message(body, at_s)))
    return _line(name, _COSIGNED, signer.public_b64, stamped)


def cosigned_message(body: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{body}".encode()


def note_holds(note: str, body: str, name: str | None, public: str) -> bool:
    """The note is `body` and a signature line of `public`: by this name, or with None a countersignature."""
    if not note.startswith(body + "\n"):
        return False
    line = note.removeprefix(body + "\n")
    if name is None:
        found, at_s, signature = _cosigned_line(line, public)
        return bool(found) and _holds(public, cosigned_message(body, at_s), signature)
    _, _, text = line.rpartition(" ")
    try:
        signature = b64decode(text.encode("ascii"))[4:]
    except ValueError:
        return False
    return line == _line(name, _SIGNED, public, signature) and _holds(public, body.encode(), signature)


def _holds(public: str, message: bytes, signature: bytes) -> bool:
    key = b64u_bytes(public, KEY_BYTES)
    return key is not None and signature_holds(VerifyKey(key), message, b64u(signature))


def build_checkpoint(log: Log, size: int, note: str, signer: Signer) -> bytes:
    """The message on `ckpt/{gw}`."""
    data: JsonObject = {
        "v": 1, "hub": log.hub, "gw": log.gateway, "mode": log.mode, "epoch": log.epoch, "size": size, "note": note,
    }  # fmt: skip
    return canonical({"data": data, "ehubkid": signer.kid, "ehubsig": signer.sign(canonical(data))})


def parse_countersigned(
    size: int, root: str, line: str, log: Log, kid: str, trust: TrustStore
) -> Countersigned:
    """The object `ckpt` inside an ack that key `kid` has signed. Raises WireError if it is not wholly good."""
    digest = b64u_bytes(root, HASH_BYTES)
    if digest is None:
        raise WireError("bad_shape", f"ckpt: root is not {HASH_BYTES} bytes of base64url")
    public = trust.public_key(kid)
    name, at_s, signature = _cosigned_line(line, public)
    if not name:
        raise WireError("bad_shape", "ckpt: line is no countersignature of the key that signed the ack")
    body = checkpoint_body(log, size, digest)
    trust.verify(cosigned_message(body, at_s), kid, b64u(signature), "ack", log.mode)
    return Countersigned(size, digest, line, kid, public)


def countersigned_json(told: Countersigned) -> JsonObject:
    """As an ack carries it."""
    return {"size": told.size, "root": b64u(told.root), "line": told.line}


def _cosigned_line(line: str, public: str) -> tuple[str, int, bytes]:
    """Name, seconds of UTC and signature; an empty name if the line is none of this key."""
    none = ("", 0, b"")
    head, _, text = line.rpartition(" ")
    if not head.startswith(_DASH) or not line.endswith("\n") or "\n" in line[:-1]:
        return none
    name = head.removeprefix(_DASH)
    try:
        raw = b64decode(text.removesuffix("\n").encode("ascii"), validate=True)
    except ValueError:
        return none
    at_s = int.from_bytes(raw[4:12], "big")
    fits = len(raw) == 4 + 8 + SIGNATURE_BYTES and at_s < COSIGNED_AT_MAX
    if (
        not fits
        or raw[:4] != _key_id(name, _COSIGNED, public)
        or line != _line(name, _COSIGNED, public, raw[4:])
    ):
        return none
    return name, at_s, raw[12:]


def _line(name: str, kind: bytes, public: str, signature: bytes) -> str:
    return f"{_DASH}{name} {b64encode(_key_id(name, kind, public) + signature).decode()}\n"


def _key_id(name: str, kind: bytes, public: str) -> bytes:
    """Of text that is no key: an id that nothing has."""
    key = b64u_bytes(public, KEY_BYTES)
    return b"" if key is None else sha256(name.encode() + b"\n" + kind + key).digest()[:4]


def _raw(signature: str) -> bytes:
    raw = b64u_bytes(signature, SIGNATURE_BYTES)
    assert raw is not None, "a signature just made is one"
    return raw
