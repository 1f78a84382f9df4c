"""The label of a parcel that is held, in ZPL II (Programming Guide 45541L-004: ^XA, ^CI, ^PW, ^LL, ^FO, ^A0, ^FH, ^BC).

What a parcel's label said is text of a stranger: every character of it that ZPL could take for a command goes out as
its number (`^FH`), so that no code can drive the printer.
"""

import re
from typing import Final

from drivers.command import PrintLabel
from hub_config.printers import ZplPrinterConfig

HEX_SIGN: Final = "_"
TEXT_MAX_CHARS: Final = 64
"""Of one line of a label."""
LINES_MAX: Final = 6

_BARCODE: Final = re.compile(r"[A-Z0-9]{1,40}")
"""What is printed as Code 128 too; anything else is text alone."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,:;()/+*#=-]")
_MARGIN_MM: Final = 3
_TITLE_MM: Final = 8
_BAY_MM: Final = 14
_BAR_MM: Final = 12
_LINE_MM: Final = 4
_QUIET_MODULES: Final = 20
_MODULES_PER_SIGN: Final = 11
_FRAME_SIGNS: Final = 3
"""Start, check and stop of a Code 128."""
_MODULES: Final = (4, 3, 2)
"""Widths of its narrowest bar in dots at 203 dpi, the widest that fits is taken: 0.5, 0.375 and 0.25 mm."""


def label_zpl(label: PrintLabel, config: ZplPrinterConfig) -> bytes:
    """One label, once."""
    unit = config.dots_per_mm
    width, height = config.width_um * unit // 1_000, config.height_um * unit // 1_000
    x, y = _MARGIN_MM * unit, _MARGIN_MM * unit
    parts = [f"^XA^CI28^PW{width}^LL{height}^LH0,0"]
    parts.append(_text(x, y, _TITLE_MM * unit, label.title))
    parts.append(_text(x + width // 2, y, _BAY_MM * unit, label.bay))
    y += (_BAY_MM + 2) * unit
    if label.code is not None:
        module = _module(label.code, width - 2 * x, unit)
        if module is not None:
            parts.append(f"^FO{x},{y}^BY{module}^BCN,{_BAR_MM * unit},N,N,N^FD{label.code}^FS")
            y += (_BAR_MM + 1) * unit
        parts.append(_text(x, y, (_LINE_MM + 1) * unit, label.code))
        y += (_LINE_MM + 2) * unit
    for line in label.lines[:LINES_MAX]:
        if y + _LINE_MM * unit > height:
            break  # what does not fit is left out: bay and code stand first
        parts.append(_text(x, y, _LINE_MM * unit, line))
        y += (_LINE_MM + 1) * unit
    return ("".join(parts) + "^PQ1^XZ").encode("ascii")


def _module(code: str, room: int, unit: int) -> int | None:
    """Dots of the narrowest bar; None: it does not fit, or is no plain code."""
    if not _BARCODE.fullmatch(code):
        return None
    modules = (len(code) + _FRAME_SIGNS) * _MODULES_PER_SIGN + _QUIET_MODULES
    return next((dots * unit // 8 for dots in _MODULES if modules * (dots * unit // 8) <= room), None)


def _text(x: int, y: int, dots: int, text: str) -> str:
    return f"^FO{x},{y}^A0N,{dots},{dots}^FH{HEX_SIGN}^FD{escaped(text[:TEXT_MAX_CHARS])}^FS"


def escaped(text: str) -> str:
    """As `^FH` takes it: everything but plain letters, digits and points as the numbers of its UTF-8 bytes."""
    return "".join(
        sign if _PLAIN.fullmatch(sign) else "".join(f"{HEX_SIGN}{byte:02X}" for byte in _bytes(sign))
        for sign in text
    )


def _bytes(sign: str) -> bytes:
    """A control character has no picture: a question mark stands for it."""
    return sign.encode("utf-8", "replace") if sign.isprintable() else b"?"
