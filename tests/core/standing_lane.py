"""A world of its own for a lane with a drive of its own that stands for a while, moved two milliseconds at a time.

Parcels come along the belt, some are let go and some are held, and a diverter that is out takes whoever comes to it
into the lane. There they keep their order and touch at the most; while the lane stands its last one lies across the
belt, and who comes behind it stops against it.
"""

import random
from dataclasses import dataclass, field

from line_driver import BOARD, UM_PER_S, Object
from line_moments import SeldomTold
from series_line import s10

from drivers.reading import BeamChanged
from hub_config.names import MILLISECOND, SECOND

STEP_NS = 2 * MILLISECOND
GATE_UM, DIVERTER_UM, BEAM_UM, END_UM = 6_000_000, 8_200_000, 8_900_000, 10_500_000
CLEAR_UM = DIVERTER_UM + 100_000
"""Who has gone into the lane so far no longer lies across the belt."""
LENGTHS_MM, GAPS_MM = (150, 200, 300, 450), (60, 90, 120, 200, 350, 500, 900)
STANDS_MS = (40, 80, 130, 200, 300, 500, 800, 1_300, 2_500)


@dataclass(eq=False)
class Body:
    thing: Object
    code: str
    held: bool
    um: int
    """Its front, along the belt and then along the lane or to the end."""
    in_lane: bool = False
    passed: bool = False
    """No diverter was out for it."""
    seen_at: int | None = None
    """When its front came to the beam of the lane, or of the end."""
    gone: bool = False

    @property
    def rear_um(self) -> int:
        return self.um - self.thing.length_um


@dataclass
class StandingLane:
    seed: int
    most: int = 4
    """Parcels."""
    held_ppm: int = 0
    driver: SeldomTold = field(default_factory=SeldomTold)
    bodies: list[Body] = field(default_factory=list)
    stands_at: int = 0
    goes_on_at: int = 0
    decided: int = 0

    def run(self) -> "StandingLane":
        rng = random.Random(self.seed)
        driver = self.driver
        driver.start()
        starts = driver.now + SECOND // 2
        for number in range(1, rng.randint(2, self.most) + 1):
            thing = Object(starts, rng.choice(LENGTHS_MM) * 1_000)
            held = rng.randrange(1_000_000) < self.held_ppm if self.held_ppm else False
            self.bodies.append(Body(thing, s10(number), held, (driver.now - starts) * UM_PER_S // SECOND))
            driver.carry(thing, "in", "scale", "gate")
            driver.read(thing, s10(number), trigger=number)
            driver.weigh(thing)
            starts = thing.rear_at(rng.choice(GAPS_MM) * 1_000)
        first = self.bodies[0].thing
        self.stands_at = first.front_at(DIVERTER_UM) + rng.randint(-300, 600) * MILLISECOND
        self.goes_on_at = self.stands_at + rng.choice(STANDS_MS) * MILLISECOND
        until = starts + 10 * SECOND
        while driver.now < until:
            driver.later(STEP_NS / SECOND)
            self._decide()
            for place, body in enumerate(self.bodies):
                self._move(body, self.bodies[place - 1] if place else None)
        return self

    @property
    def departed(self) -> dict[str, int]:
        """When each was told to have, by its code."""
        told = [one for one in self.driver.events if one.kind == "parcel.departed"]
        return {one.codes[0].data: one.at for one in told}

    def _decide(self) -> None:
        held = {body.code for body in self.bodies if body.held}
        for event in self.driver.events[self.decided :]:
            if event.kind == "parcel.measured":
                code = event.codes[0].data
                self.driver.decide("hold" if code in held else "release", visit=event.visit, code=code)
        self.decided = len(self.driver.events)

    def _is_out(self) -> bool:
        driver = self.driver
        taken_back = {(off.channel, off.at) for off in driver.offs}
        return any(
            on.at <= driver.now < on.at + on.for_ns and (on.channel, on.at) not in taken_back
            for on in driver.ons
        )

    def _move(self, body: Body, ahead: Body | None) -> None:
        now = self.driver.now
        if body.gone or (body.in_lane and self.stands_at <= now < self.goes_on_at):
            return
        um = body.um + UM_PER_S * STEP_NS // SECOND
        if ahead is not None and (ahead.in_lane == body.in_lane or ahead.rear_um < CLEAR_UM):
            um = min(um, max(body.um, ahead.rear_um))
            assert um > GATE_UM or um > body.um, "what waits has not been seen by the last look"
        body.um = um
        if um >= DIVERTER_UM and not (body.in_lane or body.passed):
            body.in_lane = self._is_out()
            body.passed = not body.in_lane
        beam, beam_um = ("green", BEAM_UM) if body.in_lane else ("end", END_UM)
        if body.seen_at is None and um >= beam_um:
            body.seen_at = now
            self._tell(beam, blocked=True)
        if body.rear_um >= beam_um:
            body.gone = True
            self._tell(beam, blocked=False)

    def _tell(self, beam: str, *, blocked: bool) -> None:
        driver = self.driver
        channel = driver.line.beam(beam).channel
        driver.give(BeamChanged(BOARD, driver.at, channel, blocked, driver.count_at(driver.now), 1_000))
