"""A simulated dimensioner over a belt: what its records say, what can go wrong with them, and what the driver reads."""

import pytest

from drivers.dimensioners.record_dimensioner import RecordDimensioner
from drivers.reading import DimensionsRead
from hub_config.attach import SerialAttach
from hub_config.dimensioners import RecordDimensionerConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.devices.dimensioner import LEAST_UM, MOST_UM, Dimensioner
from simulators.devices.numbered_records import MAX_RECORDS, NUMBER_END
from simulators.devices.record_dimensioner import RecordDimensionerDevice
from simulators.sizing import DIMS_FAULTS, Sizing, declared_sides, dims_plan, sides_of

BOX = (301_200, 200_100, 99_800)
LATER = Instant(10**12)


def ms(milliseconds: int) -> Instant:
    return Instant(milliseconds * MILLISECOND)


def device(number: int = 1) -> RecordDimensionerDevice:
    return RecordDimensionerDevice(Dimensioner(), number=number)


def test_every_side_is_rounded_to_the_step_with_the_error_in_it() -> None:
    dimensioner = Dimensioner(step_um=5_000, u_um=8_000)

    assert dimensioner.measure(BOX) == (300_000, 200_000, 100_000)
    assert dimensioner.measure(BOX, (2_000, 3_000, -3_000)) == (305_000, 205_000, 95_000)


def test_a_mistake_of_the_caller_is_told() -> None:
    with pytest.raises(ValueError, match="wrong by 11200 um, limit u_um 8000; lower the errors"):
        Dimensioner(u_um=8_000).measure(BOX, (-10_000, 0, 0))


@pytest.mark.parametrize(
    ("sides", "soft"),
    [
        (BOX, True),
        ((300_000, LEAST_UM - 4_000, 100_000), False),
        ((300_000, MOST_UM + 3_000, 100_000), False),
    ],
)
def test_of_a_bag_and_of_what_is_out_of_range_there_is_no_result(
    sides: tuple[int, int, int], soft: bool
) -> None:
    assert Dimensioner().measure(sides, soft=soft) is None


def test_a_record_comes_after_its_delay() -> None:
    one = device()
    shown = one.pass_by(BOX, ms(0), 80 * MILLISECOND)

    assert shown == (300_000, 200_000, 100_000)
    assert one.wake_at == ms(80)
    assert one.take_output(ms(79)) == b""
    assert one.take_output(ms(80)) == b"000001;0300;0200;0100;mm;OK\r\n"
    assert one.wake_at is None


def test_records_leave_in_order_even_behind_a_late_one_and_a_lost_one_uses_its_number() -> None:
    one = device()
    one.pass_by(BOX, ms(0), 900 * MILLISECOND)
    one.pass_by(BOX, ms(300), lost=True)
    one.pass_by(BOX, ms(400), soft=True)

    assert one.take_output(ms(899)) == b""
    assert one.take_output(ms(900)) == b"000001;0300;0200;0100;mm;OK\r\n000003;----;----;----;mm;NODIM\r\n"


def test_numbers_can_be_left_out_and_repeated_and_begin_anew() -> None:
    one = device(number=NUMBER_END - 1)
    one.pass_by(BOX, ms(0))
    one.pass_by(BOX, ms(1))
    one.skip_numbers(3)
    one.pass_by(BOX, ms(2))
    one.repeat_number()
    one.pass_by(BOX, ms(3))

    numbers = [line[:6] for line in one.take_output(LATER).splitlines()]
    assert numbers == [b"999999", b"000000", b"000004", b"000004"]


def test_past_its_bound_records_are_lost_and_counted() -> None:
    one = device()
    for _ in range(MAX_RECORDS + 3):
        one.pass_by(BOX, ms(0))

    assert one.lost_records == 3
    assert len(one.take_output(LATER).splitlines()) == MAX_RECORDS


def test_the_driver_reads_what_the_device_shows() -> None:
    one = device(number=7)
    boxes = [
        one.pass_by(BOX, ms(0)),
        one.pass_by((480_000, 90_000, 20_000), ms(1)),
        one.pass_by(BOX, ms(2), soft=True),
    ]
    config = RecordDimensionerConfig(
        kind="record-dimensioner", id=DeviceId("dim-1"), attach=SerialAttach(port="/dev/a"), u_um=8_000
    )

    read = RecordDimensioner(config).receive(one.take_output(LATER), LATER)

    told = [(each.l_um, each.w_um, each.h_um) for each in read if isinstance(each, DimensionsRead)]
    assert told == [*boxes[:2], (None, None, None)]
    assert [each.record for each in read if isinstance(each, DimensionsRead)] == [7, 8, 9]


def test_what_happens_to_a_parcel_is_the_same_for_one_seed_and_number() -> None:
    every = Sizing(rates_ppm=dict.fromkeys(DIMS_FAULTS, 1_000_000))

    assert dims_plan(1, 2, every) == dims_plan(1, 2, every)
    assert dims_plan(1, 2, every).faults == DIMS_FAULTS
    assert dims_plan(1, 2, Sizing()).faults == ()
    assert (
        max(abs(error) for number in range(99) for error in dims_plan(1, number, Sizing()).errors_um) <= 3_000
    )


def test_an_honest_declaration_is_near_and_the_other_is_half() -> None:
    sides = sides_of(1, 2, 500_000)

    assert sides[0] >= sides[1]
    assert (
        max(abs(a - b) for a, b in zip(sides, declared_sides(1, 2, sides, honest=True), strict=True)) <= 5_000
    )
    assert declared_sides(1, 2, sides, honest=False)[0] <= sides[0] // 2 + 2_500
