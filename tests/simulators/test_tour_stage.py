"""The tour's stage, what is shown of it, and how chapters are played on it: without a hub and without waiting."""

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from byte_line import one_line
from rich.console import Console

from hub_config.names import Instant
from simulators.demo_hub import DemoHub, Gone
from simulators.parcels import stream
from simulators.tour import play as playing
from simulators.tour.chapters import CHAPTERS, Chapter
from simulators.tour.close_pair import arranged
from simulators.tour.look import BodyNow, Books, Look, belt_of, matched, truth_of
from simulators.tour.parcel_chapters import note_claims
from simulators.tour.play import ClaimFailed, Play, TourStopped, claim
from simulators.tour.run import outcome, play_chapter
from simulators.tour.stage import LINE_CHARS_MAX, LINES_MAX, Drawing, Stage, Truth
from simulators.tour.table import strip_of, tour_table

LINE = one_line().lines[0]
PARCELS = stream(1, 60)
NO_LOOK = Look(None, (), (), Books())


def body(number: int, front_mm: int, **more: Any) -> BodyNow:
    facts = {"lane": None, "bay": None, "branch_um": None, "entered": Instant(1)} | more
    return BodyNow(
        number=number, code=f"code-{number}", front_um=front_mm * 1_000, length_um=160_000, **facts
    )


def item(number: int, front_mm: int, **more: Any) -> dict[str, Any]:
    facts = {"state": "hold", "reasons": ["assoc_low"], "lane": "hold", "code": None, "in_doubt": []}
    return (
        {"number": number, "front_um": front_mm * 1_000, "rear_um": front_mm * 1_000 - 160_000} | facts | more
    )


def page(*items: dict[str, Any], at: int = 0) -> dict[str, Any]:
    return {"lines": [{"at_ns": at, "speed_um_s": 1_500_000, "items": list(items)}]}


# The stage ------------------------------------------------------------------------------------------


def test_a_stage_shows_one_whole_value_and_ends_with_every_outcome() -> None:
    stage = Stage(["first", "second"])
    before = stage.shown
    stage.begin(0, "what happens")
    stage.close("it held", held=True)
    stage.begin(1, "and then")
    stage.close("it did not", held=False)
    stage.end("over")

    assert before["chapter"] is None, "a value that was read does not change"
    assert [one["state"] for one in stage.shown["chapters"]] == ["held", "failed"]
    assert stage.shown["drawing"]["lines"] == ["first: it held", "second: it did not"]
    assert (stage.shown["ended"], stage.shown["caption"]) == (True, "over")


def test_lines_of_a_drawing_are_cut_at_their_bounds() -> None:
    told = Drawing("why", {}, ("x" * (LINE_CHARS_MAX + 1),) * (LINES_MAX + 1)).as_json()

    assert len(told["lines"]) == LINES_MAX
    assert {len(one) for one in told["lines"]} == {LINE_CHARS_MAX}


def test_the_strip_marks_what_must_not_be_and_says_what_nobody_knows_yet() -> None:
    assert [one[1:] for one in strip_of(Truth().as_json())] == [
        ("0", False), ("–", False), ("–", False), ("0 of 0", False),
    ]  # fmt: skip
    assert [one[1:] for one in strip_of(Truth(1, 2, 3, 4, 5).as_json())] == [
        ("1", True), ("2", True), ("3", False), ("4 of 5", False),
    ]  # fmt: skip


def test_the_table_has_caption_drawing_outcome_and_strip_and_obeys_no_text() -> None:
    stage = Stage([chapter.title for chapter in CHAPTERS])
    stage.begin(1, CHAPTERS[1].caption)
    stage.drawing = Drawing("pair", {}, ("a label says \x1b[31m this",))
    stage.close("both held", held=True)
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=False).print(tour_table(stage, ["the tour: here"]))
    said = out.getvalue()

    for wanted in ("the tour: here", CHAPTERS[1].caption, "both held", "wrong releases", "7 Why?"):
        assert wanted in said
    assert "\x1b" not in said


# One look -------------------------------------------------------------------------------------------


def test_a_body_gets_the_item_at_its_place_moved_on_and_none_that_is_farther() -> None:
    told = page(item(7, 1_000), item(8, 3_000))
    # 200 ms later the belt has moved 300 mm on.
    bodies = matched([body(21, 1_310), body(22, 2_000), body(23, 3_290)], told, Instant(200_000_000))

    assert [one.item and one.item["number"] for one in bodies] == [7, None, 8]


def test_a_body_that_has_left_has_no_item() -> None:
    (left,) = matched([body(21, 1_000, lane="green")], page(item(7, 1_000)), Instant(0))

    assert left.item is None


def test_the_truth_counts_from_where_parcels_are_and_from_both_books() -> None:
    known = {one.number: one for one in PARCELS}
    right = next(one.number for one in PARCELS if one.releasable)
    wrong = next(one.number for one in PARCELS if not one.releasable)
    held = next(one.number for one in PARCELS if one.releasable and one.number != right)
    gone = (Gone(right, "green", "G9"), Gone(wrong, "green", "G9"), Gone(held, "hold", "H9"))

    assert truth_of(Look(None, (), gone, Books(10, 8, 7)), known) == Truth(1, 1, 2, 1, 2)
    assert truth_of(Look(None, (), gone, Books(10, 8, 9)), known).lost == 0
    assert truth_of(Look(None, (), (), Books()), known) == Truth(0, None, None, 0, 0)


def test_the_belt_shows_what_lies_on_it_in_the_gateways_states() -> None:
    bodies = (body(1, 900), body(2, -50), body(3, 9_000, lane="green"))
    told = belt_of(
        LINE, Look(page(item(7, 900)), matched(bodies, page(item(7, 900)), Instant(0)), (), Books())
    )

    assert [(one["number"], one["state"]) for one in told["items"]] == [(1, "hold")]
    assert {one["kind"] for one in told["parts"]} == {"beam", "reader", "diverter"}


def test_claims_are_kept_when_one_of_the_pair_is_out_of_sight() -> None:
    doubt = [{"code": "CODE", "claims": [{"number": 8, "p_ppm": 510_000}, {"number": 7, "p_ppm": 480_000}]}]
    both = (
        body(21, 3_000, item=item(7, 3_000)),
        body(22, 2_780, item=item(8, 2_780, in_doubt=doubt)),
    )
    items: dict[int, int] = {}
    claims: dict[str, dict[int, int]] = {}
    note_claims(Look(None, both, (), Books()), (21, 22), items, claims)
    note_claims(Look(None, both[1:], (), Books()), (21, 22), items, claims)

    assert claims == {"CODE": {22: 510_000, 21: 480_000}}


# Playing --------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.ended = False

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.ended


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def play(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Over a hub of which nothing is seen."""
    monkeypatch.setattr(playing, "look", lambda _: NO_LOOK)
    conveyor = SimpleNamespace(line=LINE)
    hub = SimpleNamespace(
        check_alive=lambda: None,
        write_truth=lambda: None,
        parcels=PARCELS,
        line=SimpleNamespace(conveyor=conveyor),
    )
    _, pairs = arranged(1, PARCELS, [(21, 22)])
    stage = Stage(["only"])
    return Play(cast(DemoHub, hub), stage, pairs, 1.0, lambda: clock.now, clock.wait, folder=tmp_path)


def chapter(act: Callable[[Play], str]) -> Chapter:
    return Chapter("only", "a caption", act, 10)


def test_a_chapter_that_shows_its_claim_is_held_and_lasts_as_long_as_it_says(
    play: Play, clock: Clock
) -> None:
    play_chapter(play, 0, chapter(lambda _: "as claimed"))

    assert (play.stage.states, play.stage.found) == (["held"], "as claimed")
    assert 10 <= clock.now < 11


def test_a_claim_that_fails_is_shown_and_the_tour_goes_on(play: Play) -> None:
    def act(_: Play) -> str:
        claim(False, "a parcel was released")
        return "never said"

    play_chapter(play, 0, chapter(act))

    assert (play.stage.states, play.stage.found) == (["failed"], "a parcel was released")


def test_what_does_not_come_in_time_is_a_failed_claim(play: Play, clock: Clock) -> None:
    with pytest.raises(ClaimFailed, match="the end of the backlog did not come within 3 s"):
        play.until(lambda _: False, 3, "the end of the backlog")

    assert 3 <= clock.now < 4


def test_ending_the_tour_ends_a_wait(play: Play, clock: Clock) -> None:
    clock.ended = True

    with pytest.raises(TourStopped):
        play.read(60)


def test_a_quicker_pace_shortens_reading_only(play: Play, clock: Clock) -> None:
    play.pace = 0.1
    play.read(10)

    assert clock.now < 2


def test_the_outcome_is_one_line() -> None:
    stage = Stage(["first", "second"])
    stage.begin(0, "")
    stage.close("so it is", held=True)
    stage.truth = Truth(0, 0, 3, 145, 230)

    assert outcome(stage) == (
        "tour: 1 of 2 chapters held; wrong releases 0, lost 0, pending 3, released 145 of 230 possible"
    )
