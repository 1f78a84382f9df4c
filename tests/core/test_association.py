"""Whose a reading is, case by case. Offsets in µm; parcels lie [rear, front], the foremost has the greatest."""

from dataclasses import replace

import pytest

from edge.core.association import (
    CANDIDATES_MAX,
    CODES_MAX,
    HYPOTHESES_MAX,
    LOOKS_MAX,
    P_MAX_PPM,
    Assignment,
    assign,
    assign_near,
)
from edge.core.evidence import (
    CONFIRMED,
    FLOOR_PPM,
    PPM,
    PRIORS,
    Candidate,
    Drift,
    Evidence,
    Look,
    seen_between,
)

AHEAD = Candidate(1, 300_000, 0, 8_000, 1, looked=True)
BEHIND = Candidate(2, -100_000, -400_000, 8_000, 1, looked=True)
"""100 mm behind."""


def picture(code: str, place: int) -> Evidence:
    return Evidence(code, "cam-1", "exposure", place, place, 3_000)


def answer(code: str, lo: int, hi: int) -> Evidence:
    return Evidence(code, "tunnel-1", "trigger", lo, hi)


def one(*found: Assignment) -> Assignment:
    assert len(found) == 1
    return found[0]


# One reading --------------------------------------------------------------------------------------


def test_a_code_in_the_middle_of_a_parcel_is_that_parcels() -> None:
    found = one(*assign([AHEAD, BEHIND], [picture("A", 150_000)]))

    assert (found.key, found.outcome, found.rivals) == (1, "joined", 1)
    assert FLOOR_PPM <= found.p_ppm <= P_MAX_PPM


def test_a_code_in_the_middle_of_the_gap_is_nobodys() -> None:
    found = one(*assign([AHEAD, BEHIND], [picture("A", -50_000)]))

    assert found.key is None
    assert found.p_ppm < PPM // 2


def test_a_code_far_from_every_parcel_is_an_orphan() -> None:
    assert one(*assign([AHEAD], [picture("A", 900_000)])).outcome == "orphan_read"
    assert one(*assign([AHEAD], [picture("A", 9_000_000)])).claims == ()
    assert one(*assign([], [picture("A", 0)])).outcome == "orphan_read"


def test_a_pushed_neighbour_without_a_code_makes_a_reading_doubtful() -> None:
    pushed = replace(BEHIND, gross_ppm=10_000)

    assert one(*assign([AHEAD, pushed], [picture("A", 150_000)])).key is None


def test_a_parcel_nobody_has_seen_the_end_of_claims_what_lies_behind_it() -> None:
    open_ended = replace(AHEAD, rear_um=None)

    assert one(*assign([open_ended], [picture("A", -200_000)], priors=CONFIRMED)).key == 1


def test_what_was_not_looked_at_in_full_is_less_sure() -> None:
    before = one(*assign([replace(AHEAD, looked=False)], [picture("A", 150_000)]))
    after = one(*assign([AHEAD], [picture("A", 150_000)]))

    assert before.p_ppm < FLOOR_PPM <= after.p_ppm


# Several readings ---------------------------------------------------------------------------------


def test_the_neighbours_own_code_settles_an_answer_that_reaches_into_it() -> None:
    wide = answer("A", -130_000, 400_000)
    alone = one(*assign([AHEAD, BEHIND], [wide], priors=CONFIRMED))
    with_its_own, other = assign([AHEAD, BEHIND], [wide, answer("B", -500_000, 0)], priors=CONFIRMED)

    assert alone.key is None
    assert with_its_own.p_ppm > alone.p_ppm
    assert other.code == "B"


def test_silence_of_a_look_at_the_neighbour_speaks_against_it() -> None:
    answers = [answer("A", -160_000, 400_000), answer("B", -500_000, 0)]
    looks = [Look("tunnel-1", -50_000, 350_000, ("A",)), Look("tunnel-1", -450_000, -50_000, ("B",))]
    without = assign([AHEAD, BEHIND], answers, priors=CONFIRMED)
    heard = assign([AHEAD, BEHIND], answers, looks, CONFIRMED)

    assert all(after.p_ppm > before.p_ppm for before, after in zip(without, heard, strict=True))


def test_two_devices_that_read_one_code_must_mean_one_place() -> None:
    both = [answer("A", -500_000, 200_000), Evidence("A", "side", "arrival", 50_000, 700_000)]

    assert one(*assign([AHEAD, BEHIND], both, priors=CONFIRMED)).key == 1


def test_two_devices_that_contradict_each_other_assign_nothing() -> None:
    both = [picture("A", 150_000), replace(picture("A", -250_000), device="cam-2")]

    assert one(*assign([AHEAD, BEHIND], both)).key is None


def test_a_second_identifier_is_dearer_than_a_first() -> None:
    labelled = replace(BEHIND, labels=1)
    between = picture("A", -50_000)
    free = one(*assign([AHEAD, BEHIND], [between]))
    taken = one(*assign([AHEAD, labelled], [between]))

    assert [claim.key for claim in taken.claims] == [1, 2]
    assert taken.claims[0].p_ppm > free.claims[0].p_ppm


def test_further_codes_of_a_label_are_no_second_identifier() -> None:
    found = assign([AHEAD], [picture("A", 150_000), replace(picture("R", 160_000), identifier=False)])

    assert [(each.code, each.key) for each in found] == [("A", 1), ("R", 1)]


def test_codes_that_fit_only_if_the_belt_is_wrong_for_all_are_not_sure_either() -> None:
    """Both codes lie 400 mm too far back: each fits the next parcel, but the first one is then without."""
    chain = [
        Candidate(key, 300_000 - 400_000 * key, -400_000 * key, 8_000, 1, looked=True) for key in range(3)
    ]
    found = assign(
        chain, [picture("A", -250_000), picture("B", -650_000)], priors=replace(PRIORS, common_ppm=1_000)
    )

    assert [each.key for each in found] == [None, None]


# For one parcel of a long belt ----------------------------------------------------------------------


def test_a_parcel_of_a_long_belt_is_weighed_with_its_neighbours_alone() -> None:
    belt = [
        Candidate(key, -400_000 * key, -400_000 * key - 300_000, 8_000, 1, looked=True) for key in range(40)
    ]
    codes = [picture(f"c{one.key:02}", one.front_um - 150_000) for one in belt]
    found = assign_near(20, belt, codes, priors=CONFIRMED)

    assert [each.code for each in found if each.key is not None] == ["c20"]
    assert len(found) <= CODES_MAX


def test_no_code_is_given_to_another_parcel_than_the_one_that_was_asked_for() -> None:
    found = assign_near(2, [AHEAD, BEHIND], [picture("A", 150_000), picture("B", -250_000)], priors=CONFIRMED)

    assert [each.key for each in found] == [None, 2]


# Bounds -------------------------------------------------------------------------------------------


def test_too_many_parcels_codes_or_looks_leave_all_unsure() -> None:
    crowd = [
        Candidate(key, -20_000 * key, -20_000 * key - 15_000, 8_000, 1) for key in range(CANDIDATES_MAX + 1)
    ]
    codes = [picture(f"c{n}", 150_000) for n in range(CODES_MAX + 1)]
    looks = [Look("tunnel-1", 0, 1, ())] * (LOOKS_MAX + 1)

    assert one(*assign(crowd, [picture("A", 0)])).p_ppm == 0
    assert {each.key for each in assign([AHEAD], codes)} == {None}
    assert one(*assign([AHEAD], [picture("A", 150_000)], looks)).outcome == "ambiguous_read"


def test_too_many_hypotheses_leave_all_unsure() -> None:
    crowd = [Candidate(key, -9_000 * key, -9_000 * key - 300_000, 90_000, 1) for key in range(CANDIDATES_MAX)]
    codes = [answer(f"c{n}", -900_000, 900_000) for n in range(CODES_MAX)]

    assert len(crowd) ** len(codes) > HYPOTHESES_MAX
    assert [(each.key, each.p_ppm) for each in assign(crowd, codes)] == [(None, 0)] * CODES_MAX


def test_two_parcels_with_one_key_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="one key"):
        assign([AHEAD, replace(BEHIND, key=1)], [picture("A", 0)])


# Places ------------------------------------------------------------------


def test_where_a_label_was_follows_from_when_the_reader_may_have_seen_it() -> None:
    """At 2 m ± 150 mm, while the belt's travel went from 1.7 m to 2.1 m."""
    found = seen_between("A", "tunnel-1", "trigger", 2_000_000, 150_000, 1_700_000, 2_100_000)

    assert (found.lo_um, found.hi_um) == (-250_000, 450_000)


def test_a_place_is_less_sure_with_every_metre_until_a_beam_has_seen_it_again() -> None:
    near, far = Drift().spread(500_000), Drift().spread(2_000_000)
    again = Drift().spread(2_000_000, until_um=300_000)

    assert near[0] < far[0]
    assert near[1] < far[1]
    assert again == (Drift().spread(300_000)[0], Drift().confirmed_gross_ppm)
