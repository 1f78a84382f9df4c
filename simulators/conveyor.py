"""The physical belt line: parcels that move, beams they cover, a reader that sees labels, a scale, diverters that push.

There is no tick: the belt runs at one speed and every parcel in straight legs (`motion.py`), so every crossing has an
exact instant, and the world is asked to act at it. What the devices say comes out of their wires (`reader`, `scale`);
beams and the encoder go to an I/O board, real or modelled, and its outputs come back, by its `BoardSide`. `bodies` is
the truth: where each parcel really was, and what devices delivered of it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from hub_config.lines import Belt, Diverter
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.belt_clock import BeltClock
from simulators.board_side import BoardSide
from simulators.bodies import (
    TOUCH_UM,
    BoardTrouble,
    Body,
    chatter,
    exchange_place_um,
    free_place_um,
    strike,
)  # fmt: skip
from simulators.feeding import Feeding
from simulators.gates import Gates
from simulators.line_faults import LINE_RATES_PPM, LineFault, LinePlan, line_plan
from simulators.one_belt import OneBelt
from simulators.parcels import MILLION, Parcel
from simulators.prints import Print, prints
from simulators.queueing import feeds_at
from simulators.reader_stand import ReaderStand, usual
from simulators.recorders import Sizer, Weigher
from simulators.running_back import edges_between
from simulators.series import Series
from simulators.traffic import USUAL, Traffic
from simulators.ways import Ways
from simulators.world import World

STOPPING: Final[tuple[LineFault, ...]] = ("belt_stop", "belt_back")
NEAR_MAX: Final = 64  # parcels that may be on the belt at one time


class Conveyor:
    """`feed` starts it; nothing moves onto the belt before."""

    def __init__(
        self, world: World, line: LineConfig, parcels: Collection[Parcel], seed: int,
        rates_ppm: Mapping[LineFault, int] = LINE_RATES_PPM, traffic: Traffic = USUAL,
        readers: Sequence[ReaderStand] | None = None, plans: Mapping[int, LinePlan] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`readers`: the fixed ones over it; None: one where the line's first stands. `plans`: of parcels, by their
        number, that travel as somebody wants them to; the others as they are drawn."""
        self.world = world
        self.line = line
        self.count = len(parcels)
        """Parcels that pass it in all."""
        self._parcels = iter(parcels)
        self._following: tuple[Parcel, LinePlan] | None = None
        """The next one fed."""
        self._seed = seed
        self._rates_ppm = rates_ppm
        self._traffic = traffic
        self._plans = plans
        self.speed_um_s = line.belts[0].speed_mm_s * 1_000
        """Of the first belt, and of all its belts where it has one."""
        slowest = min(line.belts, key=lambda belt: belt.speed_mm_s)
        self._longest_ns = self._time(line.max_length_um, slowest)
        self._series = Series(line, world.now, seed, traffic.belt_stop) if len(line.belts) > 1 else None
        self._clock = BeltClock(world) if any(rates_ppm.get(fault) for fault in STOPPING) else None
        """None: the belt never stops, and its time is the world's."""
        self._belt: BeltClock | World = self._clock or world
        alone = OneBelt(world.now, line.belts[0], self._clock)
        self._belts = (alone,) if self._series is None else self._series.belts
        self.readers = (usual(line.readers[0], traffic.read_ns),) if readers is None else tuple(readers)
        weigher = Weigher(line, traffic, seed)
        sizer = None if line.dimensioner is None else Sizer(line, traffic.sizing, seed)
        self.scale = weigher.device
        self.dimensioner = None if sizer is None else sizer.device
        self._recorders: tuple[Weigher | Sizer, ...] = (weigher,) if sizer is None else (weigher, sizer)
        self.bodies: list[Body] = []
        self._fed = 0
        self.finished = 0
        """Parcels that have left."""
        self.finished_at = world.now
        self._touches = False
        """The next one fed touches the one before it."""
        self._feeding = Feeding(line, seed, dict(traffic.sides_ppm))
        self._ways = Ways(line, traffic, self._feeding, self._series)
        self._covering: dict[int, list[Body]] = {channel: [] for channel in self._feeding.belt_of}
        self._gates = Gates(line)
        self.board_sides = [BoardSide(belt, self.switch) for belt in self._belts]
        """By belt."""
        self.stirred = False
        """Something may have come out of it since it was last looked at."""
        self._end = line.beam(line.end.beam)

    def stir(self) -> None:
        self.stirred = self.world.stirred = True

    def switch(self, channel: int, on: bool, at: Instant) -> None:
        """An output of the board has changed."""
        diverter = self._gates.switch(channel, on, at)
        if diverter is not None:
            self._strike(diverter, at)

    # The truth ----------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Every parcel has left, in a lane, at the end or in somebody's hands."""
        return self.finished == self.count

    def forget(self, count: int) -> None:
        """The first of `bodies`, which have left long ago."""
        del self.bodies[:count]

    # Feeding ------------------------------------------------------------------------------------------

    def feed(self) -> None:
        """The feeder sets the next parcel down, and goes on."""
        if self._fed == self.count:
            return
        parcel, plan = self._following or self._next()
        self._fed += 1
        gap: int | None = None
        touched = False
        if self._fed < self.count:
            _, following = self._following = self._next()
            touched = "touching" in following.faults and "added" not in (*plan.faults, *following.faults)
            gap = -TOUCH_UM if touched else following.gap_um
        body = self._feeding.body(parcel, plan, self._belt.now, self._touches)
        self._ways.set_down(body, self.bodies[-1] if self.bodies else None, gap)
        self._touches = touched
        self.bodies.append(body)
        self._schedule(body)
        if gap is not None:
            pitch_ns = self._time(plan.length_um + gap)
            self._belt.call_at(self._feeds_at(body, pitch_ns), self.feed)

    def end_feed(self) -> None:
        """Whoever feeds goes home: what is set down by now was the last."""
        self.count = self._fed

    def _feeds_at(self, body: Body, pitch_ns: int) -> Instant:
        if self._series is None:
            return feeds_at(self.line, body, pitch_ns)
        return self._series.feeds_at(self._belt.now, pitch_ns)

    def _next(self) -> tuple[Parcel, LinePlan]:
        parcel = next(self._parcels)
        plan = self._plans.get(parcel.number)
        return parcel, plan or line_plan(self._seed, parcel, self._rates_ppm, self._traffic)

    def _schedule(self, body: Body) -> None:
        for beam in self._feeding.beams(body.fed):
            self._at(body, beam.position_um, partial(self._cover, body, beam.channel))
            if beam.position_um + body.motion.length_with_rear_at(beam.position_um) > body.appears_um:
                self._belt.call_at(body.rear_at(beam.position_um), partial(self._uncover, body, beam.channel))
        for diverter in self.line.diverters:
            self._at(body, diverter.position_um, partial(self._reach, body, diverter))
        for label in prints(
            self._seed, body.parcel, body.plan, body.legible, self._traffic, len(self.readers)
        ):
            for number in label.seen_by:
                self._pass_by(body, label, self.readers[number])
        if body.plan.hands == "removed":
            taken = free_place_um(self.line, body.plan, self._feeding.beams(body.fed))
            self._at(body, taken, lambda: self._take(body))
        if "swapped" in body.plan.faults:
            self._at(
                body, self.line.beam(self.line.scale.beam).position_um, partial(self._plan_exchange, body)
            )
        self._schedule_trouble(body)

    def _pass_by(self, body: Body, label: Print, stand: ReaderStand) -> None:
        """One of its labels comes into a reader's view and leaves it."""
        reader, turned_at = stand.config, body.motion.turned_at_um
        turned = turned_at is not None and turned_at <= reader.position_um
        place = reader.position_um + (label.turned_um if turned else label.place_um) + body.plan.wander_um
        self._at(body, place - reader.window_um, lambda: self._show(stand, body, label))
        self._at(body, place + reader.window_um, lambda: self._hide(stand, body, label))

    def _schedule_trouble(self, body: Body) -> None:
        """Faults that strike while its front is somewhere between the first beam and the end."""
        somewhere = self._ways.somewhere_um(body)
        carrying = self._feeding.carries(body.fed, somewhere)
        for fault in body.plan.faults:
            if fault == "lost_counts":
                self._at(body, somewhere, partial(self._lose, carrying, body.plan.lost_counts))
            elif fault == "dead_encoder":
                belt = self.line.all_belts[carrying]
                counts = self.line.travel_um(body.plan.dead_ns, belt) // belt.count_um
                self._at(body, somewhere, partial(self._lose, carrying, counts))
            elif fault in STOPPING and self._clock is not None:
                back_um = body.plan.back_um if fault == "belt_back" else 0
                self._at(body, somewhere, partial(self._stop, self._clock, body.plan, back_um))
            elif fault in ("board_reset", "link_cut"):
                cut_ns = body.plan.cut_ns if fault == "link_cut" else None
                self._at(body, somewhere, partial(self._trouble, cut_ns, carrying))
            elif fault in ("late_answer", "mute_reader"):
                for stand in self._spoilt(body):
                    reader = stand.config
                    before_um = reader.position_um - 2 * reader.window_um
                    self._at(body, before_um, partial(self._spoil, stand, body, fault))

    def _trouble(self, cut_ns: int | None, place: int) -> None:
        self.board_sides[place].troubles.append(BoardTrouble(self.world.now, cut_ns))
        self.stir()

    def _stop(self, clock: BeltClock, plan: LinePlan, back_um: int) -> None:
        """The only belt brakes and stands; then it may run back."""
        back_ns = self._time(back_um)
        stands_at = clock.stop(2 * self._time(plan.coast_um), plan.stop_ns, back_ns)
        if back_ns and stands_at is not None:
            self.world.call_at(stands_at, partial(self._run_back, clock, plan.stop_ns, back_ns))

    def _run_back(self, clock: BeltClock, stands_ns: int, back_ns: int) -> None:
        """It stands now: the beams tell of what it will bring back, and of the same once more when it runs on."""
        stood, back_at = clock.now, self.world.now + stands_ns
        near = self.bodies[-NEAR_MAX:]
        for ran, beam, covered in edges_between(near, self._feeding, Instant(stood - back_ns), stood):
            self.world.call_at(
                Instant(back_at + 4 * (stood - ran)), partial(self._bounce, beam.channel, not covered)
            )
            self.world.call_at(clock.again(ran), partial(self._bounce, beam.channel, covered))
        for body in near:
            for diverter in self.line.diverters:
                ran = body.front_at(diverter.position_um)
                if stood - back_ns < ran <= stood and body.path is None and not body.taken:
                    self.world.call_at(clock.again(ran), partial(self._reach_again, body, diverter))

    def _reach_again(self, body: Body, diverter: Diverter) -> None:
        if body.path is None and not body.taken:
            self._reach(body, diverter)

    def _lose(self, place: int, counts: int) -> None:
        self._belts[place].lose(counts, self.world.now)

    def _at(self, body: Body, front_um: int, action: Callable[[], object]) -> None:
        """When its front is there; not if it is put down farther on, and not once it has left the belt."""
        if front_um <= body.appears_um:
            return

        def act() -> None:
            if not body.taken and body.path is None:
                action()

        self._belt.call_at(body.front_at(front_um), act)

    def _time(self, um: int, belt: Belt | None = None) -> int:
        """On this belt, or on the first."""
        return um * 1_000_000_000 // (self.speed_um_s if belt is None else belt.speed_mm_s * 1_000)

    # Beams --------------------------------------------------------------------------------------------

    def _cover(self, body: Body, channel: int) -> None:
        now = self.world.now
        covering = self._covering[channel]
        covering.append(body)
        body.crossed[self._feeding.position_of[channel]] = now
        if channel == self._end.channel:
            self._leave(body, self.line.end.lane, self.line.end.bay)
        for recorder in self._recorders:
            recorder.under.covered(body, channel)
        if len(covering) == 1:
            self._edge(body, channel, covered=True)

    def _uncover(self, body: Body, channel: int) -> None:
        covering = self._covering[channel]
        if body not in covering:
            return
        covering.remove(body)
        if not covering:
            self._edge(body, channel, covered=False)
            for recorder in self._recorders:
                bodies = recorder.under.freed(channel)
                if bodies:
                    recorder.record(bodies, self.world.now)

    def _edge(self, body: Body, channel: int, *, covered: bool) -> None:
        now = self.world.now
        self.board_sides[self._feeding.belt_of[channel]].edges.append((now, channel, covered))
        self.stir()
        if "bouncing_beam" in body.plan.faults:
            for at, state in chatter(self.line, body, self._behind(body), channel, now, covered=covered):
                self.world.call_at(at, partial(self._bounce, channel, state))

    def _behind(self, body: Body) -> Body | None:
        place = self.bodies.index(body, max(0, len(self.bodies) - NEAR_MAX)) + 1
        return self.bodies[place] if place < len(self.bodies) else None

    def _bounce(self, channel: int, covered: bool) -> None:
        self.board_sides[self._feeding.belt_of[channel]].edges.append((self.world.now, channel, covered))
        self.stir()

    # The reader ---------------------------------------------------------------------------------

    def _show(self, stand: ReaderStand, body: Body, label: Print) -> None:
        stand.show(body, label.codes, self.world.now)
        self.stir()

    def _hide(self, stand: ReaderStand, body: Body, label: Print | None = None) -> None:
        stand.hide(body, None if label is None else label.codes, self.world.now)
        self.stir()

    def _spoilt(self, body: Body) -> tuple[ReaderStand, ...]:
        """One of the readers; all, where only one of them may have seen a second item number."""
        if len(body.parcel.items) > 1:
            return self.readers
        place = body.plan.at_ppm * len(self.readers) // MILLION
        return self.readers[place : place + 1]

    def _spoil(self, stand: ReaderStand, body: Body, fault: LineFault) -> None:
        if fault == "mute_reader":
            stand.device.mute_next()
        else:
            stand.device.delay_next(body.plan.late_answer_ns)

    # Diverters, lanes and hands -------------------------------------------------------------------------

    def _reach(self, body: Body, diverter: Diverter) -> None:
        """Its front is at the diverter: one that is not all the way home takes it."""
        now = self.world.now
        if not self._gates.is_out(diverter, now):
            return
        body.path = diverter
        beam = self.line.beam(diverter.beam)
        to_beam = self._time(beam.position_um - diverter.position_um, self.line.belt)
        length = self._time(body.motion.length_with_rear_at(diverter.position_um), self.line.belt)
        self._belt.call_after(to_beam, lambda: self._enter_lane(body, diverter, beam.channel))
        self._belt.call_after(to_beam + length, lambda: self._uncover(body, beam.channel))

    def _enter_lane(self, body: Body, diverter: Diverter, channel: int) -> None:
        self._leave(body, diverter.lane, diverter.bay)
        covering = self._covering[channel]
        covering.append(body)
        if len(covering) == 1:
            self._edge(body, channel, covered=True)

    def _strike(self, diverter: Diverter, at: Instant) -> None:
        """A diverter that moves while a parcel passes it strikes that parcel."""
        ran = at if self._clock is None else self._clock.of(at)
        strike(self.bodies[-NEAR_MAX:], diverter, ran, self._longest_ns)

    def _leave(self, body: Body, lane: str, bay: str) -> None:
        if body.left_at is None:
            body.lane, body.bay, body.left_at = lane, bay, self.world.now
            self.finished += 1
            self.finished_at = self.world.now

    def _take(self, body: Body) -> None:
        body.taken = True
        self.finished += 1
        self.finished_at = self.world.now
        for stand in self.readers:
            self._hide(stand, body)

    def _plan_exchange(self, body: Body) -> None:
        """Both are on the belt and have been seen; where they lie between two beams hands exchange them."""
        other = self._behind(body)
        if other is None:
            return
        at_um = exchange_place_um(self.line, body, other)
        if at_um is not None:
            self._at(body, at_um, partial(self._exchange, body, other))

    def _exchange(self, body: Body, other: Body) -> None:
        if not (other.finished or other.swapped or body.swapped or other.path is not None):
            body.exchange(other)
