"""Frames whose check is declared (`hub_config/declared_check.py`), for the fuzz campaign: no manual prints one."""

from collections.abc import Mapping
from functools import reduce
from operator import xor
from typing import Final

CHECK_BYTE: Final[Mapping[str, object]] = {
    "start": "\x06\x02", "end": ["\x03"], "fields": ["status 3", "mass 4-8"], "words": {"0": "nothing"},
    "unit": "g", "check": "xor data raw",
}  # fmt: skip
"""A scale with a check byte that may look like an end or a start: PD-II types 0 and 1, as a manual may fill them."""
CHECK_BYTES: Final = tuple(
    b"\x06\x02" + data + bytes([reduce(xor, data)]) + b"\x03"
    for data in (b"001250", b"000003", b"000002", b"000006")
)
CHECKED_TEXTS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "datalogic-dm3610": (
        b"\x020010035.50;0024.00;0018.20;cm;READY54\r\n",
        b"\x020020012.00;0024.00;0018.20;cm;READY57\r\n",
    ),
    "record-scale": (b"7;1.250;kg;OK2C\r\n", b"8;;;OVER0D\r\n"),
    "record-dimensioner": (b"7;300;200;100;mm;OK38\r\n", b"8;0;0;0;mm;OK37\r\n"),
}
"""Texts that end in two hexadecimal digits, the exclusive or of what stands before them."""
