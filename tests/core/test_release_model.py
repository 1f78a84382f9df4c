"""Whatever authorities say of a parcel, and in whatever order: RELEASE stands where the contract lets it, and wherever
nothing stands against it.

The bench is compared with a model (`release_model.py`) that was written from the contract and reads inputs and events
alone; `chaos_words.py` gives the steps. A step is a decision of one of three authorities, a parcel, a scan, time, or
something that goes wrong.
"""

from dataclasses import replace

import pytest
from bench_driver import HOLD, S10, S10_B, SSCC
from chaos_words import ChaosWords, Said
from hypothesis import given, settings
from hypothesis import strategies as st
from test_station_properties import Step, step

from edge.core.decision import Decision

WHO = ("customs", "aviation-security", "agency:health")
STOPS = ("hold", "inspect", "screen", "reweigh", "info", "return", "refuse", "recirculate")
ALONE, LASTING = (), (-1.0, 60.0)
NEEDS = (ALONE, ALONE, ALONE, (WHO[2],), (WHO[1],), (WHO[1], WHO[2]), ("nobody",))
TIMES = (LASTING, LASTING, LASTING, (0.01, 60.0), (1.5, 60.0), (30.0, 60.0), (-1.0, 3.0), (-9.0, -1.0))
NUMBERS = ("new", "new", "new", "new", "new", "older", "same", "again")
JOINS = ("", "", "", "", "", "", "here", "elsewhere")
CONDITIONS = (None, None, None, "code", "mass", "soon")
MOSTLY = (True, True, False)


def said(*actions: str, needs: tuple[tuple[str, ...], ...] = (ALONE,)) -> st.SearchStrategy[Step]:
    word = st.builds(Said, *map(st.sampled_from, (actions, WHO, needs, TIMES, NUMBERS, JOINS, CONDITIONS)))
    back, route = (
        st.sampled_from((0, 0, 0, 0, 1, 2)),
        st.sampled_from((None, None, None, None, "hold", "green", "xray")),
    )
    return st.tuples(st.just("say"), st.tuples(word, back, route))


RELEASES = said("release", needs=NEEDS)
STEPS = st.one_of(
    RELEASES, RELEASES, RELEASES, said(*STOPS), said(*STOPS),
    step("measure_next", (S10, S10, S10_B, SSCC)), step("measure_next", (S10, S10_B, SSCC)), step("scan_shown_bay"),
    step("later", (0.05, 0.3, 2.1, 5.5, 21.0)), step("scan", (S10, S10_B, SSCC, HOLD)), step("set_commits", MOSTLY),
    st.one_of(step("restart"), step("trouble"), step("repair"), step("change_link", MOSTLY, MOSTLY),
              step("set_wall", (0.0, 0.2, -20.0, 3_600.0), (1_500, 2_000_000))),
)  # fmt: skip


@settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS, min_size=6, max_size=30))
def test_a_release_stands_where_the_model_lets_it_and_wherever_it_must(told: list[Step]) -> None:
    chaos = ChaosWords()
    for method, arguments in told:
        getattr(chaos, method)(*arguments)


@pytest.mark.parametrize("who", WHO)
def test_the_model_sees_a_release_that_should_not_stand(who: str) -> None:
    """It is no mirror: what the gateway shows is compared with what was said."""
    chaos = ChaosWords()
    chaos.measure_next(S10)
    chaos.say(Said("release", "customs"))
    visit = chaos.asked[-1][0]
    assert chaos.model.due(visit, chaos.now) is not None

    chaos.model._hear(stop_of(chaos, who), chaos.model.latest_us(chaos.now))
    with pytest.raises(AssertionError, match="RELEASE is shown"):
        chaos.tick()


def stop_of(chaos: ChaosWords, who: str) -> Decision:
    return replace(chaos.said[-1], dec="stop", dec_seq=9, action="hold", authority=who)
