"""Any order of readings, commits, decisions, clocks, links, disk trouble and restarts: what must hold anyway.

`Chaos` gives one bench whatever a list of steps says, and checks each effect as it comes. Two rules are not the
checkers' but the contract's own: a move into the free lane obeys §5 (its decision answers this visit's last
measurement, is valid, its conditions hold, and nobody with a right to stop the parcel has said so since); and every
run can be healed: with devices, link, disk and clock back, an operator who does what the screen says gets the bench
to `ready`, and the next good parcel departs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from bench_driver import (
    HOLD,
    S10,
    S10_B,
    SCALE,
    SCANNER,
    SSCC,
)
from chaos_bench import BADGE, BAYS, GOOD_CODES, GRAMS, LABELS, STOPS, Chaos
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_config.badges import PASSED, PUT_BACK, SPLIT

Step = tuple[str, tuple[Any, ...]]
"""A method of `Chaos` and its arguments."""


def step(method: str, *choices: Sequence[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(method), st.tuples(*map(st.sampled_from, choices)))


MOSTLY = (True, True, False)
PARCELS = (S10, S10_B, SSCC)
ANSWERS = ("release", "release", "hold", "inspect", "screen", "reweigh", "refuse", "recirculate")
ROUTES = (None, None, None, "hold", "green", "xray", "manual", "nowhere")
TIMES = ((-1.0, 60.0), (-1.0, 60.0), (0.01, 60.0), (-1.0, 3.0), (-9.0, -1.0), (30.0, 60.0))
CONDITIONS = (None, "code", "mass", "soon")
KINDS: dict[str, tuple[int, st.SearchStrategy[Step]]] = {
    "work": (8, st.one_of(
        step("measure_next", PARCELS), step("release_next", PARCELS), step("release_next", PARCELS),
        step("answer", ("release",)), step("scan_shown_bay"),
    )),
    "answers": (2, step(
        "answer", ANSWERS, TIMES, (0, 0, 0, 1, 2), ROUTES, (True, False), (False, False, True), CONDITIONS, MOSTLY
    )),
    "recalls": (2, step("answer", STOPS, ((-1.0, 60.0), (0.01, 60.0)), (0, 0, 1))),
    "play": (3, st.one_of(
        step("scan", LABELS), step("scan", (*LABELS, *BAYS.values(), "HUBXRELEASE")), step("load", (0, 500)),
        step("load", GRAMS, MOSTLY, (0, 100, 400)), step("later", (0.05, 0.3, 2.1, 5.5, 21.0, 70.0)),
    )),
    "odd": (1, step("odd_weight", ("overload", "underload", "no value", "stale"))),
    "rare": (3, st.one_of(
        step("set_wall", (0.0, 3_600.0, -3_600.0, -20.0, 0.2), (1_500, 2_000_000)), step("set_commits", MOSTLY),
        step("change_device", (SCALE, SCANNER), ("up", "down", "silent", "garbled", "no_read")),
        step("trouble"), step("tick"), step("restart"), step("change_link", MOSTLY, MOSTLY),
    )),
    "repairs": (1, step("repair")),
}  # fmt: skip
LOOKS: dict[str, tuple[int, st.SearchStrategy[Step]]] = {
    "asked": (3, step("answer", ("inspect", "screen"), TIMES, (0, 0, 1), ("manual", "xray", None), (False,), (False,),
                      (None,), MOSTLY)),
    "brought": (5, st.one_of(step("scan_shown_bay"), step("scan", PARCELS), step("measure_next", PARCELS))),
    "found": (4, step("scan", (PASSED, "HUBXTORN", BADGE, BADGE, PUT_BACK, SPLIT))),
}  # fmt: skip


def steps_of(kinds: dict[str, tuple[int, st.SearchStrategy[Step]]]) -> st.SearchStrategy[Step]:
    """Each kind as often as its share says."""
    names = [kind for kind, (share, _) in kinds.items() for _ in range(share)]
    return st.sampled_from(names).flatmap(lambda kind: kinds[kind][1])


STEPS, STEPS_AND_LOOKS = steps_of(KINDS), steps_of(KINDS | LOOKS)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS, min_size=10, max_size=60))
def test_whatever_happens_no_rule_breaks_and_the_bench_heals(told: list[Step]) -> None:
    chaos = Chaos()
    for method, arguments in told:
        getattr(chaos, method)(*arguments)
    chaos.heal()
    for code in GOOD_CODES:
        chaos.good_parcel_departs(code)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS_AND_LOOKS, min_size=10, max_size=60))
def test_whatever_happens_where_parcels_are_looked_into_no_rule_breaks_and_the_bench_heals(
    told: list[Step],
) -> None:
    chaos = Chaos(inspects=True)
    for method, arguments in told:
        getattr(chaos, method)(*arguments)
    chaos.heal()
    for code in GOOD_CODES:
        chaos.good_parcel_departs(code)


@pytest.mark.parametrize(
    "swapped",
    [
        lambda c: c.weigh(500_000).weigh(800_000).scan(S10),
        lambda c: c.weigh(500_000).weigh(12_000).weigh(800_000).scan(S10),
        lambda c: c.scan(S10).weigh(500_000, stable=False).weigh(12_000).weigh(800_000),
        lambda c: c.scan(S10).weigh(500_000, stable=False).weigh(-60_000).weigh(800_000),
        lambda c: c.weigh(500_000).device(SCALE, up=False).device(SCALE, up=True).weigh(0).scan(S10),
        lambda c: c.scan(S10).weigh(500_000, stable=False).device(SCALE, up=False).weigh(0).weigh(800_000),
    ],
    ids=("no-zero", "residue", "code-residue", "code-below-zero", "outage", "code-outage"),
)
def test_a_load_that_the_scale_saw_change_is_never_joined_to_a_code(
    swapped: Callable[[Chaos], object],
) -> None:
    chaos = Chaos()
    swapped(chaos)

    assert "measured" not in chaos.kinds


def test_a_release_no_longer_shows_once_its_latest_time_is_over() -> None:
    chaos = Chaos()
    chaos.measure_next(S10)
    chaos.answer("release", cond="soon")
    chaos.later(3)

    assert chaos.view is not None
    assert chaos.view.state == "hold"


def test_a_release_from_a_clock_a_little_ahead_is_obeyed_when_its_time_comes() -> None:
    chaos = Chaos()
    chaos.measure_next(S10)
    chaos.answer("release", (0.5, 60))
    chaos.later(1)

    assert chaos.view is not None
    assert chaos.view.state == "release"


def test_a_held_parcel_with_two_identifiers_comes_back_by_either() -> None:
    chaos = Chaos()
    chaos.scan(SSCC).later(0.2).scan(S10).weigh(500_000)
    chaos.answer("hold")
    chaos.weigh(0).scan(HOLD).later(60).scan(SSCC).later(0.3).scan(S10)

    assert len({event.visit for event in chaos.events if event.visit}) == 1
    assert chaos.flags == []
