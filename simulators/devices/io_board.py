"""A line controller as a whole: what is wired to it, its line to the gateway, power and resets (`firmware-bridge.md`).

Everything happens at its exact instant, whenever it is looked at: each call first does what was due until then. What
the board does of itself is in `io_board_firmware`. Faults of line and board are asked for by `silence`, `babble`,
`spoil`, `set_estop` and `reset`.
"""

from collections import deque
from typing import Final, Literal

from hub_config.names import SECOND, Instant
from simulators.devices.io_board_clock import BoardTraits, TickClock
from simulators.devices.io_board_firmware import Firmware
from simulators.devices.io_board_inputs import Encoder
from simulators.devices.io_board_wire import ByteReceiver

Spoil = Literal["drop", "flip", "cut"]

TX_MAX_BYTES: Final = 2_048
"""Waiting to be sent. A frame that does not fit is not sent at all; an event stays in the ring."""
TX_EVENTS_BYTES: Final = 1_536
"""Events take no more of that, so that a flood of them leaves room for replies."""
RX_MAX: Final = 64
"""Frames on their way in. One more is lost and counted as overrun."""
SWITCHES_MAX: Final = 4_096
"""Switches kept for `take_switches`; the oldest go first."""
SPOILS_MAX: Final = 64

CAUSE_POWER_ON: Final = 1
CAUSE_PIN: Final = 2
CAUSE_BROWN_OUT: Final = 4
CAUSE_WATCHDOG: Final = 8


class LineController:
    def __init__(self, encoder: Encoder, traits: BoardTraits | None = None, at: Instant = Instant(0)) -> None:
        """Switched on at `at`."""
        self.traits = traits if traits is not None else BoardTraits()
        self._encoder = encoder
        self._receiver = ByteReceiver()
        self._rx: deque[tuple[Instant, bytes]] = deque()
        self._line_free_at = at
        self._out: deque[tuple[Instant, bytes]] = deque()
        self._out_bytes = 0
        self._spoils: deque[Spoil] = deque(maxlen=SPOILS_MAX)
        self._switches: deque[tuple[Instant, int, bool]] = deque(maxlen=SWITCHES_MAX)
        self._levels = [False] * self.traits.n_in
        self._silent_until = Instant(at - 1)
        self.frames_unsent = 0
        """They did not fit into the transmit buffer."""
        self.boot_id = self.traits.boot_id
        self._clock = TickClock(self.traits, at, self.traits.start_ticks)
        self._firmware = self._boot(CAUSE_POWER_ON, at)

    @property
    def outputs(self) -> tuple[bool, ...]:
        """Their levels, as of the last call."""
        return self._firmware.outputs.levels

    @property
    def wake_at(self) -> Instant:
        """When something happens next: a switch, a report, a byte to send, the watchdog."""
        dues = [self._firmware.next_at]
        dues += [queue[0][0] for queue in (self._rx, self._out) if queue]
        return min(dues)

    @property
    def sending(self) -> bool:
        """Bytes wait for `take_output`."""
        return bool(self._out)

    # The physical side ------------------------------------------------------------------------------

    def set_input(self, channel: int, level: bool, at: Instant) -> None:
        self._run(at)
        self._levels[channel] = level
        self._firmware.set_input(channel, level, at)
        self._collect()

    def set_estop(self, active: bool, at: Instant) -> None:
        self._run(at)
        self._firmware.set_estop(active, at)
        self._collect()

    def wake(self, at: Instant) -> None:
        self._run(at)

    def take_switches(self) -> list[tuple[Instant, int, bool]]:
        """Instant, channel and level of each output's change since the last call."""
        switches = list(self._switches)
        self._switches.clear()
        return switches

    def reset(self, cause: int, at: Instant) -> None:
        """All outputs safe, everything forgotten, the clock at 0, another boot."""
        self._run(at)
        self._firmware.make_safe_by_reset(at)
        self._collect()
        self._receiver = ByteReceiver()
        self._rx.clear()
        self._out.clear()
        self._out_bytes = 0
        self.boot_id += 1
        self._clock = TickClock(self.traits, at, 0)
        self._firmware = self._boot(cause, at)

    def ticks_at(self, at: Instant) -> int:
        """What its clock shows, in full: the truth that a test compares with."""
        return self._clock.ticks_at(at)

    def _boot(self, cause: int, at: Instant) -> Firmware:
        firmware = Firmware(self.traits, self._clock, self._encoder, self.boot_id, cause, at)
        for channel, level in enumerate(self._levels):
            firmware.set_input(channel, level, at)
        self._firmware = firmware
        self._collect()
        return firmware

    # The line ---------------------------------------------------------------------------------------

    def receive(self, data: bytes, at: Instant) -> None:
        """Bytes that arrive now, or that begin to (`BoardTraits.baud`)."""
        self._run(at)
        if at < self._silent_until:
            return
        byte_ns = 10 * SECOND // self.traits.baud if self.traits.baud is not None else 0
        for byte in data:
            self._line_free_at = Instant(max(self._line_free_at, at) + byte_ns)
            body = self._receiver.put(byte)
            if body is not None and len(self._rx) < RX_MAX:
                self._rx.append((self._line_free_at, body))
            elif body is not None:
                self._firmware.rx_overrun += 1
        self._firmware.rx_bad += self._receiver.take_bad()
        self._run(at)

    def take_output(self, at: Instant) -> bytes:
        self._run(at)
        out = bytearray()
        while self._out and self._out[0][0] <= at:
            out += self._out.popleft()[1]
        self._out_bytes -= len(out)
        return bytes(out)

    def silence(self, until: Instant) -> None:
        """Hears and says nothing before `until`; what happens meanwhile is in the ring."""
        self._silent_until = until

    def babble(self, data: bytes, at: Instant) -> None:
        """Says this, whatever it is."""
        self._run(at)
        self._send(at, data, TX_MAX_BYTES)

    def spoil(self, fault: Spoil) -> None:
        """The next frame that it sends goes wrong on the line."""
        self._spoils.append(fault)

    def _run(self, until: Instant) -> None:
        while self._rx and self._rx[0][0] <= until:
            at, body = self._rx.popleft()
            self._firmware.run(at)
            self._firmware.hear(body, at)
        self._firmware.run(until)
        self._collect()

    def _collect(self) -> None:
        while self._firmware.to_send:
            at, wire, reply = self._firmware.to_send.popleft()
            sent = _spoilt(wire, self._spoils.popleft()) if self._spoils else wire
            self._send(at, sent, TX_MAX_BYTES if reply else TX_EVENTS_BYTES)
        self._switches.extend(self._firmware.switched)
        self._firmware.switched.clear()

    def _send(self, at: Instant, data: bytes, room: int) -> None:
        if at < self._silent_until or not data:
            return
        if self._out_bytes + len(data) > room:
            self.frames_unsent += 1
            return
        queued = max(at, self._out[-1][0]) if self._out else at
        self._out.append((queued, data))
        self._out_bytes += len(data)


def _spoilt(wire: bytes, fault: Spoil) -> bytes:
    middle = len(wire) // 2
    match fault:
        case "drop":
            return b""
        case "flip":
            return wire[:middle] + bytes([wire[middle] ^ 0x10]) + wire[middle + 1 :]
        case "cut":
            return wire[:middle]
