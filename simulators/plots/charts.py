"""Draws the exception Pareto and the calibration curve of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulators.plots.figures import PPM, Cause, Decade

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN: Final = "#D55E00"
DECIDED: Final = "#0072B2"
CAUSES_SHOWN: Final = 20
"""Rarer reasons are summed as one."""
LABEL_LEFT_FROM: Final = 5e-6
"""A label stands to the left of its mark, away from the line, where the axes have room for it."""
AXIS: Final = (5e-7, 1.0)


def draw_causes(causes: Sequence[Cause], visits: int, title: str) -> "Figure":
    from matplotlib.figure import Figure

    shown = list(causes[:CAUSES_SHOWN])
    rest = causes[CAUSES_SHOWN:]
    if rest:
        shown.append(
            Cause(f"{len(rest)} others", sum(one.own for one in rest), sum(one.decided for one in rest))
        )
    total = sum(one.count for one in shown)
    figure = Figure(figsize=(11, 6), dpi=110, layout="constrained")
    axes = figure.subplots()
    places = range(len(shown))
    own, decided = [one.own for one in shown], [one.decided for one in shown]
    axes.bar(places, own, color=OWN, label="held by the gateway itself, or lost track of")
    axes.bar(places, decided, bottom=own, color=DECIDED, hatch="//", ec="white", label="by a decision")
    for place, one in enumerate(shown):
        axes.text(place, one.count, f"{one.count}", ha="center", va="bottom", fontsize=9)
    axes.set_xticks(list(places), [one.reason for one in shown], rotation=35, ha="right")
    axes.set_ylabel("visits")
    axes.set_ylim(0, max(1, *(one.count for one in shown), 0) * 1.12 if shown else 1)
    share = axes.twinx()
    cumulative = [sum(one.count for one in shown[: n + 1]) / max(1, total) * 100 for n in places]
    share.plot(places, cumulative, "o-", color="black", ms=4, lw=1, label="cumulative share")
    share.set_ylim(0, 112)
    share.set_yticks(range(0, 101, 20))
    share.set_ylabel("cumulative share [%]")
    handles = [*axes.get_legend_handles_labels()[0], *share.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="center right", fontsize=9)
    told = f"{total} of {visits} visits ({total / max(1, visits):.1%}) did not go to a free lane"
    axes.set_title(f"{title}\n{told}", fontsize=11)
    return figure


def draw_calibration(decades: Sequence[Decade], unknown: int, title: str) -> "Figure":
    """Stated against observed, both as the share that is wrong; a bound above the line is a broken promise, or too few
    assignments to tell."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7.5), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*AXIS)
    axes.set_ylim(*AXIS)
    axes.plot(AXIS, AXIS, color="black", lw=1, label="wrong as often as stated")
    axes.fill_between(
        AXIS,
        AXIS,
        [AXIS[1]] * 2,
        color="#D55E00",
        alpha=0.08,
        lw=0,
        label="wrong more often than stated, or too few to tell",
    )
    for low in sorted({decade.low_ppm for decade in decades}):
        axes.axvspan(low / PPM, low * 10 / PPM, color="#000000", alpha=0.03, lw=0)
    some = [one for one in decades if one.wrong]
    none = [one for one in decades if not one.wrong]
    for one in some:
        axes.plot([one.stated] * 2, [one.observed, one.upper], color="#0072B2", lw=1.5)
        axes.plot([one.stated], [one.upper], "_", color="#0072B2", ms=14)
    axes.plot(
        [one.stated for one in some],
        [one.observed for one in some],
        "o",
        color="#0072B2",
        ms=8,
        label="observed, with its 95 % upper bound",
    )
    axes.plot(
        [one.stated for one in none], [one.upper for one in none], "v", mfc="white", mec="#0072B2", ms=10, mew=1.6,
        label="none wrong: at most 3/N (95 %)",
    )  # fmt: skip
    for one in decades:
        left = one.stated >= LABEL_LEFT_FROM
        axes.annotate(
            f"{one.told} wrong\n≤ {one.upper:.2g}", (one.stated, one.upper), (-12 if left else -6, 6 if left else 10),
            textcoords="offset points", fontsize=9, ha="right" if left else "left",
        )  # fmt: skip
    axes.set_xlabel("stated share of wrong assignments, 1 - p")
    axes.set_ylabel("observed share of wrong assignments")
    axes.grid(which="major", color="#DDDDDD", lw=0.6)
    axes.legend(loc="lower right", fontsize=9)
    total = sum(one.count for one in decades)
    apart = f"; {unknown} measured under visits of no known parcel left out" if unknown else ""
    axes.set_title(f"{title}\n{total} measured assignments{apart}", fontsize=11)
    return figure
