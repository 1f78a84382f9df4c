"""CubiScan 25, 100, 125, 325 (dimensioners §1; CubiScan 125 service manual p. 70–83, CubiScan 325 p. 64).

Both ways `STX command [data] ETX CR LF`, without a checksum; NUL padding may follow. What it measures it tells as `MA…`
when it is asked, or when somebody presses its key; its records have no number.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
from drivers.command import Command, Measure
from drivers.dimensioners.length import Texts, sized
from drivers.listening import Listening
from drivers.reading import DeviceFault, DeviceUp, OrderAnswered, Reading, WeightRead
from drivers.records import fault
from drivers.scales.mass import mass_mg
from hub_config.dimensioners import CubiscanConfig
from hub_config.names import MILLISECOND, Instant

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
AT_MACHINE: Final = "C"
"""Origin of a measurement that somebody has started at its key."""
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
    """One measurement at a time. After one that was never answered nothing is asked until its answer has come, or can
    no longer come: an answer does not say what it is an answer to."""

    def __init__(self, config: CubiscanConfig) -> None:
        super().__init__(config.id)
        self._config = config
        self._timeout_ns = config.answer_timeout_ms * MILLISECOND
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(END,), prefix=START)
        self._output = b""
        self._asked: tuple[int, Instant] | None = None
        """Number and time of the measurement that is under way for us."""
        self._silent = False
        self._quiet_until: Instant | None = None
        """An answer that was given up may still come until then."""

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        due = None if self._asked is None else Instant(self._asked[1] + self._timeout_ns)
        first = super().wake_at
        return due if first is None else first

    def wake(self, at: Instant) -> list[Reading]:
        readings = super().wake(at)
        if self._asked is None or at - self._asked[1] < self._timeout_ns:
            return readings
        (number, _), self._asked = self._asked, None
        self._quiet_until = Instant(at + self._timeout_ns)
        self._silent = True
        detail = "no answer to a measurement; look at its power, its cable and its set-up"
        fault_ = DeviceFault(self._config.id, at, "silent", detail)
        return [*readings, fault_, self._answer(number, "unanswered", at)]

    def take_output(self) -> bytes:
        output, self._output = self._output, b""
        return output

    def command(self, command: Command, at: Instant) -> list[Reading]:
        if not isinstance(command, Measure):
            return []  # of another kind of device
        if self._asked is not None:
            return [self._answer(command.number, "busy", at)]
        if self._quiet_until is not None and at < self._quiet_until:
            return [self._answer(command.number, "not_ready", at)]
        self._quiet_until = None
        self._asked = (command.number, at)
        self._output = START + b"M" + END
        return []

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        device = self._config.id
        if not isinstance(piece, Line):
            if not piece.head.strip(b"\x00"):
                return []  # padding behind the frame before
            return [fault(device, at, "bytes outside a frame (STX … ETX CR LF)", piece.head)]
        told = parse_frame(piece.data.decode("latin-1"))
        match told:
            case CubiMeasured():
                return [*self._be_up(at), *self._measured(told, at)]
            case CubiRefused(error, command, origin):
                refused: Reading = DeviceFault(device, at, "refused", f"it says {error}", piece.data[:64])
                ours = origin != AT_MACHINE and command in (None, "measure")
                return [*self._be_up(at), refused, *(self._end(error, at) if ours else ())]
            case CubiDone() | CubiUnits() | CubiValues():
                return self._be_up(at)
            case _:
                return [fault(device, at, "no answer of a CubiScan", piece.data)]

    def _measured(self, told: CubiMeasured, at: Instant) -> list[Reading]:
        config = self._config
        if told.origin != AT_MACHINE and self._asked is None:
            self._quiet_until = None
            detail = "a measurement that was given up, or that somebody else has asked for"
            return [DeviceFault(config.id, at, "late_answer", detail)]
        status = told.faults[0] if told.faults else None
        readings: list[Reading] = [sized(config, at, told.sides, told.unit, None, status=status)]
        if config.metrology is not None:
            readings.append(self._weight(told, at))
        return [*readings, *(self._end("measured", at) if told.origin != AT_MACHINE else ())]

    def _weight(self, told: CubiMeasured, at: Instant) -> WeightRead:
        weighed = _WEIGHT.fullmatch(told.weight) is not None
        mass = mass_mg(told.weight, told.weight_unit) if weighed else None
        fill = FILLS.get(told.weight[0])
        text = told.weight if weighed else ""
        over, under, stable = fill == "over", fill == "under", fill != "unstable"
        return WeightRead(self._config.id, at, mass, text, told.weight_unit, stable, over, under)

    def _end(self, detail: str, at: Instant) -> list[Reading]:
        """Of the measurement that was asked for."""
        if self._asked is None:
            return []
        (number, _), self._asked = self._asked, None
        return [self._answer(number, detail, at)]

    def _be_up(self, at: Instant) -> list[Reading]:
        """Again, after it was silent."""
        was_silent, self._silent = self._silent, False
        return [DeviceUp(self._config.id, at, identity=None)] if was_silent else []

    def _answer(self, number: int, detail: str, at: Instant) -> OrderAnswered:
        return OrderAnswered(self._config.id, at, number, detail == "measured", detail)
