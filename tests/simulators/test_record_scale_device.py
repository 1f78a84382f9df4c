"""A simulated scale that weighs in motion: what its records say, and what can go wrong with them."""

import pytest

from hub_config.names import MILLISECOND, Instant
from simulators.devices.numbered_records import MAX_RECORDS, NUMBER_END
from simulators.devices.record_scale import RecordScaleDevice

LATER = Instant(10**12)


def ms(milliseconds: int) -> Instant:
    return Instant(milliseconds * MILLISECOND)


def test_a_record_comes_after_its_delay() -> None:
    scale = RecordScaleDevice()
    scale.weigh(1_250_000, ms(0), 80 * MILLISECOND)

    assert scale.wake_at == ms(80)
    assert scale.take_output(ms(79)) == b""
    assert scale.take_output(ms(80)) == b"000001;1.250;kg;OK\r\n"
    assert scale.wake_at is None


def test_records_are_numbered_and_leave_in_order_even_behind_a_late_one() -> None:
    scale = RecordScaleDevice()
    scale.weigh(10_000, ms(0), 900 * MILLISECOND)
    scale.weigh(20_000, ms(400), 100 * MILLISECOND)

    assert scale.take_output(ms(899)) == b""
    assert scale.take_output(ms(900)) == b"000001;0.010;kg;OK\r\n000002;0.020;kg;OK\r\n"


def test_the_mass_is_rounded_to_the_step_with_the_error_in_it() -> None:
    scale = RecordScaleDevice(step_mg=10_000, mpe_mg=20_000)

    assert scale.weigh(1_254_000, ms(0), error_mg=2_000) == 1_260_000
    assert scale.weigh(1_254_000, ms(0), error_mg=-2_000) == 1_250_000
    assert scale.weigh(-4_000, ms(0)) == 0


def test_an_error_beyond_what_is_permissible_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="limit mpe_mg 20000"):
        RecordScaleDevice(mpe_mg=20_000).weigh(1_000_000, ms(0), error_mg=40_000)


def test_overload_has_no_mass_whether_it_is_told_or_weighed() -> None:
    scale = RecordScaleDevice(max_mg=30_000_000)

    assert scale.weigh(None, ms(0)) is None
    assert scale.weigh(30_010_000, ms(0)) is None
    assert scale.take_output(LATER) == b"000001;-----;kg;OL\r\n000002;-----;kg;OL\r\n"


def test_another_status_has_no_mass() -> None:
    scale = RecordScaleDevice()

    assert scale.weigh(1_000_000, ms(0), status="2 ITEMS") is None
    assert scale.take_output(LATER) == b"000001;-----;kg;2 ITEMS\r\n"


def test_numbers_can_be_left_out_repeated_and_lost() -> None:
    scale = RecordScaleDevice()
    scale.weigh(0, ms(0))
    scale.repeat_number()
    scale.weigh(0, ms(0))
    scale.skip_numbers(3)
    scale.weigh(0, ms(0))
    scale.weigh(0, ms(0), lost=True)
    scale.weigh(0, ms(0))

    numbers = [line[:6] for line in scale.take_output(LATER).splitlines()]
    assert numbers == [b"000001", b"000001", b"000005", b"000007"]


def test_after_the_last_number_comes_zero() -> None:
    scale = RecordScaleDevice(number=NUMBER_END - 1)
    scale.weigh(0, ms(0))
    scale.weigh(0, ms(0))

    assert scale.take_output(LATER) == b"999999;0.000;kg;OK\r\n000000;0.000;kg;OK\r\n"


def test_separator_start_and_end_are_settings() -> None:
    scale = RecordScaleDevice(separator=",", start="\x02", end="\x03")
    scale.weigh(-10_000, ms(0))

    assert scale.take_output(LATER) == b"\x02000001,-0.010,kg,OK\x03"


def test_records_past_the_bound_are_lost_and_counted() -> None:
    scale = RecordScaleDevice()
    for _ in range(MAX_RECORDS + 3):
        scale.weigh(0, ms(0))

    assert scale.lost_records == 3
    assert len(scale.take_output(LATER).splitlines()) == MAX_RECORDS


def test_a_scale_that_was_off_goes_on_counting() -> None:
    scale = RecordScaleDevice()
    scale.weigh(0, ms(0))
    scale.power_up()
    scale.receive(b"?\r", ms(1))
    scale.weigh(0, ms(1))

    assert scale.take_output(LATER) == b"000002;0.000;kg;OK\r\n"
