"""What one frame of a scale says, and the shape of the file of a protocol. What scales share is written here once.

A protocol is a `Wire`: bytes in, in any cut; `Told` or `Garbled` out; and the bytes it can send. It keeps no time and
knows no gateway: `drivers/scales/bench_scale.py` asks, waits and believes, for all of them; `hub decode` shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from drivers.meanings import Meaning, known, without_leading_zeros
from drivers.reading import Weighing
from drivers.scales.mass import mass_mg

Order = Literal["weight", "repeat", "zero", "tare", "tare_clear"]
"""What a scale can be asked for: a weight, weights again and again, …. Not every protocol has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a frame says of what lies on the scale. A frame that is over, under, out of range or invalid has no text:
    digits in it are never used."""

    text: str = ""
    """The number as sent, with its sign, a decimal point and all its decimals; leading blanks gone."""
    unit: str | None = None
    """As `drivers/scales/mass.py` names it; None where the frame has none."""
    stable: bool | None = None
    """None: the format cannot tell."""
    mode: Weighing | None = None
    zero: bool | None = None
    """At the centre of zero, where the format tells."""
    overload: bool = False
    underload: bool = False
    out_of_range: bool = False
    """Over or under: the format cannot say which."""
    invalid: bool = False
    tare: str | None = None
    record: int | None = None
    """The number under which the scale's own alibi memory keeps it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A whole frame, understood."""

    kind: str
    """`weight`, `count`, `tare`, `status`, `error`, `ack`, `info`, `command`, …: that of `meaning` in the vectors."""
    load: Load | None = None
    """None: it says nothing of the load (an acknowledgement, an error, pieces instead of a mass)."""
    keys: Mapping[str, object] = field(default_factory=dict)
    """What else it says, in the keys of `hub decode`. They win over those made from `load`."""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that are no frame."""

    head: bytes
    error: str = "garbled"
    """Or `checksum`, `too_long`, `address` (another scale's)."""


Piece = Told | Garbled


def of_another(piece: Piece, own: Mapping[str, object]) -> bool:
    """A weight that says of itself that it is another scale's on the same line. `own`: of the config."""
    if not own or isinstance(piece, Garbled) or piece.load is None:
        return False
    return any(piece.keys.get(key) != value for key, value in own.items())


class Wire(Protocol):
    """One protocol of scales."""

    @property
    def held_bytes(self) -> int:
        """Waiting for the rest of their frame; bounded."""

    def feed(self, data: bytes) -> list[Piece]:
        """Takes what the port delivered; returns the frames that are complete."""

    def order(self, order: Order) -> bytes | None:
        """What asks for it; None: this protocol has no such command."""

    def take_reply(self) -> bytes:
        """What has to be sent after the last frame before the scale says more; mostly nothing."""


@runtime_checkable
class Patient(Protocol):
    """A `Wire` of frames whose end only what follows them tells, or the silence after them."""

    @property
    def waits(self) -> bool:
        """What is held may be a whole frame."""

    def quiet(self) -> list[Piece]:
        """Nothing has followed."""


def meaning_of(piece: Piece, unit: str | None) -> Meaning:
    """For `hub decode`. `unit`: what the configuration says where the wire says nothing."""
    if isinstance(piece, Garbled):
        return {"kind": "error", "error": piece.error, "raw": piece.head.hex(" ")}
    load, shown = piece.load, {"kind": piece.kind}
    if load is None or piece.kind == "status":
        return {**shown, **piece.keys}
    whole = {
        "value": without_leading_zeros(load.text) if load.text else None,
        "tare": None if load.tare is None else without_leading_zeros(load.tare),
        "mode": load.mode, "zero": load.zero,
        "overload": load.overload or None, "underload": load.underload or None,
        "out_of_range": load.out_of_range or None, "invalid": load.invalid or None,
    }  # fmt: skip
    read = {"unit": load.unit, "stable": load.stable} if load.text else known({"unit": load.unit})
    return {**shown, **known(whole), **read, **piece.keys, "mass_mg": mass_of_load(load, unit)}


def mass_of_load(load: Load, unit: str | None) -> int | None:
    """Whole milligrams; None where there is no number, or no unit of mass."""
    return mass_mg(load.text, load.unit or unit) if load.text else None
