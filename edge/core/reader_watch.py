"""Whether a reader that reads by itself answers within its `delay`: a later answer is of who has left its view already.

What it tells is then taken for the next parcel's code, or nobody is in view, though one has just left it. A code with
nobody in view now and then is a label that nobody follows. Two of them within a few codes: the reader is late, what it
has told counts for nobody any more, and what it tells puts who is in its view in doubt, until it has long told nothing
but codes of who is there. One that answers a trigger is asked whose that is, and a picture bears its own instant.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from drivers.reading import BarcodeRead
from edge.core.belt import Belt
from edge.core.belt_readers import Reader, View
from edge.core.event import Event
from edge.core.item import Item
from edge.core.ledger import Ledger
from edge.core.track import Track
from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND, DeviceId, Instant

CODES: Final = 20
"""So many codes of a reader are looked back at; without a stray one among them it is believed again."""
STRAYS: Final = 2
LATE_NS: Final = 2 * SECOND
"""Who left the view longer ago than this has nothing to do with a code that comes now."""


class ReaderWatch:
    def __init__(
        self, line: LineConfig, belt: Belt, track: Track, tracks: Iterable[Track], ledger: Ledger
    ) -> None:
        """`belt`, `track`: under the readers; `tracks`: of all belts of the line."""
        self._line = line
        self._belt = belt
        self._track = track
        self._tracks = tuple(tracks)
        self._ledger = ledger
        self._strays = {one.device: deque[bool](maxlen=CODES) for one in line.readers}
        self._late: set[DeviceId] = set()

    def saw(self, reader: Reader, read: BarcodeRead, view: View, at: Instant) -> None:
        """Before the code is anybody's."""
        if read.trigger is not None or read.place is not None:
            return
        strays, device = self._strays[reader.device], reader.device
        strays.append(not view.inside and self._has_just_left(reader, view))
        if device in self._late:
            if len(strays) == CODES and not any(strays):
                self._late.discard(device)
                self._tell(device, "in_time", at)
        elif sum(strays) >= STRAYS:
            self._late.add(device)
            self._tell(device, "answers_late", at)
            _doubt(one for track in self._tracks for one in track.items if one.looks[reader.place].told)
            strays.clear()
        if device in self._late:
            _doubt(view.inside)

    def _has_just_left(self, reader: Reader, view: View) -> bool:
        """Somebody's end went out of its view not long before the earliest moment at which this code was seen."""
        far_um = self._belt.set_um_s * LATE_NS // SECOND
        out_um = reader.position_um + reader.window_um - view.first_um
        return any(
            one.rear_um is not None and out_um < one.rear_um <= out_um + far_um
            for one in (*self._track.left, *self._track.items)
        )

    def _tell(self, device: DeviceId, state: str, at: Instant) -> None:
        note = (("device", device), ("line", self._line.id), ("state", state))
        self._ledger.record(Event("device.changed", self._line.id, None, at, note=note))


def _doubt(items: Iterable[Item]) -> None:
    for item in items:
        item.doubt("device_fault")
