"""A failed mix becomes small and still fails: shown with predicates that stand for a run."""

from simulators.line_faults import LINE_RATES_PPM
from simulators.mixes import Mix
from simulators.shrink import smallest


def mix(parcels: int = 100, lines: int = 4) -> Mix:
    return Mix(
        seed=1, scenario="lines", lines=lines, over_bytes=True, parcels=tuple(range(1, parcels + 1)),
        rates_ppm=dict(LINE_RATES_PPM),
    )  # fmt: skip


def needs(one: Mix, parcels: set[int], faults: set[str], lines: int = 1) -> bool:
    return parcels <= set(one.parcels) and faults <= set(one.rates_ppm) and one.lines >= lines


def test_what_the_failure_does_not_need_is_left_out() -> None:
    small = smallest(mix(), lambda one: needs(one, {17, 58}, {"removed", "touching"}, lines=2))

    assert small.minimal
    assert small.mix.parcels == (17, 58)
    assert list(small.mix.rates_ppm) == ["touching", "removed"]
    assert small.mix.rates_ppm["touching"] == LINE_RATES_PPM["touching"]
    assert (small.mix.lines, small.mix.over_bytes, small.mix.seed) == (2, False, 1)


def test_two_parcels_that_stand_for_each_other_leave_one() -> None:
    small = smallest(mix(), lambda one: needs(one, {9}, set()) or needs(one, {80}, {"no_read"}))

    assert len(small.mix.parcels) == 1
    assert len(small.mix.rates_ppm) <= 1


def test_a_run_that_needs_everything_stays_as_it_is() -> None:
    drawn = mix(parcels=6)
    small = smallest(drawn, lambda one: one == drawn)

    assert small.mix == drawn
    assert small.minimal


def test_each_mix_is_tried_once_and_only_so_many() -> None:
    tried: list[str] = []

    def fails(one: Mix) -> bool:
        tried.append(one.model_dump_json())
        return needs(one, {3, 41, 77}, {"link_cut"})

    small = smallest(mix(), fails)
    assert len(tried) == len(set(tried)) == small.tries

    cut = smallest(mix(), lambda one: needs(one, {3, 41, 77}, {"link_cut"}), tries_max=5)
    assert (cut.tries, cut.minimal) == (5, False)
    assert needs(cut.mix, {3, 41, 77}, {"link_cut"})
