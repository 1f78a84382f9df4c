"""Quantities: exact, with their unit, and refused in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_config.units import MAX_AMOUNT, Canonical, UnitError, amount, as_text

UNITS = st.sampled_from(["mg", "um", "us", "ms", "s", "mm/s"])


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("30 kg", "mg", 30_000_000),
        ("30kg", "mg", 30_000_000),
        ("1.25 kg", "mg", 1_250_000),
        ("0.001 g", "mg", 1),
        ("-5 g", "mg", -5_000),
        ("100 ms", "ms", 100),
        ("1.5 s", "ms", 1_500),
        ("2 min", "s", 120),
        ("2.5 cm", "um", 25_000),
        ("3 µm", "um", 3),
        ("250 us", "us", 250),
        ("250 µs", "us", 250),
        ("2 ms", "us", 2_000),
        ("0.5 s", "us", 500_000),
        ("1500 us", "us", 1_500),
        ("3000 us", "ms", 3),
        ("1.5 m/s", "mm/s", 1_500),
        ("1.5m/s", "mm/s", 1_500),
        ("50 mm/s", "mm/s", 50),
    ],
)
def test_a_quantity_becomes_whole_canonical_units(text: str, unit: Canonical, value: int) -> None:
    assert amount(text, unit, "1") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("30 cm", '"30 cm" is a length; a mass is wanted (mg, g, kg); write for example "30 kg"'),
        ("30", '"30" has no unit; a mass is wanted (mg, g, kg); write for example "30 kg"'),
        ("30 lb", '"30 lb" has an unknown unit; a mass is wanted (mg, g, kg); write for example "30 kg"'),
        ("30 KG", '"30 KG" has an unknown unit; a mass is wanted (mg, g, kg); write for example "30 kg"'),
        ("heavy", '"heavy" is no number with a unit; a mass is wanted'),
        ("", '"" is no number with a unit; a mass is wanted'),
        ("1,5 kg", "(decimals follow a point)"),
        ("1e3 g", '"1e3 g" is no number with a unit'),
        ("٣ kg", "is no number with a unit"),
        ("0.0001 g", '"0.0001 g" is too fine; whole mg are kept; write it in steps of 1 mg'),
        ("999999999999999 kg", f"is too large; at most {MAX_AMOUNT} mg"),
    ],
)
def test_a_text_that_is_no_mass_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UnitError) as refused:
        amount(text, "mg", "30 kg")

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.5 m", '"1.5 m" is a length; a speed is wanted (mm/s, m/s); write for example "1.5 m/s"'),
        ("1.5", '"1.5" has no unit; a speed is wanted (mm/s, m/s)'),
        ("5.4 km/h", '"5.4 km/h" is no number with a unit; a speed is wanted'),
        ("90 kg/s", '"90 kg/s" has an unknown unit; a speed is wanted'),
        ("1.5 s", '"1.5 s" is a time; a speed is wanted'),
        ("1.5 mm/s", '"1.5 mm/s" is too fine; whole mm/s are kept; write it in steps of 1 mm/s'),
    ],
)
def test_a_text_that_is_no_speed_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UnitError) as refused:
        amount(text, "mm/s", "1.5 m/s")

    assert said in str(refused.value)


def test_a_time_below_a_microsecond_is_too_fine_and_a_microsecond_is_too_fine_for_whole_milliseconds() -> (
    None
):
    with pytest.raises(UnitError, match="is too fine; whole us are kept"):
        amount("0.5 us", "us", "2 ms")
    with pytest.raises(UnitError, match="is too fine; whole ms are kept"):
        amount("1500 us", "ms", "2 ms")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(2_000, "mm/s", "2 m/s"), (1_500, "mm/s", "1500 mm/s"), (2_000, "us", "2 ms"), (250, "us", "250 us")],
)
def test_a_quantity_is_written_in_the_largest_unit_without_decimals(
    value: int, unit: Canonical, text: str
) -> None:
    assert as_text(value, unit) == text


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), UNITS)
def test_what_is_written_is_read_back_as_the_same_amount(value: int, unit: Canonical) -> None:
    written = as_text(value, unit)

    if len(written.split()[0].lstrip("-")) <= 15:
        assert amount(written, unit, "1") == value


@given(st.integers(0, 10**9), st.integers(0, 999_999))
def test_decimals_are_converted_without_rounding(kg: int, mg: int) -> None:
    text = f"{kg}.{mg:06d} kg"

    assert amount(text, "mg", "1 kg") == kg * 1_000_000 + mg


@given(st.text(max_size=40), UNITS)
def test_any_text_is_an_amount_or_refused(text: str, unit: Canonical) -> None:
    with suppress(UnitError):
        assert abs(amount(text, unit, "1")) <= MAX_AMOUNT
