"""Draws a scene of a belt. Colours are those of Okabe and Ito, told apart by colour-blind eyes; each has a word too."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from simulators.plots.scene import IN_WORK, LOST, UM, Band, Mark, Scene, TruePath, side_beams

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = {
    "green": "#009E73", "hold": "#D55E00", "manual": "#0072B2", "xray": "#56B4E9", "return": "#CC79A7",
    "custody": "#B8860B", "recirculate": "#F0E442", LOST: "#000000", IN_WORK: "#8C8C8C",
}  # fmt: skip
TROUBLE: Final = "#C0006B"
"""Of readings that became nobody's."""
GRID: Final = "#B4B4B4"
FOCUS_S: Final = 2.6
"""Half the width of the close look."""
LABELS_APART: Final = 0.034
"""Of the axes' height, between two names at the right."""
WORDS_APART: Final = 0.0095
"""Of the picture's width, between two words in a row."""
REASON_APART: Final = 0.05
"""The same between two reasons, which are written upright."""
REASONS_MAX: Final = 14
"""Refused readings whose reason is written beside them; with more, marks alone."""
TOP_M: Final = 2.4
"""Room above it for the lanes."""
ENTRY_M: Final = 1.0
"""A parcel that begins behind it is named nowhere at the foot."""
BELOW_M: Final = 1.25
"""Room under the belt for the codes."""


def draw_scene(scene: Scene, title: str, focus: float | None = None) -> "Figure":
    """`focus`: an instant that is looked at closely beside it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9), dpi=110, layout="constrained")
    top = max(beam.position_um for beam in scene.line.beams) / UM + TOP_M
    if focus is None:
        _panel(figure.subplots(), scene, (scene.since, scene.until), (-BELOW_M, top), names=True)
    else:
        main, close = figure.subplots(1, 2, width_ratios=(2.5, 1))
        _panel(main, scene, (scene.since, scene.until), (-BELOW_M, top), names=True)
        scale = scene.line.beam(scene.line.scale.beam).position_um / UM
        main.axvspan(focus - FOCUS_S, focus + FOCUS_S, color="#F0E442", alpha=0.13, zorder=0)
        _panel(close, scene, (focus - FOCUS_S, focus + FOCUS_S), (-0.45, scale + 0.9), names=True)
        close.set_title("close look (shaded on the left)", fontsize=9)
        close.set_ylabel("")
    figure.suptitle(title, fontsize=11)
    _legend(figure, scene)
    return figure


def _panel(
    axes: "Axes", scene: Scene, span: tuple[float, float], heights: tuple[float, float], *, names: bool
) -> None:
    axes.set_xlim(*span)
    axes.set_ylim(*heights)
    axes.set_xlabel("simulated time [s]")
    axes.set_ylabel("place along the belt [m]")
    _belt(axes, scene, heights, names=names)
    for low, high in scene.stood:
        axes.axvspan(low, high, color="#DDDDDD", hatch="//", alpha=0.5, zorder=0)
    width = axes.get_position().width
    entered, left = Row(span, width), Row(span, width)
    for band in sorted(scene.bands, key=lambda one: one.fate.reason is None):  # exceptions are named first
        _band(axes, band, span, heights, entered, left)
    for path in scene.truths:
        axes.plot(path.times, path.places, ":", color="black", lw=1.2, zorder=4)
        _name_faults(axes, path, span, heights)
    covered = [(t, y) for t, y, on in scene.edges if on]
    free = [(t, y) for t, y, on in scene.edges if not on]
    _dots(axes, covered, "#333333")
    _dots(axes, free, "white")
    for push in scene.pushes:
        colour = COLOURS.get(push.lane, "black")
        axes.plot(
            [push.at, push.at + push.lasts],
            [push.place] * 2,
            color=colour,
            lw=5,
            alpha=0.9,
            solid_capstyle="butt",
            zorder=5,
        )
    for at, place, lane in scene.exits:
        axes.plot([at], [place], "*", color=COLOURS.get(lane, "black"), ms=10, mec="black", mew=0.5, zorder=6)
    refused = [mark for mark in scene.marks if mark.refused is not None and _in(mark.at, span)]
    rows: dict[float, Row] = {}
    for mark in scene.marks:
        row = rows.setdefault(mark.place, Row(span, width, REASON_APART))
        _mark(axes, mark, row if len(refused) <= REASONS_MAX else None)


def _name_faults(
    axes: "Axes", path: TruePath, span: tuple[float, float], heights: tuple[float, float]
) -> None:
    """Along the path, between two beams, where nothing else is written."""
    points = list(zip(path.times, path.places, strict=True))
    spots = [
        (t0 * 0.7 + t1 * 0.3, y0 * 0.7 + y1 * 0.3, math.degrees(math.atan2(y1 - y0, t1 - t0)))
        for (t0, y0), (t1, y1) in pairwise(points)
    ]
    inside = [one for one in spots if _in(one[0], span) and _in(one[1], heights)]
    if inside:
        t, y, angle = inside[-1]
        axes.text(
            t, y, f"{', '.join(path.faults)} ", fontsize=7, style="italic", ha="left", va="bottom", rotation=angle,
            rotation_mode="anchor", transform_rotates_text=True, zorder=7, clip_on=True,
        )  # fmt: skip


def _in(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]


def _paper() -> dict[str, object]:
    return {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}


def _dots(axes: "Axes", points: Sequence[tuple[float, float]], face: str) -> None:
    axes.scatter(
        [t for t, _ in points],
        [y for _, y in points],
        s=9,
        c=face,
        edgecolors="#333333",
        linewidths=0.6,
        zorder=5,
    )


def _belt(axes: "Axes", scene: Scene, heights: tuple[float, float], *, names: bool) -> None:
    """What stands along it, and its names at the right."""
    line = scene.line
    inside = {one.beam for one in line.diverters}
    told: list[tuple[float, str]] = []
    for beam in line.beams:
        place = beam.position_um / UM
        axes.axhline(place, color=GRID, lw=0.8, ls=(0, (4, 3)) if beam.id in inside else "-", zorder=1)
        scale = "".join(f", {one.device}" for one in line.recorders if one.beam == beam.id)
        told.append((place, f"beam {beam.id}{scale}{' (in its lane)' if beam.id in inside else ''}"))
    for beam in side_beams(line):
        place = beam.position_um / UM
        axes.axhline(place, color=GRID, lw=0.8, ls=(0, (1, 3)), zorder=1)
        told.append((place, f"beam {beam.id} (side belt)"))
    for reader in line.readers:
        place, reach = reader.position_um / UM, reader.window_um / UM
        axes.axhspan(place - reach, place + reach, color="#56B4E9", alpha=0.22, lw=0, zorder=0)
        told.append((place, f"reader {reader.device}"))
    for gate in line.diverters:
        axes.axhline(gate.position_um / UM, color=COLOURS.get(gate.lane, "black"), lw=1, ls=":", zorder=1)
        told.append((gate.position_um / UM, f"diverter {gate.id} to {gate.lane}"))
    if not names:
        return
    height, last = heights[1] - heights[0], -1.0
    for place, name in sorted(told):
        if _in(place, heights):
            last = max((place - heights[0]) / height, last + LABELS_APART)
            axes.annotate(
                name, (1, (place - heights[0]) / height), (1.015, last), xycoords="axes fraction", fontsize=8,
                va="center", arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GRID}, annotation_clip=False,
            )  # fmt: skip


class Row:
    """Words in a row: one that would be written over another is left out."""

    def __init__(self, span: tuple[float, float], width: float, apart: float = WORDS_APART) -> None:
        """`width`: of the axes, `apart`: between two words, as shares of the picture's."""
        self._apart = (span[1] - span[0]) * apart / width
        self._taken: list[float] = []

    def has_room(self, at: float) -> bool:
        free = all(abs(at - other) >= self._apart for other in self._taken)
        if free:
            self._taken.append(at)
        return free


def _band(
    axes: "Axes", band: Band, span: tuple[float, float], heights: tuple[float, float], entered: Row, left: Row
) -> None:
    colour = COLOURS.get(band.fate.lane, "black")
    axes.fill_between(band.times, band.rears, band.fronts, color=colour, alpha=0.33, lw=0, zorder=2)
    axes.plot(band.times, band.fronts, color=colour, lw=0.9, zorder=3)
    axes.plot(band.times, band.rears, color=colour, lw=0.6, zorder=3)
    words: dict[str, Any] = {"fontsize": 7, "rotation": 60, "zorder": 7, "clip_on": True}
    begun = band.times[0]
    if _in(begun, span) and band.fronts[0] < ENTRY_M and entered.has_room(begun):
        axes.text(begun, -0.02, band.label, color="#222222", ha="right", va="top", **words)
    ended = None if band.fate.ended_us is None else band.fate.ended_us / UM
    if ended is None or not _in(ended, span) or not _in(band.fronts[-1], heights) or not left.has_room(ended):
        return
    weight = "normal" if band.fate.reason is None else "bold"
    axes.text(
        ended, band.fronts[-1] + 0.12, band.fate.word, color=colour, ha="left", va="bottom",
        fontweight=weight, **words,
    )  # fmt: skip


def _mark(axes: "Axes", mark: Mark, reasons: Row | None) -> None:
    """`reasons`: those written at its place; None: none is."""
    shapes = {"code": "D", "weight": "^", "box": "h", "no read": "s", "fault": "X"}
    good = mark.refused is None
    if mark.owner is not None:
        axes.plot([mark.at] * 2, [mark.place, mark.owner], color="black", lw=1, zorder=5)
    for rival in mark.rivals:
        axes.plot([mark.at] * 2, [mark.place, rival], color=TROUBLE, lw=1, ls="--", zorder=5)
    shape = shapes[mark.kind] if good or mark.kind == "no read" else "X"
    face = "#F0E442" if good else TROUBLE if mark.kind != "no read" else "white"
    axes.plot(
        [mark.at],
        [mark.place],
        shape,
        ms=5.5 if good else 7,
        mfc=face,
        mec="black" if good else TROUBLE,
        mew=0.8,
        zorder=6,
    )
    if not good and mark.kind != "no read" and reasons is not None and reasons.has_room(mark.at):
        axes.annotate(
            str(mark.refused), (mark.at, mark.place), (6, -10), textcoords="offset points", fontsize=7,
            color=TROUBLE, zorder=7, clip_on=True, annotation_clip=True, bbox=_paper(),
        )  # fmt: skip


def _legend(figure: "Figure", scene: Scene) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lanes = list(dict.fromkeys(band.fate.lane for band in scene.bands))
    handles: list[object] = [
        Patch(fc=COLOURS.get(lane, "black"), alpha=0.5, label=_in_words(lane)) for lane in lanes
    ]

    def point(shape: str, face: str, edge: str, label: str) -> Line2D:
        return Line2D([], [], ls="", marker=shape, mfc=face, mec=edge, ms=6, label=label)

    handles += [
        point("o", "#333333", "#333333", "beam covered"), point("o", "white", "#333333", "beam free"),
        point("D", "#F0E442", "black", "code, line to its parcel"),
        point("^", "#F0E442", "black", "weight, line to its parcel"),
        *([] if scene.line.dimensioner is None else [point("h", "#F0E442", "black", "box, line to its parcel")]),
        point("X", TROUBLE, TROUBLE, "reading of nobody, or a fault"),
        point("s", "white", TROUBLE, "reader saw no code"),
        Line2D([], [], color=TROUBLE, ls="--", label="in view, got no reading"),
        Line2D([], [], color="#555555", lw=5, label="diverter out"), point("*", "#AAAAAA", "black", "seen in its lane"),
        Line2D([], [], color="black", ls=":", label="true front of a parcel with a fault"),
    ]  # fmt: skip
    if scene.stood:
        handles.append(
            Patch(
                fc="#DDDDDD",
                hatch="//",
                alpha=0.5,
                label="nothing counted: it stands, or encoder or board is off",
            )
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=7, fontsize=8, frameon=False)


def _in_words(lane: str) -> str:
    return {LOST: "lost track of", IN_WORK: "still on the belt"}.get(lane, f"went to {lane}")
