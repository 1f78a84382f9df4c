"""What a chapter works with: the running hub, the stage, and waiting, during which the stage goes on being drawn.

Every wait is bounded, so that a chapter whose claim does not come true says so instead of standing still.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulators.demo_hub import DemoHub
from simulators.tour.close_pair import ClosePair
from simulators.tour.look import Look, belt_of, look, truth_of
from simulators.tour.stage import Drawing, Stage

LOOK_EVERY_S: Final = 0.2
COMMAND_S: Final = 30.0
"""How long a command of ours may take."""


class ClaimFailed(Exception):  # noqa: N818 - named for what happened
    """What a chapter claims did not come true; the text says what was seen instead."""


class TourStopped(Exception):  # noqa: N818 - named for what happened
    """Somebody ended the tour."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed."""

    code: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class Play:
    hub: DemoHub
    stage: Stage
    pairs: tuple[ClosePair, ...]
    """Several, as the gateway may be out of sight of one on a computer that is too busy."""
    pace: float
    """Of the time that people get to read; what machines take is not paced."""
    now: Callable[[], float]
    wait: Callable[[float], bool]
    """True: the tour was ended meanwhile."""
    show: Callable[[], object] = lambda: None
    """Draws the stage where somebody else does not look at it by himself."""
    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    drawn: Callable[[Look], Drawing] | None = None
    """Draws the chapter's picture anew at every look."""
    began: float = 0.0
    asked: str | None = None
    """A code of a held parcel that somebody will ask about."""

    def look(self) -> Look:
        """Also refreshes the stage."""
        hub, stage = self.hub, self.stage
        hub.check_alive()
        hub.write_truth()
        found = look(hub)
        stage.truth = truth_of(found, {one.number: one for one in hub.parcels})
        assert hub.line is not None, "the tour's hub has a belt"
        stage.belt = belt_of(hub.line.conveyor.line, found)
        if self.drawn is not None:
            stage.drawing = self.drawn(found)
        stage.publish()
        self.show()
        return found

    def until(self, is_so: Callable[[Look], bool], within_s: float, what: str) -> Look:
        """Raises ClaimFailed if `what` has not happened in time."""
        end = self.now() + within_s
        while True:
            found = self.look()
            if is_so(found):
                return found
            if self.now() > end:
                raise ClaimFailed(f"{what} did not come within {within_s:.0f} s")
            self._rest()

    def read(self, seconds: float) -> Look:
        """Time to read; at least one look."""
        end = self.now() + seconds * self.pace
        while True:
            found = self.look()
            if self.now() >= end:
                return found
            self._rest()

    def read_until(self, seconds: float) -> Look:
        """Until the chapter has lasted so long."""
        return self.read(max(0.0, seconds - (self.now() - self.began) / self.pace))

    def _rest(self) -> None:
        if self.wait(LOOK_EVERY_S):
            raise TourStopped

    def run(self, *words: str) -> Said:
        """A command of `hub`, as somebody else would type it."""
        with tempfile.TemporaryFile(dir=self.folder) as out:
            command = [sys.executable, "-P", "-m", "edge.cli", *words]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process:
                try:
                    self.until(lambda _: process.poll() is not None, COMMAND_S, f"the end of hub {words[0]}")
                finally:
                    process.kill()
            out.seek(0)
            return Said(process.returncode, tuple(out.read().decode(errors="replace").splitlines()))


def claim(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ClaimFailed(otherwise)


def names(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers) or "none"
