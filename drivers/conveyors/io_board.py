"""The I/O board of a belt: edges of beams and moves of the belt by the board's own clock, orders for its outputs.

Frames, link, clock and states are the bridge's (`firmware_bridge/PROTOCOL.md`); this session turns what it tells into
readings. An edge waits for the encoder's next report, because its count is interpolated between two of them; if none
comes the belt stands where it was. So readings come in the order of the board's time, and every edge before the move
that has passed it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, assert_never

from drivers.command import Command, Shine, SwitchOff, SwitchOn
from drivers.conveyors.beam_watch import BeamWatch, Trouble
from drivers.conveyors.count_track import CountTrack
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardChanged,
    DeviceFault,
    DeviceUp,
    EventsLost,
    OrderAnswered,
    Reading,
)
from firmware_bridge.messages import Edge, Enc
from firmware_bridge.orders import Order
from firmware_bridge.session import BoardSession
from firmware_bridge.told import (
    BootTold,
    EventTold,
    FaultTold,
    LostTold,
    OrderTold,
    StateTold,
    Told,
    UpTold,
)
from hub_config.boards import IoBoardConfig
from hub_config.names import MILLISECOND, SECOND, Instant

MOVED_NS: Final = 100 * MILLISECOND
"""Between two `BeltMoved` of a moving belt."""
STANDS_NS: Final = 1 * SECOND
"""And of one that stands."""
REPORTS_MISSED: Final = 2
"""After so many report periods without a report the encoder has not moved."""
RECOUNT_NS: Final = 1 * SECOND
"""After a loss of events, which may hide movement, the board is asked for its count. So long that is waited for."""
LAMP: Final = -1
"""The number of every order for a lamp: it is answered to nobody."""
LAMP_LEAD_NS: Final = 50 * MILLISECOND
"""A lamp is switched so much later than it is told: time enough for the order to be there before its instant."""
WAITING_MAX: Final = 256
"""Edges that wait for a report. One more, and the oldest is told with the last count."""


@dataclass(frozen=True, slots=True)
class _Edge:
    ticks: int
    channel: int
    blocked: bool
    came_at: Instant


class IoBoard:
    def __init__(self, config: IoBoardConfig) -> None:
        self._config = config
        self._session = BoardSession(config)
        self._blocked_level = {
            one.channel: int(one.blocked_when == "high") for one in config.inputs if one.use == "beam"
        }
        self._missed_ns = REPORTS_MISSED * config.report_ms * MILLISECOND
        self._track = CountTrack()
        self._watch = BeamWatch(tuple(self._blocked_level))
        self._waiting: deque[_Edge] = deque()
        self._behind_at = Instant(0)
        """When events were last known to be missing: until then silence of the encoder means nothing."""
        self._lost_at = Instant(0)
        self._asked_for = Instant(0)
        """What is due then waits for the board's answer."""
        self._reported_at = Instant(0)
        self._moving = False
        self._moved_told_at = Instant(0)
        """Of the last `BeltMoved`: its own instant, and when it was told."""
        self._stands_told_at = Instant(0)
        self._told_at = Instant(0)
        """Of the latest edge or move told."""
        self.ignored = 0
        """Events of channels that are configured for something else, or for nothing."""

    @property
    def wake_at(self) -> Instant | None:
        dues = [due for due in (self._session.wake_at, self._belt_due()) if due is not None]
        return min(dues, default=None)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings = self._readings(self._session.receive(data, at), at)
        return readings + self._look_at_belt(at)

    def wake(self, at: Instant) -> list[Reading]:
        readings = self._readings(self._session.wake(at), at)
        due = self._belt_due()
        if due is not None and due <= at and due > self._session.proved_at:
            self._asked_for = due
            readings += self._readings(self._session.prove(at), at)
        return readings + self._look_at_belt(at)

    def take_output(self) -> bytes:
        return self._session.take_output()

    def command(self, command: Command, at: Instant) -> list[Reading]:
        match command:
            case SwitchOn(_, number, channel, when, for_ns):
                if for_ns <= 0:
                    return [self._answer(number, "bad_argument", at)]
                return self._readings(self._session.order(Order(number, channel, when, for_ns), at), at)
            case SwitchOff(_, number, channel, when):
                return self._readings(self._session.order(Order(number, channel, when, 0), at), at)
            case Shine(_, channel, for_ns):
                when = Instant(at + LAMP_LEAD_NS) if for_ns > 0 else at
                return self._readings(self._session.order(Order(LAMP, channel, when, max(0, for_ns)), at), at)
            case _:
                return []  # of another kind of device

    def closed(self, at: Instant) -> list[Reading]:
        return self._readings(self._session.closed(at), at)

    def reopened(self, at: Instant) -> None:
        self._session.reopened(at)

    # What the bridge tells --------------------------------------------------------------------------

    def _readings(self, told: list[Told], at: Instant) -> list[Reading]:
        readings = [reading for one in told for reading in self._reading(one, at)]
        if not self._session.hears or self._session.gap:
            self._behind_at = at
        return readings

    def _reading(self, told: Told, at: Instant) -> list[Reading]:
        device = self._config.id
        match told:
            case EventTold(event, ticks):
                return self._event(event, ticks, at)
            case LostTold(count):
                return self._lose(count, at)
            case StateTold(state, detail, continued):
                if state == "ready" and not continued:
                    self._begin(at)
                return [BoardChanged(device, at, state, detail, continued)]
            case BootTold():
                return self._forget(at)
            case UpTold():
                # What it says of itself is its boot: held to that, a board that restarts would count as another one.
                return [DeviceUp(device, at, identity=None)]
            case OrderTold(order, detail):
                return [] if order == LAMP else [self._answer(order, detail, at)]
            case FaultTold(code, detail, raw):
                return [DeviceFault(device, at, code, detail, raw)]
            case _ as never:
                assert_never(never)

    def _answer(self, order: int, detail: str, at: Instant) -> OrderAnswered:
        return OrderAnswered(self._config.id, at, order, detail == "ok", detail)

    def _event(self, event: Edge | Enc, ticks: int, at: Instant) -> list[Reading]:
        match event:
            case Edge(_, _, channel, level):
                self._track.heard(ticks)
                blocked_level = self._blocked_level.get(channel)
                if blocked_level is None:
                    self.ignored += 1
                    return []
                known = self._session.known
                if not known.live and not known.cut_short:
                    return []  # of before the board was ready
                self._waiting.append(_Edge(ticks, channel, level == blocked_level, at))
                return self._release(1) if len(self._waiting) > WAITING_MAX else []
            case Enc(_, _, channel, count):
                if channel != self._config.encoder:
                    self.ignored += 1
                    return []
                return self._report(ticks, count, at)

    def _report(self, ticks: int, count: int, at: Instant) -> list[Reading]:
        moved = self._track.add(ticks, count, self._span_ticks())
        if not self._session.known.live:
            return []
        self._reported_at = at
        readings = self._release(len(self._waiting))
        if not moved:
            return readings
        when = max(self._session.known.clock.bound(ticks).at, self._told_at)
        readings += self._troubles(self._watch.moved(when), at)
        if not self._moving or when - self._moved_told_at >= MOVED_NS:
            self._moving = True
            readings.append(self._moved(when, at))
        return readings

    def _lose(self, count: int, at: Instant) -> list[Reading]:
        """Reports may be among them, so the edges that wait can't be placed any more."""
        self._track.lose()
        self._lost_at = at
        if not self._session.known.live:
            return []
        self._watch.forget()
        return self._drop(count, at)

    def _drop(self, count: int, at: Instant) -> list[Reading]:
        count += len(self._waiting)
        self._waiting.clear()
        return [EventsLost(self._config.id, at, count)] if count else []

    def _begin(self, at: Instant) -> None:
        """Ready for the first time in this boot."""
        self._moving = False
        self._reported_at = self._behind_at = at
        self._stands_told_at = Instant(
            at - STANDS_NS + self._missed_ns
        )  # told at once, if no report comes first
        self._told_at = self._moved_told_at = Instant(0)

    def _forget(self, at: Instant) -> list[Reading]:
        """The board has restarted: edges that still wait can't be placed any more."""
        self._track.clear()
        self._watch.forget()
        return self._drop(0, at)

    # Edges and belt ---------------------------------------------------------------------------------

    def _release(self, number: int) -> list[Reading]:
        """The first that wait, with what is known of the belt now."""
        run = [self._waiting.popleft() for _ in range(number)]
        return [reading for edge in sorted(run, key=lambda one: one.ticks) for reading in self._beam(edge)]

    def _beam(self, edge: _Edge) -> list[Reading]:
        bound = self._session.known.clock.bound(edge.ticks)
        when = max(bound.at, self._told_at)  # a finer estimate of the clock never turns the order round
        unc_ns = bound.unc_ns + when - bound.at
        self._told_at = when
        count = self._track.count_at(edge.ticks)
        beam = BeamChanged(self._config.id, when, edge.channel, edge.blocked, count, unc_ns)
        troubles = self._watch.edge(edge.channel, blocked=edge.blocked, at=when)
        return [beam, *self._troubles(troubles, when)]

    def _moved(self, when: Instant, at: Instant) -> BeltMoved:
        self._told_at = self._moved_told_at = when
        self._stands_told_at = at
        return BeltMoved(self._config.id, when, self._track.last, self._moving)

    def _belt_due(self) -> Instant | None:
        """When to ask whether silence means that the belt stands; it does once a request of then is answered."""
        due = self._quiet_due()
        return due if due is None or due > self._asked_for or due <= self._session.proved_at else None

    def _quiet_due(self) -> Instant | None:
        """None while events are missing: they bring the encoder's reports."""
        if not self._session.hears or not self._session.known.live or self._session.gap:
            return None
        dues = [self._missed_at(self._waiting[0].came_at)] if self._waiting else []
        dues.append(self._missed_at(self._reported_at) if self._moving else self._stands_due())
        return min(dues)

    def _stands_due(self) -> Instant:
        return Instant(max(self._stands_told_at + STANDS_NS, self._missed_at(self._reported_at)))

    def _missed_at(self, since: Instant) -> Instant:
        """When a report that does not come shows that the belt has not moved since then."""
        shown = max(since, self._behind_at) + self._missed_ns
        return Instant(shown if self._track.sure else max(shown, self._lost_at + RECOUNT_NS))

    def _look_at_belt(self, at: Instant) -> list[Reading]:
        """What the board's silence has shown by now."""
        due, proved = self._quiet_due(), self._session.proved_at
        if due is None or due > proved:
            return []
        readings = self._release(sum(self._missed_at(one.came_at) <= proved for one in self._waiting))
        if self._moving:
            if self._missed_at(self._reported_at) <= proved:
                self._moving = False
                self._watch.stopped()
                readings.append(self._moved(self._still_at(), at))
        elif self._stands_due() <= proved:
            readings.append(self._moved(self._still_at(), at))
        return readings

    def _still_at(self) -> Instant:
        """Up to when a belt without reports is known not to have moved, no later than an edge that still waits."""
        when = self._session.proved_at - self._missed_ns
        if self._waiting:
            when = min(when, self._session.known.clock.bound(self._waiting[0].ticks).at)
        return Instant(max(when, self._told_at + 1))

    def _span_ticks(self) -> int:
        return self._session.known.clock.ticks_in(self._config.report_ms * MILLISECOND)

    def _troubles(self, troubles: list[Trouble], at: Instant) -> list[Reading]:
        return [DeviceFault(self._config.id, at, code, detail) for code, detail in troubles]
