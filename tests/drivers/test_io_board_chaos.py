"""The I/O board's driver through everything at once, seeded: noise both ways, cuts, pauses, resets, silence, floods.

Whatever happens: no edge is told that did not happen, none twice, none at a wrong time or count, and what was not told
was counted or lies before a `ready` that says that the board did not continue.
"""

import random
from typing import Any

import pytest
from board_rig import FULL_TURN, ms
from io_board_rig import DriverRig, told_before

from drivers.command import SwitchOn
from drivers.reading import BeamChanged, BoardChanged, EventsLost, OrderAnswered
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from simulators.devices.io_board_clock import BoardTraits

SEEDS = range(4)
RUN_NS = 30 * SECOND
CALM_NS = 8 * SECOND
"""At the end nothing goes wrong any more."""


class ChaosRig(DriverRig):
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        start = FULL_TURN - 2_000_000 * self.rng.randrange(1, 40)
        traits = BoardTraits(start_ticks=start, drift_ppm=self.rng.randrange(-200, 201))
        super().__init__(hz=3_000, traits=traits, delay=self._jitter)
        self.edges: list[tuple[Instant, int, bool]] = []
        self.orders = 0
        self.resets: list[Instant] = []
        self._free_from = [Instant(0)] * 6
        self._levels = [False] * 6

    def _jitter(self) -> int:
        return (
            self.rng.randrange(16 * MILLISECOND) if self.rng.random() < 0.05 else self.rng.randrange(200_000)
        )

    def plan(self) -> "ChaosRig":
        at = ms(10)
        while at < RUN_NS:
            at = Instant(at + self.rng.randrange(2, 60) * MILLISECOND + self.rng.randrange(MILLISECOND))
            self._plan_edge(at)
            if at < RUN_NS - CALM_NS:
                self._plan_trouble(at)
        return self

    def _plan_edge(self, at: Instant) -> None:
        channel = self.rng.randrange(6)
        if at < self._free_from[channel]:
            return
        self._free_from[channel] = Instant(at + 3 * MILLISECOND)  # past its debounce time
        self._levels[channel] = not self._levels[channel]
        self.edges.append((at, channel, self._levels[channel]))
        self.beam(channel, self._levels[channel], at)

    def _plan_trouble(self, at: Instant) -> None:
        draw = self.rng.random()
        if draw < 0.10:
            fault: Any = self.rng.choice(("drop", "flip", "cut"))
            self.at(at, lambda: self.board.spoil(fault))
        elif draw < 0.12:
            self.at(at, lambda: self.board.receive(self.rng.randbytes(20), self.now))
        elif draw < 0.14:
            self.at(at, lambda: self.board.babble(self.rng.randbytes(30), self.now))
        elif draw < 0.22:
            self.at(at, self._switch)
        elif draw < 0.225:
            self.at(at, lambda: self._cut(self.rng.randrange(20, 3_000)))
        elif draw < 0.23:
            self.at(at, self._reset)
        elif draw < 0.24:
            self.at(at, self._pause)
        elif draw < 0.245:
            self.at(at, lambda: self.board.silence(Instant(self.now + self.rng.randrange(900) * MILLISECOND)))
        elif draw < 0.26:
            self.at(at, lambda: self.belt.speed(self.rng.choice((0, 0, 500, 3_000, 20_000)), self.now))

    def _switch(self) -> None:
        if self.connected and self.now >= self.paused_until:
            self.orders += 1
            when = Instant(self.now + self.rng.randrange(-50, 900) * MILLISECOND)
            order = SwitchOn(DeviceId("io-1"), self.orders, self.rng.randrange(4), when, 20 * MILLISECOND)
            self.give(self.driver.command(order, self.now))

    def _cut(self, for_ms: int) -> None:
        if self.connected:
            self.cut()
            self.at(Instant(self.now + for_ms * MILLISECOND), self.plug)

    def _reset(self) -> None:
        self.resets.append(self.now)
        self.board.reset(self.rng.choice((2, 4, 8)), self.now)

    def _pause(self) -> None:
        self.paused_until = max(
            self.paused_until, Instant(self.now + self.rng.randrange(2_500) * MILLISECOND)
        )


def boots(told: list[Any]) -> list[list[Any]]:
    """Readings from one `ready` that does not continue to the next; what comes before the first is dropped."""
    found: list[list[Any]] = []
    for one in told:
        if isinstance(one, BoardChanged) and one.state == "ready" and not one.continued:
            found.append([])
        if found:
            found[-1].append(one)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_no_edge_is_missing_uncounted_whatever_happens(seed: int) -> None:
    rig = ChaosRig(seed).plan().run(Instant(RUN_NS + SECOND))
    truth = {(at, channel): level for at, channel, level in rig.edges}
    seen: set[tuple[Instant, int]] = set()

    assert rig.of(BoardChanged)[-1].state == "ready", f"seed {seed}"
    for boot in boots(rig.told):
        told_before(boot)
        edges = [one for one in boot if isinstance(one, BeamChanged)]
        keys = [_matched(edge, truth) for edge in edges]
        assert len(set(keys)) == len(keys), f"seed {seed}: an edge told twice"
        assert not seen & set(keys), f"seed {seed}: an edge told in two boots"
        seen.update(keys)
        _counts_fit(rig, edges, keys, seed)
        if keys:
            between = [key for key in truth if keys[0][0] <= key[0] <= keys[-1][0]]
            lost = sum(one.count for one in boot if isinstance(one, EventsLost))
            assert len(between) - len(keys) <= lost, f"seed {seed}: edges missing uncounted"
    answered = [one.order for one in rig.of(OrderAnswered)]
    assert sorted(answered) == sorted(set(answered)), f"seed {seed}: an order answered twice"
    assert len(answered) == rig.orders, f"seed {seed}: an order without an answer"


def _matched(edge: BeamChanged, truth: dict[tuple[Instant, int], bool]) -> tuple[Instant, int]:
    found = [
        (at, channel)
        for (at, channel), level in truth.items()
        if channel == edge.channel and level == edge.blocked and abs(at - edge.at) <= edge.unc_ns + 1_000
    ]
    assert found, f"an edge that never was: {edge}"
    return min(found, key=lambda key: abs(key[0] - edge.at))


def _counts_fit(rig: ChaosRig, edges: list[BeamChanged], keys: list[tuple[Instant, int]], seed: int) -> None:
    """Within one boot all counts are off by the same: what the encoder had counted when the board started."""
    offsets = [rig.belt.count_at(at) - edge.count for edge, (at, _) in zip(edges, keys, strict=True)]
    if offsets:
        middle = sorted(offsets)[len(offsets) // 2]
        wrong = [offset - middle for offset in offsets if abs(offset - middle) > 300]
        assert wrong == [], f"seed {seed}: counts off by {wrong}"
