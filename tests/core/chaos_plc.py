"""Random telegrams of a controller, in any order, with readings, decisions, losses and time between them."""

import random
from collections.abc import Callable

from plc_driver import PLC, S10, S10_B, PlcDriver, config

from drivers.reading import DeviceDown, DeviceFault, DeviceUp, EventsLost
from edge.core.event import WallTime
from edge.core.inputs import JournalTrouble, JournalWell, LinkChanged, WallClock

LANES = ("GREEN", "HOLD", "XRAY", "MANUAL", "RETURN", "NOWHERE", "")
RESULTS = ("OK", "OK", "OK", "MISS", "LOST", "")
CODES = (S10, S10_B, "RR473124829MY", "00340123450000000017", "4006381333931", "RB123456786GB", "x")


class Chaos:
    """One seed's run. The checkers of the simulations look at every step."""

    def __init__(self, seed: int, *, drives: bool = True) -> None:
        self.rng = random.Random(seed)
        self.line = PlcDriver(config(drives=drives)).start()

    def run(self, steps: int) -> PlcDriver:
        for _ in range(steps):
            self.rng.choice(self._moves())()
            if self.rng.random() < 0.6:
                self.line.later(self.rng.choice((0.01, 0.1, 0.3, 0.7, 1.5, 4)))
        self.line.hold_commits = False
        self.line.commit()
        return self.line.later(120)

    def _moves(self) -> list[Callable[[], object]]:
        line, rng, track = self.line, self.rng, self.rng.randint(1, 6)
        often: list[Callable[[], object]] = [self._decide, self._measured, self._whole]
        return [
            lambda: line.induct(track),
            lambda: line.code(track, rng.choice(CODES)),
            lambda: line.scan(rng.choice(CODES)),
            lambda: line.weigh(track, rng.choice((None, 500_000, 500_000, 500_000, 700_000))),
            lambda: line.discharge(track, rng.choice(LANES), rng.choice(RESULTS)),
            self._disturb,
            *often,
            *often,
        ]

    def _whole(self) -> None:
        """A parcel as it should be, unless something is wrong with the line already."""
        track = self._measured()
        self.line.later(0.7)
        self._decide()
        self.line.later(self.rng.choice((0.5, 3, 6)))
        self.line.discharge(track, "GREEN")

    def _measured(self) -> int:
        track = self.rng.randint(1, 6)
        code = self.rng.choice(CODES[:4])
        self.line.induct(track).later(0.3)
        self.line.scan(code)
        self.line.code(track, code)
        self.line.weigh(track)
        return track

    def _decide(self) -> None:
        asked = [one for one in self.line.events if one.kind == "parcel.measured"]
        if not asked:
            return
        one = self.rng.choice(asked[-3:])
        action, route = self.rng.choice(
            (
                ("release", "green"),
                ("release", "green"),
                ("release", "green"),
                ("hold", "hold"),
                ("inspect", "xray"),
            )
        )
        own = next((code.data for code in one.codes if code.check_ok), S10)
        seconds = self.rng.choice((0.5, 5, 9, 20, 60))
        decision = self.line.decision(
            action,
            route,
            seconds=seconds,
            code=self.rng.choice((own, own, own, S10)),
            visit=one.visit,  # type: ignore[arg-type]  # of these
        )
        self.line.decide(decision)

    def _disturb(self) -> None:
        line, rng = self.line, self.rng
        match rng.randrange(11):
            case 0:
                line.give(DeviceDown(PLC, line.at, "gone"))
            case 1 | 2 | 9:
                line.give(DeviceUp(PLC, line.at, None))
            case 3:
                line.give(DeviceFault(PLC, line.at, rng.choice(("silent", "garbled", "out_of_turn")), "told"))
            case 4:
                line.give(EventsLost(PLC, line.at, 1))
            case 5:
                line.give(JournalTrouble(line.at, "disk full", lasting=True))
                line.give(JournalWell(line.at))
            case 6:
                line.give(LinkChanged(line.at, broker=rng.random() < 0.5, coordinator=rng.random() < 0.5))
            case 7:
                jump_us = rng.choice((0, 0, 40_000_000))
                now_us = 1_795_000_000_000_000 + (line.now - 1_000_000_000) // 1_000
                line.give(WallClock(line.at, WallTime(now_us + jump_us, 1_500, "ntp")))
            case 8:
                line.hold_commits = not line.hold_commits
            case _:
                line.commit()
