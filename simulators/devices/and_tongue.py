"""Simulated A&D balances, scales and indicators (A&D HC-i p. 36, 49; GX-300 p. 46; FX-CT p. 31; CAS PDI p. 37).

One set of commands and six formats, with or without an RS-485 address; and the 18-character format of indicators,
which only send. A scale fills the digits of an overload with 9, a balance says `9999999E+19`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Repeat, Say, Show, Stop

AndFormat = Literal["standard", "csv", "mt", "nu", "dp", "kf"]

ACK: Final = b"\x06"
DIGITS: Final = 8
COMMANDS: Final[Mapping[bytes, Act]] = {
    b"Q": Show(),
    b"SI": Show(),
    b"S": Show(when_stable=True),
    b"\x1bP": Show(when_stable=True),
    b"SIR": Repeat(),
    b"C": Stop(),
    b"R": Press("zero"),
    b"Z": Press("zero"),
    b"\x1bT": Press("zero"),
    b"T": Press("tare"),
    b"?PT": Show("tare"),
}
REFUSALS: Final[Mapping[Outcome, str]] = {"unstable": "E2", "above": "E7", "below": "E7", "refused": "E6"}


class AndTongue:
    def __init__(
        self,
        form: AndFormat = "standard",
        unit: Unit = "kg",
        *,
        address: str | None = None,
        balance: bool = False,
        acknowledges: bool = False,
        comma: bool = False,
        line_end: bytes = b"\r\n",
    ) -> None:
        self._form: AndFormat = form
        self._unit: Unit = unit
        self._address = f"@{address}".encode() if address is not None else b""
        self._balance = balance
        self._acknowledges = acknowledges
        self._comma = comma
        self._line_end = line_end
        self._heard = CommandLine()

    def power_up(self) -> bytes:
        self._heard = CommandLine()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for line in self._heard.feed(data) for act in self._command(line)]

    def frame(self, form: str, shown: Display) -> bytes:
        if form == "tare":
            return self._line(f"PT,{self._number(shown.tare_mg, shown)}{self._unit_field()}")
        mass_mg = shown.mass_mg
        if mass_mg is None:
            return self._line(self._out_of_range("+" if shown.overload else "-"))
        return self._line(self._weight(mass_mg, shown))

    def answer(self, _act: Show | Press | Preset, outcome: Outcome, _shown: Display) -> bytes:
        if outcome in REFUSALS:
            return self._line(f"EC,{REFUSALS[outcome]}")
        return self._line(ACK.decode()) if self._acknowledges else b""

    def _command(self, line: bytes) -> Sequence[Act]:
        if not line.startswith(self._address):
            return []  # another scale of the line is meant
        command = line.removeprefix(self._address)
        if command.startswith(b"PT:"):
            number, _, unit = command[3:].partition(b" ")
            known = unit.decode("latin-1").strip() == self._unit
            return [Preset(number.decode("latin-1") if known else "", self._unit)]
        act = COMMANDS.get(command)
        if act is None:
            return [Say(self._line("EC,E1"))]
        taken = isinstance(act, Press) and self._acknowledges
        return [Say(self._line(ACK.decode())), act] if taken else [act]

    def _weight(self, mass_mg: int, shown: Display) -> str:
        number, stable = self._number(mass_mg, shown), shown.stable
        bare = self._mark(decimal_text(mass_mg, self._unit, places_of(shown.e_mg, self._unit)))
        match self._form:
            case "standard":
                return f"{'ST' if stable else 'US'},{number}{self._unit_field()}"
            case "csv":
                parted = ";" if self._comma else ","
                return f"{'ST' if stable else 'US'}{parted}{number}{parted}{self._unit:>3}"
            case "mt":
                return f"{'S ' if stable else 'SD'}{bare:>10} {self._unit}"
            case "nu":
                return number
            case "dp":
                signed = bare if bare.startswith("-") else f"+{bare}"
                return f"{'WT' if stable else 'US'}{signed:>10}{self._unit:>4}"
            case "kf":
                sign = " " if mass_mg == 0 else "-" if mass_mg < 0 else "+"
                unit = f"  {self._unit:<2}" if stable else ""
                return f"{sign}{bare.removeprefix('-'):>9}{unit:<4}"

    def _out_of_range(self, sign: str) -> str:
        if self._form == "mt":
            return f"SI{sign}"
        if self._form == "dp":
            return f"{'E' if sign == '+' else '-E':>12}    "
        if self._form == "kf":
            return f"{'H' if sign == '+' else 'L':>10}    "
        nines = self._mark(f"{sign}9999999E+19" if self._balance else f"{sign}9999.999")
        if self._form == "nu":
            return nines
        parted = ";" if self._comma and self._form == "csv" else ","
        unit = (
            f"{parted}{self._unit:>3}" if self._form == "csv" else "" if self._balance else self._unit_field()
        )
        return f"OL{parted}{nines}{unit}"

    def _number(self, mass_mg: int, shown: Display) -> str:
        text = decimal_text(abs(mass_mg), self._unit, places_of(shown.e_mg, self._unit))
        return ("-" if mass_mg < 0 else "+") + self._mark(text.rjust(DIGITS, "0"))

    def _mark(self, text: str) -> str:
        return text.replace(".", ",") if self._comma else text

    def _unit_field(self) -> str:
        return f"{self._unit:>3}"

    def _line(self, text: str) -> bytes:
        return self._address + text.encode("latin-1") + self._line_end if text else b""


class And18Tongue:
    """Only sends."""

    def __init__(self, unit: Unit = "kg") -> None:
        self._unit: Unit = unit

    def power_up(self) -> bytes:
        return b""

    def hear(self, _data: bytes) -> Sequence[Act]:
        return []

    def frame(self, _form: str, shown: Display) -> bytes:
        mass_mg = shown.mass_mg
        header = "OL" if mass_mg is None else "ST" if shown.stable else "US"
        number = decimal_text(abs(mass_mg or 0), self._unit, places_of(shown.e_mg, self._unit))
        sign = "-" if shown.negative else "+"
        return f"{header},{'NT' if shown.net else 'GS'},{sign}{number:>7}{self._unit:>2}\r\n".encode()

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""
