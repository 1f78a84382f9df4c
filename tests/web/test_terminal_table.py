"""The hub as a table in a terminal: the same state as the pages, to scale, and never a word that is obeyed."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from web_views import LINES, QUEUE, TRUTH, VIEWS, Says, floor_hub

from edge.core.snapshot import Balance
from edge.web.floor.layout import floor_layout
from edge.web.state import page_state
from edge.web.terminal import STRIP_MAX, STRIP_MIN, hub_table, tail
from hub_config.i18n import texts

WORDS = texts("en")
LAYOUT = json.loads(json.dumps(floor_layout(floor_hub())))


def state_of(source: Says) -> dict[str, Any]:
    told = page_state(floor_hub(), source.snapshot(), source.events(), source.truth(), revision=1)
    return dict(json.loads(json.dumps(told)))


def drawn(
    source: Says, width: int = 120, layout: dict[str, Any] | None = LAYOUT, encoding: str = "utf-8"
) -> str:
    from rich.console import Console

    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
    Console(file=out, width=width, highlight=False).print(hub_table(state_of(source), layout))
    out.flush()
    return raw.getvalue().decode(encoding)


def belt_of(text: str) -> str:
    return next(line for line in text.splitlines() if line.count("─") > 20 and "┼" in line)


@pytest.mark.parametrize("name", LINES)
def test_a_line_tells_its_state_its_parcels_and_its_lanes(name: str) -> None:
    view = LINES[name]
    text = drawn(Says(lines=(view,), known=TRUTH))

    assert WORDS[f"line.{view.state}"] in text
    assert WORDS[f"board.{view.board}"] in text
    for lane in view.lanes:
        assert lane.bay in text
        assert str(lane.count) in text
    for kind, whose in view.wrong:
        assert WORDS[f"floor.{kind}"].format(device=whose) in text
    assert (WORDS["floor.network_away"] in text) == view.network_away
    assert (WORDS["floor.trouble"] in text) == view.trouble


def test_the_hold_queue_is_listed_in_its_order() -> None:
    text = drawn(Says(lines=(LINES["flow"],), queue=QUEUE))
    rows = [line.split() for line in text.splitlines() if "Bring it" in line or "Agency" in line]

    assert [row[0] for row in rows] == [
        place.code for place in QUEUE.places if place.waits_for in (None, "agency:fda")
    ]
    assert WORDS["queue.relief"] in rows[0]
    assert "12 min" in text


@pytest.mark.parametrize("width", [80, 120, 160])
def test_the_belt_is_drawn_to_scale(width: int) -> None:
    belt = belt_of(drawn(Says(lines=(LINES["flow"],)), width))

    line = floor_hub().lines[0]
    per_um = (width - 1) / line.belt.length_um
    assert len(belt) == width - 1
    assert belt.index("✓") == pytest.approx(7_640_000 * per_um, abs=1)
    assert belt.index("┼") == pytest.approx(line.belt_beams[0].position_um * per_um, abs=1)
    marks = [sign for sign in dict.fromkeys(belt) if sign in "□…✓‖◆!?"]
    assert marks == ["□", "…", "?", "!", "✓", "◆", "‖"]


@pytest.mark.parametrize(("width", "strip"), [(10, STRIP_MIN), (500, STRIP_MAX)])
def test_a_strip_has_its_bounds(width: int, strip: int) -> None:
    belt = belt_of(drawn(Says(lines=(LINES["empty"],)), width)) if width > STRIP_MIN else ""

    assert len(belt) in (0, strip)
    drawn(Says(lines=(LINES["dense"],)), width)


def test_a_parcel_off_the_belt_is_drawn_at_its_edge() -> None:
    items = (replace(LINES["flow"].items[0], front_um=99_000_000, rear_um=98_000_000),)
    belt = belt_of(drawn(Says(lines=(replace(LINES["flow"], items=items),))))

    assert belt.endswith("‖")


def test_where_a_parcel_is_bound_stands_above_it() -> None:
    text = drawn(Says(lines=(LINES["flow"],)))

    assert "6785→G9" in text
    assert "2345→M9" in text


def test_labels_of_a_crowded_belt_are_left_out_where_they_would_touch() -> None:
    labels = next(
        line for line in drawn(Says(lines=(LINES["dense"],)), 80).splitlines() if line.count("→") > 3
    )

    assert all(len(label.split("→")[0]) == 4 for label in labels.split())


def test_a_terminal_of_ascii_gets_marks_it_can_show() -> None:
    text = drawn(Says(lines=(LINES["flow"],)), encoding="ascii")

    belt = next(line for line in text.splitlines() if line.count("-") > 20 and "|" in line)
    assert {"o", ".", "v", "=", "#", "!"} <= set(belt)
    assert "6785>G9" in text


def test_without_a_layout_the_parcels_are_drawn_and_the_parts_are_not() -> None:
    text = drawn(Says(lines=(LINES["flow"],)), layout=None)

    assert "✓✓" in text
    assert "tunnel-1" not in text


@pytest.mark.parametrize("name", VIEWS)
def test_a_bench_says_what_its_screen_says(name: str) -> None:
    view = VIEWS[name]
    text = drawn(Says(view=view), 200)

    assert WORDS[f"state.{view.state}"] in text
    where = {"bay": view.bay or "–", "device": view.device or "–"}
    assert WORDS[f"instruction.{view.instruction}"].format(**where) in text
    assert (view.code or "–") in text


def test_a_gateway_with_lines_and_no_bench_has_a_table() -> None:
    assert "Line 1" in drawn(Says(lines=(LINES["flow"],), benches=()))


def test_books_and_truth_say_what_is_wrong() -> None:
    good = drawn(Says(known=TRUTH))
    assert "120 = 118 + 2" in good
    assert good.count(WORDS["truth.holds"]) == 2
    assert "93.3 %" in good

    bad = drawn(Says(balance=Balance(120, 118, (("no_read", 1),)), known=None))
    assert WORDS["truth.broken"] in bad
    assert WORDS["truth.wrong_release"] not in bad


def test_what_a_label_says_is_neither_markup_nor_an_order_to_the_terminal() -> None:
    hostile = "[bold red]\x1b[2J\x07[/]"
    items = tuple(replace(item, code=hostile) for item in LINES["flow"].items)
    lanes = tuple(replace(lane, code=hostile) for lane in LINES["flow"].lanes)
    line = replace(LINES["flow"], items=items, lanes=lanes)
    text = drawn(Says(lines=(line,), view=replace(VIEWS["hold"], code=hostile)), 200)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold red]�[2J�[/]" in text


@pytest.mark.parametrize(
    ("code", "shown"),
    [("RB123456785GB", "6785"), ("003123456789012345", "2345"), ("ABCDEF", "CDEF"), ("", ""), (None, "–")],
)
def test_the_end_of_a_code_is_what_staff_compare(code: str | None, shown: str) -> None:
    assert tail(code) == shown
