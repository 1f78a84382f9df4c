"""Plays the tour: starts the hub, plays the chapters one after the other, compares the books, and ends everything."""

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from edge.commands import EXIT_FAULTS, EXIT_OK
from hub_config.load import load
from simulators.broker import BrokerError
from simulators.demo_hub import DemoFailedError, DemoHub
from simulators.parcels import stream
from simulators.practice import EXAMPLE, shared_out
from simulators.tour.chapters import CHAPTERS, Chapter
from simulators.tour.close_pair import arranged
from simulators.tour.look import missing
from simulators.tour.page import TourPage
from simulators.tour.play import ClaimFailed, Play, TourStopped, claim
from simulators.tour.stage import Stage
from simulators.tour.table import TourTable

PARCELS: Final = 400
PACE: Final = 0.5
"""The default of --pace, at which the captions take their usual time; they never take longer."""
PAIR_AFTER: Final = 12
"""Parcels of the belt before the close pair, at that pace; fewer at a quicker one."""
PAIR_AFTER_MIN: Final = 5
PAIRS: Final = 3
PAIRS_APART: Final = 9
SETTLES_S: Final = 30.0
FOUND_S: Final = 4.0
"""What a chapter has shown stands at least so long."""
FAREWELL_S: Final = 8.0
"""The page shows the outcome so long before its server ends."""


def tour(args: argparse.Namespace, folder: Path, port: int, stopping: threading.Event) -> int:
    stage = Stage([chapter.title for chapter in CHAPTERS])
    pace = min(1.0, args.pace / PACE)
    parcels = stream(args.seed, PARCELS)
    config = load(EXAMPLE)
    share = shared_out(config, parcels)[config.lines[0].id]
    after = max(PAIR_AFTER_MIN, round(PAIR_AFTER * pace))
    begins = range(after, after + PAIRS * PAIRS_APART, PAIRS_APART)
    parcels, pairs = arranged(args.seed, parcels, [(share[at].number, share[at + 1].number) for at in begins])
    plans = {number: plan for pair in pairs for number, plan in pair.plans.items()}
    hub = DemoHub(
        folder, args.seed, PARCELS, web_port=port, pace=args.pace, broker=args.broker, rates_ppm={},
        line_rates_ppm={}, line_plans=plans,
    )  # fmt: skip
    hub.parcels = parcels
    play = Play(hub, stage, pairs, pace, time.monotonic, stopping.wait, folder=folder)
    with _page(stage, wanted=not args.headless) as address, TourTable(stage) as table:
        if address is not None:
            table.say(f"watch the tour:  {address}   (Ctrl-C ends it)")
        table.say(f"watch the floor: http://127.0.0.1:{port}/floor")
        play.show = table.show
        try:
            hub.start()
            held = _play_all(play, CHAPTERS)
            with suppress(TourStopped):
                play.read(FAREWELL_S)
        except TourStopped:
            return EXIT_OK
        except (BrokerError, DemoFailedError) as failed:
            table.say(f"hub demo: {failed}")
            return EXIT_FAULTS
        finally:
            hub.stop()
        table.close()
    print(outcome(stage))
    return EXIT_OK if held else EXIT_FAULTS


@contextmanager
def _page(stage: Stage, *, wanted: bool) -> Iterator[str | None]:
    if not wanted:
        yield None
        return
    page = TourPage(stage)
    address = page.start()
    try:
        yield address
    finally:
        page.stop()


def _play_all(play: Play, chapters: Sequence[Chapter]) -> bool:
    """Whether each has shown what it claims; one that has not does not end the tour."""
    for number, chapter in enumerate(chapters):
        play_chapter(play, number, chapter)
    play.drawn = None
    try:
        _compare_books(play)
    except ClaimFailed as failed:
        play.stage.end(f"The books do not agree: {failed}.")
        return False
    held = all(state == "held" for state in play.stage.states)
    said = "All seven held." if held else "Not everything held; see the marks above."
    play.stage.end(f"{said} Every acknowledged event is in the coordinator's book, id by id.")
    return held


def play_chapter(play: Play, number: int, chapter: Chapter) -> None:
    play.began, play.drawn = play.now(), None
    play.stage.begin(number, chapter.caption)
    try:
        found = chapter.play(play)
    except ClaimFailed as failed:
        play.stage.close(str(failed), held=False)
    else:
        play.stage.close(found, held=True)
    play.read(FOUND_S)
    play.read_until(chapter.seconds)


def _compare_books(play: Play) -> None:
    """All that is on the gateway's disk by now comes to be acknowledged, and the coordinator has every one of them."""
    through = play.look().books.journalled or 0
    play.until(lambda now: (now.books.acknowledged or 0) >= through, SETTLES_S, "the last acknowledgement")
    lost = missing(play.hub.gateway_data, play.hub.coordinator_database)
    claim(
        not lost,
        f"the coordinator does not have {len(lost)} acknowledged events, the first is seq {lost[:1]}",
    )
    claim(
        play.stage.truth.wrong_release == 0, f"{play.stage.truth.wrong_release} parcels were released wrongly"
    )


def outcome(stage: Stage) -> str:
    truth, held = stage.truth, sum(state == "held" for state in stage.states)
    return (
        f"tour: {held} of {len(stage.states)} chapters held; wrong releases {truth.wrong_release}, lost {truth.lost}, "
        f"pending {truth.pending}, released {truth.released} of {truth.possible} possible"
    )
