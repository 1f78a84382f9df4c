"""Any layout of a belt line: what `hub check` lets through can work, and what it refuses can't."""

import tomllib
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hub_config.beltcheck import LANE_BEAM_MAX_UM, belt_findings
from hub_config.lines import Line
from hub_config.units import FROM_FILE

GOOD: Final = (Path(__file__).parents[2] / "examples/demo.toml").read_text(encoding="utf-8")
PLACES: Final = {
    **{("beams", number): mm for number, mm in enumerate((300, 2700, 6300, 8900, 10_000, 10_500))},
    ("readers", 0): 1500,
    ("diverters", 0): 8200,
    ("diverters", 1): 9300,
}
"""Of the demo, in mm."""
SHIFTS: Final = st.one_of(st.integers(-200, 200), st.integers(-11_500, 11_500))
DISTANCES: Final = ("the coordinator would have", "once more", "point of no return")
"""Words of findings that are not about the order of parts."""


def laid_out(shifts: dict[tuple[str, int], int], speed: int, lead: int) -> Line:
    table = tomllib.loads(GOOD)["lines"][0]
    table["belts"][0]["speed"] = f"{speed} mm/s"
    table["order_lead"] = f"{lead} ms"
    for (part, number), mm in shifts.items():
        table[part][number]["position"] = f"{max(0, PLACES[part, number] + mm)} mm"
    return Line.model_validate(table, by_alias=True, by_name=False, context=FROM_FILE)


def works(line: Line) -> bool:
    """The same rules, said again without words, in the order of the belt."""
    beam = {one.id: one.position_um for one in line.beams}
    (reader,) = line.readers
    sees, saw = reader.position_um - reader.window_um, reader.position_um + reader.window_um
    first, last = (f(one.position_um for one in line.diverters) for f in (min, max))
    measured = max(saw, beam["scale"])
    in_order = (
        0 <= beam["in"] < min(sees, beam["scale"]) <= measured < first <= last < beam["end"]
        and beam["scale"] < beam["gate"] < beam["end"] <= line.belt.length_um
        and saw < beam["end"]
    )
    in_lanes = all(0 < beam[one.beam] - one.position_um <= LANE_BEAM_MAX_UM for one in line.diverters)
    if not (in_order and in_lanes):
        return False
    for one in line.diverters:
        point = line.no_return_um(one)
        rear_and_gap_seen = point - line.max_length_um - line.gap_needed_um(one)
        late = point - line.tolerance_um
        looks = any(measured < at <= rear_and_gap_seen for at in (beam["scale"], beam["gate"]))
        sure = not any(late < at <= point for at in (beam["in"], beam["scale"], beam["gate"], beam["end"]))
        if not (line.answer_time_ns(one) >= 0 and looks and sure):
            return False
    return True


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(PLACES)), SHIFTS, max_size=3),
    st.sampled_from([50, 500, 1500, 1500, 1500, 2500, 3500]),
    st.sampled_from([20, 250, 250, 1000]),
)
def test_a_layout_is_let_through_just_when_it_can_work(
    shifts: dict[tuple[str, int], int], speed: int, lead: int
) -> None:
    line = laid_out(shifts, speed, lead)

    found = belt_findings(line, ("lines", 0))

    assert (found == []) == works(line), found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(PLACES)), SHIFTS)
def test_a_part_that_is_moved_is_one_misplaced_part(part: tuple[str, int], mm: int) -> None:
    """No knock-on faults: each finding about the order names the part. Distances may fail for several diverters."""
    line = laid_out({part: mm}, 1500, 250)

    found = belt_findings(line, ("lines", 0))

    table, number = part
    name = line.readers[0].device if table == "readers" else getattr(line, table)[number].id
    of_distance = [one for one in found if any(words in one.what for words in DISTANCES)]
    if not of_distance:
        assert len(found) <= 1 or all(f'"{name}"' in one.what for one in found), found
