"""Part `board-reset` of `hub campaign faults`: the belt's I/O board restarts at random moments while parcels travel.

The practice hub in real time (`demo_hub.py`): broker, coordinator and gateway as processes, a bench and a belt line
whose board speaks its bytes over a pty. Every second reset is one of the board alone; in the others its port is gone
for a while as well, as of a board that hangs on USB. Some come before the line has recovered from the last. Parcels are
declared here, so the simulator's truth says what is a wrong release.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.rim.journal_check import PAGE_ROWS
from edge.rim.journal_rows import Stored
from simulators.broker import free_port
from simulators.demo_hub import DemoHub
from simulators.devices.io_board import CAUSE_BROWN_OUT, CAUSE_PIN, CAUSE_POWER_ON, CAUSE_WATCHDOG
from simulators.fault_trial import PartOutcome
from simulators.hub_under_load import LOOK_S, account, journal_in
from simulators.line_faults import LINE_RATES_PPM
from simulators.served_line import ServedLine

CAUSES: Final = (CAUSE_POWER_ON, CAUSE_PIN, CAUSE_BROWN_OUT, CAUSE_WATCHDOG)
PARCELS_EACH: Final = 24
"""For each reset at most: three of four go by the belt, one a second or so, until the resets are over."""
BETWEEN_S: Final = (0.2, 4.0)
"""From the line's being at work until the next reset: parcels are anywhere on it by then."""
AGAIN_ONE_IN: Final = 3
"""One reset in so many is followed by another before the line has recovered."""
AGAIN_S: Final = (0.0, 1.5)
PORT_GONE_S: Final = (0.1, 2.0)
WORKS_WITHIN_S: Final = 30.0
"""From a reset until a parcel that came after it was seen in its lane: half a minute, some 6 s of it on the belt."""
BELT: Final = "l1"
DONE_S: Final = 600.0
PACE: Final = 0.3


def board_reset(outcome: PartOutcome, resets: int, folder: Path) -> None:
    """Fills in `outcome`."""
    rng = random.Random(f"board-reset {outcome.seed}")
    demo = DemoHub(
        folder, outcome.seed, PARCELS_EACH * resets, web_port=free_port(), pace=PACE,
        line_rates_ppm=dict.fromkeys(LINE_RATES_PPM, 0),
    )  # fmt: skip
    try:
        demo.start()
        trial = _Trial(demo, outcome, rng)
        trial.wait_until_at_work(0, time.monotonic())
        while outcome.counts.get("times", 0) < resets:
            time.sleep(rng.uniform(*BETWEEN_S))
            trial.reset_and_wait(resets)
        trial.end_feed()
        trial.wait(lambda: demo.done, "every parcel has left the hub", DONE_S)
        report, details = demo.report(demo.settle(time.sleep))
    finally:
        demo.stop()
    account(outcome, demo.gateway_data, demo.coordinator_database)
    truth = dict(report["truth"])
    outcome.wrong_release = truth.pop("wrong_release")
    outcome.faults += [*details, *(f"{name}: {count}" for name, count in truth.items() if count)]
    if report["events"]["chain"] != "ok":
        outcome.faults.append(f"the chain: {report['events']['chain']}")
    for name in ("entered", "departed", "lost_track"):
        outcome.counts[name] = report["parcels"][name]


class _Trial:
    def __init__(self, demo: DemoHub, outcome: PartOutcome, rng: random.Random) -> None:
        self._demo = demo
        self._outcome = outcome
        self._rng = rng

    def end_feed(self) -> None:
        """The belt runs empty; it must not have before."""
        conveyor = self._line.conveyor
        if self._demo.devices.ask(lambda: conveyor.done):
            self._outcome.faults.append("the parcels ran out before the last reset")
        self._demo.devices.ask(conveyor.end_feed)

    def reset_and_wait(self, resets: int) -> None:
        """One, or several before the line has recovered."""
        while True:
            after, began = self._last_seq(), time.monotonic()
            self._reset()
            if self._outcome.counts["times"] >= resets or self._rng.randrange(AGAIN_ONE_IN):
                break
            self._count("before_the_line_had_recovered")
            time.sleep(self._rng.uniform(*AGAIN_S))
        seen_s, departed_s = self.wait_until_at_work(after, began)
        self._longest("longest_until_a_parcel_is_seen_again_s", seen_s)
        self._longest("longest_until_one_of_them_has_departed_s", departed_s)

    def wait_until_at_work(self, after_seq: int, began: float) -> tuple[float, float]:
        """Behind this event a parcel has come, and one of those was released and has been seen in its lane: seconds
        until each, from `began` on (`time.monotonic`)."""
        self.wait(lambda: self._has_arrived(after_seq), "a parcel is seen on the belt", WORKS_WITHIN_S)
        seen_s = time.monotonic() - began
        what = "a parcel that came after the reset is released"
        self.wait(lambda: self._has_departed(after_seq), what, WORKS_WITHIN_S - seen_s)
        return seen_s, time.monotonic() - began

    def wait(self, true: Callable[[], bool], what: str, limit_s: float) -> None:
        """A fault if it is not true within the limit. Raises DemoFailedError if a part has ended, the gateway among
        them."""
        until = time.monotonic() + limit_s
        while not true():
            self._demo.check_alive()
            if time.monotonic() > until:
                self._outcome.faults.append(f"not in time: {what}")
                break
            time.sleep(LOOK_S)

    def _reset(self) -> None:
        demo, line, cause = self._demo, self._line, self._rng.choice(CAUSES)
        self._count("times")
        with_port = self._outcome.counts["times"] % 2 == 0
        if with_port:
            self._count("with_its_port_gone")
            demo.devices.unplug("board")
        demo.devices.ask(lambda: line.restart_board(cause))
        if with_port:
            time.sleep(self._rng.uniform(*PORT_GONE_S))
            demo.devices.replug("board")

    @property
    def _line(self) -> ServedLine:
        line = self._demo.line
        assert line is not None, "the demo has a belt"
        return line

    def _has_arrived(self, after_seq: int) -> bool:
        return any(row.kind == "parcel.arrived" for row in self._rows(after_seq))

    def _has_departed(self, after_seq: int) -> bool:
        """One that came after it: released, pushed off the belt and seen in its lane."""
        rows = self._rows(after_seq)
        came = {row.visit for row in rows if row.kind == "parcel.arrived"}
        return any(row.kind == "parcel.departed" and row.visit in came for row in rows)

    def _rows(self, after_seq: int) -> list[Stored]:
        """Of the belt."""
        rows: list[Stored] = []
        with journal_in(self._demo.gateway_data) as journal:
            while journal is not None and (page := journal.pending(after_seq, PAGE_ROWS)):
                rows += [row for row in page if row.line == BELT]
                after_seq = page[-1].seq
        return rows

    def _last_seq(self) -> int:
        with journal_in(self._demo.gateway_data) as journal:
            return 0 if journal is None else journal.last_seq()

    def _count(self, name: str) -> None:
        self._outcome.counts[name] = self._outcome.counts.get(name, 0) + 1

    def _longest(self, name: str, seconds: float) -> None:
        self._outcome.counts[name] = max(self._outcome.counts.get(name, 0), seconds)
