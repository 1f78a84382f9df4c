"""AIM symbology identifiers, ISO/IEC 15424: `]`, a letter for the symbology, a modifier, before the data.

Upper and lower case matter: `]E` is EAN, `]e` is DataBar. The modifier is a sum of options; the table names the
modifiers that change what the data are, any other falls back to the letter's own row.
"""

import re
from dataclasses import dataclass
from typing import Final

UNKNOWN_SYMBOLOGY: Final = "unknown"

_AIM: Final = re.compile(r"\][A-JL-MO-SUXZdehz][0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class Symbology:
    slug: str
    """Ours, as it stands in readings and events."""
    name: str
    """As manuals print it."""
    linear: bool
    gs1: bool = False


def _linear(slug: str, name: str) -> Symbology:
    return Symbology(slug, name, linear=True)


def _matrix(slug: str, name: str) -> Symbology:
    return Symbology(slug, name, linear=False)


_BY_LETTER: Final[dict[str, Symbology]] = {
    "A": _linear("code39", "Code 39"),
    "B": _linear("telepen", "Telepen"),
    "C": _linear("code128", "Code 128"),
    "D": _linear("code-one", "Code One"),
    "E": _linear("ean13", "EAN-13/UPC"),
    "F": _linear("codabar", "Codabar"),
    "G": _linear("code93", "Code 93"),
    "H": _linear("code11", "Code 11"),
    "I": _linear("itf", "Interleaved 2 of 5"),
    "J": _matrix("dotcode", "DotCode"),
    "L": _matrix("pdf417", "PDF417"),
    "M": _linear("msi", "MSI"),
    "O": _matrix("ocr", "OCR"),
    "P": _linear("plessey", "Plessey"),
    "Q": _matrix("qr", "QR Code"),
    "R": _linear("straight-2of5", "Straight 2 of 5"),
    "S": _linear("industrial-2of5", "Industrial 2 of 5"),
    "U": _matrix("maxicode", "MaxiCode"),
    "X": _matrix("other", "Other"),
    "Z": _matrix("no-barcode", "Not a bar code"),
    "d": _matrix("datamatrix", "Data Matrix"),
    "e": Symbology("databar", "GS1 DataBar", linear=True, gs1=True),
    "h": _matrix("hanxin", "Han Xin"),
    "z": _matrix("aztec", "Aztec"),
}

_BY_AIM: Final[dict[str, Symbology]] = {
    "]C1": Symbology("gs1-128", "GS1-128", linear=True, gs1=True),
    "]E1": _linear("ean-addon2", "EAN add-on 2"),
    "]E2": _linear("ean-addon5", "EAN add-on 5"),
    "]E3": _linear("ean13-addon", "EAN-13/UPC with add-on"),
    "]E4": _linear("ean8", "EAN-8"),
    "]J1": Symbology("gs1-dotcode", "GS1 DotCode", linear=False, gs1=True),
    "]L3": _matrix("micropdf417", "MicroPDF417"),
    "]L4": _matrix("micropdf417", "MicroPDF417"),
    "]L5": _matrix("micropdf417", "MicroPDF417"),
    "]Q3": Symbology("gs1-qr", "GS1 QR Code", linear=False, gs1=True),
    "]d2": Symbology("gs1-datamatrix", "GS1 DataMatrix", linear=False, gs1=True),
}

_CHECKED: Final = "verified"
_STRIPPED: Final = "verified+stripped"
_CHECK_OF: Final[dict[str, str]] = {
    "]A1": _CHECKED,
    "]A3": _STRIPPED,
    "]A5": _CHECKED,
    "]A7": _STRIPPED,
    "]F1": _CHECKED,
    "]F3": _STRIPPED,
    "]I1": _CHECKED,
    "]I3": _STRIPPED,
}


def split_aim(text: str) -> tuple[str | None, str]:
    """The identifier in front of the data, if there is one, and the data."""
    if not text.startswith("]"):
        return None, text
    found = _AIM.match(text)
    return (None, text) if found is None else (found.group(), text[found.end() :])


def symbology_of(aim: str) -> Symbology:
    named = _BY_AIM.get(aim) or _BY_LETTER.get(aim[1:2])
    return named or _matrix(UNKNOWN_SYMBOLOGY, aim)


def is_gs1(aim: str) -> bool:
    """The data are GS1 element strings: FNC1 came first and is not transmitted."""
    return symbology_of(aim).gs1


def is_linear(aim: str) -> bool:
    return symbology_of(aim).linear


def is_full_ascii(aim: str) -> bool:
    """Code 39 with the scanner translating character pairs."""
    return aim in ("]A4", "]A5", "]A7")


def check_of(aim: str) -> str | None:
    """What the scanner says it did with an optional check character; None where the modifier does not tell."""
    return _CHECK_OF.get(aim)
