"""Frames of scales explained, for `hub decode`. What a host sends is understood too, where the protocol is known."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, cast

from drivers.buffers import SEVEN_BITS
from drivers.decode_config import METROLOGY, config_of
from drivers.decode_missing import incomplete, tail
from drivers.meanings import Meaning
from drivers.scales.explained import Explained
from drivers.scales.registry import EXPLAINED, new_wire
from drivers.scales.told import Garbled, Patient, Piece, meaning_of, of_another
from hub_config.scales import BenchScale

_ALL_BITS: Final = bytes(range(256))
_EIGHT_BITS: Final = ("hid-scale", "cas-22")
"""Protocols of which bit 7 is data."""
_NOT_OPTIONS: Final = ("kind", "id", "attach", "mode", "poll_ms", "answer_timeout_ms", "metrology")


def scale_options(protocol: str) -> tuple[str, ...]:
    """What `--config` takes for it, named as in the configuration."""
    fields = EXPLAINED[protocol].config.model_fields
    return tuple(
        name for name in fields if name not in _NOT_OPTIONS and name not in EXPLAINED[protocol].fixed
    )


def _or_command(known: Explained, piece: Piece) -> Piece:
    """What is no answer may be one of several commands in a recording."""
    if not isinstance(piece, Garbled):
        return piece
    forms = (piece.head, piece.head + b"\r\n", b"\n" + piece.head + b"\r")
    commands = (known.parse_command(form) for form in forms)
    return next((command for command in commands if command is not None), piece)


def scale_frames(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    known = EXPLAINED[protocol]
    config = config_of(known.config, known.kind, options, (), {"metrology": METROLOGY, **known.fixed})
    wire = new_wire(cast(BenchScale, config))
    # Without one that is asked for, frames of every scale on the line are explained.
    own = {key: value for key, value in config.own.items() if key in options}
    bits = _ALL_BITS if protocol in _EIGHT_BITS else SEVEN_BITS
    for frame in frames:
        # A command is looked for at the start of a frame only: a byte of an answer may look like one.
        command = known.parse_command(frame.translate(bits)) if wire.held_bytes == 0 else None
        for piece in [command] if command is not None else map(partial(_or_command, known), wire.feed(frame)):
            if of_another(piece, own):
                said = ", ".join(f"{key} {value}" for key, value in own.items())
                yield {"kind": "error", "error": "address", "detail": f"not of {said}", "raw": frame.hex(" ")}
            else:
                yield meaning_of(piece, config.unit)
    for piece in wire.quiet() if isinstance(wire, Patient) else ():
        yield meaning_of(piece, config.unit)
    if (missing := incomplete(protocol, tail(frames, wire.held_bytes))) is not None:
        yield missing
