"""What is noticed of a belt's encoder, and said: that it has died (`belt.py`) or left out counts (`lost_counts.py`).

The first is a state, shown among the devices that are down until it counts again. The second is over when it is
noticed: an event tells how much was left out, so that who looks after the line finds a loose wheel or cable before it
costs more than the parcels that are held for it.
"""

from drivers.reading import BeamChanged
from edge.core.event import Event
from edge.core.ledger import Ledger
from edge.core.track import Track
from edge.core.transfer import Section
from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND, DeviceId, Instant

COUNTS_NOTHING = "parcels come, and it counts nothing; check its cable and its wheel"


class EncoderWatch:
    def __init__(self, line: LineConfig, ledger: Ledger, *, alone: bool) -> None:
        """`alone`: the line has one belt."""
        self._line = line
        self._ledger = ledger
        self._alone = alone

    def name(self, section: Section) -> DeviceId:
        """Its name among the devices that are down: it is wired to the board."""
        return DeviceId("encoder") if self._alone else DeviceId(f"encoder of {section.board}")

    def has_died(self, section: Section, read: BeamChanged, beam: int) -> bool:
        """A front at a belt beam shows it."""
        belt, track = section.belt, section.track
        if belt.counts(read.at, read.count):
            return False
        stood_um = track.beams[beam].position_um - belt.travel_um
        expected = _is_coming(section, read.at, beam, stood_um) or (
            beam == 0 and _is_brought(track, read.at, stood_um, belt.set_um_s)
        )
        return belt.front_came(read.at, beam, expected=expected)

    def tell_left_out(self, section: Section, um: int, at: Instant) -> None:
        note = (
            ("device", section.board), ("line", self._line.id), ("encoder", self.name(section)),
            ("state", "left_out_counts"), ("missing_um", um),
        )  # fmt: skip
        self._ledger.record(Event("device.changed", self._line.id, None, at, note=note))


def _is_coming(section: Section, at: Instant, beam: int, stood_um: int) -> bool:
    """One that this beam has not seen yet is about there, had the belt run on since it last counted, or since that one
    was last seen."""
    return any(
        one.seen < beam
        and one.transit is None
        and abs(one.front_um + section.belt.set_travel(at, one.anchored_at) - stood_um)
        <= section.track.reach_um
        for one in section.track.items
    )


def _is_brought(track: Track, at: Instant, offset: int, speed_um_s: int) -> bool:
    """One in transit is about there, had its belt run at this speed since that took it over, without a count."""
    return any(
        one.transit is not None
        and abs(one.front_um + (at - one.transit.at) * speed_um_s // SECOND - offset) <= track.reach_um
        for one in track.items
    )
