"""What a poll of each Modbus module says: levels of inputs, counters, and whether a motor runs (conveyor-io §3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.conveyors.modbus_pdu import (
    READ_HOLDING,
    READ_REGISTERS,
    WRITE_COIL,
    WRITE_COILS,
    Read,
    Write,
)
from hub_config.modbus import ModbusIoConfig

MOXA_COUNTERS: Final = 0x10
"""High word first, two registers a channel."""
MOXA_INPUTS: Final = 0x30
"""The word of all inputs."""
CONVEYLINX_FIRST: Final = 1_699
"""4:1700, the stop status, and five more words."""
CONVEYLINX_WORDS: Final = 6
CONVEYLINX_PORTS: Final = (4, 6, 0, 2)
"""Bits of the channels 0 to 3: left and right pin 4 (the photo-eyes), left and right pin 3."""
HEARTBEAT: Final = 1 << 15
INTERROLL_WORDS: Final = 8
"""Bytes 0 to 15: sensors, I/O, errors, speeds, currents."""


@dataclass(frozen=True, slots=True)
class Image:
    """One answer to a poll."""

    high: tuple[bool, ...]
    """By channel."""
    counters: Mapping[int, int]
    """Of 32 bits, by channel."""
    runs: bool
    """Of a module that drives: its motor turns."""
    heartbeat: bool | None
    """Of a module that says so: it changes every two seconds."""


def poll_request(config: ModbusIoConfig) -> Read:
    """All inputs of the block in one request."""
    match config.module:
        case "moxa-e1200":
            first = MOXA_COUNTERS if config.first_register is None else config.first_register
            return Read(READ_REGISTERS, first, MOXA_INPUTS - MOXA_COUNTERS + 1)
        case "conveylinx":
            first = CONVEYLINX_FIRST if config.first_register is None else config.first_register
            return Read(READ_HOLDING, first, CONVEYLINX_WORDS)
        case "interroll-multicontrol":
            assert config.first_register is not None, f"{config.id}: no first_register got past its check"
            return Read(READ_HOLDING, config.first_register, INTERROLL_WORDS)


def image_of(config: ModbusIoConfig, words: tuple[int, ...]) -> Image:
    """Of as many words as were asked for."""
    match config.module:
        case "moxa-e1200":
            levels = words[MOXA_INPUTS - MOXA_COUNTERS]
            counters = {
                one.channel: words[2 * one.channel] << 16 | words[2 * one.channel + 1]
                for one in config.inputs
                if one.counted
            }
            return Image(_bits(levels, 16), counters, runs=False, heartbeat=None)
        case "conveylinx":
            ports = words[1]
            high = tuple(bool(ports >> bit & 1) for bit in CONVEYLINX_PORTS)
            return Image(high, {}, runs=words[5] > 0, heartbeat=bool(ports & HEARTBEAT))
        case "interroll-multicontrol":
            image = b"".join(word.to_bytes(2, config.byte_order) for word in words)
            high = (*_bits(image[0], 8), *_bits(image[1], 4))
            return Image(high, {}, runs=image[3] != 0, heartbeat=None)


def switch(channel: int, *, on: bool) -> Write:
    return Write(WRITE_COIL, channel, (int(on),))


def all_off(config: ModbusIoConfig) -> Write | None:
    """None: it has no output of ours."""
    return Write(WRITE_COILS, 0, (0,) * config.outputs) if config.outputs else None


def _bits(word: int, count: int) -> tuple[bool, ...]:
    return tuple(bool(word >> place & 1) for place in range(count))
