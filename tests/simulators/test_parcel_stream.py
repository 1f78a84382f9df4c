import json
import re

import pytest

from simulators.mistakes import RATES_PPM, RESIDUE_MG, plan
from simulators.parcels import MAX_PARCELS, gs1_check_digit, manifest, s10_check_digit, stream

MANY = stream(5, 8_000)


def test_the_same_seed_gives_the_same_parcels_and_a_longer_stream_starts_alike() -> None:
    assert stream(1, 300) == stream(1, 300)
    assert stream(1, 300)[:50] == stream(1, 50)
    assert stream(1, 50) != stream(2, 50)


def test_check_digits_are_those_of_the_standards() -> None:
    """S10: 47312482 → 9; EAN-13 4006381333931; SSCC 006141411234567890."""
    assert [s10_check_digit(serial) for serial in ("47312482", "12345678")] == [9, 5]
    assert gs1_check_digit("400638133393") == 1
    assert gs1_check_digit("00614141123456789") == 0


def test_item_numbers_are_unique_and_right_unless_misprinted() -> None:
    codes = [code.data for parcel in MANY for code in parcel.items]
    assert len(set(codes)) == len(codes)
    for parcel in MANY:
        for code in parcel.items:
            found = re.fullmatch(r"[LRCEHU][A-Z](\d{8})(\d)(MY|CN|GB|BE|SG|JP|US)", code.data)
            assert found is not None
            assert (s10_check_digit(found[1]) == int(found[2])) == (parcel.trouble != "bad_check")


def test_about_92_in_100_are_ok_and_every_trouble_occurs() -> None:
    troubles = [parcel.trouble for parcel in MANY]

    assert 0.90 < troubles.count("ok") / len(troubles) < 0.94
    assert len(set(troubles)) == 9


def test_masses_follow_the_published_distribution() -> None:
    masses = sorted(parcel.mass_mg for parcel in MANY if parcel.trouble != "over_limit")

    assert masses[0] >= 30_000
    assert 450_000 < masses[len(masses) // 2] < 560_000
    assert 0.03 < sum(mass > 5_000_000 for mass in masses) / len(masses) < 0.055
    assert masses[-1] < 30_000_000


def test_trouble_is_what_its_name_says() -> None:
    for parcel in MANY:
        declared = parcel.declared
        assert (declared is None) == (parcel.trouble == "undeclared")
        assert len(parcel.items) == {"two_labels": 2, "torn": 0}.get(parcel.trouble, 1)
        assert (parcel.mass_mg > 30_000_000) == (parcel.trouble == "over_limit")
        if declared is not None:
            assert (parcel.mass_mg - declared.mass_mg > 300_000) == (parcel.trouble == "heavy")
            assert (declared.value_minor > 50_000) == (parcel.trouble == "over_value")
        if parcel.trouble == "torn":
            assert parcel.labels == ()


def test_the_manifest_lists_what_was_declared_by_code() -> None:
    parcels = MANY[:500]
    listed = json.loads(json.dumps(manifest(parcels)))

    assert list(listed) == sorted(listed)
    assert len(listed) == sum(parcel.declared is not None for parcel in parcels)
    first = next(parcel.declared for parcel in parcels if parcel.declared is not None)
    assert listed[first.code] == {
        "mass_mg": first.mass_mg,
        "value_minor": first.value_minor,
        "currency": "MYR",
        "description": first.description,
    }


def test_a_stream_past_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="limit 1000000"):
        stream(1, MAX_PARCELS + 1)


def test_a_plan_depends_on_seed_and_parcel_alone() -> None:
    assert [plan(1, parcel) for parcel in MANY[:40]] == [plan(1, parcel) for parcel in MANY[39::-1]][::-1]
    assert [plan(1, parcel) for parcel in MANY[:40]] != [plan(2, parcel) for parcel in MANY[:40]]


def test_mistakes_come_at_their_rates() -> None:
    made = [mistake for parcel in MANY for mistake in plan(3, parcel).mistakes]
    for mistake, rate_ppm in RATES_PPM.items():
        expected = rate_ppm * len(MANY) / 1_000_000

        assert abs(made.count(mistake) - expected) <= 4 * expected**0.5 + 3


def test_two_labels_are_always_scanned_first_and_cleanly() -> None:
    """Or no device could know of the second."""
    every = dict.fromkeys(RATES_PPM, 1_000_000)
    plans = [plan(1, parcel, every) for parcel in MANY if parcel.trouble == "two_labels"]

    assert plans
    assert not any(one.weigh_first or "scanner_no_read" in one.mistakes for one in plans)


def test_residue_is_more_than_a_scale_may_take_for_zero() -> None:
    assert min(plan(1, parcel).residue_mg for parcel in MANY) >= RESIDUE_MG[0] > 5_000
