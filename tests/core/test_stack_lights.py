"""Lamps follow the bench's screen and the line's state, and shine no longer than somebody vouches for it."""

from itertools import pairwise

from bench_driver import GREEN, S10, SCALE, BenchDriver
from bench_driver import config as bench_config
from line_driver import BOARD, LineDriver
from line_driver import config as line_config

from drivers.command import Shine
from edge.core.effects import Effect, Order
from edge.core.gateway import Gateway
from edge.core.inputs import Input, LinkChanged
from edge.core.lamps import BENCH_PATTERNS, BUZZ_NS, FLASH_LIT_NS, LINE_PATTERNS, LIT_NS
from hub_config.names import SECOND, LineId
from hub_config.stack_lights import LAMPS, StackLight

OUTPUTS = {"green": 4, "amber": 5, "red": 6, "blue": 7, "buzzer": 8}
NAMES = {channel: lamp for lamp, channel in OUTPUTS.items()}


class Lit:
    """Which lamps shine, by what was told, and whose time is not over."""

    def __init__(self) -> None:
        self.until: dict[str, int] = {}
        self.told: list[tuple[str, int]] = []

    def hear(self, effects: list[Effect], now: int) -> None:
        for one in effects:
            if isinstance(one, Order) and isinstance(one.command, Shine):
                lamp = NAMES[one.command.channel]
                self.told.append((lamp, one.command.for_ns))
                self.until[lamp] = now + one.command.for_ns

    def at(self, now: int) -> list[str]:
        return [lamp for lamp in LAMPS if self.until.get(lamp, 0) > now]


class LitBench(BenchDriver):
    def __init__(self, **lamps: int | None) -> None:
        light = StackLight(of=LineId("b1"), board=BOARD, **{**OUTPUTS, **lamps})
        super().__init__(
            Gateway(bench_config().model_copy(update={"stack_lights": (light,)}), b"0123456789abcdef")
        )
        self.lit = Lit()
        step = self.gateway.step

        def heard(given: Input) -> list[Effect]:
            effects = step(given)
            self.lit.hear(effects, self.now)
            return effects

        self.gateway.step = heard  # type: ignore[method-assign]  # a tap on the effects
        self.start()

    @property
    def lamps(self) -> list[str]:
        return self.lit.at(self.now)


def test_a_bench_shows_its_states_as_the_table_says() -> None:
    bench = LitBench()
    assert bench.lamps == []
    bench.measured()
    assert bench.lamps == []
    bench.decide("release").later(0.2)
    assert bench.lamps == ["green"]
    bench.later(10)
    assert bench.lamps == ["green"]
    bench.scan(GREEN).weigh(0).later(0.5)
    assert bench.lamps == []


def test_a_hold_is_amber_and_steady_and_a_doubt_flashes() -> None:
    bench = LitBench()
    bench.measured().decide("hold", "hold", ("no_declaration",))
    for _ in range(20):
        bench.later(0.25)
        assert bench.lamps == ["amber"]

    flashing = LitBench()
    flashing.scan(S10).weigh(500_000, stable=False).weigh(0)
    assert flashing.view is not None
    assert flashing.view.state == "ask"
    seen = []
    for _ in range(40):
        flashing.later(0.1)
        seen.append("amber" in flashing.lamps)
    edges = sum(before != after for before, after in pairwise(seen))
    assert 6 <= edges <= 9  # 1 Hz
    assert ("buzzer", BUZZ_NS) in flashing.lit.told


def test_a_bench_without_its_scale_flashes_red_and_one_without_a_blue_lamp_inspects_in_amber() -> None:
    bench = LitBench()
    bench.device(SCALE, up=False)
    assert bench.lamps == ["red", "buzzer"]
    bench.device(SCALE, up=True)
    assert "red" not in bench.lamps

    plain = LitBench(blue=None)
    plain.measured().decide("inspect", "xray", ("risk_profile",))
    assert plain.lamps == ["amber"]
    assert plain.lit.told[-1] == ("amber", FLASH_LIT_NS)


def test_nothing_shines_longer_than_its_time_without_the_gateway() -> None:
    bench = LitBench()
    bench.measured().decide("release").later(1)
    assert bench.lamps == ["green"]
    bench.now += LIT_NS  # nobody ticks

    assert bench.lamps == []


class LitLine(LineDriver):
    def __init__(self) -> None:
        light = StackLight(of=LineId("l1"), board=BOARD, **OUTPUTS)
        super().__init__(
            Gateway(line_config().model_copy(update={"stack_lights": (light,)}), b"0123456789abcdef")
        )
        self.lit = Lit()

    def give(self, given: Input) -> None:
        step = self.gateway.step

        def heard(one: Input) -> list[Effect]:
            effects = step(one)
            self.lit.hear(effects, self.now)
            return effects

        self.gateway.step = heard  # type: ignore[method-assign]  # a tap on the effects
        try:
            super().give(given)
        finally:
            self.gateway.step = step  # type: ignore[method-assign]

    @property
    def lamps(self) -> list[str]:
        return self.lit.at(self.now)


def test_a_line_that_runs_is_green_and_says_so_until_it_does_not() -> None:
    line = LitLine()
    line.start().later(1)
    assert line.lamps == ["green"]
    line.later(5)
    assert line.lamps == ["green"]
    line.give(LinkChanged(line.at, broker=False, coordinator=False))
    line.later(6)
    assert line.lamps == ["green", "amber"]


def test_a_line_whose_board_is_lost_flashes_red_where_it_still_can() -> None:
    line = LitLine()
    line.start().later(1)
    line.board("lost", continued=False)
    line.later(0.3)

    assert line.lamps == ["red", "buzzer"]
    assert ("green", 0) in line.lit.told


def test_a_belt_that_tells_nothing_is_a_fault_too() -> None:
    line = LitLine()
    line.start().later(1)
    line.later(4, silent=True)

    assert "green" not in line.lamps


def test_lamps_say_the_same_whatever_the_state_and_only_lamps_that_are_known() -> None:
    for pattern in (*BENCH_PATTERNS.values(), *LINE_PATTERNS.values()):
        assert not set(pattern.steady) & set(pattern.flashing)
    assert "green" not in {
        lamp for state in ("jam", "fault", "stands") for lamp in LINE_PATTERNS[state].steady
    }
    assert LIT_NS == 3 * SECOND
