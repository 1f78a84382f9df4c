"""The process image of an Interroll MultiControl (conveyor-io §3): sensors, I/O, motors, supply.

Inputs: bytes 0 to 2 are bits (1: blocked, on, error), 3 to 6 the speed of each motor in percent with its sign, from 8
on words. Outputs: byte 0 the I/O, then a set-point for each motor. Which byte of a word comes first depends on the
fieldbus. What the image ends before is not there.
"""

from typing import Final, Literal

Said = dict[str, object]
ByteOrder = Literal["little", "big"]

MOTORS: Final = 4
_CURRENTS_AT: Final = 8
_WORD_FIELDS: Final = ((16, "voltage_1_mV"), (18, "voltage_2_mV"))
_TEMPERATURE_AT: Final = 20
_UPTIME_AT: Final = 22
INPUT_LENGTHS: Final = (8, 10, 12, 14, 16, 18, 20, 22, 26, 30)
"""Where an image of inputs may end: behind a field. The uptime has 4 bytes in one table of the manual, 8 in another."""
OUTPUT_LENGTHS: Final = (1, 5)


def inputs(image: bytes, order: ByteOrder) -> Said | None:
    """None: no image ends there."""
    if len(image) not in INPUT_LENGTHS:
        return None
    speeds = [int.from_bytes(image[at : at + 1], "big", signed=True) for at in range(3, 3 + MOTORS)]
    told: Said = {
        "sensors_blocked": _on(image[0], 8),
        "io_on": _on(image[1], MOTORS),
        "motor_errors": _on(image[2], MOTORS),
        "speeds": speeds,
    }
    currents_end = _CURRENTS_AT + 2 * MOTORS
    if len(image) >= currents_end:
        told["currents_mA"] = [_word(image, at, order) for at in range(_CURRENTS_AT, currents_end, 2)]
    for at, name in _WORD_FIELDS:
        if len(image) >= at + 2:
            told[name] = _word(image, at, order)
    if len(image) >= _UPTIME_AT:
        tenths = int.from_bytes(image[_TEMPERATURE_AT:_UPTIME_AT], order, signed=True)
        told["temperature_dC"] = tenths
    if len(image) > _UPTIME_AT:
        told["uptime_s"] = int.from_bytes(image[_UPTIME_AT:], order)
    return told


def outputs(image: bytes) -> Said | None:
    if len(image) not in OUTPUT_LENGTHS:
        return None
    speeds = [int.from_bytes(image[at : at + 1], "big", signed=True) for at in range(1, len(image))]
    return {"io_on": _on(image[0], MOTORS), **({"speeds": speeds} if speeds else {})}


def _on(bits: int, count: int) -> list[int]:
    """Counted from 1, as on the housing."""
    return [place + 1 for place in range(count) if bits >> place & 1]


def _word(image: bytes, at: int, order: ByteOrder) -> int:
    return int.from_bytes(image[at : at + 2], order)
