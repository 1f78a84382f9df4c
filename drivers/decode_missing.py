"""What is missing of a frame that has begun and not ended, for `hub decode`: how the frames of each protocol end."""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.meanings import Meaning

SHOWN_BYTES: Final = 64

_ENDS: Final[Mapping[str, str]] = {
    "toledo-8217": "an answer ends in CR (0D)",
    "toledo-8217-benchpro": "an answer ends in CR (0D)",
    "sma": "an answer ends in CR (0D)",
    "nci": "an answer ends in ETX (03), not at its CR",
    "cardinal-stream": "a frame ends in ETX (03)",
    "cas-ap1": "a frame ends in ETX EOT (03 04): 15 bytes, 37 with prices",
    "cas-22": "a frame ends in CR LF (0D 0A)",
    "line-scanner": "a line ends in the suffix: 0D, 0A or both where --config suffix=… does not say otherwise",
    "line-prefix01-cr": "a line ends in CR (0D)",
    "ssi": "a packet has as many bytes as its first one says, and two of checksum; a text ends in CR or LF",
    "keyence-sr": "an answer ends in CR (0D) or ETX (03)",
    "honeywell": "an answer ends in its suffix, mostly CR (0D); a menu command's in 06, 05 or 15 and punctuation",
    "datalogic": "an answer ends in its terminator, mostly CR LF (0D 0A)",
    "cognex-dmcc": "an answer ends in its footer, mostly CR LF (0D 0A)",
    "sick-cola-a": "a telegram ends in ETX (03)",
    "sick-read": "a telegram ends in ETX (03)",
    "sick-mda": "a telegram ends in ETX (03)",
    "cubiscan": "a frame ends in ETX CR LF (03 0D 0A)",
    "datalogic-dm3610": "a message ends in its trailer, mostly CR LF (0D 0A)",
    "io-board": "a frame ends in 00",
    "evdev-wedge": "a key is a record of 24 bytes, and a code ends with ENTER (28) or keypad ENTER (96)",
}
_LINE: Final = "a line ends in CR LF (0D 0A) or one of them"
_WHOLE: Final[Mapping[str, int]] = {
    "mt-continuous": 17, "mt-continuous-short": 11, "hid-scale": 6,
}  # fmt: skip
"""Bytes of a frame of fixed length, without a checksum that may be there or not."""


def incomplete(protocol: str, held: bytes) -> Meaning | None:
    """None: what is held says nothing, it is line ends and padding."""
    if not held.strip(b"\r\n\x00"):
        return None
    count, whole = len(held), _WHOLE.get(protocol)
    if whole is None:
        missing = _ENDS.get(protocol, _LINE)
    elif count < whole:
        missing = f"a frame has {whole}, {whole - count} are missing"
    else:
        detail = f"no frame of {whole} bytes is in these {count}"
        return {"kind": "error", "error": "garbled", "detail": detail, "raw": held[:SHOWN_BYTES].hex(" ")}
    return {
        "kind": "error",
        "error": "incomplete",
        "detail": f"{count} bytes of a frame that has not ended; {missing}",
        "raw": held[:SHOWN_BYTES].hex(" "),
    }


def tail(frames: Sequence[bytes], count: int) -> bytes:
    """The last `count` bytes of all."""
    return b"".join(frames)[-count:] if count else b""
