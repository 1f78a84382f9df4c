"""Moments of a parcel on a belt that several tests begin with, and what they tell it; on top of `line_driver`."""

from collections.abc import Callable
from dataclasses import replace

from line_driver import (
    BASE_US,
    BOARD,
    COUNT_UM,
    S10,
    TO_MEASURED_S,
    UM_PER_S,
    LineDriver,
    Object,
    entered,
)

from drivers.reading import BeltMoved, OrderAnswered
from edge.core.decision import Action, Conditions, Decision
from edge.core.inputs import DecisionArrived, Input, Tick
from hub_config.names import MILLISECOND, SECOND, Instant, LaneId, VisitId

TO_SEEN_S = 4.8
"""Both its edges have passed the last look (6,000 mm)."""
FIRES_AFTER_S = 0.36
"""From TO_ORDER_S to the moment at which its diverter begins to move."""


REPORT_NS = 100 * MILLISECOND


class SeldomTold(LineDriver):
    """Its board tells of a moving belt every 100 ms, as boards do."""

    told_at: int = 0
    moves: bool = False

    def give(self, given: Input) -> None:
        if isinstance(given, BeltMoved):
            if given.moving and self.moves and given.at - self.told_at < REPORT_NS:
                return
            self.told_at, self.moves = given.at, given.moving
        super().give(given)


def leave_out(driver: LineDriver, since: int, um: int) -> None:
    """From then on the encoder leaves out counts of so much way, while the belt runs on."""
    alive: Callable[[int], int] = driver.count_at

    def count_at(at: int) -> int:
        return alive(at) - min(max(0, alive(at) - alive(since)), um // COUNT_UM)

    driver.count_at = count_at  # type: ignore[method-assign]


def released(driver: LineDriver, until_s: float) -> Object:
    """One that is measured, released, and has come so far."""
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(until_s - TO_MEASURED_S)
    return thing


def stand(driver: LineDriver, seconds: float) -> None:
    """The belt stops, with all that lies on it, and goes on from there."""
    ns = int(seconds * SECOND)
    stopped, until = driver.now, driver.now + ns
    while driver.now < until:
        driver.give(BeltMoved(BOARD, Instant(driver.now + 1), driver.count_at(stopped), moving=False))
        driver.now = min(until, driver.now + SECOND)
        wake = driver.gateway.wake_at
        if wake is not None and wake <= driver.now:
            driver.give(Tick(driver.at))
    driver.lost_counts += ns * UM_PER_S // SECOND // COUNT_UM
    driver.pending = [(at + ns, n, replace(given, at=Instant(at + ns))) for at, n, given in driver.pending]


def tell(driver: LineDriver, action: Action = "release", **changes: object) -> None:
    """A decision on the last measurement, with changes."""
    place = max(n for n, event in enumerate(driver.events) if event.kind == "parcel.measured")
    now_us = BASE_US + (driver.now - SECOND) // 1_000
    decision = Decision(
        dec=f"told-{driver.now}", dec_seq=1, visit=driver.events[place].visit or VisitId(""), was=None,
        answers=driver.ids[place], action=action, reasons=() if action == "release" else ("sampled",),
        route=LaneId("green" if action == "release" else "hold"), authority="customs",
        conditions=Conditions(code=S10), needs=(), valid_from_us=now_us - 1_000_000,
        valid_until_us=now_us + 60_000_000, clock="customs", wire="{}", kid="k", sig="s",
    )  # fmt: skip
    driver.give(DecisionArrived(driver.at, replace(decision, **changes)))  # type: ignore[arg-type]  # by name


def heed(driver: LineDriver) -> None:
    """The board says that it has taken the last recall."""
    driver.give(OrderAnswered(BOARD, driver.at, driver.offs[-1].order, accepted=True, detail="ok"))


def flags(driver: LineDriver) -> list[str]:
    """Of the last verdict."""
    return list(driver.last("parcel.decided").flags)


def in_lane(driver: LineDriver, thing: Object, beam: str = "green") -> None:
    """Whatever was told to it, it is seen in this lane and not at the belt's end."""
    driver.pending = []
    driver.carry(thing, beam)
    driver.later(2.0)


def measured(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
