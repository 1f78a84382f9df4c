"""Checkpoints and countersignatures: the exact text of C2SP, and everything else refused."""

from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from wire_samples import GATEWAY, HUB, OTHER, SIGNER, Key, key, trust

from edge.wire.canonical import WireError, b64u_bytes
from edge.wire.checkpoint import (
    Countersigned,
    Log,
    build_checkpoint,
    checkpoint_body,
    cosign,
    note_holds,
    sign_note,
)
from edge.wire.messages import Ack, build_ack, parse_ack
from edge.wire.signing import Signer

LOG = Log("live", HUB, GATEWAY, 7)
ROOT = bytes(range(32))
BODY = checkpoint_body(LOG, 1_000, ROOT)
NOTE = sign_note(BODY, LOG.origin, SIGNER)
AT_S = 1_795_306_502
LINE = cosign(BODY, "ehub/v1/MY-KUL-1/co-1", OTHER, AT_S)
CKPT = Countersigned(1_000, ROOT, LINE, OTHER.kid, OTHER.public_b64)
ACK = Ack(7, 1_200, "ni:///sha-256;" + "A" * 43, CKPT)


def coordinator() -> Key:
    return key(OTHER)


def parsed(ack: Ack, signer: Signer = OTHER) -> Ack:
    return parse_ack(build_ack(ack, HUB, GATEWAY, "live", signer), trust(coordinator()), HUB, GATEWAY, "live")


def raw_key(signer: Signer) -> bytes:
    raw = b64u_bytes(signer.public_b64, 32)
    assert raw is not None
    return raw


def test_the_note_is_the_text_of_c2sp_and_its_signature_covers_the_body() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == ["ehub/v1/MY-KUL-1/gw-03/e7", "1000", b64encode(ROOT).decode(), ""]
    dash, name, text = lines[4].split(" ")
    assert (dash, name, lines[5:]) == ("\u2014", LOG.origin, [""])
    signature = b64decode(text)
    assert signature[:4] == sha256(LOG.origin.encode() + b"\n\x01" + raw_key(SIGNER)).digest()[:4]

    Ed25519PublicKey.from_public_bytes(raw_key(SIGNER)).verify(signature[4:], BODY.encode())


def test_the_countersignature_is_that_of_c2sp_with_its_time() -> None:
    signature = b64decode(LINE.split(" ")[2])
    name = b"ehub/v1/MY-KUL-1/co-1"
    assert signature[:4] == sha256(name + b"\n\x04" + raw_key(OTHER)).digest()[:4]
    assert int.from_bytes(signature[4:12], "big") == AT_S
    message = f"cosignature/v1\ntime {AT_S}\n{BODY}".encode()

    Ed25519PublicKey.from_public_bytes(raw_key(OTHER)).verify(signature[12:], message)


def test_live_and_practice_have_different_origins() -> None:
    assert replace(LOG, mode="practice").origin == "ehub-practice/v1/MY-KUL-1/gw-03/e7"


def test_an_ack_carries_the_countersignature_and_one_without_is_good_too() -> None:
    assert parsed(ACK) == ACK
    assert parsed(replace(ACK, ckpt=None)).ckpt is None


def signed_line(size: int = 1_000, root: bytes = ROOT, log: Log = LOG, signer: Signer = OTHER) -> str:
    return cosign(checkpoint_body(log, size, root), "co", signer, AT_S)


@pytest.mark.parametrize(
    "line",
    [
        "", "\n", "x\n", "\u2014 co\n", "\u2014 co AAAA\n", LINE[:-1], LINE + "\n", LINE.replace("\u2014", "-"),
        LINE.replace(" ehub", " hub"), LINE[:-3] + "!\n", "\u2014 c\u00f6 " + LINE.split(" ")[2],
        signed_line(size=999), signed_line(root=bytes(32)), signed_line(log=replace(LOG, epoch=6)),
        signed_line(log=replace(LOG, mode="practice")), signed_line(signer=SIGNER),
    ],
)  # fmt: skip
def test_a_countersignature_that_is_not_wholly_good_spoils_the_ack(line: str) -> None:
    with pytest.raises(WireError) as refused:
        parsed(replace(ACK, ckpt=replace(CKPT, line=line)))

    assert refused.value.reason in ("bad_shape", "bad_signature")


@pytest.mark.parametrize(
    ("note", "name", "public"),
    [
        (NOTE + "x", LOG.origin, SIGNER.public_b64),
        (NOTE, "another", SIGNER.public_b64),
        (NOTE, LOG.origin, OTHER.public_b64),
        (NOTE, LOG.origin, "no key"),
        (NOTE.replace("1000", "1001"), LOG.origin, SIGNER.public_b64),
        (f"{BODY}\n\u2014 {LOG.origin} \u00e9\n", LOG.origin, SIGNER.public_b64),
        (f"{BODY}\n{LINE}", LOG.origin, OTHER.public_b64),
        (NOTE, None, SIGNER.public_b64),
    ],
)
def test_a_note_that_does_not_hold(note: str, name: str | None, public: str) -> None:
    assert not note_holds(note, BODY, name, public)


def test_notes_that_hold() -> None:
    assert note_holds(NOTE, BODY, LOG.origin, SIGNER.public_b64)
    assert note_holds(f"{BODY}\n{LINE}", BODY, None, OTHER.public_b64)


def test_the_message_says_whose_it_is() -> None:
    assert build_checkpoint(LOG, 1_000, NOTE, SIGNER).startswith(
        b'{"data":{"epoch":7,"gw":"gw-03","hub":"MY-KUL-1","mode":"live","note":"ehub/v1/MY-KUL-1/gw-03/e7\\n1000\\n'
    )
