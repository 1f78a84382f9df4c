"""The program of a simulated I/O board from one reset to the next: events, orders, watchdog (`firmware-bridge.md`
§3, §4, §6). Whatever a reset forgets lives here and is made anew.

`run` does everything that is due until an instant, each thing at its own; `hear` takes a body that came in whole.
What is to be sent and what was switched is picked up by the board.
"""

import struct
import zlib
from collections import deque
from typing import Final

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board_clock import BoardTraits, TickClock
from simulators.devices.io_board_inputs import MODE_ENCODER, CountSeen, EdgeSeen, Encoder, Input
from simulators.devices.io_board_outputs import Outputs, Switch
from simulators.devices.io_board_wire import framed

RING: Final = 64
"""Events remembered for GET_EVENTS."""
REPLIES_KEPT: Final = 8
"""Replies repeated, without acting again, when the same request comes once more."""
CAPTURES_MAX: Final = 32
CAPTURE_NS: Final = 1 * MILLISECOND
"""No more edges than this are caught in so short a time; the rest are lost and counted (HEALTH `events_lost`)."""
HEALTH_NS: Final = 1 * SECOND
CAUSE_WATCHDOG: Final = 1
CAUSE_ESTOP: Final = 2

OK, UNKNOWN, BAD_ARGUMENT, LATE, QUEUE_FULL, SAFE, NOT_CONFIGURED = range(7)

_REQUESTS: Final = {
    0x80: "<BHHI",
    0x81: "<B",
    0x82: "<BBBII",
    0x83: "<BBBHB",
    0x84: "<BH",
    0x85: "<BHB",
    0x86: "<BI",
}
_WRAP: Final = 1 << 32


class Firmware:
    def __init__(
        self, traits: BoardTraits, clock: TickClock, encoder: Encoder, boot_id: int, cause: int, at: Instant
    ) -> None:
        self._traits = traits
        self._clock = clock
        self._encoder = encoder
        self._boot_id = boot_id
        self._zero = encoder.count_at(at)
        self._inputs = tuple(Input(channel) for channel in range(traits.n_in))
        self.outputs = Outputs(traits.n_out)
        self.to_send: deque[tuple[Instant, bytes, bool]] = deque()
        """When it is queued, the frame, and whether it is a reply."""
        self.switched: deque[tuple[Instant, int, bool]] = deque()
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)
        self._replies: deque[tuple[int, int, bytes]] = deque(maxlen=REPLIES_KEPT)
        self._evseq = 0
        self._captured: deque[Instant] = deque(maxlen=CAPTURES_MAX)
        self._events_lost = 0
        self._commands_late = 0
        self.rx_bad = 0
        self.rx_overrun = 0
        self._health_at = Instant(at + HEALTH_NS)
        self._agreed = False
        """The configuration is the one that the gateway wants."""
        self._latched = False
        self._rearming = 0
        """1 after HELLO, 2 after a CONFIG_CRC that agrees."""
        self._watchdog_ms = 0
        self._fed_at = at
        self._estop = False
        self._event(0xE0, "<IBHI", at, boot_id, cause, traits.proto, traits.dict_hash)

    # Time -------------------------------------------------------------------------------------------

    @property
    def next_at(self) -> Instant:
        return min(at for at, _ in self._dues())

    def _dues(self) -> list[tuple[Instant, int]]:
        """What is due when, and in which order at one instant; inputs by their channel."""
        dues = [(at, one.config[0]) for one in self._inputs if (at := one.next_at) is not None]
        if (tick := self.outputs.next_tick) is not None:
            dues.append((self._clock.instant_of(tick), 100))
        dues.append((self._health_at, 101))
        if self._watchdog_ms:
            dues.append((Instant(self._fed_at + self._watchdog_ms * MILLISECOND), 102))
        return dues

    def run(self, until: Instant) -> None:
        while (due := min(self._dues()))[0] <= until:
            at, what = due
            match what:
                case 100:
                    self._switch(self.outputs.run(self._clock.ticks_at(at)))
                case 101:
                    self._health_at = Instant(at + HEALTH_NS)
                    counters = (self._events_lost, self.rx_bad, self.rx_overrun, self._commands_late)
                    self._event(0xE3, "<HHHHB", at, *(one % 65_536 for one in counters), self.outputs.bits)
                case 102:
                    self._watchdog_ms = 0
                    self._make_safe(CAUSE_WATCHDOG, at)
                case channel:
                    self._run_input(self._inputs[channel], at)

    def _run_input(self, one: Input, at: Instant) -> None:
        if one.config[1] != MODE_ENCODER:
            self._edge(one.end_hold(at))
            return
        seen = one.report(self._encoder.count_at(at) - self._zero, self._encoder.last_pulse_at(at), at)
        if seen is not None:
            self._count(seen)

    # The physical side ------------------------------------------------------------------------------

    def set_input(self, channel: int, level: bool, at: Instant) -> None:
        self._edge(self._inputs[channel].set_level(level, at))

    def set_estop(self, active: bool, at: Instant) -> None:
        if active and not self._estop:
            self._make_safe(CAUSE_ESTOP, at)
        self._estop = active

    def make_safe_by_reset(self, at: Instant) -> None:
        self._switch(self.outputs.make_safe(self._clock.ticks_at(at)), at)

    def _make_safe(self, cause: int, at: Instant) -> None:
        self._switch(self.outputs.make_safe(self._clock.ticks_at(at)), at)
        self._latched = True
        self._rearming = 0
        self._event(0xE4, "<BB", at, cause, self.outputs.bits)

    def _switch(self, switches: list[Switch], at: Instant | None = None) -> None:
        for tick, channel, level in switches:
            self.switched.append((self._clock.instant_of(tick) if at is None else at, channel, level))

    # Events -----------------------------------------------------------------------------------------

    def _edge(self, seen: EdgeSeen | None) -> None:
        if seen is None:
            return
        full = len(self._captured) == CAPTURES_MAX
        if full and seen.at - self._captured[0] < CAPTURE_NS:
            self._events_lost += 1
            return
        self._captured.append(seen.at)
        self._event(0xE1, "<BB", seen.at, seen.channel, seen.level)

    def _count(self, seen: CountSeen) -> None:
        signed = (seen.count + _WRAP // 2) % _WRAP - _WRAP // 2
        self._event(0xE2, "<Bi", seen.at, seen.channel, signed)

    def _event(self, kind: int, layout: str, at: Instant, *fields: int) -> None:
        stamp = struct.pack("<BHI", kind, self._evseq, self._clock.ticks_at(at) % _WRAP)
        wire = framed(stamp + struct.pack(layout, *fields))
        self._ring.append((self._evseq, wire))
        self._evseq = (self._evseq + 1) % 65_536
        self.to_send.append((at, wire, False))

    # Requests ---------------------------------------------------------------------------------------

    def hear(self, body: bytes, at: Instant) -> None:
        layout = _REQUESTS.get(body[0])
        if body[0] < 0x80 or (layout is not None and len(body) != 1 + struct.calcsize(layout)):
            self.rx_bad += body[0] >= 0x80
            return
        self._fed_at = at
        queued = Instant(at + self._traits.turn_ns)
        repeated = [wire for kind, seq, wire in self._replies if (kind, seq) == (body[0], body[1])]
        if repeated:
            self.to_send.append((queued, repeated[-1], True))
            return
        if layout is None:
            reply = bytes([body[0] | 0x40, body[1], UNKNOWN])
        else:
            reply = self._answer(body[0], struct.unpack(layout, body[1:]), at, queued)
        wire = framed(reply)
        self.to_send.append((queued, wire, True))
        if body[0] == 0x85:
            self._send_stored(body, queued)
        elif body[0] != 0x80:  # to ask for these two again changes nothing
            self._replies.append((body[0], body[1], wire))

    def _answer(self, kind: int, fields: tuple[int, ...], at: Instant, queued: Instant) -> bytes:
        seq, *rest = fields
        head = bytes([kind | 0x40, seq])
        match kind, rest:
            case 0x80, _:
                return head + self._greet()
            case 0x81, _:
                stamps = self._clock.ticks_at(at) % _WRAP, self._clock.ticks_at(queued) % _WRAP
                return head + struct.pack("<BII", OK, *stamps)
            case 0x82, [channel, level, tick, duration]:
                return head + bytes([self._order(channel, level, tick, duration, at)])
            case 0x83, [channel, mode, debounce_us, report_ms]:
                return head + bytes([self._configure(channel, mode, debounce_us, report_ms, at)])
            case 0x84, [timeout_ms]:
                return head + bytes([self._arm(timeout_ms)])
            case 0x85, [first, count]:
                return head + bytes([OK, len(self._stored(first, count))])
            case _, [wanted]:
                return head + self._compare(wanted)
        raise AssertionError(f"request {kind:02X} has a layout and no answer")

    def _greet(self) -> bytes:
        self._replies.clear()  # a gateway that starts anew may number as the one before did
        self._rearming = 1
        one = self._traits
        versions = (OK, one.proto, one.min_proto, one.dict_hash, one.clock_hz, self._boot_id)
        return struct.pack("<BHHIIIBBHB", *versions, one.n_in, one.n_out, 0, RING)

    def _order(self, channel: int, level: int, tick: int, duration: int, at: Instant) -> int:
        if channel >= self._traits.n_out or level > 1 or (level == 1) != (duration > 0):
            return BAD_ARGUMENT
        if self._latched:
            return SAFE
        if not self._agreed or not self._watchdog_ms:
            return NOT_CONFIGURED
        now = self._clock.ticks_at(at)
        ahead = (tick - now) % _WRAP
        if ahead >= _WRAP // 2:
            self._commands_late += 1
            return LATE
        return OK if self.outputs.accept(channel, now + ahead, level == 1, duration) else QUEUE_FULL

    def _configure(self, channel: int, mode: int, debounce_us: int, report_ms: int, at: Instant) -> int:
        if channel >= self._traits.n_in or mode > MODE_ENCODER or (mode == MODE_ENCODER and not report_ms):
            return BAD_ARGUMENT
        one = self._inputs[channel]
        if one.config != (channel, mode, debounce_us, report_ms):
            self._agreed = False
            one.configure(mode, debounce_us, report_ms, at)
        if mode == MODE_ENCODER:
            self._count(one.count_now(self._encoder.count_at(at) - self._zero, at))
        return OK

    def _arm(self, timeout_ms: int) -> int:
        if not timeout_ms:
            if self.outputs.armed:
                return BAD_ARGUMENT
            self._watchdog_ms = 0
            return OK
        if self._latched and (self._rearming < 2 or self._estop):
            return SAFE
        if not self._agreed:
            return NOT_CONFIGURED
        self._latched = False
        self._watchdog_ms = timeout_ms
        return OK

    def _compare(self, wanted: int) -> bytes:
        stored = zlib.crc32(b"".join(struct.pack("<BBHB", *one.config) for one in self._inputs))
        self._agreed = stored == wanted
        if self._agreed and self._rearming == 1:
            self._rearming = 2
        return struct.pack("<BI", OK if self._agreed else NOT_CONFIGURED, stored)

    def _stored(self, first: int, count: int) -> list[bytes]:
        return [wire for evseq, wire in self._ring if (evseq - first) % 65_536 < count]

    def _send_stored(self, body: bytes, queued: Instant) -> None:
        _, first, count = struct.unpack("<BHB", body[1:])
        self.to_send.extend((queued, wire, False) for wire in self._stored(first, count))
