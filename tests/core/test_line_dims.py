"""A dimensioner's box joins its parcel, or nobody's; and a release whose box does not fit is void when it counts."""

from datetime import date

import pytest
from line_driver import (
    BASE_US,
    BOARD,
    ENTROPY,
    S10_B,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    Object,
    config,
    entered,
)

from drivers.reading import BeamChanged, DeviceDown, DimensionsRead, WeightRead
from edge.core.belt_dims import contradicts
from edge.core.decision import Band
from edge.core.event import Dims
from edge.core.gateway import Gateway
from edge.core.item import Item
from hub_config.attach import SerialAttach
from hub_config.dimensioners import RecordDimensionerConfig
from hub_config.hub import HubConfig
from hub_config.lines import BeltDimensioner
from hub_config.metrology import Metrology
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

SIZER = DeviceId("dim-1")
BOX = (300_000, 200_000, 100_000)
BEAM = "scale"
"""It shares the scale's beam."""
METROLOGY = Metrology(regime="mid-awi", max_mg=30_000_000, min_mg=20_000, e_mg=10_000, mpe_mg=20_000)


def sized(*, along: bool = True, dws: bool = False, valid_until: date | None = None) -> HubConfig:
    """The example's line with a dimensioner; `dws`: which is its scale too."""
    place = BeltDimensioner(device=SIZER, beam=BEAM, latest_ms=400, along_belt=along)
    update: dict[str, object] = {"dimensioner": place}
    if dws:
        update["scale"] = config().lines[0].scale.model_copy(update={"device": SIZER})
    whole = config(**update)
    fields = (
        ("record", "length", "width", "height", "mass") if dws else ("record", "length", "width", "height")
    )
    device = RecordDimensionerConfig(
        kind="record-dimensioner", id=SIZER, attach=SerialAttach(port="/dev/a"), u_um=5_000, valid_until=valid_until,
        fields=fields, unit="mm", mass_unit="g" if dws else None, metrology=METROLOGY if dws else None,
    )  # fmt: skip
    return whole.model_copy(update={"devices": (*whole.devices, device)})


class Sized(LineDriver):
    """With the records of a dimensioner."""

    number: int = 500

    def box(
        self, thing: Object, sides: tuple[int, int, int] | None = BOX, *, record: int | None = -1, after_ms: int = 200
    ) -> None:  # fmt: skip
        """Its record of this thing; `record` -1: the next number."""
        if record == -1:
            self.number += 1
            record = self.number
        at = Instant(thing.rear_at(self.line.beam(BEAM).position_um) + after_ms * MILLISECOND)
        l_um, w_um, h_um = sides or (None, None, None)
        texts = ("a", "b", "c")
        self.when(at, DimensionsRead(SIZER, at, l_um, w_um, h_um, 5_000, "cuboid", record, texts, "mm", "OK"))


def driver(**shape: object) -> Sized:
    made = Sized(Gateway(sized(**shape), ENTROPY))  # type: ignore[arg-type]  # the keywords of `sized`
    made.start()
    return made


def measured(line: Sized, sides: tuple[int, int, int] | None = BOX) -> Object:
    thing = line.measure(entered(line))
    line.box(thing, sides)
    line.later(TO_MEASURED_S)
    return thing


def rejected(line: LineDriver) -> dict[str, int]:
    return dict(line.gateway.snapshot().balance.rejected)


def test_a_box_is_told_with_what_was_read_and_weighed() -> None:
    line = driver()
    measured(line)

    event = line.last("parcel.measured")
    assert event.dims == Dims(SIZER, *BOX, 5_000, "cuboid", 501)
    assert event.mass is not None


def test_a_measurement_waits_for_its_box_and_no_longer_than_it_may_come() -> None:
    line = driver()
    thing = line.measure(entered(line))
    rear_s = (thing.rear_at(line.line.beam(BEAM).position_um) - line.now) / SECOND
    line.later(rear_s + 0.38)

    before = line.kinds()
    line.later(0.05)

    assert "parcel.measured" not in before
    assert line.last("parcel.measured").dims is None


def test_a_dimensioner_that_is_down_holds_nobody() -> None:
    line = driver()
    line.give(DeviceDown(SIZER, line.at, "its port is gone"))
    line.measure(entered(line))
    line.later(TO_MEASURED_S)

    assert line.last("parcel.measured").dims is None
    assert line.gateway.snapshot().devices_down == ("dim-1",)


@pytest.mark.parametrize(
    ("sides", "record", "after_ms", "why"),
    [
        (None, -1, 200, "no_dims"),
        (BOX, None, 200, "record_without_number"),
        (BOX, -1, 900, "record_orphan"),
        (BOX, -1, 5, "record_orphan"),
    ],
)
def test_a_record_that_names_nobody_gives_nobody_a_box(
    sides: tuple[int, int, int] | None, record: int | None, after_ms: int, why: str
) -> None:
    line = driver()
    thing = line.measure(entered(line))
    line.box(thing, sides, record=record, after_ms=after_ms)
    line.later(TO_MEASURED_S + 1)

    assert line.last("parcel.measured").dims is None
    assert rejected(line)[why] == 1


def test_a_number_that_comes_again_names_nobody() -> None:
    line = driver()
    first = line.measure(entered(line))
    second = line.measure(Object(first.starts + 2 * SECOND), S10_B)
    line.box(first)
    line.box(second, record=501)
    line.later(TO_MEASURED_S + 2)

    told = [event.dims for event in line.events if event.kind == "parcel.measured"]
    assert [dims is not None for dims in told] == [True, False]
    assert rejected(line)["record_repeated"] == 1


def test_a_record_between_two_that_are_due_is_the_older_ones_once_the_next_bears_it_out() -> None:
    line = driver()
    first = line.measure(entered(line))
    line.box(first)
    second = line.measure(Object(first.starts + SECOND), S10_B)
    third = line.measure(Object(second.starts + SECOND * 3 // 10), "RR473124829MY")
    line.box(second, (300_000, 210_000, 90_000), after_ms=395)
    line.box(third, (300_000, 220_000, 80_000), after_ms=150)
    line.later(TO_MEASURED_S + 2)

    told = [event.dims for event in line.events if event.kind == "parcel.measured"]
    assert [dims and dims.w_um for dims in told] == [200_000, 210_000, 220_000]


def test_what_is_supposed_is_not_so_if_the_beams_contradict_the_record_that_bears_it_out() -> None:
    line = driver()
    first = line.measure(entered(line))
    line.box(first)
    second = line.measure(Object(first.starts + SECOND), S10_B)
    third = line.measure(Object(second.starts + SECOND * 3 // 10), "RR473124829MY")
    line.box(second, after_ms=395)
    line.box(third, (450_000, 200_000, 100_000), after_ms=150)
    line.later(TO_MEASURED_S + 2)

    told = [event.dims is not None for event in line.events if event.kind == "parcel.measured"]
    assert told == [True, False]
    assert line.last("parcel.decided").flags == ("assoc_low",)
    assert rejected(line)["dims_contradicted"] == 1


def test_a_box_that_the_beams_contradict_puts_the_parcel_in_doubt_and_the_count_with_it() -> None:
    line = driver()
    first = line.measure(entered(line))
    line.box(first, (450_000, 200_000, 100_000))
    second = line.measure(Object(first.starts + 2 * SECOND), S10_B)
    line.box(second, record=502)
    line.later(TO_MEASURED_S + 2)

    decided = next(event for event in line.events if event.kind == "parcel.decided")
    assert (decided.visit, decided.flags, decided.dims) == (line.visits[0], ("assoc_low",), None)
    assert rejected(line)["dims_contradicted"] == 1


def test_a_length_that_fits_is_no_reason_for_a_join() -> None:
    """The box has the very length of the parcel, and its number is no number."""
    line = driver()
    thing = line.measure(entered(line, length_um=300_000))
    line.box(thing, record=None)
    line.later(TO_MEASURED_S + 1)

    assert line.last("parcel.measured").dims is None


@pytest.mark.parametrize(
    ("l_um", "w_um", "seen_um", "along", "wanted"),
    [
        (300_000, 200_000, 318_000, True, False),
        (300_000, 200_000, 319_000, True, True),
        (300_000, 200_000, 283_000, True, False),
        (300_000, 200_000, 281_000, True, True),
        (300_000, 200_000, 200_000, True, True),
        (300_000, 200_000, 200_000, False, False),
        (300_000, 200_000, 182_000, False, True),
        (300_000, 200_000, 375_000, False, False),
        (300_000, 200_000, 382_000, False, True),
    ],
)
def test_what_contradicts_a_box_is_a_length_beyond_both_uncertainties(
    l_um: int, w_um: int, seen_um: int, along: bool, wanted: bool
) -> None:
    """Along the belt it has its length; or it lies anyhow, and is between its shorter side and its diagonal."""
    dims = Dims(SIZER, l_um, w_um, 100_000, 5_000, "cuboid", 1)
    item = Item(1, Instant(0), 0, seen_um, rear_um=0)

    assert contradicts(dims, item, along_belt=along) is wanted
    assert not contradicts(dims, Item(1, Instant(0), 0, seen_um), along_belt=along)


def test_after_its_calibration_has_ended_a_dimensioner_tells_no_box() -> None:
    line = driver(valid_until=date(2026, 11, 17))
    measured(line)
    later = driver(valid_until=date(2026, 11, 18))
    measured(later)

    assert (date(2026, 11, 18) - date(1970, 1, 1)).days == BASE_US // 86_400_000_000
    assert line.last("parcel.measured").dims is None
    assert rejected(line)["dims_outdated"] == 1
    assert later.last("parcel.measured").dims is not None


def test_one_device_may_be_scale_and_dimensioner_with_one_number_for_both() -> None:
    line = driver(dws=True)
    thing = entered(line)
    line.carry(thing)
    line.read(thing)
    at = Instant(thing.rear_at(line.line.beam(BEAM).position_um) + 200 * MILLISECOND)
    line.when(at, WeightRead(SIZER, at, 500_000, "500", "g", None, record=501))
    line.box(thing)
    line.later(TO_MEASURED_S)

    event = line.last("parcel.measured")
    assert event.mass is not None
    assert event.dims is not None
    assert (event.mass.device, event.mass.record, event.mass.u_mg) == (SIZER, 501, 20_000)
    assert event.dims.record == 501


def test_a_rear_that_the_dimensioners_beam_did_not_see_puts_the_parcel_in_doubt() -> None:
    line = driver()
    thing = line.measure(entered(line))
    channel = line.line.beam(BEAM).channel
    line.pending = [
        one
        for one in line.pending
        if not (isinstance(one[2], BeamChanged) and one[2].channel == channel and not one[2].blocked)
    ]
    line.box(thing)
    line.later(TO_MEASURED_S + 1)

    assert "not_isolated" in line.last("parcel.decided").flags


def bands(*middles: int) -> tuple[Band, Band, Band]:
    one, two, three = ((middle - 10_000, middle + 10_000) for middle in middles)
    return one, two, three


@pytest.mark.parametrize(
    ("sides", "wanted", "lane"),
    [
        (BOX, bands(300_000, 200_000, 100_000), "green"),
        ((300_000, 100_000, 200_000), bands(300_000, 200_000, 100_000), "green"),
        (BOX, bands(300_000, 200_000, 120_000), "hold"),
        (BOX, bands(330_000, 200_000, 100_000), "hold"),
        (None, bands(300_000, 200_000, 100_000), "hold"),
    ],
)
def test_a_release_with_a_box_holds_only_for_a_parcel_of_that_box(
    sides: tuple[int, int, int] | None, wanted: tuple[Band, Band, Band], lane: str
) -> None:
    """Whatever side it lies on. A box that was not measured fits no condition."""
    line = driver()
    measured(line, sides)
    line.decide("release", dims=wanted)
    line.later(TO_ORDER_S - TO_MEASURED_S)

    decided = line.last("parcel.decided")
    assert decided.act is not None
    assert decided.act.lane == lane
    assert decided.flags == (() if lane == "green" else ("dims_mismatch",))
    assert len(line.ons) == (lane == "green")


def test_a_line_without_a_dimensioner_asks_without_a_box() -> None:
    line = LineDriver().start()
    line.measure(entered(line))
    line.later(TO_MEASURED_S)

    assert line.last("parcel.measured").dims is None
    assert SIZER not in line.gateway._lines[0].devices
    assert BOARD in line.gateway._lines[0].devices
