"""Every simulated bench scale against the driver of its protocol: rest, motion, range, zero, net, print, faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

import pytest
from scale_talk import Talk

from drivers.reading import DeviceFault, DeviceUp, WeightRead
from hub_config.names import MILLISECOND, SECOND
from simulators.devices.mt_continuous_tongue import MtContinuousTongue
from simulators.devices.nci_tongue import NciTongue
from simulators.devices.scale_wire import Spoil, Tongue
from simulators.devices.sics_tongue import SicsTongue
from simulators.devices.sma_tongue import SmaTongue
from simulators.devices.stream_tongues import CardinalTongue, RiceLakeTongue, WeightronixTongue
from simulators.devices.toledo_tongue import ToledoTongue

KG = {"unit": "kg"}


@dataclass(frozen=True)
class Pair:
    """A simulated scale and how the gateway is set up for it."""

    protocol: str
    tongue: Callable[[], Tongue]
    options: dict[str, str] = field(default_factory=dict)
    mode: str = "polled"

    def talk(self, *, mode: str | None = None, warm_up_ns: int = 0) -> Talk:
        mode = mode or self.mode
        return Talk(self.protocol, self.tongue(), self.options, mode=mode, warm_up_ns=warm_up_ns)


STREAM = "continuous"
PAIRS = {
    "mt-sics": Pair("mt-sics", SicsTongue),
    "mt-sics SIR": Pair("mt-sics", SicsTongue, mode=STREAM),
    "toledo-8217": Pair("toledo-8217", ToledoTongue, KG),
    "toledo-8217 high": Pair(
        "toledo-8217", ToledoTongue, {**KG, "high_resolution": "yes", "picture": "00.000"}
    ),
    "toledo-8217 benchpro": Pair("toledo-8217-benchpro", lambda: ToledoTongue(benchpro=True), KG),
    "mt-continuous": Pair("mt-continuous", MtContinuousTongue, mode=STREAM),
    "mt-continuous plain": Pair("mt-continuous", lambda: MtContinuousTongue(checksum=False), mode=STREAM),
    "mt-continuous liden": Pair(
        "mt-continuous", lambda: MtContinuousTongue(dialect="liden"), {"dialect": "liden"}, STREAM
    ),
    "mt-continuous-short": Pair("mt-continuous-short", lambda: MtContinuousTongue(short=True), mode=STREAM),
    "sma": Pair("sma", SmaTongue),
    "sma high": Pair("sma", SmaTongue, {"ask": "high-resolution"}),
    "sma repeat": Pair("sma", SmaTongue, mode=STREAM),
    "nci": Pair("nci", lambda: NciTongue(status_chars=3)),
    "nci ecr": Pair("nci", lambda: NciTongue(ecr=True, status_chars=4, prefix="S"), {"status_bytes": "4"}),
    "ricelake-stream": Pair("ricelake-stream", RiceLakeTongue, mode=STREAM),
    "ricelake-stream bars": Pair("ricelake-stream", lambda: RiceLakeTongue(bars=True), mode=STREAM),
    "cardinal-stream": Pair("cardinal-stream", CardinalTongue, mode=STREAM),
}
WI = Pair("wi-stream", WeightronixTongue, mode=STREAM)
pairs = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)


@pairs
def test_a_parcel_at_rest_is_its_mass(pair: Pair) -> None:
    talk = pair.talk()
    empty = [one for one in talk.run() if isinstance(one, DeviceFault | WeightRead)]
    talk.put(1_250_000)
    loaded = talk.run()

    assert [one for one in [*empty, *loaded] if isinstance(one, DeviceFault)] == []
    assert isinstance(empty[-1], WeightRead)
    assert (near(empty[-1], 0), near(talk.weights(SECOND)[-1], 1_250_000)) == (True, True)
    assert talk.weights(SECOND)[-1].counts


@pairs
def test_no_weight_of_a_moving_load_is_stable(pair: Pair) -> None:
    talk = pair.talk()
    talk.run()
    talk.put(5_000_000)
    talk.run(30 * MILLISECOND)  # what was told before may still be on its way

    assert [one for one in talk.weights(150 * MILLISECOND) if one.stable and one.mass_mg] == []


@pairs
def test_over_and_under_its_range_there_is_no_mass(pair: Pair) -> None:
    talk = pair.talk()
    talk.run()
    talk.put(40_000_000)
    over = talk.weights()[-1]
    talk.put(-1_000_000)
    under = talk.weights()[-1]

    assert (over.mass_mg, over.overload or over.out_of_range or over.invalid, over.counts) == (
        None,
        True,
        False,
    )
    assert (under.mass_mg, under.underload or under.out_of_range or under.invalid) == (None, True)


@pairs
def test_zero_is_set_again_by_a_person(pair: Pair) -> None:
    talk = pair.talk()
    talk.run()
    talk.put(100_000)
    before = talk.weights()[-1]
    talk.press("zero")

    assert near(before, 100_000)
    assert near(talk.weights()[-1], 0)


@pairs
def test_a_tare_makes_weights_net_and_none_of_them_counts(pair: Pair) -> None:
    talk = pair.talk()
    talk.put(2_000_000)
    talk.run()
    talk.press("tare")
    talk.run()
    talk.put(2_500_000)
    told = talk.weights()[-1]

    assert near(told, 500_000)
    if pair.protocol != "nci" or told.mode is not None:
        assert (told.mode, told.counts) == ("net", False)


def test_a_tare_taken_at_the_keyboard_of_an_mt_sics_scale_is_noticed() -> None:
    talk = PAIRS["mt-sics"].talk()
    talk.put(2_000_000)
    talk.run()
    talk.scale.tare(500_000)
    talk.run(2 * SECOND)

    assert {(one.mass_mg, one.mode, one.counts) for one in talk.weights()} == {(1_500_000, "net", False)}


@pytest.mark.parametrize(
    "name", ["mt-sics", "mt-continuous", "mt-continuous plain", "sma", "nci", "toledo-8217"]
)
def test_a_scale_that_prints_tells_one_stable_weight_for_each_press_of_its_key(name: str) -> None:
    talk = PAIRS[name].talk(mode="print")
    talk.put(750_000)
    assert talk.weights() == []

    for _ in range(2):
        talk.wire.press_print(talk.now)
        assert [(one.mass_mg, one.stable) for one in talk.weights()] == [(750_000, True)]


@pairs
def test_a_scale_that_warms_up_is_asked_until_it_answers(pair: Pair) -> None:
    talk = pair.talk(warm_up_ns=5 * SECOND)
    told = talk.run(9 * SECOND)

    up = [one for one in told if isinstance(one, DeviceUp)]
    assert len(up) in (1, 2)
    assert near(talk.weights(SECOND)[-1], 0)


@pairs
@pytest.mark.parametrize("fault", get_args(Spoil))
def test_a_frame_that_is_spoilt_on_the_line_is_no_other_weight(pair: Pair, fault: Spoil) -> None:
    talk = pair.talk()
    talk.put(1_235_000)
    talk.run()
    for _ in range(5):
        talk.wire.spoil(fault)
        told = talk.weights(2_500 * MILLISECOND)

        assert all(near(one, 1_235_000) for one in told)
    assert talk.weights()


def test_a_scale_that_is_silent_is_told_once_and_again_when_it_is_back() -> None:
    talk = PAIRS["sma repeat"].talk()
    talk.run()
    talk.wire.silence(type(talk.now)(talk.now + 8 * SECOND))

    told = [one for one in talk.run(12 * SECOND) if isinstance(one, DeviceFault | DeviceUp)]

    assert [one.code if isinstance(one, DeviceFault) else "up" for one in told] == ["silent", "up"]


def test_a_wi_120_tells_weights_that_are_never_stable_and_blanks_when_it_can_not() -> None:
    talk = WI.talk()
    talk.put(1_250_000)
    talk.run()
    told = talk.weights(SECOND)
    talk.put(40_000_000)
    talk.run(SECOND)
    over = talk.run(SECOND)

    assert {(one.mass_mg, one.stable, one.mode) for one in told} == {(1_250_000, None, "gross")}
    assert {one.code for one in over if isinstance(one, DeviceFault)} == {"garbled"}
    assert [one for one in over if isinstance(one, WeightRead)] == []


def near(read: WeightRead, mass_mg: int) -> bool:
    """To the step of the scale, finer where it shows finer."""
    return read.mass_mg is not None and abs(read.mass_mg - mass_mg) < 5_000
