"""Quantities: exact, with their unit, and refused in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_config.units import MAX_AMOUNT, Canonical, UnitError, amount, as_text

UNITS = st.sampled_from(["mg", "um", "ms", "s"])


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
