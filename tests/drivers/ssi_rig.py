"""An SSI scanner's driver, and what the scanner at its other end says."""

from typing import Any

from driver_configs import READER, ms
from vectors_file import vectors

from drivers.reading import BarcodeRead, DeviceFault, Reading
from drivers.scanners.ssi import SsiScanner
from hub_config.attach import SerialAttach
from hub_config.readers import SsiConfig

FRAMES = {one.id: one.frame for one in vectors("ssi")}
GOOD = FRAMES["ssi-17"]
"""Code 128, 1Z5R89390357567127."""
AGAIN, BAD = FRAMES["ssi-21"], FRAMES["ssi-22"]
"""RB123456785GB, sent again; and with a wrong checksum."""
ACKED = bytes.fromhex("04 D0 00 00 FF 2C")
"""By the scanner."""
AT = ms(10)


def said(opcode: int, data: bytes = b"", status: int = 0) -> bytes:
    """A packet of the scanner."""
    body = bytes([len(data) + 4, opcode, 0, status]) + data
    return body + (0x10000 - sum(body)).to_bytes(2, "big")


def code(text: bytes, *, more: bool = False, again: bool = False, number: int = 3) -> bytes:
    return said(0xF3, bytes([number]) + text, (2 if more else 0) | (1 if again else 0))


def scanner(**config: Any) -> SsiScanner:
    return SsiScanner(SsiConfig(kind="ssi", id=READER, attach=SerialAttach(port="/dev/a"), **config))


def open_scanner(**config: Any) -> SsiScanner:
    """Set up: all it was told is acknowledged, and it is in step."""
    one = scanner(**config)
    one.wake(ms(0))
    while one.take_output():
        one.receive(ACKED, ms(1))
    while one.wake_at is not None and one.wake_at < ms(1_500):
        one.wake(one.wake_at)
    return one


def faults(readings: list[Reading]) -> list[str]:
    return [one.code for one in readings if isinstance(one, DeviceFault)]


def data(readings: list[Reading]) -> list[str]:
    return [one.data for one in readings if isinstance(one, BarcodeRead)]
