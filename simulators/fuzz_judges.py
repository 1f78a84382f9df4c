"""What no parser may ever tell, whatever came: a reading that the bytes do not hold, or that contradicts itself.

Checksums are computed here anew. A frame that a parser keeps with its reading has to be among the bytes that were fed;
7-bit protocols mask bit 7, so the bytes are looked at both ways.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from drivers.conveyors.modbus_frames import TcpFrame, tcp_frame
from drivers.reading import BarcodeRead, DimensionsRead, Reading, WeightRead
from drivers.scales.told import Load, Told
from drivers.scanners.answers import Codes
from drivers.scanners.code_text import bad_control
from drivers.scanners.ssi_packets import Packet
from firmware_bridge.frames import Body, crc16, has_right_length
from simulators.label_numbers import RIGHT, is_right

_NUMBER: Final = re.compile(r"[+-]?\d*\.?\d*")
_MASK: Final = bytes(byte & 0x7F for byte in range(256))


class Window:
    """The bytes that were fed of late, as they came and without bit 7."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.data = b""
        self.masked = b""

    def add(self, data: bytes) -> None:
        self.data = (self.data + data)[-self._size :]
        self.masked = self.data.translate(_MASK)

    def has(self, raw: bytes) -> bool:
        return raw in self.data or raw in self.masked


def wrong(told: object, window: Window) -> str | None:
    """Why it must not have been told; None: it may."""
    match told:
        case Told():
            if told.raw and not window.has(told.raw):
                return "its frame was never sent"
            return None if told.load is None else _wrong_load(told.load)
        case Packet():
            total = sum(told.raw[:-2]) + int.from_bytes(told.raw[-2:], "big")
            return None if total % 65_536 == 0 and window.has(told.raw) else "wrong checksum"
        case Body(data):
            return None if data and has_right_length(data) and _board_sent(data, window) else "wrong checksum"
        case TcpFrame(transaction, unit, pdu):
            return None if window.has(tcp_frame(transaction, unit, pdu)) else "its frame was never sent"
        case Codes(codes):
            bad = next((one for one in codes if bad_control(one.text) or not one.text.strip(" ")), None)
            return None if bad is None else f"code {bad.text[:40]!r}"
        case dict():
            return _wrong_meaning(told)
        case _:
            return _wrong_reading(told)


def wrong_label(protocol: str, frame: bytes, meaning: Mapping[str, Any]) -> str | None:
    """A number that counts as valid has the right check digit."""
    if meaning.get("valid") is not True or protocol not in RIGHT:
        return None
    text = frame.decode("latin-1").rstrip("\r\n")
    text = re.sub(r"\A\][A-Za-z][0-9A-Fa-f]", "", text).replace(" ", "").upper().strip("\x1d")
    if protocol == "sscc":
        text = re.sub(r"\A(\(00\)|00(?=[0-9]{18}\Z))", "", text)  # its application identifier
    return None if is_right(protocol, text) else "wrong check digit"


def _board_sent(body: bytes, window: Window) -> bool:
    """COBS leaves all bytes but zeros as they are: every run of the body and its CRC is among those sent."""
    whole = body + crc16(body).to_bytes(2, "big")
    return all(window.has(run[:200]) for run in whole.split(b"\x00") if run)


def _wrong_load(load: Load) -> str | None:
    if load.text and (load.overload or load.underload or load.out_of_range or load.invalid):
        return f"digits {load.text!r} of a frame that is over, under or invalid"
    if load.text and (_NUMBER.fullmatch(load.text) is None or not any(sign.isdigit() for sign in load.text)):
        return f"{load.text!r} is no number"
    return None


def _wrong_meaning(meaning: Mapping[str, Any]) -> str | None:
    flagged = any(meaning.get(key) for key in ("overload", "underload", "out_of_range", "invalid"))
    if meaning.get("mass_mg") is not None and flagged:
        return "a mass of a frame that is over, under or invalid"
    if "mass_mg" in meaning and not isinstance(meaning["mass_mg"], int | None):
        return f"mass {meaning['mass_mg']!r}"
    return None


def _wrong_reading(told: object) -> str | None:
    reading: Reading | object = told
    match reading:
        case WeightRead():
            flagged = reading.overload or reading.underload or reading.out_of_range or reading.invalid
            return (
                "a mass of a frame that is over, under or invalid"
                if flagged and reading.mass_mg is not None
                else None
            )
        case BarcodeRead():
            return (
                None
                if reading.data.strip(" ") and not bad_control(reading.data)
                else f"code {reading.data[:40]!r}"
            )
        case DimensionsRead():
            some = {side is None for side in (reading.l_um, reading.w_um, reading.h_um)}
            return "some sides without the others" if len(some) > 1 else None
        case _:
            return None
