"""Registers of simulated roller controllers, from the makers' tables: which word says what, which bit switches what.

ConveyLinx ERSC in PLC I/O mode: inputs from 4:1700 on, an assembly that answers from its first address alone, at most
45 registers a request, functions 3, 6 and 16 (ERSC guide, Modbus assembly instance structure); control ports at
4:0037, bits 1 and 3 (PLC Developers Guide, ERSC family). Interroll MultiControl: the images of its manual 2.3, p. 33
and 34, in registers of a project's own choice.
"""

from typing import Final, Literal, Protocol

from hub_config.names import SECOND, Instant


class Ports(Protocol):
    """What a register is made of."""

    inputs: list[bool]
    coils: list[bool]
    running: bool


class Registers(Protocol):
    functions: tuple[int, ...]

    def words(self, ports: Ports, address: int, count: int, at: Instant) -> list[int] | None:
        """None: there are no such registers."""

    def write(self, ports: Ports, address: int, word: int) -> bool:
        """False: there is no such register to write."""


class ConveyLinxRegisters:
    functions: tuple[int, ...] = (0x03, 0x06, 0x10)
    ASSEMBLY: Final = 1_699
    CONTROL_PORTS: Final = 36
    WORDS_MAX: Final = 45

    def words(self, ports: Ports, address: int, count: int, at: Instant) -> list[int] | None:
        if count > self.WORDS_MAX:
            return None
        if address == self.CONTROL_PORTS and count == 1:
            return [ports.coils[0] << 1 | ports.coils[1] << 3]
        if address != self.ASSEMBLY:
            return None
        left, right, left_pin3, right_pin3 = ports.inputs[:4]
        beats = (at // (2 * SECOND)) % 2
        sensors = left_pin3 | right_pin3 << 2 | left << 4 | right << 6 | beats << 15
        motor = [410, 60] if ports.running else [0, 0]
        return [0, sensors, 0b11, 24_000, *motor, *[0] * self.WORDS_MAX][:count]

    def write(self, ports: Ports, address: int, word: int) -> bool:
        if address == self.CONTROL_PORTS:
            ports.coils[0], ports.coils[1] = bool(word & 0b10), bool(word & 0b1000)
        return address == self.CONTROL_PORTS


class MultiControlRegisters:
    """Motor 1 is not connected, motor 2 drives the belt."""

    functions: tuple[int, ...] = (0x03, 0x06, 0x10)

    def __init__(self, first: int, outputs: int, order: Literal["little", "big"] = "big") -> None:
        self._first = first
        self._outputs = outputs
        self._order = order
        self.set_point_1 = 0
        """Of motor 1, percent: nobody but its own controller may write it."""

    def words(self, ports: Ports, address: int, count: int, _at: Instant) -> list[int] | None:
        outputs = bytes((_byte(ports.coils[:4]), self.set_point_1))
        images = {self._first: self._inputs(ports), self._outputs: outputs}
        image = images.get(address)
        if image is None or 2 * count > len(image):
            return None
        return [int.from_bytes(image[place : place + 2], self._order) for place in range(0, 2 * count, 2)]

    def _inputs(self, ports: Ports) -> bytes:
        io = [own or out for own, out in zip(ports.inputs[8:12], ports.coils[:4], strict=True)]
        speed, current = (60, 850) if ports.running else (0, 0)
        currents = b"".join(value.to_bytes(2, self._order) for value in (0, current, 0, 0))
        return bytes((_byte(ports.inputs[:8]), _byte(io), 0, 0, speed, 0, 0, 0)) + currents

    def write(self, ports: Ports, address: int, word: int) -> bool:
        if address != self._outputs:
            return False
        bits, self.set_point_1 = word.to_bytes(2, self._order)
        ports.coils[:4] = [bool(bits >> place & 1) for place in range(4)]
        return True


def _byte(levels: list[bool]) -> int:
    return sum(on << place for place, on in enumerate(levels))
