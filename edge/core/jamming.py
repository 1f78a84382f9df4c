"""What a jam does to a line: it is told, and what has run up against it is given up. `jams` says when there is one."""

from collections.abc import Iterator, Sequence

from edge.core.diverting import Diverting
from edge.core.event import Event
from edge.core.leaving import Leaving
from edge.core.ledger import Ledger
from edge.core.measuring import Measuring
from edge.core.snapshot import Wrong
from edge.core.track import Track
from edge.core.transfer import Section
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant


def jams_of(sections: Sequence[Section]) -> Iterator[tuple[Wrong, str]]:
    """The beams of these belts that are jammed."""
    return (("jammed", one.track.beams[place].id) for one in sections for place in one.jams.beams)


class Jamming:
    def __init__(
        self, line: LineConfig, diverting: Diverting, measuring: Measuring, leaving: Leaving, ledger: Ledger
    ) -> None:
        self._line = line
        self._diverting = diverting
        self._measuring = measuring
        self._leaving = leaving
        self._ledger = ledger

    def begin(self, section: Section, travel_um: int, seen_at: Instant, at: Instant) -> None:
        """`seen_at`: of the report that showed it."""
        for place in section.jams.begun(travel_um):
            stop_under(section.track, place)
            self._tell(section, place, "jammed", at)
            self._give_up_behind(section, place, seen_at)

    def end(self, section: Section, place: int, travel_um: int, at: Instant) -> None:
        go_on_under(section.track, place, travel_um)
        self._tell(section, place, "clear", at)
        self._give_up_behind(section, place, at)

    def _give_up_behind(self, section: Section, place: int, at: Instant) -> None:
        """What has run up against a jam lies anywhere: the next may come just where it was expected. It comes on as a
        stray. What leaves before the end is not followed up to a jam there."""
        track = section.track
        if section.place == len(self._line.belts) - 1 and place == len(track.beams) - 1:
            return
        for item in [one for one in track.items if one.seen < place and one.rear_um is not None]:
            self._diverting.cancel(item, at)
            track.remove(item)
            if section.place == self._line.reading_place:
                self._measuring.drop(item, at)
            self._leaving.lose(item, at)

    def _tell(self, section: Section, place: int, state: str, at: Instant) -> None:
        beam = section.track.beams[place].id
        note = (("device", section.board), ("line", self._line.id), ("beam", beam), ("state", state))
        self._ledger.record(Event("device.changed", self._line.id, None, at, note=note))


def stop_under(track: Track, beam: int) -> None:
    """What covers this beam stands, and what is behind it runs up against it."""
    under = next((one for one in reversed(track.items) if one.seen >= beam), None)
    for item in track.items:
        if item is under or item.seen < beam:
            item.doubt("not_isolated")
    if under is not None:
        under.stands = True
        track.expect(under)


def go_on_under(track: Track, beam: int, travel_um: int) -> None:
    """What stood under this beam, perhaps taken to be at a later one, has left it now: it goes on from there."""
    for item in reversed(track.items):
        if item.stands and item.seen >= beam:
            item.stands = False
            if item.rear_um is not None and item.seen == beam:
                track.shift(item, track.beams[beam].position_um - travel_um - item.rear_um)
            track.expect(item)
            return
