"""A scanner beeps and shines by what its bench's screen says: once, and only where it is configured to."""

from bench_driver import GREEN, S10, S10_B, SCANNER, XRAY, BenchDriver, config

from drivers.command import Sign, Signal
from edge.core.effects import Effect, Order
from edge.core.gateway import Gateway
from edge.core.inputs import Input
from hub_config.attach import SerialAttach
from hub_config.hub import HubConfig
from hub_config.readers import SsiConfig


def with_scanner(*, signs: bool) -> HubConfig:
    hub = config()
    scanner = SsiConfig(kind="ssi", id=SCANNER, attach=SerialAttach(port="/dev/a"), signs=signs)
    return hub.model_copy(update={"devices": (scanner, *hub.devices[1:])})


class Listening(BenchDriver):
    """Hears the signs too."""

    def __init__(self, *, signs: bool = True) -> None:
        super().__init__(Gateway(with_scanner(signs=signs), b"0123456789abcdef"))
        self.signs: list[Sign] = []
        step = self.gateway.step

        def heard(given: Input) -> list[Effect]:
            effects = step(given)
            told = [one.command for one in effects if isinstance(one, Order)]
            self.signs += [one.sign for one in told if isinstance(one, Signal) and one.device == SCANNER]
            return effects

        self.gateway.step = heard  # type: ignore[method-assign]  # a tap on the effects


def test_a_release_a_hold_and_a_refusal_are_each_told_once_and_the_end_of_each_too() -> None:
    bench = Listening()
    bench.start().scan(S10).weigh(1_000_000)
    assert bench.signs == []
    bench.decide("release").later(0.5)
    assert bench.signs == ["release"]
    bench.scan(XRAY)
    assert bench.signs == ["release", "refused"]
    bench.later(2).scan(GREEN).weigh(0)

    assert bench.signs == ["release", "refused", "release", "off"]  # it stands until it is placed


def test_two_parcels_that_are_held_are_two_signs() -> None:
    bench = Listening()
    bench.start().scan(S10).weigh(1_000_000).scan(S10_B)
    assert bench.signs == ["hold"]
    bench.later(2).scan("HUBXHOLD").weigh(0)
    assert bench.signs == ["hold", "off"]


def test_one_that_is_not_configured_to_is_told_nothing() -> None:
    bench = Listening(signs=False)
    bench.start().scan(S10).weigh(1_000_000).decide("release").later(0.5)

    assert bench.signs == []
