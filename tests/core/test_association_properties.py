"""What holds for any parcels and readings, and that stated probabilities are kept: `bench/association.py` in short."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.core.association import P_MAX_PPM, assign
from edge.core.evidence import PPM, Candidate, Evidence, Look, Stamp
from simulators.belt_readings import Errors, Habits
from simulators.calibration import Calibration, run, upper_bound

MM = 1_000


@st.composite
def belts(draw: st.DrawFn) -> list[Candidate]:
    parcels = []
    front = draw(st.integers(-500, 500)) * MM
    for key in range(draw(st.integers(1, 4))):
        rear = front - draw(st.integers(60, 500)) * MM
        parcels.append(
            Candidate(
                key,
                front,
                rear,
                draw(st.integers(0, 60)) * MM,
                draw(st.sampled_from((0, 1, 50, 5_000, PPM))),
                looked=draw(st.booleans()),
                labels=draw(st.integers(0, 1)),
            )
        )
        front = rear - draw(st.integers(-20, 500)) * MM
    return parcels


@st.composite
def readings(draw: st.DrawFn) -> list[Evidence]:
    found = []
    for _ in range(draw(st.integers(1, 5))):
        lo = draw(st.integers(-2_000, 800)) * MM
        hi = lo + draw(st.integers(0, 600)) * MM
        found.append(
            Evidence(
                draw(st.sampled_from("ABC")),
                draw(st.sampled_from(("one", "two"))),
                "arrival",
                lo,
                hi,
                draw(st.integers(0, 10)) * MM,
            )
        )
    return found


@st.composite
def looks(draw: st.DrawFn) -> list[Look]:
    places = draw(st.lists(st.tuples(st.integers(-2_000, 800), st.integers(0, 600)), max_size=3))
    return [
        Look("one", lo * MM, (lo + width) * MM, draw(st.sampled_from(((), ("A",), ("A", "B")))))
        for lo, width in places
    ]


@given(belts(), readings(), looks())
def test_claims_on_one_code_are_probabilities(
    parcels: list[Candidate], evidence: list[Evidence], seen: list[Look]
) -> None:
    for found in assign(parcels, evidence, seen):
        assert all(0 <= claim.p_ppm <= P_MAX_PPM for claim in found.claims)
        assert sum(claim.p_ppm for claim in found.claims) <= PPM
        assert found.p_ppm == max((claim.p_ppm for claim in found.claims), default=0)
        assert (found.key is not None) == (found.outcome == "joined")


@given(belts(), readings(), looks(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(
    parcels: list[Candidate], evidence: list[Evidence], seen: list[Look], rng: Random
) -> None:
    expected = assign(parcels, evidence, seen)
    some: tuple[list[Any], ...] = (parcels, evidence, seen)
    for given_list in some:
        rng.shuffle(given_list)

    assert assign(parcels, evidence, seen) == expected


@given(belts(), readings(), looks())
def test_a_parcel_out_of_reach_changes_nothing(
    parcels: list[Candidate], evidence: list[Evidence], seen: list[Look]
) -> None:
    far = Candidate(99, 9_000 * MM, 8_700 * MM, 10 * MM, PPM, looked=True)

    assert assign([*parcels, far], evidence, seen) == assign(parcels, evidence, seen)


@example(60, 25, 10, 146)  # the core is in it to the last bit, what a Gaussian forgets is not
@given(st.integers(60, 500), st.integers(-10, 300), st.integers(0, 40), st.integers(0, 200))
def test_between_two_like_parcels_nobody_wins(length: int, gap: int, sigma: int, width: int) -> None:
    near, far = gap * MM // 2, gap * MM // 2 + length * MM
    parcels = [Candidate(1, far, near, sigma * MM, 50), Candidate(2, -near, -far, sigma * MM, 50)]
    found = assign(parcels, [Evidence("A", "one", "arrival", -width * MM, width * MM)])[0]

    assert found.key is None
    assert abs(found.claims[0].p_ppm - found.claims[1].p_ppm) <= 1


@given(
    st.integers(60, 500), st.integers(60, 500), st.integers(0, 300), st.integers(1, 40), st.integers(1, 40),
    st.sampled_from((1, 50, 5_000)), st.integers(0, 200), st.lists(st.integers(0, 1_000), min_size=2, max_size=2),
)  # fmt: skip
def test_a_reading_nearer_to_a_parcel_never_makes_it_less_likely(
    length: int, other: int, gap: int, sigma: int, other_sigma: int, gross: int, width: int, steps: list[int]
) -> None:
    """From the middle of its rival to its own middle."""
    mine = Candidate(1, length * MM, 0, sigma * MM, gross, looked=True)
    rival = Candidate(2, -gap * MM, -(gap + other) * MM, other_sigma * MM, gross, looked=True)
    start, end = -(gap + other / 2) * MM, length / 2 * MM

    def p_at(step: int) -> int:
        middle = round(start + (end - start) * step / 1_000)
        seen = Evidence("A", "one", "arrival", middle - width * MM // 2, middle + width * MM // 2)
        return next(claim.p_ppm for claim in assign([mine, rival], [seen])[0].claims if claim.key == 1)

    assert p_at(min(steps)) <= p_at(max(steps)) + 1  # a float's last bit, rounded down


@given(belts(), readings())
@settings(max_examples=50)
def test_the_same_twice_is_the_same(parcels: list[Candidate], evidence: list[Evidence]) -> None:
    assert assign(parcels, evidence) == assign(parcels, evidence)


# Calibration, in short --------------------------------------------------------------------------------


@pytest.mark.parametrize("stamp", ["trigger", "exposure", "arrival"])
@pytest.mark.parametrize("errors", ["gauss", "laplace", "uniform", "bursts"])
def test_no_decade_of_stated_doubt_is_exceeded(stamp: Stamp, errors: Errors) -> None:
    """Few parcels, so a decade fails only when the truth is above its end with 95 % confidence (seed 11)."""
    habits = Habits(
        errors=errors, stamp=stamp, window_um=40 * MM, push_ppm=2_000, gross_ppm=2_500, stray_ppm=100
    )
    found = Calibration()
    run(habits, 400, 11, found)

    for edge, decade in found.decades.items():
        expected = edge / PPM * decade.claims
        assert decade.wrong <= expected + 3 * expected**0.5 + 1, f"doubt to {edge} ppm: {decade}"
    assert found.tally.wrong == 0
    assert found.decades[10].claims + found.decades[100].claims > 200


def test_with_confirmed_places_hardly_a_clean_parcel_is_held() -> None:
    habits = replace(Habits(stamp="exposure", gap_um=(100 * MM, 500 * MM)), confirmed=True)
    found = Calibration()
    run(habits, 1_000, 12, found)

    assert found.tally.held * 250 <= found.tally.clean


def test_zero_errors_are_three_in_n_and_one_is_not_none() -> None:
    assert upper_bound(0, 1_000) == pytest.approx(3.0 / 1_000, rel=0.01)
    assert upper_bound(1, 1_000) == pytest.approx(4.74 / 1_000, rel=0.01)
    assert upper_bound(10, 10_000) == pytest.approx(16.96 / 10_000, rel=0.01)
    assert upper_bound(0, 0) == 1.0
