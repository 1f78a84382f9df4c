"""A simulated Dini Argeo indicator: standard string, AF string with its alibi memory (DGT p. 52; 3590 E-Box p. 65, 81).

A command in `ESC … STX` is answered in `ESC … STX`. `PID` keeps a stable gross weight under the next number of the
alibi memory, and says `NO` of any other.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Say, Show

ALIBI_MAX: Final = 999_999
"""Then the memory is rewritten from its first place."""
KEYS: Final[Mapping[bytes, Press]] = {
    b"TARE": Press("tare"),
    b"T": Press("tare"),
    b"ZERO": Press("zero"),
    b"Z": Press("zero"),
    b"CLEAR": Press("tare_clear"),
    b"C": Press("tare_clear"),
}


class DiniTongue:
    def __init__(self, unit: Unit = "kg", *, af: bool = False, address: str = "", scale: int = 1) -> None:
        """`af`: also `READ` is answered by the AF string."""
        self._unit: Unit = unit
        self._af = af
        self._address = address
        self._scale = scale
        self._heard = CommandLine(ends=b"\r\n\x02")
        self._escaped = False
        self._preset = False
        """The tare came as a number."""
        self._rewritten = 0
        self._kept = 0

    def skip_to(self, kept: int) -> None:
        """So many are in the alibi memory already."""
        self._kept = kept

    def power_up(self) -> bytes:
        self._heard, self._escaped = CommandLine(ends=b"\r\n\x02"), False
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for line in self._heard.feed(data) for act in self._command(line)]

    def frame(self, form: str, shown: Display) -> bytes:
        if form == "pid":
            return self._line(f"{self._af_string(shown)},{self._keep(shown)}")
        if form == "af" or (self._af and form == "weight"):
            return self._line(self._af_string(shown))
        if form == "high_res":
            places = places_of(shown.e_mg, self._unit) + 1
            number = decimal_text(shown.fine_mg, self._unit, places)
            return self._line(f"{self._header(shown)},GX,{number:>8},{self._unit:>2}")
        number = self._number(shown.mass_mg, shown)
        return self._line(f"{self._header(shown)},{'NT' if shown.net else 'GS'},{number:>8},{self._unit:>2}")

    def answer(self, _act: Show | Press | Preset, outcome: Outcome, _shown: Display) -> bytes:
        return self._line("OK" if outcome == "done" else "ERR03")

    def _command(self, line: bytes) -> Sequence[Act]:
        escaped = line.startswith(b"\x1b")
        sent = line.removeprefix(b"\x1b")
        if not sent.startswith(self._address.encode()):
            return []  # another scale of the line is meant
        self._escaped = escaped
        command = sent.removeprefix(self._address.encode())
        match command:
            case b"READ":
                return [Show()]
            case b"REXT":
                return [Show("af")]
            case b"GR10":
                return [Show("high_res")]
            case b"PID":
                return [Show("pid")]
            case b"VER":
                return [Say(self._line("SIM,01.00"))]
        if command.startswith(b"TMAN"):
            self._preset = True
            return [Preset(command[4:].decode("latin-1"), self._unit)]
        self._preset = self._preset and command not in KEYS
        return [KEYS[command]] if command in KEYS else [Say(self._line("ERR01"))]

    def _af_string(self, shown: Display) -> str:
        gross, tare = self._number(shown.gross_mg, shown), self._number(shown.tare_mg, shown)
        mark = "PT" if self._preset else "  "
        return (
            f"{self._header(shown)},{self._scale},{gross:>10}{self._unit:>2},{mark}{tare:>10}{self._unit:>2}"
        )

    def _keep(self, shown: Display) -> str:
        if not shown.stable or shown.gross_mg is None or shown.gross_mg < 0:
            return "NO"
        self._kept += 1
        if self._kept > ALIBI_MAX:
            self._kept, self._rewritten = 1, self._rewritten + 1
        return f"{self._rewritten:05}-{self._kept:06}"

    def _header(self, shown: Display) -> str:
        return "OL" if shown.overload else "UL" if shown.underload else "ST" if shown.stable else "US"

    def _number(self, mass_mg: int | None, shown: Display) -> str:
        return "" if mass_mg is None else decimal_text(mass_mg, self._unit, places_of(shown.e_mg, self._unit))

    def _line(self, text: str) -> bytes:
        said = f"{self._address}{text}".encode()
        return b"\x1b" + said + b"\x02" if self._escaped else said + b"\r\n"
