"""A Modbus I/O block or roller controller as the board of a belt: it is polled, its outputs are switched.

One request at a time; what has to be switched goes before the next poll. Without an answer for `lost_after` every
input is unknown: the board is lost, nothing is ordered, and what waits to be switched is dropped. When it answers
again all outputs are switched off first. Outputs of a roller controller are read back after each write; one that is not
as it was written is a board that is lost. Whether anything passed meanwhile the block's counters tell; without them
what lies on the belt is lost track of. The block's own watchdog drops its outputs when the gateway is gone: it is set
up at the block (docs/modbus-io.md).
"""

from typing import Final

from drivers.command import Command, Shine, SwitchOff, SwitchOn
from drivers.conveyors.modbus_link import Answered, Failed, ModbusLink
from drivers.conveyors.modbus_modules import Image, all_off, image_of, poll_request, read_back, switch
from drivers.conveyors.modbus_pdu import Read, Refused, Request, Words, Write
from drivers.conveyors.polled_beams import Look, PolledBeams
from drivers.conveyors.polled_outputs import PolledOutputs
from drivers.reading import (
    BeltMoved,
    BoardChanged,
    BoardState,
    DeviceFault,
    DeviceUp,
    EventsLost,
    OrderAnswered,
    Reading,
)
from hub_config.attach import SerialAttach
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MILLISECOND, SECOND, Instant

TIMEOUTS_MAX: Final = 3
"""So many requests in a row without an answer, and the connection is made anew."""
MOVED_NS: Final = 100 * MILLISECOND
"""Between two `BeltMoved` of a moving belt."""
STANDS_NS: Final = 1 * SECOND
"""And of one that stands."""
STILL_NS: Final = 60 * MILLISECOND
"""Without a count for so long the belt stands."""
HEARTBEAT_NS: Final = 5 * SECOND
"""A heartbeat of two seconds on and two off that has not changed for so long has stopped."""


class ModbusIo:
    def __init__(self, config: ModbusIoConfig) -> None:
        self._config = config
        self._poll_ns = config.poll_ms * MILLISECOND
        self._timeout_ns = config.answer_timeout_ms * MILLISECOND
        self._missed_ns = config.unknown_after_ms * MILLISECOND
        serial = isinstance(config.attach, SerialAttach)
        self._serial = serial
        self._link = ModbusLink(config.unit, serial=serial, quiet_ns=self._timeout_ns)
        self._output = bytearray()
        self._state: BoardState = "opening"
        self._outputs = PolledOutputs(config.outputs)
        self._beams: PolledBeams | None = None
        self._cleared = False
        """All outputs were switched off since the block was lost."""
        self._writing: tuple[int, bool] | None = None
        """The output that is being switched, and its level."""
        self._to_read: tuple[Read, int] | None = None
        """What is read back next, and what it should say."""
        self._polled_at: Instant | None = None
        self._rests_until = Instant(0)
        """It has just refused again: asked at once, it would be asked without end."""
        self._fresh_at = Instant(0)
        """Of the last answer to a poll."""
        self._timeouts = 0
        self._heartbeat: tuple[bool, Instant] | None = None
        self._up = False
        self._counted_at = Instant(0)
        self._moving = False
        self._moved_told_at: Instant | None = None

    # The shape of a session -------------------------------------------------------------------------

    @property
    def wake_at(self) -> Instant | None:
        if self._polled_at is None:
            return Instant(0)
        dues = [Instant(self._fresh_at + self._missed_ns)] if self._state == "ready" else []
        asked_at, free_at = self._link.asked_at, self._link.free_at
        if asked_at is not None:
            dues.append(Instant(asked_at + self._timeout_ns))
        elif free_at is not None and self.stuck is None:
            switch_at = self._outputs.wake_at()
            next_at = Instant(self._polled_at + self._poll_ns)
            free_at = max(free_at, self._rests_until)
            dues.append(max(free_at, next_at if switch_at is None else min(next_at, switch_at)))
        return min(dues, default=None)

    @property
    def stuck(self) -> str | None:
        """Why nothing more can come of this connection."""
        if self._link.broken:
            return "bytes that are no Modbus TCP; the connection is made anew"
        if self._timeouts >= TIMEOUTS_MAX and not self._serial:
            return f"{TIMEOUTS_MAX} requests without an answer; the connection is made anew"
        return None

    def wake(self, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        if self._polled_at is None:
            self._polled_at = Instant(at - self._poll_ns)
            readings += self._become("configuring", "its outputs are switched off", at)
        asked_at = self._link.asked_at
        if asked_at is not None and at - asked_at >= self._timeout_ns:
            self._link.give_up(at)
            self._timeouts += 1
            readings += self._lose("it does not answer; look at the block and its network", at)
        if self._state == "ready" and at - self._fresh_at >= self._missed_ns:
            readings += self._lose(
                f"no answer for {self._config.unknown_after_ms} ms: its inputs are unknown", at
            )
        self._ask(at)
        return readings

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        for one in self._link.receive(data, at):
            if isinstance(one, Failed):
                detail = "bytes that are no answer to what was asked; look at unit, wiring and who else asks"
                fault = DeviceFault(self._config.id, at, "garbled", detail, one.raw)
                readings += self._fail(fault, "its answer can't be read", at)
            else:
                self._timeouts = 0
                readings += self._answered(one, at)
        self._ask(at)
        return readings

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def command(self, command: Command, at: Instant) -> list[Reading]:
        match command:
            case SwitchOn(_, number, channel, when, for_ns):
                ready = self._state == "ready"
                detail = self._outputs.order(channel, when, for_ns, at) if ready else "not_ready"
            case SwitchOff(_, number, channel, when):
                detail = self._outputs.cancel(channel, when)
            case Shine(_, channel, for_ns):
                self._shine(channel, for_ns, at)
                return []
            case _:
                return []  # of another kind of device
        self._ask(at)
        return [OrderAnswered(self._config.id, at, number, detail == "ok", detail)]

    def _shine(self, channel: int, for_ns: int, at: Instant) -> None:
        """A lamp. While the block is lost it stays dark."""
        if self._state == "ready":
            self._outputs.cancel(channel, at)
            if for_ns > 0:
                self._outputs.order(channel, at, for_ns, at)
            self._ask(at)

    # Asking -----------------------------------------------------------------------------------------

    def _ask(self, at: Instant) -> None:
        """The next request, if one is due and the line is free."""
        free_at = self._link.free_at
        if (
            free_at is None
            or at < max(free_at, self._rests_until)
            or self.stuck is not None
            or self._polled_at is None
        ):
            return
        request = self._next(at)
        if request is not None:
            self._output += self._link.ask(request, at)

    def _next(self, at: Instant) -> Request | None:
        if self._to_read is not None:
            return self._to_read[0]
        off = None if self._cleared else all_off(self._config)
        if off is not None:
            return off
        self._writing = self._outputs.due(at) if self._state == "ready" else None
        if self._writing is not None:
            channel, on = self._writing
            return switch(self._config, self._outputs.levels_with(channel, on=on), channel)
        assert self._polled_at is not None, "asked before it was woken"
        if at - self._polled_at < self._poll_ns:
            return None
        self._polled_at = at
        return poll_request(self._config)

    # Answers ----------------------------------------------------------------------------------------

    def _answered(self, one: Answered, at: Instant) -> list[Reading]:
        answer, request = one.answer, one.request
        if isinstance(answer, Refused):
            detail = (
                f"it refuses function {answer.fc}: {answer.why}; check module, first_register and outputs"
            )
            fault = DeviceFault(self._config.id, at, "refused", detail)
            return self._fail(fault, "it refuses what it is asked", at)
        if isinstance(request, Write):
            self._switched(request)
            return []
        assert isinstance(answer, Words), "what is read are registers"
        if request == read_back(self._config):
            return self._read_back(answer.values[0], at)
        half_ns = (at - one.asked_at) // 2
        return self._take(
            image_of(self._config, answer.values), Look(Instant(one.asked_at + half_ns), half_ns), at
        )

    def _switched(self, request: Write) -> None:
        back = read_back(self._config)
        self._to_read = None if back is None else (back, request.values[0])
        if not self._cleared:
            self._cleared = request == all_off(self._config)
        elif self._writing is not None:
            channel, on = self._writing
            self._outputs.written(channel, on=on)

    def _read_back(self, word: int, at: Instant) -> list[Reading]:
        asked, self._to_read = self._to_read, None
        if asked is None or word == asked[1]:
            return []
        detail = f"its outputs read {word:#06x} after {asked[1]:#06x} was written; look at its mode and who else writes"
        fault = DeviceFault(self._config.id, at, "refused", detail)
        return self._fail(fault, "its outputs are not as they were switched", at)

    def _take(self, image: Image, look: Look, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        if not self._cleared and self._config.outputs:
            return []  # an answer to what was asked before it was lost: the outputs come first
        if not self._beats(image, at):
            return self._lose("its heartbeat has stopped: what it tells is old", at)
        if not self._up:
            self._up = True
            readings.append(DeviceUp(self._config.id, at, identity=None))
        self._fresh_at = at
        if self._state == "ready" and self._beams is not None:
            return [*readings, *self._look(self._beams, image, look, at)]
        continued = self._beams is not None and self._beams.goes_on(image)
        if not continued:
            self._beams = PolledBeams(self._config, image, look)
        self._moving, self._moved_told_at = False, None
        readings += self._become("ready", "its inputs are known", at, continued=continued)
        assert self._beams is not None, "taken up"
        return [*readings, *self._look(self._beams, image, look, at)]

    def _look(self, beams: PolledBeams, image: Image, look: Look, at: Instant) -> list[Reading]:
        seen = beams.take(image, look)
        if seen.restarted:
            self._beams = None
            return self._lose("its counters have begun anew: it was restarted", at)
        readings: list[Reading] = list(seen.edges)
        if seen.missed:
            readings.append(EventsLost(self._config.id, at, seen.missed))
        if seen.moved:
            self._counted_at = look.at
        moving = seen.moved or (self._moving and look.at - self._counted_at < STILL_NS)
        every_ns = MOVED_NS if moving else STANDS_NS
        told_at = self._moved_told_at
        if told_at is None or moving != self._moving or look.at - told_at >= every_ns:
            self._moving, self._moved_told_at = moving, look.at
            readings.append(BeltMoved(self._config.id, look.at, seen.count, moving))
        return readings

    def _beats(self, image: Image, at: Instant) -> bool:
        if image.heartbeat is None:
            return True
        if self._heartbeat is None or self._heartbeat[0] != image.heartbeat:
            self._heartbeat = (image.heartbeat, at)
        return at - self._heartbeat[1] < HEARTBEAT_NS

    # States -----------------------------------------------------------------------------------------

    def _fail(self, fault: DeviceFault, why: str, at: Instant) -> list[Reading]:
        """The fault is said once, until it is ready again; one that is lost is not asked again before the next poll."""
        if self._state != "lost":
            return [fault, *self._lose(why, at)]
        self._rests_until = Instant(at + self._poll_ns)
        return self._lose(why, at)

    def _lose(self, why: str, at: Instant) -> list[Reading]:
        """Once; until it is ready again."""
        self._outputs.forget()
        self._cleared = False
        self._writing = self._to_read = None
        return [] if self._state == "lost" else self._become("lost", why, at)

    def _become(
        self, state: BoardState, detail: str, at: Instant, *, continued: bool = False
    ) -> list[Reading]:
        self._state = state
        return [BoardChanged(self._config.id, at, state, detail, continued)]
