"""Any order of edges, reports, codes, records, commits, decisions, clocks, links and boards: what must hold anyway.

`ChaosLine` gives one belt line whatever a list of steps says. After each step every visit is at exactly one place, no
divert into the free lane lacks its release, no visit is told backwards, and a tick leaves no wish for now (with the
rules of `simulators.checkers`: one divert a pass, one order a divert, orders after their intent is on disk). Every
run can be healed: the belt runs empty, and the next good parcel departs.
"""

from collections.abc import Sequence
from typing import Any

from chaos_line import GOOD_CODES, ChaosLine
from hypothesis import given, settings
from hypothesis import strategies as st
from line_driver import BOARD, READER, S10, S10_B, SCALE, TO_LANE_S, TO_MEASURED_S, TO_ORDER_S

Step = tuple[str, tuple[Any, ...]]
"""A method of `ChaosLine` and its arguments."""


def step(method: str, *choices: Sequence[object]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(method), st.tuples(*map(st.sampled_from, choices)))


MOSTLY = (True, True, False)
PARCELS = (S10, S10_B, "GX123456785GB", "RB123456786GB", None)
LENGTHS_MM = (300, 300, 120, 480, 40, 900)
GAPS_MS = (500, 500, 100, 20, 2, -5)
WEIGHTS = ("good", "good", "good", "late", "none", "over", "jump", "early")
SHAPES = ("whole", "whole", "whole", "added", "taken", "taken late")
TIMES = ((-1.0, 60.0), (-1.0, 60.0), (0.5, 60.0), (-1.0, 2.0), (-9.0, -1.0), (30.0, 60.0))
UNTIL_S = (TO_MEASURED_S, TO_ORDER_S - 0.4, TO_ORDER_S, TO_ORDER_S, TO_LANE_S, TO_LANE_S)
"""Where the next step finds a released parcel: measured, before its divert, ordered, in its lane."""
STATES = ("ready", "ready", "lost", "opening", "syncing", "safe")
DETAILS = ("ok", "late", "queue_full", "unanswered")
KINDS: dict[str, tuple[int, st.SearchStrategy[Step]]] = {
    "good": (4, step("release_next", (S10, S10_B), UNTIL_S)),
    "recalls": (2, step("answer", ("hold", "inspect"), TIMES[:1], (0, 0, 1))),
    "fed": (6, step("enter", PARCELS, LENGTHS_MM, GAPS_MS, WEIGHTS, SHAPES)),
    "time": (8, step("later", (0.02, 0.3, 1.0, 2.0, 3.0, 5.0))),
    "answers": (5, st.one_of(
        step("answer", ("release",)), step("answer", ("release",), ((-1.0, 60.0),), (0, 1, 2)),
        step("answer", ("release", "hold", "inspect", "reweigh", "recirculate"), TIMES, (0, 0, 1), (None, None, "green",
             "manual", "nowhere"), (False, False, True), MOSTLY),
    )),
    "strays": (2, st.one_of(
        step("beam", (0, 1, 2, 3, 4, 5), (True, False)), step("code_now", (S10, S10_B), (None, 1, 2, 3)),
        step("no_read", (None, 1, 2)), step("record_now", (0, 1, 1, 5), (500_000, None)),
    )),
    "belt": (2, st.one_of(
        step("stop"), step("go"), step("go"), step("lose_counts", (20, 240)), step("fall_silent", (True, False)),
    )),
    "rare": (3, st.one_of(
        step("change_board", STATES, MOSTLY), step("lose_events"), step("refuse", MOSTLY, DETAILS),
        step("change_device", (BOARD, READER, SCALE), ("up", "down", "silent", "garbled")),
        step("change_link", MOSTLY, MOSTLY), step("set_wall", (0.0, 3_600.0, -20.0, 0.2), (1_500, 2_000_000)),
        step("set_commits", MOSTLY), step("trouble"), step("tick"),
    )),
}  # fmt: skip
STEPS = st.sampled_from([kind for kind, (share, _) in KINDS.items() for _ in range(share)]).flatmap(
    lambda kind: KINDS[kind][1]
)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS, min_size=8, max_size=40))
def test_whatever_happens_no_rule_breaks_and_the_belt_heals(told: list[Step]) -> None:
    chaos = ChaosLine()
    chaos.start()
    for method, arguments in told:
        getattr(chaos, method)(*arguments)
    chaos.heal()
    for code in GOOD_CODES:
        chaos.good_parcel_departs(code)


def test_a_good_parcel_alone_departs() -> None:
    chaos = ChaosLine()
    chaos.start()
    chaos.good_parcel_departs(S10)

    assert set(chaos.where.values()) == {"departed"}
