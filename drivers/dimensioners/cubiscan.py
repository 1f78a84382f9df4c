"""CubiScan 25, 100, 125, 325 (dimensioners §1; CubiScan 125 service manual p. 70–83, CubiScan 325 p. 64).

Both ways `STX command [data] ETX CR LF`, without a checksum; NUL padding may follow. What it measures it tells as `MA…`
when it is asked, or when somebody presses its key; its records have no number.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
from drivers.dimensioners.length import Texts, sized
from drivers.listening import Listening
from drivers.reading import DeviceFault, Reading, WeightRead
from drivers.records import fault
from drivers.scales.mass import mass_mg
from hub_config.dimensioners import CubiscanConfig
from hub_config.names import Instant

LINE_MAX_BYTES: Final = 256
END: Final = b"\x03\r\n"
START: Final = b"\x02"
COMMANDS: Final = {
    "M": "measure", "C": "continuous_measure", "m": "gate_measure", "D": "dimension_calibration",
    "S": "scale_calibration", "T": "test", "U": "units", '"': "dim_unit", "#": "weight_unit", "F": "set_factor",
    "L": "set_site", "Z": "zero", "V": "values",
}  # fmt: skip
SYSTEMS: Final = {"E": "english", "M": "metric"}
FACTORS: Final = {"D": "domestic", "I": "international"}
REFUSALS: Final = {"C": "corner_sensor_error", "M": "measure_error", "Z": "zero_error"}
"""Of a measurement."""
FILLS: Final = {"_": "under", "-": "unstable", "~": "over"}
"""A field that begins with one of these has no value."""

_LENGTHS: Final = {"E": "in", "M": "cm"}
_MASSES: Final = {"E": "lb", "M": "kg"}
_MEASURED: Final = re.compile(
    r"[Mm]A([CH])([ -~]{6}),L([ -~]{5}),W([ -~]{5}),H([ -~]{5}),([EM]),K([ -~]{6}),D([ -~]{6}),([EM]),"
    r"F([0-9]{4}),([DI])"
)
_SIDE: Final = re.compile(r"[0-9]{3}\.[0-9]")
_WEIGHT: Final = re.compile(r"[0-9]{3}\.[0-9]{2}")
_UNITS: Final = re.compile(r"UA([EM])([EM])([DI])([0-9]{4})([ -~]{6})")
_REFUSED: Final = re.compile(r"[Mm]N([CH])([CMZ])")
_VALUES: Final = re.compile(r"VA([ -~]+)")
_COMMAND: Final = re.compile(r'[MCmDTUZV]|S[0-9]{3}\.[0-9]{2}|["#][EM]|F[DI]|L[ -~]{6}')
_DONE: Final = re.compile(r'([MCmDSTUVZ"#FL])A([0-9]{2})?')


@dataclass(frozen=True, slots=True)
class CubiMeasured:
    origin: str
    """`C`: started at the machine, `H`: by the host."""
    site: str
    sides: Texts
    """As sent, also where a side has no value."""
    unit: str
    weight: str
    weight_unit: str
    dim_weight: str
    factor: int
    factor_type: str

    @property
    def faults(self) -> tuple[str, ...]:
        """Of its fields without a value, for example `length_under`."""
        named = zip(("length", "width", "height", "weight"), (*self.sides, self.weight), strict=True)
        return tuple(f"{name}_{FILLS[text[0]]}" for name, text in named if text[0] in FILLS)


@dataclass(frozen=True, slots=True)
class CubiRefused:
    """`command` None: it does not know what it was told."""

    error: str
    command: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class CubiDone:
    command: str
    code: str | None


@dataclass(frozen=True, slots=True)
class CubiUnits:
    dim_unit: str
    weight_unit: str
    factor_type: str
    factor: int
    site: str


@dataclass(frozen=True, slots=True)
class CubiCommand:
    """What a host says."""

    command: str
    value: str | None


@dataclass(frozen=True, slots=True)
class CubiValues:
    """Its internal parameters, as sent."""

    text: str


CubiAnswer = CubiMeasured | CubiRefused | CubiDone | CubiUnits | CubiValues | CubiCommand


def parse_frame(text: str) -> CubiAnswer | None:
    """Of what stands between STX and ETX; None: nothing of the manual."""
    if _COMMAND.fullmatch(text):
        value = text[1:] or None
        return CubiCommand(COMMANDS[text[0]], SYSTEMS.get(value or "", value) if text[0] in '"#' else value)
    if text == "?N":
        return CubiRefused("unknown_command")
    if (refused := _REFUSED.fullmatch(text)) is not None:
        return CubiRefused(REFUSALS[refused[2]], None, refused[1])
    if (units := _UNITS.fullmatch(text)) is not None:
        return CubiUnits(
            SYSTEMS[units[1]], SYSTEMS[units[2]], FACTORS[units[3]], int(units[4]), units[5]
        )  # fmt: skip
    if (done := _DONE.fullmatch(text)) is not None:
        return CubiDone(COMMANDS[done[1]], done[2])
    if (values := _VALUES.fullmatch(text)) is not None:
        return CubiValues(values[1])
    if len(text) == 2 and text[0] in COMMANDS and text[1] == "N":
        return CubiRefused("nak", COMMANDS[text[0]])
    return _measured(text)


def _measured(text: str) -> CubiMeasured | None:
    found = _MEASURED.fullmatch(text)
    if found is None:
        return None
    sides, weights = (found[3], found[4], found[5]), (found[7], found[8])
    known = all(_SIDE.fullmatch(one) or one[0] in FILLS for one in sides)
    if not known or not all(_WEIGHT.fullmatch(one) or one[0] in FILLS for one in weights):
        return None
    return CubiMeasured(
        found[1], found[2], sides, _LENGTHS[found[6]], weights[0], _MASSES[found[9]], weights[1],
        int(found[10]), FACTORS[found[11]],
    )  # fmt: skip


class Cubiscan(Listening):
    def __init__(self, config: CubiscanConfig) -> None:
        super().__init__(config.id)
        self._config = config
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(END,), prefix=START)

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        device = self._config.id
        if not isinstance(piece, Line):
            if not piece.head.strip(b"\x00"):
                return []  # padding behind the frame before
            return [fault(device, at, "bytes outside a frame (STX … ETX CR LF)", piece.head)]
        match parse_frame(piece.data.decode("latin-1")):
            case CubiMeasured() as told:
                return self._measured(told, at)
            case CubiRefused(error):
                return [DeviceFault(device, at, "refused", f"it says {error}", piece.data[:64])]
            case CubiDone() | CubiUnits() | CubiValues():
                return []
            case _:
                return [fault(device, at, "no answer of a CubiScan", piece.data)]

    def _measured(self, told: CubiMeasured, at: Instant) -> list[Reading]:
        config = self._config
        status = told.faults[0] if told.faults else None
        readings: list[Reading] = [sized(config, at, told.sides, told.unit, None, status=status)]
        if config.metrology is not None:
            weighed = _WEIGHT.fullmatch(told.weight) is not None
            mass = mass_mg(told.weight, told.weight_unit) if weighed else None
            fill = FILLS.get(told.weight[0])
            text = told.weight if weighed else ""
            over, under = fill == "over", fill == "under"
            stable = fill != "unstable"
            weight = WeightRead(config.id, at, mass, text, told.weight_unit, stable, over, under)
            readings.append(weight)
        return readings
