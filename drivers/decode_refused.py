"""Why bytes are no frame, for `hub decode`: the first byte that can't stand where it stands.

Nothing here knows a protocol; its driver decides. A byte is to blame if with another one in its place, without it, or
with one more before it the driver takes the frame; else the first one from which no frame of the manual could go on
(`decode_examples.py`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import xor
from typing import Final

from drivers.conveyors.modbus_frames import crc16
from drivers.decode_examples import EXAMPLES
from drivers.meanings import Meaning

LOOKED_INTO: Final = 96
"""Bytes of a frame that are tried; none of those that name a byte is longer."""
SHIFTED_MAX: Final = 8
"""Places that a field may have moved."""
EXPLAINED_MAX: Final = 8
"""Frames of one call that are looked into; a recording of noise would take minutes."""

_INSTEAD: Final = b"0 .-+SG1Akg"
"""What may have to stand there: a digit, a blank, a sign, a letter."""
_ENDS: Final = b"\r\n\x03"
_NO_FRAME: Final = ("garbled", "incomplete", "checksum", "crc", "too_long")
"""Errors that are of the bytes; the others are what a device says."""
_SHAPES: Final = ("format", "prefix")
"""What an identifier is refused for before its check digit is looked at."""

Decode = Callable[[bytes], Sequence[Meaning]]
"""One frame alone."""


def with_reasons(
    protocol: str, frames: Sequence[bytes], meanings: Sequence[Meaning], decode: Decode
) -> list[Meaning]:
    """What each frame means, and of the first EXPLAINED_MAX that are none, which of its bytes is why."""
    left, told = EXPLAINED_MAX, []
    for frame, meaning in zip(frames, meanings, strict=True):
        looked_into = left > 0 and (_is_refused(meaning) or meaning.get("error") in _CHECK_ERRORS)
        left -= looked_into
        told.append(_with_reason(protocol, frame, meaning, decode) if looked_into else meaning)
    return told


def _with_reason(protocol: str, frame: bytes, meaning: Meaning, decode: Decode) -> Meaning:
    if not 0 < len(frame) <= LOOKED_INTO or list(decode(frame)) != [meaning]:
        return meaning
    if meaning.get("error") in _CHECK_ERRORS:
        said = _check_said(protocol, frame)
    else:
        examples = EXAMPLES.get(protocol, ())
        right = _right_up_to(frame, examples, lambda tried: _is_taken(decode(tried)))
        said = "" if right is None else _said(frame, right)
    if not said:
        return meaning
    return {
        **meaning,
        "detail": "; ".join([said, *([str(meaning["detail"])] if "detail" in meaning else [])]),
    }


def _is_refused(meaning: Meaning) -> bool:
    if meaning["kind"] == "identifier":
        return meaning.get("error") in _SHAPES
    return meaning["kind"] == "error" and meaning.get("error") == "garbled"


def _is_taken(meanings: Sequence[Meaning]) -> bool:
    """A code with a wrong check digit has the right shape."""
    unfit = {"error": _NO_FRAME, "identifier": _SHAPES}
    return bool(meanings) and not any(
        meaning.get("error") in unfit.get(str(meaning["kind"]), ()) for meaning in meanings
    )


def _right_up_to(frame: bytes, examples: Sequence[bytes], takes: Callable[[bytes], bool]) -> int | None:
    """How many bytes can begin a frame; None: nothing that was tried is one, so none of them can be blamed.

    One byte changed is likelier than one lost or one too many, and that than anything else.
    """
    for rests in (partial(_changed, examples), _shifted, partial(_like, examples)):
        for place in range(len(frame) - 1, -1, -1):
            if any(takes(frame[:place] + rest) for rest in rests(frame, place)):
                return place
    return None


def _changed(examples: Sequence[bytes], frame: bytes, place: int) -> Iterator[bytes]:
    there = bytes(example[place] for example in examples if place < len(example))
    return (bytes([byte]) + frame[place + 1 :] for byte in _INSTEAD + there if byte != frame[place])


def _shifted(frame: bytes, place: int) -> Iterator[bytes]:
    yield frame[place + 1 :]
    yield from (bytes([byte]) + frame[place:] for byte in _INSTEAD if byte != frame[place])


def _like(examples: Sequence[bytes], frame: bytes, place: int) -> Iterator[bytes]:
    """An example goes on where a field has its column, counted from the start or from the end, or near it."""
    for example in examples:
        longer = len(example) - len(frame)
        for first in range(len(example)):
            near = min(abs(first - place), abs(first - place - longer)) <= SHIFTED_MAX
            if near and example[first] != frame[place]:
                yield example[first:]


def _said(frame: bytes, place: int) -> str:
    byte = frame[place]
    shown = f"{byte:02X}, {chr(byte)!r}" if 0x20 <= byte < 0x7F else f"{byte:02X}"
    if not frame[place:].strip(_ENDS):
        return f"it ends at byte {place + 1} ({shown}), where more is wanted"
    begins = "; nothing begins so" if place == 0 else ""
    return f"byte {place + 1} ({shown}) can't stand there{begins}"


# Checks ----------------------------------------------------------------------------------------------------


def _check_said(protocol: str, frame: bytes) -> str:
    rule = _CHECKS.get(protocol)
    if rule is None:
        return ""
    place, due = rule(frame)
    there = frame[place : place + len(due)]
    where = f"byte {place + 1}" if len(due) == 1 else f"bytes {place + 1}-{place + len(due)}"
    return f"{where}: the check is {there.hex(' ').upper()}, the bytes before it make {due.hex(' ').upper()}"


def _sum_of_seven_bits(frame: bytes) -> tuple[int, bytes]:
    return len(frame) - 1, bytes([-sum(byte & 0x7F for byte in frame[:-1]) & 0x7F])


def _between_stx_and_etx(frame: bytes) -> tuple[int, bytes]:
    return 12, bytes([reduce(xor, frame[2:12], 0)])


def _sum_of_packet(frame: bytes) -> tuple[int, bytes]:
    return len(frame) - 2, (-sum(frame[:-2]) & 0xFFFF).to_bytes(2, "big")


def _crc(frame: bytes) -> tuple[int, bytes]:
    return len(frame) - 2, crc16(frame[:-2]).to_bytes(2, "little")


_CHECK_ERRORS: Final = ("checksum", "crc")
_CHECKS: Final[Mapping[str, Callable[[bytes], tuple[int, bytes]]]] = {
    "mt-continuous": _sum_of_seven_bits,
    "mt-continuous-short": _sum_of_seven_bits,
    "cas-ap1": _between_stx_and_etx,
    "ssi": _sum_of_packet,
    "modbus-rtu": _crc,
}
"""Where the check of one whole frame is, and what it should be. Of others config declares it, or nothing is checked."""
