"""Which pictures of a folder are new: each is taken once, by its name, in the order in which they appeared.

What lies there at the start is not new: nobody knows to which parcel it belongs, and a picture that crashed the worker
must not crash the next one. A picture is written under another name (or one that begins with a dot) and then renamed.
Of those taken, the newest stay for people to look at; older ones are removed, so that the folder can't fill the disk.
"""

import os
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from drivers.cameras import FILES_MAX

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
WAITING_MAX: Final = 32
"""Pictures that wait to be decoded; of more, the oldest are skipped and counted: their parcels have gone on."""
KEPT_MAX: Final = 512
"""Pictures that were taken and stay in the folder."""


class FullFolderError(Exception):
    """More than FILES_MAX files: looking through them would take too long."""


@dataclass(frozen=True, slots=True)
class Sighting:
    name: str
    seen_ns: int
    """CLOCK_MONOTONIC at its rename into place."""


class FolderWatch:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._looked_ns = time.monotonic_ns()
        self._known = self._names()
        self._waiting: deque[Sighting] = deque()
        self._taken: deque[str] = deque()

    def look(self) -> int:
        """Finds what is new; returns how many had to be skipped. Raises OSError when the folder is gone."""
        began_ns = time.monotonic_ns()
        names = self._names()
        new = [self._sighting(name) for name in names - self._known]
        self._known = names
        self._looked_ns = began_ns
        self._waiting.extend(sorted(new, key=lambda one: (one.seen_ns, one.name)))
        skipped = max(0, len(self._waiting) - WAITING_MAX)
        for _ in range(skipped):
            self.take()
        return skipped

    def take(self) -> Sighting | None:
        """The oldest picture that waits."""
        if not self._waiting:
            return None
        sighting = self._waiting.popleft()
        self._taken.append(sighting.name)
        return sighting

    def tidy(self) -> None:
        """Removes what was taken beyond KEPT_MAX. Where the worker may not, the folder grows to its own bound."""
        while len(self._taken) > KEPT_MAX:
            with suppress(OSError):
                os.unlink(os.path.join(self._folder, self._taken.popleft()))

    def _names(self) -> frozenset[str]:
        names = os.listdir(self._folder)
        if len(names) > FILES_MAX:
            raise FullFolderError
        return frozenset(n for n in names if n.lower().endswith(SUFFIXES) and not n.startswith("."))

    def _sighting(self, name: str) -> Sighting:
        """A rename sets the file's ctime, by the wall clock. The file was not there at the last look, so a wall clock
        that was set in between does little harm."""
        try:
            changed_ns = os.stat(os.path.join(self._folder, name), follow_symlinks=False).st_ctime_ns
        except OSError:
            return Sighting(name, time.monotonic_ns())  # gone already; reading it will say so
        age_ns = time.time_ns() - changed_ns
        now_ns = time.monotonic_ns()
        return Sighting(name, min(now_ns, max(self._looked_ns, now_ns - age_ns)))
