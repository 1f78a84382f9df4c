"""A simulated scale that speaks MT-SICS, levels 0 and 1, written from the command list alone.

Commands and answers are ASCII lines ended by CR LF; a weight is `ID SP status SP field SP unit` with a field of 10
characters, right-aligned. `S` waits for stability and says `S I` when it does not come; an unknown command is `ES`.
"""

from collections.abc import Sequence
from typing import Final, Literal

from simulators.devices.scale import Scale
from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import (
    STABLE_WITHIN_NS,
    Act,
    Outcome,
    Preset,
    Press,
    Repeat,
    Reset,
    Say,
    ScaleWire,
    Show,
    Stop,
    Tell,
)

SicsUnit = Literal["g", "kg"]

FIELD: Final = 10
COMMANDS: Final = (
    ("0", ("I0", "I1", "I2", "I3", "I4", "S", "SI", "SIR", "Z", "ZI", "@")),
    ("1", ("T", "TA", "TAC")),
)  # fmt: skip
"""Level and commands, as `I0` lists them."""
_ACTS: Final[dict[str, Sequence[Act]]] = {
    "S": [Stop(), Show(when_stable=True)],
    "SI": [Stop(), Show()],
    "SIR": [Stop(), Repeat()],
    "Z": [Press("zero")],
    "ZI": [Press("zero", when_stable=False)],
    "T": [Press("tare")],
    "TA": [Tell("TA")],
    "TAC": [Press("tare_clear")],
    "@": [Reset(), Tell("I4")],
    "I0": [Tell("I0")], "I1": [Tell("I1")], "I2": [Tell("I2")], "I3": [Tell("I3")], "I4": [Tell("I4")],
}  # fmt: skip
_INFO: Final = {"I1": '"01" "2.00" "2.00" "2.00" "1.0"', "I3": '"1.00"'}


class SicsTongue:
    def __init__(self, serial: str = "1126493049", unit: SicsUnit = "kg") -> None:
        self._serial = serial
        self._unit: Unit = unit
        self._commands = CommandLine(ends=b"\n")

    def power_up(self) -> bytes:
        self._commands.clear()
        return _line(f'I4 A "{self._serial}"')

    def hear(self, data: bytes) -> Sequence[Act]:
        return [
            act for command in self._commands.feed(data) for act in self._obey(command.removesuffix(b"\r"))
        ]

    def frame(self, form: str, shown: Display) -> bytes:
        match form:
            case "weight":
                return _line(self._weight(shown))
            case "TA":
                return _line(f"TA A {self._quantity(shown.tare_mg, shown)}")
            case "I0":
                return _listed()
            case "I2":
                capacity = self._quantity(shown.max_mg, shown)
                return _line(f'I2 A "Simulated bench scale {capacity}"')
            case "I4":
                return _line(f'I4 A "{self._serial}"')
            case _:
                return _line(f"{form} A {_INFO[form]}")

    def answer(self, act: Show | Press | Preset, outcome: Outcome, shown: Display) -> bytes:
        match act:
            case Show():
                return _line("S I")
            case Preset():
                return self.frame("TA", shown) if outcome == "done" else _line("TA L")
            case Press("zero", when_stable):
                name = "Z" if when_stable else "ZI"
                done = "A" if when_stable else "S" if shown.stable else "D"
                return _line(f"{name} {_outcome(outcome, done)}")
            case Press("tare"):
                done = f"S {self._quantity(shown.tare_mg, shown, FIELD)}"
                return _line(f"T {_outcome(outcome, done)}")
            case _:
                return _line("TAC A")

    def _obey(self, command: bytes) -> Sequence[Act]:
        if not command:
            return []
        text = command.decode("latin-1")
        match text.split(" "):
            case [name] if name in _ACTS:
                return _ACTS[name]
            case ["TA", number, "g" | "kg" as unit]:
                return [Preset(number, "g" if unit == "g" else "kg")]
            case ["TA", *_]:
                return [Say(_line("TA L"))]
            case _:
                return [Say(_line("ES"))]

    def _weight(self, shown: Display) -> str:
        if shown.mass_mg is None:
            return "S +" if shown.overload else "S -"
        return f"S {'S' if shown.stable else 'D'} {self._quantity(shown.mass_mg, shown, FIELD)}"

    def _quantity(self, mass_mg: int, shown: Display, field: int = 0) -> str:
        places = places_of(shown.e_mg, self._unit)
        return f"{decimal_text(mass_mg, self._unit, places):>{field}} {self._unit}"


def sics_wire(
    scale: Scale, serial: str = "1126493049", unit: SicsUnit = "kg", stable_within_ns: int = STABLE_WITHIN_NS
) -> ScaleWire:
    return ScaleWire(scale, SicsTongue(serial, unit), stable_within_ns=stable_within_ns)


def _line(text: str) -> bytes:
    return f"{text}\r\n".encode("ascii")


def _listed() -> bytes:
    """Line by line, `B` while more follow."""
    listed = [(level, name) for level, names in COMMANDS for name in names]
    last = len(listed)
    return b"".join(
        _line(f'I0 {"A" if place == last else "B"} {level} "{name}"')
        for place, (level, name) in enumerate(listed, start=1)
    )


def _outcome(outcome: Outcome, done: str) -> str:
    return {"done": done, "unstable": "I", "above": "+", "below": "-", "refused": "L"}[outcome]
