"""What the tour shows now: chapter, caption, drawing and the truth strip, as one value that page and table read.

One thread changes it; `shown` is replaced as a whole, so that others may read it at any time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

ChapterState = Literal["waits", "runs", "held", "failed"]
Json = Mapping[str, Any]

LINES_MAX: Final = 40
"""Lines of text of a drawing; more are cut."""
LINE_CHARS_MAX: Final = 240


@dataclass(frozen=True, slots=True)
class Truth:
    """The strip: what only the simulator and the coordinator's book know. None: nobody could look yet."""

    wrong_release: int = 0
    """Parcels in the free lane that should not be there."""
    lost: int | None = None
    """Events that the coordinator has acknowledged and does not have."""
    pending: int | None = None
    """Events on the gateway's disk that are not acknowledged yet."""
    released: int = 0
    """Parcels in the free lane that belong there."""
    possible: int = 0
    """Parcels that have left, with which nothing was wrong, and which nobody chose to look at."""

    def as_json(self) -> Json:
        return {
            "wrong_release": self.wrong_release, "lost": self.lost, "pending": self.pending,
            "released": self.released, "possible": self.possible,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawing:
    """`kind` says which picture the page makes of `data`; the terminal shows `lines`."""

    kind: str
    data: Json
    lines: tuple[str, ...] = ()

    def as_json(self) -> Json:
        return {"kind": self.kind, "data": self.data, "lines": [cut(one) for one in self.lines[:LINES_MAX]]}


NOTHING: Final = Drawing("none", {})


class Stage:
    """`titles`: of the chapters."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = tuple(titles)
        self.states: list[ChapterState] = ["waits"] * len(titles)
        self.chapter: int | None = None
        """Index of the one that is played; None before the first and after the last."""
        self.caption = "The practice hub is starting: broker, coordinator, gateway, a bench and a belt."
        self.found = ""
        """What the chapter has shown, once it has."""
        self.outcomes: list[str] = []
        """The same of every chapter played."""
        self.drawing = NOTHING
        self.truth = Truth()
        self.belt: Json = {}
        self.ended = False
        self._revision = 0
        self.shown: Json = {}
        self.publish()

    def begin(self, chapter: int, caption: str) -> None:
        self.chapter, self.caption, self.found = chapter, caption, ""
        self.states[chapter] = "runs"
        self.drawing = NOTHING
        self.publish()

    def close(self, found: str, *, held: bool) -> None:
        """The chapter has shown what it claims, or the contrary."""
        assert self.chapter is not None, "no chapter is played"
        self.states[self.chapter] = "held" if held else "failed"
        self.found = found
        self.outcomes.append(found)
        self.publish()

    def end(self, caption: str) -> None:
        self.chapter, self.caption, self.ended = None, caption, True
        self.found, self.drawing = "", self._outcomes()
        self.publish()

    def _outcomes(self) -> Drawing:
        told = [
            {"title": title, "state": state, "found": found}
            for title, state, found in zip(self.titles, self.states, self.outcomes, strict=False)
        ]
        return Drawing(
            "outcomes", {"chapters": told}, tuple(f"{one['title']}: {one['found']}" for one in told)
        )

    def publish(self) -> None:
        self._revision += 1
        self.shown = {
            "revision": self._revision,
            "chapter": self.chapter,
            "chapters": [
                {"title": title, "state": state}
                for title, state in zip(self.titles, self.states, strict=True)
            ],
            "caption": self.caption,
            "found": self.found,
            "drawing": self.drawing.as_json(),
            "truth": self.truth.as_json(),
            "belt": self.belt,
            "ended": self.ended,
        }


def cut(line: str) -> str:
    return line if len(line) <= LINE_CHARS_MAX else line[: LINE_CHARS_MAX - 1] + "…"
