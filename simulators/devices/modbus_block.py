"""A simulated Modbus server: an I/O block like the ioLogik E1200 with counters and a watchdog of its own, or a roller
controller, which has a motor and its own registers (`roller_wire.py`) instead of coils and counters.

Inputs are set by whoever simulates the belt; rising edges count by themselves, as in the block's hardware. Without a
request for the watchdog's time every output drops. Faults are asked for: silence, an exception, an answer told twice,
one under another transaction, an echo of another value, outputs that do not follow.
"""

import struct
from typing import Final

from hub_config.names import MILLISECOND, Instant
from simulators.devices.modbus_wire import MbapWire, RtuWire
from simulators.devices.roller_wire import Registers

CHANNELS: Final = 16
COUNTERS_AT: Final = 0x10
INPUTS_AT: Final = 0x30
WRAP: Final = 1 << 32


class ModbusBlock:
    def __init__(
        self,
        *,
        serial: bool = False,
        unit: int = 1,
        watchdog_ms: int = 500,
        registers: Registers | None = None,
    ) -> None:
        """`registers`: of a roller controller."""
        self._wire: MbapWire | RtuWire = RtuWire() if serial else MbapWire()
        self._unit = unit
        self._watchdog_ns = watchdog_ms * MILLISECOND
        self._heard_at: Instant | None = None
        self.inputs = [False] * CHANNELS
        self.counters = [0] * CHANNELS
        self.coils = [False] * CHANNELS
        """Outputs; those of a roller controller have no coils on the wire."""
        self.running = False
        """The belt's motor turns, of a roller controller."""
        self._registers = registers
        self.silent = False
        self.exception: int | None = None
        self.twice = False
        self.other_transaction = False
        self.wrong_echo = False
        self.outputs_stuck = False
        self.requests = 0

    def set_input(self, channel: int, *, high: bool) -> None:
        if high and not self.inputs[channel]:
            self.counters[channel] = (self.counters[channel] + 1) % WRAP
        self.inputs[channel] = high

    def count(self, channel: int, pulses: int) -> None:
        """Of an encoder: far more than anybody sees."""
        self.counters[channel] = (self.counters[channel] + pulses) % WRAP

    def restart(self) -> None:
        self.counters = [0] * CHANNELS
        self._drop()

    def _drop(self) -> None:
        self.coils[:] = [False] * CHANNELS

    def watch(self, at: Instant) -> None:
        """Its communication watchdog."""
        if self._heard_at is not None and at - self._heard_at > self._watchdog_ns:
            self._drop()

    def receive(self, data: bytes, at: Instant) -> bytes:
        """Requests in, answers out."""
        answers = b""
        for transaction, unit, pdu in self._wire.hear(data):
            self.requests += 1
            if self.silent or unit != self._unit:
                continue
            self.watch(at)
            self._heard_at = at
            answer = (
                self._answer(pdu, at) if self.exception is None else bytes((pdu[0] | 0x80, self.exception))
            )
            if self.wrong_echo and pdu[0] in (0x05, 0x06):
                answer = answer[:-1] + bytes((answer[-1] ^ 0x02,))
            told = self._wire.say(transaction - 1 if self.other_transaction else transaction, unit, answer)
            answers += told * (2 if self.twice else 1)
        return answers

    def _answer(self, pdu: bytes, at: Instant) -> bytes:
        function, address, value = struct.unpack(">BHH", pdu[:5])
        if self._registers is not None:
            return self._of_registers(self._registers, pdu, at)
        match function:
            case 0x01 | 0x02:
                bits = self.coils if function == 0x01 else self.inputs
                if address + value > CHANNELS:
                    return bytes((function | 0x80, 2))
                return self._bits(function, bits[address : address + value])
            case 0x03 | 0x04:
                words = [self._word(function, place) for place in range(address, address + value)]
                if any(word is None for word in words):
                    return bytes((function | 0x80, 2))
                return struct.pack(f">BB{value}H", function, 2 * value, *[word or 0 for word in words])
            case 0x05:
                if not self.outputs_stuck:
                    self.coils[address] = value == 0xFF00
                return pdu
            case 0x0F:
                for place in range(value):
                    self.coils[address + place] = bool(pdu[6 + place // 8] >> place % 8 & 1)
                return pdu[:5]
            case _:
                return bytes((function | 0x80, 1))

    def _of_registers(self, registers: Registers, pdu: bytes, at: Instant) -> bytes:
        function, address, value = struct.unpack(">BHH", pdu[:5])
        if function not in registers.functions:
            return bytes((function | 0x80, 1))
        if function == 0x03:
            words = registers.words(self, address, value, at)
            if words is None:
                return bytes((function | 0x80, 2))
            return struct.pack(f">BB{value}H", function, 2 * value, *words)
        written = [value] if function == 0x06 else list(struct.unpack(f">{value}H", pdu[6:]))
        for place, word in enumerate(written):
            if not self.outputs_stuck and not registers.write(self, address + place, word):
                return bytes((function | 0x80, 2))
        return pdu[:5]

    def _bits(self, function: int, bits: list[bool]) -> bytes:
        packed = bytearray((len(bits) + 7) // 8)
        for place, bit in enumerate(bits):
            packed[place // 8] |= bit << place % 8
        return bytes((function, len(packed))) + bytes(packed)

    def _word(self, function: int, address: int) -> int | None:
        if function == 0x03:
            return None
        if COUNTERS_AT <= address < COUNTERS_AT + 2 * CHANNELS:
            channel, low = divmod(address - COUNTERS_AT, 2)
            return self.counters[channel] & 0xFFFF if low else self.counters[channel] >> 16
        if address == INPUTS_AT:
            return sum(high << channel for channel, high in enumerate(self.inputs))
        return None
