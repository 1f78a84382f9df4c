"""The tour in a terminal: the stage as a live table, or a line for each chapter where the output is no terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from edge.web.terminal import visible
from simulators.tour.stage import ChapterState, Stage

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

MARKS: Final[dict[ChapterState, tuple[str, str]]] = {
    "waits": ("·", "dim"), "runs": ("▸", "bold"), "held": ("✓", "black on green"), "failed": ("✗", "bold white on red"),
}  # fmt: skip


class TourTable:
    def __init__(self, stage: Stage, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._stage = stage
        self._console = console or Console(highlight=False)
        self._live: Live | None = None
        self._head: list[str] = []
        self._told = 0
        self._open: int | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(console=self._console, screen=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """Kept at the top of the table."""
        self._head.append(line)
        if self._live is None:
            print(line, flush=True)

    def close(self) -> None:
        """A live table leaves nothing behind: what the chapters have shown is said once more."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            for line in self._stage.shown["drawing"]["lines"]:
                print(visible(line))

    def show(self) -> None:
        if self._live is not None:
            self._live.update(tour_table(self._stage, self._head), refresh=True)
            return
        shown = self._stage.shown
        if shown["chapter"] is not None and shown["chapter"] != self._open:
            self._open = shown["chapter"]
            title = shown["chapters"][self._open]["title"]
            print(f"{self._open + 1}/{len(shown['chapters'])} {title}: {shown['caption']}", flush=True)
        while self._told < len(shown["chapters"]) and shown["chapters"][self._told]["state"] in (
            "held",
            "failed",
        ):
            state = shown["chapters"][self._told]["state"]
            for line in (*shown["drawing"]["lines"], f"{state}: {shown['found']}"):
                print(f"      {visible(line)}", file=sys.stdout, flush=True)
            self._told += 1


def tour_table(stage: Stage, head: list[str]) -> "RenderableType":
    """The truth strip stands above what may be long: a low terminal cuts at its foot."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    shown = stage.shown
    chapters = Text()
    for number, chapter in enumerate(shown["chapters"], start=1):
        mark, style = MARKS[chapter["state"]]
        chapters.append(f" {mark} {number} {chapter['title']} ", style).append(" ")
    lines = [Text(visible(line), no_wrap=True, overflow="ellipsis") for line in shown["drawing"]["lines"]]
    strip = Table(box=None, pad_edge=False, header_style="dim")
    told = strip_of(shown["truth"])
    for name, _, _ in told:
        strip.add_column(name)
    strip.add_row(*(Text(value, "bold white on red" if wrong else "bold") for _, value, wrong in told))
    return Group(
        *(Text(line, "dim") for line in head),
        Rule(style="dim"),
        chapters,
        strip,
        Rule(style="dim"),
        Text(visible(shown["caption"]), "bold"),
        Text(),
        *lines,
        Text(),
        Text(visible(shown["found"]), "bold green" if not _failed(shown) else "bold red"),
    )


def _failed(shown: Any) -> bool:  # noqa: ANN401 - the stage's JSON
    chapter = shown["chapter"]
    return chapter is not None and shown["chapters"][chapter]["state"] == "failed"


def strip_of(truth: Any) -> list[tuple[str, str, bool]]:  # noqa: ANN401 - the stage's JSON
    """Name, value, and whether it must not be so."""

    def count(value: int | None) -> str:
        return "–" if value is None else str(value)

    return [
        ("wrong releases", count(truth["wrong_release"]), truth["wrong_release"] > 0),
        ("lost", count(truth["lost"]), (truth["lost"] or 0) > 0),
        ("pending", count(truth["pending"]), False),
        ("released of possible", f"{truth['released']} of {truth['possible']}", False),
    ]
