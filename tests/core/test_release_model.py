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
from test_station_properties import Step, step, steps_of

from edge.core.decision import Decision

WHO = ("customs", "aviation-security", "agency:health")
STOPS = ("hold", "inspect", "screen", "reweigh", "info", "return", "refuse", "recirculate")
ALONE, LASTING = (), (-1.0, 60.0)
NEEDS = ((WHO[2],), (WHO[1],), (WHO[1], WHO[2]), ("nobody",))
TIMES = ((0.01, 60.0), (1.5, 60.0), (30.0, 60.0), (-1.0, 3.0), (-9.0, -1.0))
MOSTLY = (True, True, False)


def mostly(plain: object, *odd: object) -> st.SearchStrategy[object]:
    """Three times in four there is nothing odd about it."""
    return st.sampled_from((plain,) * 3 * len(odd) + odd)


def said(*actions: str, needs: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    word = st.builds(
        Said, st.sampled_from(actions), st.sampled_from(WHO), needs, mostly(LASTING, *TIMES),
        mostly("new", "older", "same", "again"), mostly("", "here", "elsewhere"), mostly(None, "code", "mass", "soon"),
    )  # fmt: skip
    return st.tuples(st.just("say"), st.tuples(word, mostly(0, 1, 2), mostly(None, "hold", "green", "xray")))


KINDS: dict[str, tuple[int, st.SearchStrategy[Step]]] = {
    "releases": (7, said("release", needs=mostly(ALONE, *NEEDS))),
    "stops": (4, said(*STOPS, needs=st.just(ALONE))),
    "parcels": (4, step("measure_next", (S10, S10, S10_B, SSCC))),
    "play": (2, st.one_of(step("scan_shown_bay"), step("later", (0.3, 2.1, 5.5)), step("scan", (S10_B, HOLD)))),
    "rare": (1, st.one_of(
        step("restart"), step("trouble"), step("repair"), step("change_link", MOSTLY, MOSTLY),
        step("set_commits", MOSTLY), step("set_wall", (0.0, 0.2, -20.0, 3_600.0), (1_500, 2_000_000)),
    )),
}  # fmt: skip
STEPS = steps_of(KINDS)


@settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS, min_size=10, max_size=40))
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
