from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.scale import Scale, ScaleTraits


def ms(value: int) -> Instant:
    return Instant(value * MILLISECOND)


def first_stable_ms(scale: Scale, after: int) -> int:
    return next(t for t in range(after, after + 5_000, 10) if scale.stable_at(ms(t)))


def test_an_empty_scale_shows_a_stable_zero() -> None:
    assert Scale().shown(ms(0)).at_zero


def test_a_load_moves_before_it_is_stable_and_settles_within_a_second() -> None:
    scale = Scale()
    scale.load(1_250_000, ms(1_000))

    assert not scale.shown(ms(1_020)).stable
    assert scale.shown(ms(1_010)).mass_mg != 1_250_000
    assert 1_200 <= first_stable_ms(scale, 1_000) <= 2_000
    assert scale.shown(ms(2_000)).mass_mg == 1_250_000


def test_a_load_step_is_continuous_and_swings_past_the_truth() -> None:
    scale = Scale(ScaleTraits(wobble_ppm=400_000))
    scale.load(1_000_000, ms(0))
    curve = [scale.mass_at(Instant(t * MILLISECOND)) for t in range(200)]

    assert max(abs(b - a) for a, b in pairwise(curve)) < 100_000
    assert max(curve) > 1_002_000


@given(st.lists(st.tuples(st.integers(20_000, 30_000_000), st.integers(300, 30_000)), min_size=1, max_size=6))
@settings(deadline=None)
def test_a_stable_reading_is_never_further_from_the_truth_than_mpe(loads: list[tuple[int, int]]) -> None:
    scale, at = Scale(seed=3), 1_000
    for mass_mg, for_ms in loads:
        scale.load(mass_mg, ms(at))
        for now in range(at, at + min(for_ms, 2_000), 30):
            shown = scale.shown(ms(now))
            if shown.stable and not shown.overload:
                assert shown.mass_mg is not None
                assert abs(shown.mass_mg - mass_mg) <= scale.traits.mpe_mg
        at += for_ms


def test_what_it_shows_is_a_function_of_time_and_seed() -> None:
    first, second, other = Scale(seed=1), Scale(seed=1), Scale(seed=2)
    times = [ms(t) for t in range(0, 5_000, 40)]

    assert [first.mass_at(t) for t in times] == [second.mass_at(t) for t in reversed(times)][::-1]
    assert [first.mass_at(t) for t in times] != [other.mass_at(t) for t in times]


def test_more_than_it_can_carry_has_no_value() -> None:
    scale = Scale()
    scale.load(31_000_000, ms(0))
    shown = scale.shown(ms(2_000))

    assert shown.overload
    assert shown.mass_mg is None


def test_zeroing_with_something_on_the_pan_makes_the_empty_scale_negative() -> None:
    scale = Scale()
    scale.load(200_000, ms(0))
    assert scale.zero(ms(2_000)) == "done"
    assert scale.shown(ms(2_000)).at_zero

    scale.load(0, ms(3_000))

    assert scale.shown(ms(5_000)).underload
    assert scale.zero(ms(5_000)) == "done"
    assert scale.shown(ms(5_000)).at_zero


def test_the_zero_key_refuses_a_moving_scale_and_a_load_past_its_range() -> None:
    scale = Scale()
    scale.load(5_000_000, ms(0))

    assert scale.zero(ms(10)) == "unstable"
    assert scale.zero(ms(2_000)) == "above"


def test_zero_drifts_a_little_and_stays_within_the_error() -> None:
    scale = Scale()
    shown = {scale.mass_at(Instant(t * SECOND)) for t in range(0, 1_800, 7)}

    assert 0 < max(shown) - min(shown) <= 2 * (scale.traits.drift_mg + scale.traits.noise_mg)


def test_traits_that_could_break_the_promised_error_are_refused() -> None:
    with pytest.raises(ValueError, match="limit mpe_mg 5000; lower e_mg, noise_mg, drift_mg or span_ppm"):
        ScaleTraits(noise_mg=3_000)
