"""Whatever a controller tells, and in whatever order: the checkers find nothing, and every visit ends."""

import pytest
from chaos_plc import Chaos

SEEDS = range(60)
STEPS = 80


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_let_go_in_doubt_and_every_visit_ends(seed: int) -> None:
    line = Chaos(seed).run(STEPS)

    ends = {"parcel.lost_track", "parcel.diverted", "parcel.departed"}
    last = {
        one.visit: one.kind for one in line.events if one.visit is not None and one.kind != "visit.joined"
    }
    assert line.view.tracks == ()
    assert line.gateway.in_work == 0
    assert not [
        visit for visit, kind in last.items() if kind not in ends and not _went_on(line.events, visit)
    ]


def test_the_runs_hold_what_they_are_for() -> None:
    kinds, sent = [], []
    for seed in SEEDS:
        line = Chaos(seed).run(STEPS)
        kinds += [one.kind for one in line.events]
        sent += [one.lane for one in line.sent]

    assert kinds.count("parcel.departed") > 10
    assert kinds.count("parcel.lost_track") > 100
    assert sent.count("GREEN") > 20
    assert sent.count("HOLD") > 200


@pytest.mark.parametrize("seed", range(10))
def test_a_shadow_sends_nothing_whatever_happens(seed: int) -> None:
    assert Chaos(seed, drives=False).run(STEPS).sent == []


def _went_on(events: object, visit: object) -> bool:
    """It was joined to an older one."""
    return any(
        one.kind == "visit.joined" and one.visit == visit
        for one in events  # type: ignore[attr-defined]  # a list of events
    )
