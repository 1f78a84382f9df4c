"""Pictures of a simulated run: the figures behind them, which windows are chosen, and that they are drawn."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plots import need_matplotlib

from simulators import commands
from simulators.bench import Happened
from simulators.parcels import stream
from simulators.plots import album, options
from simulators.plots.album import Album, Wanted, assignments, first_clean, first_exception
from simulators.plots.belt_picture import draw_scene
from simulators.plots.figures import Cause, calibration, causes, pairs_of, upper_bound
from simulators.plots.scene import LOST, Fate, Mark, Scene, fates, scene_of, side_beams
from simulators.simulate import Simulation, simulate
from simulators.task import Placed

SEED = 11
PARCELS = 110


@dataclass
class Run:
    report: dict[str, Any]
    album: Album
    simulation: Simulation

    def scene(self, since: float, until: float) -> Scene:
        assert self.album.witness is not None
        plant = self.simulation.hub.lines[0]
        events, bodies = self.simulation.hub.events, plant.conveyor.bodies
        return scene_of(plant.line, self.album.witness.told, events, bodies, (since, until))


@pytest.fixture(scope="module")
def run() -> Run:
    """Of a bench and a belt: parcels without a readable label and two that touch; nothing is drawn."""
    watched = Album(Wanted(Path("nowhere")))
    report, _ = simulate(SEED, PARCELS, scenario="demo", album=watched)
    assert watched.simulation is not None
    return Run(report, watched, watched.simulation)


# Figures --------------------------------------------------------------------------------------------


def test_assignments_are_counted_by_the_decade_of_their_stated_doubt() -> None:
    pairs = [(999_990, True)] * 300 + [(999_000, True)] * 98 + [(999_000, False)] * 2 + [(1_000_000, True)]
    surest, sure, doubtful = calibration(pairs)

    assert [one.low_ppm for one in (surest, sure, doubtful)] == [1, 10, 1_000]
    assert (sure.count, sure.wrong, sure.upper, sure.told) == (300, 0, 0.01, "0 of 300")
    assert (doubtful.count, doubtful.wrong, doubtful.observed) == (100, 2, 0.02)
    assert doubtful.stated == pytest.approx(1e-3)
    assert doubtful.upper > doubtful.observed


@pytest.mark.parametrize(
    ("wrong", "count", "bound"),
    [(0, 1_000_000, 3e-6), (0, 2, 1.0), (1, 10, 0.3942), (2, 100, 0.0616), (5, 1_000, 0.01048), (7, 7, 1.0)],
)
def test_a_bound_is_that_of_the_tables(wrong: int, count: int, bound: float) -> None:
    assert upper_bound(wrong, count) == pytest.approx(bound, rel=2e-3)


def test_an_assignment_is_right_if_every_identifier_is_on_the_parcel() -> None:
    mine, other = [parcel for parcel in stream(1, 12) if parcel.trouble == "ok"][:2]
    happened = [
        Happened(mine.number, (), (), Placed("G9", "green", "v1", 0), None),  # type: ignore[arg-type]  # an instant
        Happened(other.number, (), (), None, "v2"),
    ]
    parcels = {mine.number: mine, other.number: other}

    def measured(visit: str, code: str, line: str = "l1") -> dict[str, Any]:
        told = {"data": code, "chk": True}
        return {
            "line": line, "kind": "parcel.measured", "visit": visit, "codes": [told],
            "assoc": {"p_ppm": 999_000, "rivals": 0},
        }  # fmt: skip

    own, wrong = mine.items[0].data, other.items[0].data
    events = [measured("v1", own), measured("v1", wrong), measured("v3", own), measured("v1", wrong, "l2")]

    assert pairs_of(events, happened, parcels, "l1") == ([(999_000, True), (999_000, False)], 1)


def test_causes_are_counted_by_who_held_and_the_most_frequent_come_first() -> None:
    known = [
        Fate("hold", "no_read", own_hold=True), Fate("hold", "no_read", own_hold=True), Fate("manual", "prohibited"),
        Fate("hold", "no_read"), Fate(LOST), Fate("green"), Fate(),
    ]  # fmt: skip

    assert causes(known, frozenset({"green"})) == [
        Cause("no_read", 2, 1), Cause("lost track", 1, 0), Cause("prohibited", 0, 1),
    ]  # fmt: skip


# A run that was watched -----------------------------------------------------------------------------


def test_a_witness_changes_nothing(run: Run) -> None:
    report, _ = simulate(SEED, PARCELS, scenario="demo")

    assert report["digest"] == run.report["digest"]


def test_every_measurement_of_the_run_is_judged(run: Run) -> None:
    pairs, unknown = assignments(run.simulation)
    measured = [data for data in run.simulation.hub.events if data["kind"] == "parcel.measured"]

    assert len(pairs) + unknown == len(measured) > 80
    assert all(right for _, right in pairs)  # as the report says: no wrong identity
    assert run.report["truth"]["wrong_identity"] == 0


def test_the_causes_are_those_of_the_report(run: Run) -> None:
    told = causes(fates(run.simulation.hub.events).values(), frozenset({"green"}))
    where = run.report["parcels"]

    touching = 1  # two parcels, one visit
    assert sum(one.count for one in told) == where["entered"] - where["departed"] - touching


def test_the_first_exception_and_the_first_clean_stretch_are_found(run: Run) -> None:
    hub = run.simulation.hub
    found = first_exception(hub.events, hub.config.lines)
    assert found is not None
    line, at, fate = found

    assert (line.id, fate.own_hold, fate.word) == ("l1", True, "hold: no_read")
    clean = first_clean(hub.events, line, 3.0)
    assert clean is not None
    assert {band.fate.lane for band in run.scene(clean, clean + 3).bands} == {"green"}
    assert first_clean(hub.events, line, at + 1000) is None


def test_a_band_runs_from_the_first_beam_to_the_beam_of_its_lane(run: Run) -> None:
    scene = run.scene(2, 60)
    beams = {beam.id: beam.position_um / 1e6 for beam in scene.line.beams}
    band = next(one for one in scene.bands if one.fate.lane == "green" and one.times[0] > 3)

    assert band.fronts[0] == beams["in"]
    assert band.fronts[-1] == beams["green"]
    assert band.times == sorted(band.times)
    assert all(front >= rear for front, rear in zip(band.fronts, band.rears, strict=True))
    assert (band.times[-1], beams["green"], "green") in scene.exits
    assert any(abs(push.at - band.times[-1]) < 2 and push.lane == "green" for push in scene.pushes)


def test_a_parcel_of_a_side_belt_is_drawn_from_the_beam_that_saw_it_there() -> None:
    watched = Album(Wanted(Path("nowhere")))
    simulate(7, 24, scenario="line-merge", album=watched)
    assert watched.simulation is not None
    scene = Run({}, watched, watched.simulation).scene(2, 30)
    bodies = watched.simulation.hub.lines[0].conveyor.bodies
    aside = [body for body in bodies if body.fed]
    (beam,) = side_beams(scene.line)
    place = beam.position_um / 1e6

    begun = [band for band in scene.bands if band.fronts[0] == place]
    assert len(begun) == len(aside) > 3
    for band in begun:
        assert band.rears[:2] == [place, place]
        assert band.fronts[1] - place == pytest.approx(band.fronts[2] - band.rears[2])
    assert {y for _, y, _ in scene.edges} >= {place}


def test_a_reading_is_drawn_to_the_parcel_that_got_it(run: Run) -> None:
    scene = run.scene(2, 60)
    codes = [mark for mark in scene.marks if mark.kind == "code"]
    unread = [mark for mark in scene.marks if mark.kind == "no read"]

    assert len(codes) > 40
    assert all(mark.owner is not None and mark.refused is None for mark in codes)
    assert unread
    assert all(mark.owner is None and mark.refused == "no_read" and len(mark.rivals) == 1 for mark in unread)
    assert {mark.place for mark in (*codes, *unread)} == {scene.line.readers[0].position_um / 1e6}


def test_parcels_with_a_fault_have_their_true_path(run: Run) -> None:
    scene = run.scene(2, 60)

    assert any("touching" in path.faults for path in scene.truths)
    for path in scene.truths:
        assert list(path.places) == sorted(path.places)


# Drawing --------------------------------------------------------------------------------------------


def test_pictures_are_written_as_png_and_svg(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_matplotlib()
    report = tmp_path / "report.json"
    words = [
        "demo",
        "--seed",
        "11",
        "--parcels",
        "60",
        "--plot",
        str(tmp_path / "new"),
        "--report",
        str(report),
    ]

    assert commands.simulate(words) == 0
    names = ["belt-l1-exception", "calibration", "exceptions"]
    files = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert {f"{name}.{kind}" for name in names for kind in ("png", "svg")} <= set(files)
    assert capsys.readouterr().err.count("drawn: ") == len(files)
    assert (tmp_path / "new" / "exceptions.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "new" / "calibration.svg").read_text()
    assert json.loads(report.read_text())["digest"].startswith("sha256:")


def test_a_window_that_is_asked_for_is_drawn(tmp_path: Path) -> None:
    need_matplotlib()
    words = [
        "demo",
        "--seed",
        "11",
        "--parcels",
        "30",
        "--plot",
        str(tmp_path),
        "--plot-from",
        "4",
        "--plot-seconds",
        "6",
    ]

    commands.simulate([*words, "--report", str(tmp_path / "r.json")])
    assert (tmp_path / "belt-l1-4s.png").exists()


def test_without_matplotlib_one_sentence_says_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "can_draw", lambda: False)

    with pytest.raises(SystemExit, match="2"):
        commands.simulate(["demo", "--plot", str(tmp_path / "new")])
    assert "./hub --plots simulate" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plot-from", "-1"], "--plot-from is -1; 0 or more"),
        (["--plot-from", "nan"], "--plot-from is nan"),
        (["--plot-line", "l9", "--parcels", "1"], "--plot-line is l9; the lines of demo are ['l1']"),
        (["--plot-seconds", "0"], "--plot-seconds is 0; more than 0"),
    ],
)
def test_a_window_that_can_not_be_is_refused(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(options, "can_draw", lambda: True)

    with pytest.raises(SystemExit, match="2"):
        commands.simulate(["demo", "--plot", str(tmp_path), *words])
    assert said in capsys.readouterr().err


def test_a_run_of_benches_alone_has_its_two_charts(tmp_path: Path) -> None:
    need_matplotlib()
    watched = album.Album(Wanted(tmp_path))
    simulate(5, 20, scenario="bench", album=watched)

    assert [path.stem for path in watched.draw()] == [
        "exceptions",
        "exceptions",
        "calibration",
        "calibration",
    ]


def test_what_is_grey_is_said_and_reasons_that_would_lie_over_each_other_are_left_out(run: Run) -> None:
    need_matplotlib()
    scene = run.scene(0, 20)
    scene.marks = [
        Mark("fault", at, 1.5, refused="late_weight", owner=None, rivals=()) for at in (3.0, 3.1, 9.0)
    ]
    figure = draw_scene(scene, "a belt")
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    words = [text.get_text() for text in figure.axes[0].texts]

    assert scene.stood
    assert "nothing counted: it stands, or encoder or board is off" in told
    assert words.count("late_weight") == 2
