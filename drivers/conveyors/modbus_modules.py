"""What a poll of each Modbus module says, and what is written for its outputs (conveyor-io §3).

A block has a coil for each output. Roller controllers have one register for all of theirs:

- ConveyLinx ERSC: 4:0037, "Control Port Digital Output Control", bit 1 the left and bit 3 the right control port, all
  others reserved (PLC Developers Guide, PLC outputs for PLC I/O mode, ERSC family). As the module's own register it is
  written alone; its copy at M 4:1803 lies in an assembly that is addressed from 4:1800 on, with the motors.
- Interroll MultiControl: byte 0 of the process image of outputs, bits 0 to 3 for I/O 1 to 4 set to "PLC-Output" (manual
  2.3, p. 34). The other byte of that register is the set-point of motor 1, which has to be unused.

Such a register is read back after every write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.conveyors.modbus_pdu import (
    READ_HOLDING,
    READ_REGISTERS,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
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
CONVEYLINX_OUTPUTS: Final = 36
"""4:0037."""
CONTROL_PORTS: Final = (1, 3)
"""Its bits of the output channels 0 and 1: left and right."""
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
            return Image(high, {}, runs=image[2 + (config.motor or 1)] != 0, heartbeat=None)


def switch(config: ModbusIoConfig, levels: Sequence[bool], channel: int) -> Write:
    """Sets one output. `levels`: of all that are ours, as they shall be."""
    if config.module == "moxa-e1200":
        return Write(WRITE_COIL, channel, (int(levels[channel]),))
    return Write(WRITE_REGISTER, _output_register(config), (_output_word(config, levels),))


def all_off(config: ModbusIoConfig) -> Write | None:
    """None: it has no output of ours."""
    if not config.outputs:
        return None
    if config.module == "moxa-e1200":
        return Write(WRITE_COILS, 0, (0,) * config.outputs)
    return Write(WRITE_REGISTER, _output_register(config), (0,))


def read_back(config: ModbusIoConfig) -> Read | None:
    """What tells that a write has done what it should; None: a coil, whose echo has to do."""
    if config.module == "moxa-e1200":
        return None
    return Read(READ_HOLDING, _output_register(config), 1)


def _output_register(config: ModbusIoConfig) -> int:
    if config.module == "conveylinx":
        return CONVEYLINX_OUTPUTS
    assert config.output_register is not None, f"{config.id}: no output_register got past its check"
    return config.output_register


def _output_word(config: ModbusIoConfig, levels: Sequence[bool]) -> int:
    if config.module == "conveylinx":
        return sum(on << bit for on, bit in zip(levels, CONTROL_PORTS, strict=False))
    image = bytes((sum(on << place for place, on in enumerate(levels)), 0))
    return int.from_bytes(image, config.byte_order)


def _bits(word: int, count: int) -> tuple[bool, ...]:
    return tuple(bool(word >> place & 1) for place in range(count))
