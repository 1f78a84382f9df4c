"""Stack lights: what a bench's screen or a belt line's state says, on lamps (station-and-ops.md ST-04).

A lamp is on for `LIT_NS` at the most and is told anew while it has to shine. So when nobody vouches for the state any
more (the gateway stands, the board is lost) it goes dark by itself: dark never means that a line runs well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from drivers.command import Shine
from edge.core.effects import Effect, Order, Show
from edge.core.snapshot import BenchState, BenchView, LineState
from hub_config.hub import HubConfig
from hub_config.names import MILLISECOND, SECOND, Instant, LineId
from hub_config.stack_lights import LAMPS, StackLight

LIT_NS: Final = 3 * SECOND
"""A steady lamp outlives the gateway by no more than this."""
RENEW_NS: Final = 2 * SECOND
FLASH_NS: Final = 1 * SECOND
"""From one flash to the next: 1 Hz, below the 2 Hz of ST-40."""
FLASH_LIT_NS: Final = 500 * MILLISECOND
BUZZ_NS: Final = 400 * MILLISECOND
LOOK_NS: Final = 250 * MILLISECOND
"""How late a change of a line's state may be on its lamps."""

Lamp = Literal["green", "amber", "red", "blue"]


class Pattern(NamedTuple):
    steady: tuple[Lamp, ...] = ()
    flashing: tuple[Lamp, ...] = ()
    buzzes: bool = False
    """Once, when it begins."""


DARK: Final = Pattern()
BENCH_PATTERNS: Final[dict[BenchState, Pattern]] = {
    "ready": DARK,
    "measuring": DARK,
    "asking": DARK,
    "release": Pattern(("green",)),
    "hold": Pattern(("amber",)),
    "inspect": Pattern((), ("blue",)),
    "ask": Pattern((), ("amber",), buzzes=True),
    "fault": Pattern((), ("red",), buzzes=True),
}
LINE_PATTERNS: Final[dict[LineState, Pattern]] = {
    "runs": Pattern(("green",)),
    "stands": Pattern(("amber",)),
    "jam": Pattern(("red",), (), buzzes=True),
    "fault": Pattern((), ("red",), buzzes=True),
}
AWAY: Final = Pattern(("green", "amber"))
"""A line that runs while nobody can be asked: all of it goes to hold, but for what has a voucher."""


class LineShows(NamedTuple):
    state: LineState
    away: bool


@dataclass(slots=True)
class _Light:
    config: StackLight
    pattern: Pattern = DARK
    steady_at: Instant = Instant(0)
    """When its steady lamps have to be told anew."""
    flash_at: Instant = Instant(0)


def lamps_of(config: HubConfig) -> "Lamps | None":
    """None: the hub has no stack lights."""
    return Lamps(config.stack_lights, [line.id for line in config.lines]) if config.stack_lights else None


class Lamps:
    def __init__(self, lights: Sequence[StackLight], lines: Sequence[LineId]) -> None:
        self._lights = [_Light(one) for one in lights]
        self._of_lines = [light for light in self._lights if light.config.of in lines]
        self._look_at = Instant(0)
        """When the lines' states are looked at again."""

    @property
    def wake_at(self) -> Instant | None:
        dues = [due for light in self._lights for due in _dues(light)]
        if self._of_lines:
            dues.append(self._look_at)
        return min(dues, default=None)

    def added(self, effects: list[Effect], at: Instant, line: Callable[[LineId], LineShows]) -> list[Effect]:
        """The effects of a step, and what the lamps do with them."""
        orders: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Show):
                orders += self._bench(effect.view, at)
        if self._of_lines and at >= self._look_at:
            self._look_at = Instant(at + LOOK_NS)
            for light in self._of_lines:
                shows = line(light.config.of)
                away = shows.state == "runs" and shows.away
                orders += _change(light, AWAY if away else LINE_PATTERNS[shows.state], at)
        for light in self._lights:
            orders += _renew(light, at)
        return [*effects, *orders]

    def _bench(self, view: BenchView, at: Instant) -> Iterator[Effect]:
        for light in self._lights:
            if light.config.of == view.bench:
                yield from _change(light, BENCH_PATTERNS[view.state], at)


def _dues(light: _Light) -> Iterator[Instant]:
    if light.pattern.steady:
        yield light.steady_at
    if light.pattern.flashing:
        yield light.flash_at


def _change(light: _Light, pattern: Pattern, at: Instant) -> Iterator[Order]:
    pattern = _wired(light.config, pattern)
    if pattern == light.pattern:
        return
    before, light.pattern = light.pattern, pattern
    light.steady_at = light.flash_at = at
    for lamp in LAMPS[:4]:
        if lamp in (*before.steady, *before.flashing) and lamp not in pattern.steady:
            yield from _shine(light.config, lamp, 0)
    if pattern.buzzes:
        yield from _shine(light.config, "buzzer", BUZZ_NS)


def _wired(config: StackLight, pattern: Pattern) -> Pattern:
    """Where there is no blue lamp, amber stands for it."""
    if "blue" in pattern.flashing and config.blue is None:
        return pattern._replace(flashing=("amber",))
    return pattern


def _renew(light: _Light, at: Instant) -> Iterator[Order]:
    if light.pattern.steady and at >= light.steady_at:
        light.steady_at = Instant(at + RENEW_NS)
        for lamp in light.pattern.steady:
            yield from _shine(light.config, lamp, LIT_NS)
    if light.pattern.flashing and at >= light.flash_at:
        light.flash_at = Instant(at + FLASH_NS)
        for lamp in light.pattern.flashing:
            yield from _shine(light.config, lamp, FLASH_LIT_NS)


def _shine(config: StackLight, lamp: str, for_ns: int) -> Iterator[Order]:
    channel = config.channel(lamp)
    if channel is not None:
        yield Order(Shine(config.board, channel, for_ns))
