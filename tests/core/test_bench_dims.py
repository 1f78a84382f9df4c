"""A bench with a CubiScan: it is asked once label and weight are known, and holds nobody up when there is no box."""

from datetime import date

import pytest
from bench_driver import GREEN, S10, S10_B, SCALE, BenchDriver, config

from drivers.command import Measure
from drivers.dimensioners.cubiscan import Cubiscan
from drivers.reading import DeviceDown, DeviceFault, DeviceUp, DimensionsRead, OrderAnswered
from edge.core.bench_dims import SPARE_NS
from edge.core.decision import Band, Conditions
from edge.core.effects import Effect, Order
from edge.core.event import Dims
from edge.core.gateway import Gateway
from edge.core.inputs import Input
from hub_config.attach import SerialAttach
from hub_config.dimensioners import CubiscanConfig
from hub_config.names import SECOND, DeviceId, Instant
from simulators.devices.cubiscan_stand import CubiscanStand
from simulators.devices.cubiscan_wire import CubiscanDevice

SIZER = DeviceId("cubi-1")
BOX = (300_000, 200_000, 100_000)


def sizer_config(valid_until: date | None = None) -> CubiscanConfig:
    return CubiscanConfig(
        kind="cubiscan", id=SIZER, attach=SerialAttach(port="/dev/c"), u_um=5_000, valid_until=valid_until
    )


class SizedBench(BenchDriver):
    """The measurements that were asked for."""

    def __init__(self, valid_until: date | None = None) -> None:
        hub = config(dimensioner=SIZER)
        hub = hub.model_copy(update={"devices": (*hub.devices, sizer_config(valid_until))})
        super().__init__(Gateway(hub, b"0123456789abcdef"))
        self.asked: list[int] = []
        step = self.gateway.step

        def heard(given: Input) -> list[Effect]:
            effects = step(given)
            self.asked += [
                one.command.number
                for one in effects
                if isinstance(one, Order) and isinstance(one.command, Measure)
            ]
            return effects

        self.gateway.step = heard  # type: ignore[method-assign]  # a tap on the effects
        self.start()

    def box(self, sides: tuple[int, int, int] | None = BOX, *, answers: bool = True) -> "SizedBench":
        l_um, w_um, h_um = sides or (None, None, None)
        texts = ("30.0", "20.0", "10.0")
        self.give(DimensionsRead(SIZER, self.at, l_um, w_um, h_um, 5_000, "cuboid", None, texts, "cm", None))
        return self.answer("measured") if answers else self

    def answer(self, detail: str) -> "SizedBench":
        self.give(OrderAnswered(SIZER, self.at, self.asked[-1], detail == "measured", detail))
        return self

    @property
    def sizes(self) -> list[Dims | None]:
        return [event.dims for event in self.events if event.kind == "parcel.measured"]

    @property
    def screen(self) -> tuple[str, str]:
        assert self.view is not None
        return self.view.state, self.view.instruction


def test_it_is_asked_once_and_the_box_is_told_with_code_and_weight() -> None:
    bench = SizedBench()
    bench.measured()
    assert (bench.asked, bench.sizes) == ([1], [])
    assert bench.screen == ("measuring", "hold_still")
    bench.later(2).box()

    assert bench.sizes == [Dims(SIZER, *BOX, 5_000, "cuboid", None)]
    assert bench.screen[0] == "asking"
    bench.decide("release").later(0.5).scan(GREEN).weigh(0)
    assert bench.kinds[-1] == "departed"
    assert bench.asked == [1]


def test_a_release_whose_box_does_not_fit_is_void() -> None:
    bench = SizedBench()
    bench.measured()
    bench.box()
    bands: tuple[Band, Band, Band] = ((400_000, 500_000), (190_000, 210_000), (90_000, 110_000))
    bench.decide("release", conditions=Conditions(dims_um=bands)).later(0.5)

    assert bench.flags[-1] == ("dims_mismatch",)


@pytest.mark.parametrize("why", ["unanswered", "measure_error", "busy"])
def test_without_a_result_the_parcel_is_asked_about_without_a_box(why: str) -> None:
    bench = SizedBench()
    bench.measured()
    bench.answer(why)

    assert bench.sizes == [None]
    bench.box(answers=False)
    assert bench.rejected()["record_orphan"] == 1


def test_a_box_that_is_none_or_outdated_is_counted_and_told_of_no_parcel() -> None:
    none, old = SizedBench(), SizedBench(valid_until=date(2020, 1, 1))
    for bench, sides in ((none, None), (old, BOX)):
        bench.measured()
        bench.box(sides)
        assert bench.sizes == [None]
    assert (none.rejected()["no_dims"], old.rejected()["dims_outdated"]) == (1, 1)


def test_a_driver_that_never_answers_is_given_up() -> None:
    bench = SizedBench()
    bench.measured()
    bench.later(10 + SPARE_NS / SECOND + 0.1)

    assert bench.sizes == [None]


@pytest.mark.parametrize("how", ["down", "silent"])
def test_one_that_goes_away_holds_nobody_up_and_is_not_asked_until_it_is_back(how: str) -> None:
    bench = SizedBench()
    bench.measured()
    gone = DeviceDown(SIZER, bench.at, "unplugged")
    bench.give(gone if how == "down" else DeviceFault(SIZER, bench.at, "silent", "no answer"))
    assert bench.sizes == [None]
    assert bench.gateway.snapshot().devices_down == (SIZER,)
    assert bench.screen[0] == "asking"

    bench.decide("release").later(0.5).scan(GREEN).weigh(0).later(3)
    bench.measured(S10_B)
    assert (bench.asked, len(bench.sizes)) == ([1], 2)
    bench.decide("release", dec_seq=1).later(0.5).scan(GREEN).weigh(0).later(3)
    bench.give(DeviceUp(SIZER, bench.at, None))
    bench.measured("RB123456785US")
    assert bench.asked == [1, 2]


def test_a_parcel_that_is_taken_off_before_it_is_measured_is_held() -> None:
    bench = SizedBench()
    bench.measured()
    bench.weigh(0)

    assert bench.flags[-1] == ("parcel_removed",)
    bench.box(answers=False)
    assert bench.sizes == []


def test_a_box_at_its_key_counts_for_the_parcel_that_lies_there_weighed() -> None:
    bench = SizedBench()
    bench.box(answers=False)
    assert bench.rejected()["record_orphan"] == 1
    bench.weigh(500_000)
    bench.box(answers=False).scan(S10)

    assert bench.asked == []
    assert bench.sizes == [Dims(SIZER, *BOX, 5_000, "cuboid", None)]


def test_a_new_measurement_of_the_same_parcel_measures_its_box_anew() -> None:
    bench = SizedBench()
    bench.measured()
    bench.give(DeviceDown(SCALE, bench.at, "unplugged"))
    assert bench.flags[-1] == ("device_fault",)
    bench.give(DeviceUp(SCALE, bench.at, "1"))
    bench.weigh(0).later(3).scan(S10).weigh(500_000)
    assert bench.asked == [1, 2]
    bench.answer("unanswered")

    assert bench.sizes == [None]


def test_the_whole_way_with_the_real_driver_and_the_simulated_stand() -> None:
    bench, stand = SizedBench(), CubiscanStand()
    device, driver = CubiscanDevice(stand), Cubiscan(sizer_config())
    for one in driver.wake(bench.at):
        bench.give(one)
    bench.measured()
    stand.put((301_200, 200_100, 99_800), 500_000, Instant(0))
    assert driver.command(Measure(SIZER, bench.asked[-1]), bench.at) == []
    device.receive(driver.take_output(), bench.at)
    bench.later(1.6)
    for one in driver.receive(device.take_output(bench.at), bench.at):
        bench.give(one)

    assert bench.sizes == [Dims(SIZER, 301_000, 200_000, 100_000, 5_000, "cuboid", None)]
