"""A bench that is given whatever a list of steps says, with every effect checked as it comes."""

from bench_driver import (
    BASE_US,
    EAN,
    GREEN,
    HOLD,
    LINE,
    MANUAL,
    S10,
    S10_B,
    SCALE,
    SCANNER,
    SSCC,
    BenchDriver,
    config,
)

from drivers.identifiers.choice import Identified
from drivers.reading import DeviceFault, DeviceUp, NoRead, WeightRead
from edge.core.decision import Action, Conditions, Decision
from edge.core.effects import Effect, Record, Show
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, JournalTrouble, LinkChanged, Tick, WallClock
from edge.core.parcel import CODES_PER_PARCEL_MAX
from edge.core.visits import Recovered
from edge.wire.chain import Link
from hub_config.badges import PUT_BACK, Badge, badge_digest
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, DeviceId, Instant, LaneId, VisitId
from simulators.checkers import Checkers

BADGE = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"
MISREAD, XRAY = "RB123456786GB", "HUBXXRRE"
LABELS = (S10, S10_B, SSCC, EAN, MISREAD)
BAYS = {"G1": GREEN, "H1": HOLD, "X1": XRAY, "M1": MANUAL}
STOPS: tuple[Action, ...] = ("hold", "inspect", "screen", "refuse")
GOOD_CODES = ("RB000001006GB", "RB000006003GB")
ENTROPY = b"0123456789abcdef"
GRAMS = (0, 3, 12, -60, 50, 500, 505, 800)


class Chaos(BenchDriver):
    """A bench that checks each step. `clock_off_us`: what the wall clock says beyond the true time. `inspects`: it is
    looked into parcels there, by whoever has BADGE."""

    def __init__(self, *, inspects: bool = False) -> None:
        badges = (Badge(digest=badge_digest(BADGE), role="customs"),)
        self.config = config(inspects=inspects).model_copy(update={"badges": badges})
        super().__init__(Gateway(self.config, ENTROPY))
        self.presented: set[VisitId] = set()
        """Visits that lie before customs, as far as was told."""
        self.asked: list[tuple[VisitId, str]] = []
        """Visit and id of each `parcel.measured` that is on disk."""
        self.stopped: dict[VisitId, int] = {}
        """`dec_seq` of the newest valid stop that has arrived for a visit since it was last measured."""
        self.departed: set[VisitId] = set()
        self.authority_of: dict[str | int, str] = {}
        self.clock_off_us = 0
        self.dec_seq = 0
        self.runs = 1
        self._begin(())

    def _begin(self, left_open: tuple[Recovered, ...]) -> None:
        self._new_gateway(left_open)
        self.events, self.ids = [], []
        self.view = None
        self.asked.clear()
        self.stopped.clear()
        self.presented.clear()
        self.give(WallClock(self.at, self.wall(1_500)))
        self.give(LinkChanged(self.at, broker=True, coordinator=True))
        self.weigh(0)

    def _new_gateway(self, left_open: tuple[Recovered, ...]) -> None:
        self.gateway = Gateway(self.config, ENTROPY + bytes([self.runs]), left_open)
        self.twin = Gateway(self.config, ENTROPY + bytes([self.runs]), left_open)
        self.checkers = Checkers(self.config.benches)

    def wall(self, unc_us: int) -> WallTime:
        return WallTime(self.now_us + self.clock_off_us, unc_us, "ntp")

    @property
    def now_us(self) -> int:
        """True UTC, which is also the coordinator's."""
        return BASE_US + (self.now - SECOND) // MICROSECOND

    def give(self, given: Input) -> None:
        effects = self.gateway.step(given)
        assert self.twin.step(given) == effects, "the same input gave other effects"
        for effect in effects:
            self._take(effect)
        self.checkers.after_step(effects, self.gateway)
        if isinstance(given, Tick):
            wake = self.gateway.wake_at
            assert wake is None or wake > given.at, f"the tick at {given.at} left a wish for {wake}"
        if not self.hold_commits:
            self.commit()

    def _take(self, effect: Effect) -> None:
        if isinstance(effect, Show):
            self.view = effect.view
        if not isinstance(effect, Record):
            return
        self.events.append(effect.event)
        assert len(effect.event.codes) <= CODES_PER_PARCEL_MAX
        kind, visit = effect.event.kind, effect.event.visit
        if visit is not None and (effect.event.clock is not None or kind == "parcel.departed"):
            self._check_hand_over(effect.event, visit)
        if kind == "parcel.diverted":
            self._check_move(effect.event)
        elif kind == "parcel.departed" and visit is not None:
            self.departed.add(visit)
        elif kind == "parcel.measured" and visit is not None:
            self.stopped.pop(visit, None)

    def _check_hand_over(self, event: Event, visit: VisitId) -> None:
        """Customs is told to have a parcel once until somebody else is told to, and never when it moves."""
        assert event.kind != "parcel.departed" or visit not in self.presented
        if event.kind != "parcel.presented":
            self.presented.discard(visit)
            return
        assert visit not in self.presented, "presented twice, and not given back between"
        assert dict(event.note)["action"] in ("inspect", "screen")
        assert self.authority_of[dict(event.note)["dec"]] == "customs"
        self.presented.add(visit)

    def _check_move(self, event: Event) -> None:
        assert event.visit not in self.departed, "a visit departs once, and for good"
        if event.act is None or event.act.lane != "green":
            return
        decision = event.decision
        assert decision is not None
        assert (decision.action, decision.needs) == ("release", ())
        assert (decision.was or decision.visit) == event.visit, "a release of another visit"
        last = [asked for visit, asked in self.asked if visit == event.visit][-1]
        assert decision.answers == last, "the release answers another measurement"
        latest_us = event.wall.utc_us + event.wall.unc_us
        assert decision.valid_from_us <= latest_us <= decision.valid_until_us
        assert event.mass is not None
        conditions = decision.conditions
        if conditions.mass_mg is not None:
            assert conditions.mass_mg[0] <= event.mass.mg <= conditions.mass_mg[1]
        assert conditions.not_after_us is None or latest_us <= conditions.not_after_us
        identifiers = [code.data for code in event.codes if code.check_ok and code.type == "s10"]
        assert len(identifiers) <= 1
        assert conditions.code is None or conditions.code in {code.data for code in event.codes}
        assert decision.dec_seq > self.stopped.get(decision.visit, 0), "a valid stop was not heeded"

    def commit(self) -> None:
        first = len(self.ids) + 1
        numbers = range(first, len(self.events) + 1)
        fresh = tuple(f"ni:///sha-256;{self.runs}-{number:041d}" for number in numbers)
        if not fresh:
            return
        self.ids.extend(fresh)
        for number, name in zip(numbers, fresh, strict=True):
            event = self.events[number - 1]
            self.checkers.committed([Link(number, name, "", b"", None, "")])
            if event.kind == "parcel.measured" and event.visit is not None:
                self.asked.append((event.visit, name))
        self.give(Committed(self.at, first, fresh))

    def later(self, seconds: float) -> "Chaos":
        until = self.now + int(seconds * SECOND)
        while (wake := self.gateway.wake_at) is not None and wake <= until:
            self.now = max(self.now, wake)
            self.give(Tick(self.at))
        self.now = until
        return self

    # Steps ----------------------------------------------------------------------------------------

    def scan_shown_bay(self) -> None:
        if self.view is not None and self.view.bay is not None:
            self.scan(BAYS[self.view.bay])

    def measure_next(self, label: str) -> None:
        self.weigh(0)
        self.scan_shown_bay()
        self.later(2.1).scan(label).weigh(500_000)

    def release_next(self, label: str) -> None:
        self.measure_next(label)
        self.answer("release")

    def set_wall(self, off_s: float, unc_us: int) -> None:
        self.clock_off_us = int(off_s * 1e6)
        self.give(WallClock(self.at, self.wall(unc_us)))

    def set_commits(self, at_once: bool) -> None:
        self.hold_commits = not at_once
        if at_once:
            self.commit()

    def change_device(self, device: DeviceId, what: str) -> None:
        if what in ("up", "down"):
            self.device(device, up=what == "up")
        elif what == "no_read":
            self.give(NoRead(device, self.at))
        else:
            self.give(DeviceFault(device, self.at, "silent" if what == "silent" else "garbled", "noise"))

    def load(self, grams: int, stable: bool = True, for_ms: int = 400) -> None:
        self.weigh(grams * 1_000, stable=stable, for_ms=for_ms)

    def odd_weight(self, what: str) -> None:
        if what == "overload":
            self.weigh(0, overload=True)
        elif what == "stale":
            self.give(
                WeightRead(SCALE, Instant(self.now - 50 * MILLISECOND), 500_000, "500", "g", stable=True)
            )
        else:
            self.give(WeightRead(SCALE, self.at, None, "", None, None, underload=what == "underload"))

    def change_link(self, broker: bool, coordinator: bool) -> None:
        self.give(LinkChanged(self.at, broker=broker, coordinator=coordinator))

    def tick(self) -> None:
        self.give(Tick(self.at))

    def answer(
        self, action: Action, times: tuple[float, float] = (-1.0, 60.0), back: int = 0, route: str | None = None,
        older: bool = False, needs: bool = False, cond: str | None = None, customs: bool = True,
    ) -> None:  # fmt: skip
        """A decision on the last measurement but `back`; `times` is its validity in seconds from the true time."""
        if len(self.asked) <= back:
            return
        visit, asked = self.asked[-1 - back]
        self.dec_seq += 1
        seq = max(1, self.dec_seq - 2) if older else self.dec_seq
        decision = Decision(
            dec=f"dec-{self.dec_seq}", dec_seq=seq, visit=visit, was=None, answers=asked, action=action,
            reasons=() if action == "release" else ("risk_profile",), wire="{}", kid="k", sig="s", clock="customs",
            route=LaneId(route or ("green" if action == "release" else "hold")), conditions=self._conditions(cond),
            authority="customs" if customs else "aviation-security", needs=("agency:health",) if needs else (),
            valid_from_us=self.now_us + int(times[0] * 1e6), valid_until_us=self.now_us + int(times[1] * 1e6),
        )  # fmt: skip
        in_work = self.view is not None and self.view.visit == visit and self._is_measured(visit)
        if action in STOPS and not older and times[1] > 0 and in_work and self.clock_off_us == 0:
            self.stopped[visit] = seq
        self.authority_of[decision.dec] = decision.authority
        self.give(DecisionArrived(self.at, decision))

    def _is_measured(self, visit: VisitId) -> bool:
        """A stop that comes before the next question is answered with it."""
        kinds = [event.kind for event in self.events if event.visit == visit]
        return "parcel.measured" in kinds and kinds[-1] in ("parcel.measured", "parcel.decided")

    def _conditions(self, cond: str | None) -> Conditions:
        return Conditions(
            code=S10 if cond == "code" else None,
            mass_mg=(480_000, 520_000) if cond == "mass" else None,
            not_after_us=self.now_us + 2_000_000 if cond == "soon" else None,
        )

    def trouble(self) -> None:
        self.give(JournalTrouble(self.at, "disk full"))

    def restart(self) -> None:
        """SIGKILL: what is not on disk never was; the journal tells what lay open."""
        visits: dict[VisitId, Event] = {}
        for event in self.events[: len(self.ids)]:
            if event.visit is not None:
                visits[event.visit] = event
        left: list[Recovered] = []
        for visit, last in visits.items():
            resting = last.act.lane if last.kind == "parcel.diverted" and last.act is not None else None
            if last.kind not in ("parcel.departed", "parcel.lost_track", "visit.joined"):
                read = (Identified(code.type, code.data, code.check_ok) for code in last.codes)
                codes = tuple(code for code in read if code.check_ok and code.type != "unknown")
                left.append(Recovered(visit, LINE, resting in ("hold", "xray", "manual"), codes, last.at))
        self.departed.clear()
        self.runs += 1
        self.hold_commits = False
        self._begin(tuple(left))

    # Healing --------------------------------------------------------------------------------------

    def repair(self) -> None:
        """Devices, link, disk and clock work again."""
        self.hold_commits = False
        for device in (SCANNER, SCALE):
            self.give(DeviceUp(device, self.at, "1"))
        self.clock_off_us = 0
        self.give(WallClock(self.at, self.wall(1_500)))
        # The journal's writer says so when the disk takes something again, also where no event waits for it.
        self.give(Committed(self.at, len(self.ids) + 1, ()))
        self.give(LinkChanged(self.at, broker=True, coordinator=True))
        self.give(LinkChanged(self.at, broker=False, coordinator=False))
        self.later(6)
        self.give(LinkChanged(self.at, broker=True, coordinator=True))
        self.commit()
        self.weigh(0)

    def heal(self) -> None:
        """Repaired, and the operator does as the screen says: no parcel stays at the bench."""
        self.repair()
        for _ in range(4):
            if self.view is None or self.view.visit is None:
                break
            self.later(25)
            if self.view is not None and self.view.instruction in ("inspect_it", "scan_badge"):
                self.scan(PUT_BACK)
            self.weigh(0)
            self.scan_shown_bay()
        assert self.gateway.snapshot().tally.at_bench == 0, f"the bench does not end its parcel: {self.view}"

    def good_parcel_departs(self, code: str) -> None:
        before = self.gateway.snapshot().tally.departed
        self.later(3).scan(code).later(0.2).weigh(500_000)
        self.answer("release")
        self.weigh(0).scan(GREEN)
        assert self.gateway.snapshot().tally.departed == before + 1, (
            f"a good parcel was not released: {self.view}"
        )
