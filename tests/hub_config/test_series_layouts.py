"""Belts in series in `hub check`: what keeps one belt from handing over to the next is told, on its line, in words."""

from pathlib import Path
from typing import Final

import pytest

from hub_config.load import check, load
from hub_config.names import MILLISECOND

LAYOUT: Final = Path(__file__).parents[2] / "simulators/scenarios/layouts/series.toml"
GOOD: Final = LAYOUT.read_text(encoding="utf-8")
FAULTS: Final = {
    "a gap": ('start = "3 m"', 'start = "3100 mm"', "belts", "a gap of 100 mm"),
    "an overlap": ('start = "7500 mm"', 'start = "7400 mm"', "belts", "an overlap of 100 mm"),
    "a first belt that begins later": (
        'id = "induct", length', 'id = "induct", start = "10 mm", length', "belts", "the line begins at 0 mm",
    ),
    "one board for two belts": (
        'count = "500 um", board = "io-tunnel"', 'count = "500 um"', "belts", "has the board of belt",
    ),
    "a last belt with another board": (
        'speed = "2 m/s", count = "500 um"', 'speed = "2 m/s", count = "500 um", board = "io-9"', "belts", "io-9",
    ),
    "a beam whose channel is no input of its belt's board": (
        '{ id = "over", channel = 1', '{ id = "over", channel = 9', "beams", "no input of",
    ),
    "a view on a transfer": (
        'position = "4200 mm", window', 'position = "3450 mm", window', "readers", "is on a transfer",
    ),
    "a scale's beam on a transfer": (
        'channel = 2, position = "5200 mm"', 'channel = 2, position = "7300 mm"', "beams", "is on a transfer",
    ),
    "a diverter on a transfer": (
        'position = "12 m", actuation', 'position = "7600 mm", actuation', "diverters", "is on a transfer",
    ),
    "no hand-over beam": (
        'channel = 3, position = "8000 mm"', 'channel = 3, position = "8950 mm"', "belts", "has no hand-over beam",
    ),
    "a diverter before the last belt": (
        'position = "12 m", actuation', 'position = "7 m", actuation', "diverters", "diverters are on the last belt",
    ),
    "a reader on another belt": (
        'position = "4200 mm", window', 'position = "1500 mm", window', "readers", "over the belt of the scale",
    ),
    "too short a belt to read and weigh": (
        'latest = "400 ms"', 'latest = "1300 ms"', "belts", "before it is read and weighed",
    ),
}  # fmt: skip


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault) for fault in check(file)]


def test_the_layout_of_the_scenario_is_good_and_each_belt_counts_at_its_own_speed() -> None:
    assert check(LAYOUT) == []
    line = load(LAYOUT).lines[0]
    d1 = line.diverters[0]

    assert [belt.end_um for belt in line.belts] == [3_000_000, 7_500_000, 14_500_000]
    assert line.boards == ("io-induct", "io-tunnel", "io-1")
    assert [[beam.id for beam in line.beams_on(place)] for place in range(3)] == [
        ["in"], ["over", "scale"], ["out", "gate", "end"],
    ]  # fmt: skip
    assert line.reading_place == 1
    assert line.measured_by_um == 6_500_000
    assert line.no_return_um(d1) == 10_900_000
    # 1 m at 1.5 m/s up to the transfer, 3.4 m at 2 m/s behind it
    assert line.answer_time_ns(d1) == pytest.approx((1_000 / 1.5 + 3_400 / 2) * MILLISECOND, abs=2)


def test_on_a_slower_belt_the_time_counts_from_where_the_longest_parcel_goes_over() -> None:
    line = load(LAYOUT).lines[0]
    slow = line.belt.model_copy(update={"speed_mm_s": 1_000})
    line = line.model_copy(update={"belts": (*line.belts[:2], slow)})
    way_um = line.no_return_um(line.diverters[0]) - 7_850_000

    assert line.answer_time_ns(line.diverters[0]) == pytest.approx(
        1_350 / 1.5 * MILLISECOND + way_um * 1_000, abs=2
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_one_wrong_thing_is_told_where_it_is(tmp_path: Path, fault: str) -> None:
    old, new, where, what = FAULTS[fault]
    assert GOOD.count(old) == 1

    said = said_of(tmp_path, GOOD.replace(old, new))

    assert any(what in one and f".{where}[" in one for one in said), said


def test_a_last_look_before_the_last_belt_does_not_count(tmp_path: Path) -> None:
    """The belt that diverts must have seen the parcel itself, and the gap behind it."""
    text = GOOD.replace('channel = 0, position = "12 m"', 'channel = 0, position = "9800 mm"')
    text = text.replace('channel = 5, position = "12600 mm"', 'channel = 5, position = "10400 mm"')

    said = said_of(tmp_path, text)

    assert any("no beam sees a parcel once more" in one for one in said), said


def test_a_board_that_is_not_there_is_told_at_its_belt(tmp_path: Path) -> None:
    said = said_of(tmp_path, GOOD.replace('board = "io-tunnel"', 'board = "io-tunnels"'))

    assert any("io-tunnels" in one and "did you mean" in one for one in said), said
