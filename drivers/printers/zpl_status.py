"""What a ZPL printer says of itself: the answer to `~HS` (ZPL II Programming Guide 45541L-004, p. 171–172).

Three strings, each `STX fields ETX CR LF`: paper, pause and buffer; head, ribbon and batch; password and memory. The
fields are numbers of a fixed count. Some models say nothing at all while they are out of labels or ribbon or their head
is open (the maker's online guide, `~HS`), so that silence has to be told like a fault.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.reading import PrinterTrouble

LINE_MAX_BYTES: Final = 96
START: Final = b"\x02"
END: Final = b"\x03\r\n"
ASK: Final = b"~HS"
PRINT_MODES: Final = ("rewind", "peel_off", "tear_off", "cutter", "applicator", "delayed_cut")

STRING_FIELDS: Final = {
    12: (
        "interface", "paper out", "paused", "label length", "formats", "buffer full", "diagnostic", "partial",
        "unused", "settings lost", "too cold", "too hot",
    ),
    11: (
        "functions", "unused", "head open", "ribbon out", "thermal transfer", "print mode", "print width mode",
        "label waiting", "remaining", "format while printing", "graphics",
    ),
    2: ("password", "static RAM"),
}  # fmt: skip
"""Of each string, by the number of its fields."""

_FIRST: Final = re.compile(
    r"([0-9]{3}),([01]),([01]),([0-9]{4}),([0-9]{3}),([01]),([01]),([01]),([0-9]{3}),([01]),([01]),([01])"
)
_SECOND: Final = re.compile(
    r"([0-9]{3}),([0-9]),([01]),([01]),([01]),([0-9A-Z]),([0-9]),([01]),([0-9]{8}),([0-9]),([0-9]{3})"
)
_THIRD: Final = re.compile(r"([0-9]{4}),([01])")


@dataclass(frozen=True, slots=True)
class HostFirst:
    paper_out: bool
    paused: bool
    label_dots: int
    formats: int
    """In its receive buffer."""
    buffer_full: bool
    diagnostic: bool
    partial: bool
    """A format has begun and not ended."""
    ram_lost: bool
    too_cold: bool
    too_hot: bool


@dataclass(frozen=True, slots=True)
class HostSecond:
    head_open: bool
    ribbon_out: bool
    thermal_transfer: bool
    print_mode: str
    label_waiting: bool
    """One hangs at the peeler, to be taken."""
    remaining: int
    """Labels of the batch that are not printed yet."""
    graphics: int


@dataclass(frozen=True, slots=True)
class HostThird:
    static_ram: bool
    """The password before it is read and left alone."""


HostString = HostFirst | HostSecond | HostThird


def parse_string(text: str) -> HostString | None:
    """Of what stands between STX and ETX; None: none of the three."""
    if (one := _FIRST.fullmatch(text)) is not None:
        flags = [one[number] == "1" for number in range(13)]
        return HostFirst(
            flags[2], flags[3], int(one[4]), int(one[5]), flags[6], flags[7], flags[8], flags[10], flags[11],
            flags[12],
        )  # fmt: skip
    if (two := _SECOND.fullmatch(text)) is not None:
        mode = int(two[6], 36)
        known = PRINT_MODES[mode] if mode < len(PRINT_MODES) else two[6]
        return HostSecond(
            two[3] == "1", two[4] == "1", two[5] == "1", known, two[8] == "1", int(two[9]), int(two[11]),
        )  # fmt: skip
    if (three := _THIRD.fullmatch(text)) is not None:
        return HostThird(three[2] == "1")
    return None


def trouble_of(first: HostFirst, second: HostSecond) -> PrinterTrouble | None:
    """Why it does not print now, the first that a person has to see to; None: it prints."""
    troubles: tuple[tuple[bool, PrinterTrouble], ...] = (
        (second.head_open, "head_open"),
        (first.paper_out, "paper_out"),
        (second.ribbon_out, "ribbon_out"),
        (first.ram_lost, "settings_lost"),
        (first.diagnostic, "diagnostic"),
        (first.too_hot, "too_hot"),
        (first.too_cold, "too_cold"),
        (first.paused, "paused"),
        (first.buffer_full, "buffer_full"),
        (second.label_waiting, "label_waiting"),
    )
    return next((trouble for there, trouble in troubles if there), None)


def nothing_left(first: HostFirst, second: HostSecond) -> bool:
    """All that it was sent is printed."""
    return first.formats == 0 and second.remaining == 0 and not first.partial
