"""Items that have left a belt, remembered for the bouncing of the beam that saw them last: what covers it within one of
them is that one, and no stranger."""

from collections import deque
from typing import Final

from edge.core.item import Item
from hub_config.lines import Line as LineConfig

GONE_MAX: Final = 8
"""The latest. One that is forgotten comes back as a stranger, which is held."""


class Gone:
    """Places are offsets, as in `track`."""

    def __init__(self, line: LineConfig) -> None:
        self._slack_um, self._max_length_um = line.min_gap_um, line.max_length_um
        self._seen: deque[tuple[int, int, int]] = deque(maxlen=GONE_MAX)
        """Beam, front and rear."""

    def add(self, beam: int, item: Item) -> None:
        rear_um = item.rear_um if item.rear_um is not None else item.front_um - self._max_length_um
        self._seen.append((beam, item.front_um, rear_um))

    def continues(self, beam: int, offset: int) -> bool:
        """This beam is covered where it has seen one of them; that may go on farther than it seemed to."""
        for place, (at, front, rear) in enumerate(self._seen):
            if at == beam and rear - self._slack_um <= offset <= front + self._slack_um:
                if offset < rear:
                    self._seen[place] = (at, front, front - self._max_length_um)
                return True
        return False

    def end(self, beam: int, offset: int) -> None:
        """One that left before its end was seen ends here: what comes behind it is another."""
        for place, (at, front, rear) in enumerate(self._seen):
            if at == beam and rear == front - self._max_length_um < offset <= front:
                self._seen[place] = (at, front, offset)

    def clear(self) -> None:
        self._seen.clear()
