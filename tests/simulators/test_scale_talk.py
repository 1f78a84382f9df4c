"""Every simulated bench scale against the driver of its protocol: rest, motion, overload, underload, zero, tare."""

from collections.abc import Callable

import pytest
from scale_talk import Talk

from drivers.reading import DeviceFault, DeviceUp
from hub_config.names import MILLISECOND
from simulators.devices.toledo_tongue import ToledoTongue

TALKS: dict[str, Callable[[], Talk]] = {
    "toledo-8217": lambda: Talk("toledo-8217", ToledoTongue(), {"unit": "kg"}),
    "toledo-8217-benchpro": lambda: Talk("toledo-8217-benchpro", ToledoTongue(benchpro=True), {"unit": "kg"}),
}
talks = pytest.mark.parametrize("new", TALKS.values(), ids=TALKS)


@talks
def test_a_parcel_at_rest_is_its_mass(new: Callable[[], Talk]) -> None:
    talk = new()
    assert talk.weights()[-1].mass_mg == 0
    talk.put(1_250_000)

    told = talk.run()

    assert [one for one in told if isinstance(one, DeviceFault | DeviceUp)] == []
    last = talk.weights(300 * MILLISECOND)[-1]
    assert (last.mass_mg, last.stable, last.counts) == (1_250_000, True, True)


@talks
def test_no_weight_of_a_moving_load_is_stable(new: Callable[[], Talk]) -> None:
    talk = new()
    talk.run()
    talk.put(5_000_000)

    moving = talk.weights(180 * MILLISECOND)

    assert all(one.stable is not True or one.mass_mg == 0 for one in moving)


@talks
def test_over_and_under_its_range_there_is_no_mass(new: Callable[[], Talk]) -> None:
    talk = new()
    talk.run()
    talk.put(40_000_000)
    over = [one for one in talk.weights() if one.stable is not False][-1]
    talk.put(-1_000_000)
    under = [one for one in talk.weights() if one.stable is not False][-1]

    assert (over.mass_mg, over.overload or over.out_of_range, over.counts) == (None, True, False)
    assert (under.mass_mg, under.underload or under.out_of_range, under.counts) == (None, True, False)
