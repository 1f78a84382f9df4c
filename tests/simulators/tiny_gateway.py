"""A gateway of a hundred lines, enough to say the right words to an operator: polls the scale, reads scans, decides.

It shares nothing with the real one. Run as a script it prints the transcript of one bench run, for comparison
between processes: `tiny_gateway.py SEED PARCELS`.
"""

import re
import sys
from collections.abc import Callable, Mapping
from typing import Final

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.bench import PhysicalBench
from simulators.mistakes import RATES_PPM, Mistake
from simulators.parcels import Parcel, s10_check_digit, stream
from simulators.world import World

BAYS: Final = {"G1": "HUBXGREEN", "H1": "HUBXHOLD", "X1": "HUBXXRRE"}
POLL_NS: Final = 100 * MILLISECOND
ANSWER_NS: Final = 30 * MILLISECOND
STABLE_NS: Final = 200 * MILLISECOND
TIMEOUT_NS: Final = 15 * SECOND
S10: Final = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")
WEIGHT: Final = re.compile(rb"S ([SD]) {1,10}(-?\d+)\.(\d{3}) kg")


class TinyGateway:
    def __init__(self, world: World, bench: PhysicalBench, green: frozenset[str]) -> None:
        self.world, self.bench, self.green = world, bench, green
        self.visits = 0
        self.revision = 0
        self.zero_seen = self.loaded = self.captured = False
        self.steady: tuple[int, int] | None = None
        self.refused: str | None = None
        self.buffers = {"scanner": b"", "scale": b""}
        self.log: list[str] = []
        self.dark = False
        self.reset()

    def reset(self) -> None:
        self.phase, self.visit, self.bay, self.retry = "ready", "", "", False
        self.codes: list[str] = []
        self.mass: int | None = None
        self.since = self.world.now
        self.last: dict[str, int] = {}

    def restart(self) -> None:
        """As after a crash: nothing is remembered, the screen was away, zero must be seen again."""
        self.reset()
        self.revision = 0
        self.zero_seen = self.captured = False

    def poll(self) -> None:
        self.bench.scale_receive(b"SI\r\n", self.world.now)
        self.world.call_after(POLL_NS, self.poll)
        if self.phase == "measuring" and self.world.now - self.since > TIMEOUT_NS:
            self.hold(retry=bool(self.codes))
        self.show()

    def hear(self) -> None:
        now = self.world.now
        for name, data in (
            ("scanner", self.bench.scanner_output(now)),
            ("scale", self.bench.scale_output(now)),
        ):
            *lines, self.buffers[name] = (self.buffers[name] + data).split(b"\r\n")
            for line in lines:
                self.log.append(f"{now} {name} {line!r}")
                if name == "scale":
                    self.weigh(line)
                elif line.startswith(b"]") and line.isascii() and line.decode().isprintable():
                    self.scan(line[3:].decode())
            if lines:
                self.show()

    def scan(self, data: str) -> None:
        twice = self.world.now - self.last.get(data, -10 * SECOND) < 2 * SECOND
        self.last[data] = self.world.now
        self.refused = None
        if data in BAYS.values():
            self.scan_bay(data)
        elif not twice and self.phase in ("ready", "measuring"):
            self.open()
            self.codes.append(data)
            self.ask_if_complete()
        elif not twice and self.phase == "placing" and self.retry and data in self.codes:
            self.phase, self.mass, self.since = "measuring", None, self.world.now
        elif not twice:
            self.refused = "bay_first"

    def scan_bay(self, barcode: str) -> None:
        if self.phase == "placing" and BAYS[self.bay] == barcode:
            self.log.append(f"{self.world.now} placed {self.visit} {self.bay}")
            last, self.refused = self.last, None
            self.reset()
            self.last = last
        else:
            self.refused = "wrong_bay"

    def weigh(self, line: bytes) -> None:
        found = WEIGHT.fullmatch(line)
        if line == b"S +":
            self.loaded = True
            if self.phase in ("ready", "measuring") and self.zero_seen:
                self.open()
                self.zero_seen = False
                self.hold(retry=False)
        elif found is not None:
            grams = int(found[2].lstrip(b"-") + found[3]) * (-1 if found[2].startswith(b"-") else 1)
            self.load(grams * 1_000, stable=found[1] == b"S")

    def load(self, mg: int, *, stable: bool) -> None:
        if abs(mg) <= 5_000:
            dropped, self.loaded = self.loaded, False
            if dropped and self.phase == "measuring" and (self.mass is not None or self.zero_seen):
                self.hold(retry=bool(self.codes) and self.mass is None)
            self.zero_seen, self.captured, self.steady = self.zero_seen or stable, False, None
        elif mg >= 20_000:
            self.loaded = True
            if not stable or self.steady is None or abs(mg - self.steady[0]) > 5_000:
                self.steady = (mg, self.world.now) if stable else None
            elif self.zero_seen and self.world.now - self.steady[1] >= STABLE_NS:
                self.capture(mg)

    def capture(self, mg: int) -> None:
        self.zero_seen = False
        if self.phase in ("ready", "measuring"):
            self.open()
            self.mass = mg
            self.ask_if_complete()

    def open(self) -> None:
        if self.phase == "ready":
            self.visits += 1
            self.phase, self.visit, self.since = "measuring", f"v{self.visits}", self.world.now

    def items(self) -> list[str]:
        found = (S10.fullmatch(code) for code in self.codes)
        return [one[0] for one in found if one is not None and s10_check_digit(one[1]) == int(one[2])]

    def ask_if_complete(self) -> None:
        if len(set(self.items())) > 1:
            self.hold(retry=False)
        elif self.items() and self.mass is not None:
            self.phase = "asking"
            self.world.call_after(ANSWER_NS, self.answer)

    def answer(self) -> None:
        if self.phase != "asking":
            return
        self.phase, self.bay, self.retry = "placing", "G1" if self.items()[0] in self.green else "H1", False
        self.show()

    def hold(self, *, retry: bool) -> None:
        self.phase, self.bay, self.retry = "placing", "H1", retry

    def instruction(self) -> str:
        uncleared = self.loaded and not self.zero_seen
        match self.phase:
            case "ready":
                return "clear_scale" if uncleared else "scan_or_weigh"
            case "measuring" if self.mass is not None:
                return "scan_label"
            case "measuring":
                return "clear_scale" if uncleared else "hold_still" if self.loaded else "put_on_scale"
            case "asking":
                return "wait_decision"
            case _:
                return "rescan_or_bay" if self.retry else "put_in_bay"

    def show(self) -> None:
        if self.dark:
            return
        self.revision += 1
        placing = self.phase == "placing"
        self.bench.look(
            {
                "revision": self.revision,
                "instruction": self.instruction(),
                "state": self.phase,
                "visit": self.visit or None,
                "code": self.items()[0] if self.items() else None,
                "mass_mg": self.mass,
                "bay": self.bay if placing else None,
                "lane": {"G1": "green", "H1": "hold"}[self.bay] if placing else None,
                "refused": self.refused,
            }
        )


class BenchRun:
    """One bench with its parcels and the tiny gateway, in simulated time."""

    def __init__(
        self,
        seed: int,
        parcels: list[Parcel],
        rates_ppm: Mapping[Mistake, int] = RATES_PPM,
        pace: float = 1.0,
    ) -> None:
        self.world = World()
        self.parcels = parcels
        self.bench = PhysicalBench(self.world, parcels, seed, BAYS, pace, rates_ppm=rates_ppm)
        green = frozenset(p.items[0].data for p in parcels if p.releasable)
        self.gateway = TinyGateway(self.world, self.bench, green)
        self.world.call_after(0, self.gateway.poll)

    def until_done(self, limit_s: int) -> "BenchRun":
        return self.until(limit_s, lambda: self.bench.done)

    def until(self, limit_s: int, reached: Callable[[], bool]) -> "BenchRun":
        """Runs until `reached()` is true, at most to `limit_s` of simulated time."""
        while not reached() and self.world.now < limit_s * SECOND:
            due = [at for at in (self.world.next_at, self.bench.next_output_at) if at is not None]
            self.world.run_until(Instant(max(self.world.now, min(due))))
            self.gateway.hear()
        return self

    @property
    def lanes(self) -> dict[int, str]:
        return {number: placed.lane for number, placed in self.bench.placed.items()}


if __name__ == "__main__":
    run = BenchRun(int(sys.argv[1]), stream(int(sys.argv[1]), int(sys.argv[2]))).until_done(3_600)
    sys.stdout.write("\n".join([*run.gateway.log, repr(run.bench.happened()), ""]))
