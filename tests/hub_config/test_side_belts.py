"""Side belts in `hub check`: what keeps one from bringing parcels to a line is told, at its place, in words."""

from pathlib import Path
from typing import Final

import pytest

from hub_config.load import check, load

LAYOUT: Final = Path(__file__).parents[2] / "simulators/scenarios/layouts/merge.toml"
GOOD: Final = LAYOUT.read_text(encoding="utf-8")
FAULTS: Final = {
    "a belt that is not there": ('joins = "tunnel"', 'joins = "tunel"', "joins", "write tunnel"),
    "the first belt": ('joins = "tunnel"', 'joins = "induct"', "joins", "joins one that takes over from another"),
    "a belt behind the readers": ('joins = "tunnel"', 'joins = "sort"', "joins", "up to the belt of readers and scale"),
    "another belt's name": ('id = "side", joins', 'id = "sort", joins', "id", "another belt of this line"),
    "another beam's name": ('id = "side-in"', 'id = "gate"', "id", "another beam of this line"),
    "another beam's channel": (
        'id = "side-in", channel = 8', 'id = "side-in", channel = 4', "channel", "another beam's",
    ),
    "a channel that its board does not read": (
        'id = "side-in", channel = 8', 'id = "side-in", channel = 9', "channel", "no input of",
    ),
    "a beam on the transfer": (
        'channel = 8, position = "300 mm"', 'channel = 8, position = "2200 mm"', "position", "on a transfer",
    ),
    "a beam that is not behind the one before it": (
        'position = "300 mm" } ] }',
        'position = "300 mm" }, { id = "side-2", channel = 9, position = "300 mm" } ] }',
        "position", "is not behind beam",
    ),
    "no beam": ('beams = [ { id = "side-in", channel = 8, position = "300 mm" } ]', "beams = []", "beams", "1 to 8"),
    "another belt's board": ('board = "io-side"', 'board = "io-tunnel"', "board", "io-tunnel"),
    "a board that is not there": ('board = "io-side"', 'board = "io-sides"', "board", "did you mean"),
}  # fmt: skip


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault) for fault in check(file)]


def test_the_layout_of_the_scenario_is_good_and_its_side_belt_lies_beside_the_first() -> None:
    assert check(LAYOUT) == []
    line = load(LAYOUT).lines[0]

    assert [belt.id for belt in line.all_belts] == ["induct", "tunnel", "sort", "side"]
    assert (line.all_belts[3].start_um, line.all_belts[3].end_um) == (500_000, 3_000_000)
    assert [(beam.id, beam.position_um) for beam in line.beams_on(3)] == [("side-in", 800_000)]
    assert "side-in" not in [beam.id for beam in line.belt_beams]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_wrong_thing_is_told_where_it_is(tmp_path: Path, fault: str) -> None:
    old, new, where, what = FAULTS[fault]
    assert GOOD.count(old) == 1

    said = said_of(tmp_path, GOOD.replace(old, new))

    assert any(what in one and "sides[0]" in one and f".{where}:" in one for one in said), said


def test_a_line_that_reads_on_its_only_belt_has_no_place_for_a_merge(tmp_path: Path) -> None:
    text = (LAYOUT.parent / "dense.toml").read_text()
    text = text.replace("beams = [\n", SIDE + "beams = [\n", 1).replace(
        "[[devices]]\n", BOARD + "[[devices]]\n", 1
    )

    said = said_of(tmp_path, text)

    assert any("here none does" in one for one in said), said


def test_a_line_without_side_belts_keeps_its_digest() -> None:
    line = load(LAYOUT.parent / "series.toml").lines[0]

    assert "sides" not in line.model_dump()


SIDE = (
    'sides = [ { id = "side", joins = "main", length = "2 m", speed = "2 m/s", count = "500 um", board = "io-side",'
    ' beams = [ { id = "side-in", channel = 8, position = "300 mm" } ] } ]\n'
)
BOARD = (
    '[[devices]]\nid = "io-side"\nkind = "io-board"\nattach = { kind = "serial", port = "/dev/hub/s", baud = 250000 }\n'
    'inputs = [ { channel = 8, use = "beam" }, { channel = 7, use = "encoder" } ]\n\n'
)
