"""Frames of the belt's I/O board explained, for `hub decode` (`firmware_bridge/PROTOCOL.md`): both ways, and what of
management (SMP) its header says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from drivers.decode_missing import incomplete, tail
from drivers.meanings import Meaning
from firmware_bridge.frames import Body, FrameBuffer
from firmware_bridge.messages import (
    REPLY_OFFSET,
    SAFE_CAUSES,
    STATUS_BAD_ARGUMENT,
    STATUS_LATE,
    STATUS_NOT_CONFIGURED,
    STATUS_OK,
    STATUS_QUEUE_FULL,
    STATUS_SAFE,
    STATUS_UNKNOWN_TYPE,
    TABLE,
    Refused,
    Safe,
    decode,
)

_NAMES: Final = {kind: name.lower() for kind, name, _, _ in TABLE}
_FIRST_REPLY: Final = 0xC0
_FIRST_EVENT: Final = 0xE0
_STATUS: Final = {
    STATUS_OK: "ok", STATUS_UNKNOWN_TYPE: "unknown_type", STATUS_BAD_ARGUMENT: "bad_argument", STATUS_LATE: "late",
    STATUS_QUEUE_FULL: "queue_full", STATUS_SAFE: "safe_state", STATUS_NOT_CONFIGURED: "not_configured",
}  # fmt: skip
_FIRST_LINE_MESSAGE: Final = 0x80
_OPERATIONS: Final = ("read", "read_reply", "write", "write_reply")
_MANAGEMENT: Final = {
    (0, 0): "echo", (0, 5): "reset", (0, 6): "parameters", (1, 0): "image_state", (1, 1): "image_upload",
}  # fmt: skip


def io_board(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    buffer = FrameBuffer()
    for frame in frames:
        for piece in buffer.feed(frame):
            if isinstance(piece, Body):
                yield (
                    _message(piece.data) if piece.data[0] >= _FIRST_LINE_MESSAGE else _management(piece.data)
                )
            else:
                raw = piece.head.hex(" ")
                yield {"kind": "error", "error": piece.code, "detail": piece.why, "raw": raw}
    if (missing := incomplete("io-board", tail(frames, buffer.held_bytes))) is not None:
        yield missing


def _message(body: bytes) -> Meaning:
    message, number = decode(body), body[0]
    if isinstance(message, Refused):
        name = _NAMES[message.reply_type - REPLY_OFFSET]
        return {"kind": "error", "error": "unknown_type", "message": name, "seq": message.seq}
    kind = "event" if number >= _FIRST_EVENT else "reply" if number >= _FIRST_REPLY else "request"
    meaning: Meaning = {"kind": kind, "message": _NAMES[number], **asdict(message)}
    if kind == "reply":
        status = body[2]
        meaning["status"] = _STATUS.get(status, f"status {status}")
    if isinstance(message, Safe):
        meaning["cause"] = SAFE_CAUSES.get(message.cause, f"cause {message.cause}")
    return meaning


def _management(body: bytes) -> Meaning:
    """Big-endian, unlike the line messages; its map is CBOR and shown as it is."""
    operation, group, sequence, command = body[0] & 7, int.from_bytes(body[4:6]), body[6], body[7]
    name = _MANAGEMENT.get((group, command), f"group {group} command {command}")
    if operation >= len(_OPERATIONS):
        return {"kind": "error", "error": "unknown_operation", "command": name, "raw": body.hex(" ")}
    done = {"command": name, "operation": _OPERATIONS[operation], "seq": sequence}
    return {"kind": "management", **done, "map": body[8:].hex(" ")}


BOARD: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "io-board": io_board,
}
