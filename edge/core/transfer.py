"""Where one belt hands over to the next: which parcels have gone over, and where on the next belt each may be.

A parcel is carried by the first belt until its middle has passed the transfer, by the next from then on; each belt is
followed by its own encoder. The next takes over as much as `slip` sooner or later, so between these two places of the
first belt nobody knows which of the two carried it: what each belt ran meanwhile is what its place is unknown by. A
first belt that stands there leaves that open until it runs again: nothing is lost while it stands. At the hand-over
beam, which lies so far on that the next belt alone carries the longest parcel there, the parcel is seen again, and its
place is known as before (`Track.covered`). Gaps stretch or shrink by themselves, as each parcel goes over by itself.

At a merge a side belt hands over at the same place: there what comes to the hand-over beam may be either one's, and is
in doubt where both belts may have brought it.
"""

from dataclasses import dataclass
from itertools import count

from drivers.reading import BeamChanged
from edge.core.belt import Belt
from edge.core.item import Item, Transit
from edge.core.jams import Jams
from edge.core.track import Track
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant


@dataclass(slots=True, eq=False)
class Section:
    """One belt of a line with what lies on it."""

    place: int
    """Among all belts of the line: those at the side come last."""
    board: DeviceId
    belt: Belt
    track: Track
    jams: Jams
    vague_ns: int | None
    """Of a board that is polled: in this time the belt runs the line's tolerance."""
    planned_um_s: int = 0
    """Speed by which the line's next look was set."""

    def is_vague(self, read: BeamChanged) -> bool:
        """The poll was so late that where the edge was is unknown by more than the tolerance: as good as not seen."""
        return self.vague_ns is not None and read.unc_ns > self.vague_ns


def sections_of(line: LineConfig, hub: HubConfig) -> tuple[Section, ...]:
    """All belts of the line."""
    numbers = count(1)
    sections: list[Section] = []
    for place, (config, board) in enumerate(zip(line.all_belts, line.boards, strict=True)):
        belt = Belt(config, line.tolerance_um)
        polled = isinstance(hub.device(board), ModbusIoConfig)
        vague_ns = line.tolerance_um * MILLISECOND // config.speed_mm_s if polled else None
        track = Track(line, belt, place, numbers)
        sections.append(Section(place, board, belt, track, Jams(line), vague_ns))
    return tuple(sections)


class Transfer:
    def __init__(self, line: LineConfig, before: Section, behind: Section) -> None:
        self.before, self.behind = before, behind
        belts = line.all_belts
        aside = before.place >= len(line.belts)
        self._place_um = belts[behind.place].start_um
        self._slip_um = belts[before.place if aside else behind.place].takes_over_um
        self._max_length_um, self._tolerance_um = line.max_length_um, line.tolerance_um
        self._begun: dict[int, int] = {}
        """Of items that may have gone over: where the front would be on the next belt, had it been at once."""

    def due(self, at: Instant) -> list[Item]:
        """Those that have surely gone over by then, by what both belts have told; by the one before alone, where
        nobody asks the other any more."""
        if not self.before.track.items:
            self._begun.clear()
            return []
        at = min(at, self.before.belt.told_at)
        if not self.behind.belt.silent:
            at = min(at, self.behind.belt.told_at)
        travel_um, gone = self.before.belt.travel_at(at), []
        if len(self._begun) > len(self.before.track.items):  # some were given up meanwhile
            left = {item.number for item in self.before.track.items}
            self._begun = {number: um for number, um in self._begun.items() if number in left}
        for item in self.before.track.items:
            passes_um = self._passes_um(item)
            if not self._may_be_over(item, passes_um, travel_um, at):
                break  # what is behind it comes later still
            if travel_um >= passes_um + self._slip_um:
                gone.append(item)
        return gone

    def may_be(self, offset_um: int, at: Instant) -> list[Item]:
        """Something has come to the hand-over beam: those that the belt before may still carry, and that it may be."""
        found, travel_um = [], self.before.belt.travel_at(at)
        for item in self.before.track.items:
            passes_um, begun_um = self._passes_um(item), self._begun.get(item.number)
            if begun_um is None:
                # Belts tell where they are now and then: since the last time it may have come so far.
                if item.stands or travel_um < passes_um - self._slip_um:
                    break
                begun_um = self._begin_um(item, passes_um, at)
            low, high = self._bounds(item, passes_um, begun_um, at)
            if low - self._tolerance_um <= offset_um <= high + self._tolerance_um:
                self._begun[item.number] = begun_um
                found.append(item)
        return found

    def hand_over(self, item: Item, at: Instant) -> bool:
        """From the one track to the other; False if that is full: then it is on neither."""
        passes_um, begun_um = self._passes_um(item), self._begun.pop(item.number)
        low_um, high_um = self._bounds(item, passes_um, begun_um, at)
        passed_at, _ = self.before.belt.passed_at(passes_um, at)
        behind_um = self.behind.belt.travel_at(passed_at)
        front_um = self._place_um + self._half_um(item) - behind_um
        if item.rear_um is None:
            item.rear_um = item.front_um - self._max_length_um
            item.doubt("not_isolated")
        self.before.track.remove(item)
        return self.behind.track.adopt(item, Transit(passed_at, low_um, high_um), front_um, behind_um)

    def is_blind(self, at: Instant) -> bool:
        """How far the belt before has run nobody knows."""
        belt = self.before.belt
        return belt.dead or belt.is_stale(at) or (belt.moving and belt.is_late(at))

    def shows_dead(self, at: Instant) -> bool:
        """What nobody has brought has come to the hand-over beam, as one would whom the belt before still carries by
        its counts, had that run on while they stand: True once that shows that its encoder has died. A belt at the
        side may have no second beam that could show it, and the last one on a belt never comes to another there."""
        belt, beams = self.before.belt, self.before.track.beams
        if belt.moving or not belt.reports:
            return False
        beam_um, reach_um = self.behind.track.beams[0].position_um, self.behind.track.reach_um + self._slip_um
        expected = any(
            abs(self._place_at_set_speed(item, at) - beam_um) <= reach_um
            for item in self.before.track.items
            if not item.stands
        )
        return expected and belt.front_came(at, len(beams), expected=True)

    def _place_at_set_speed(self, item: Item, at: Instant) -> int:
        """Where its front would be had the belt before run on at its set speed since it last counted."""
        belt, behind = self.before.belt, self.behind.belt
        past_um = belt.set_travel(at, item.anchored_at) - (self._passes_um(item) - belt.travel_um)
        if past_um < 0:
            return self._place_um + self._half_um(item) + past_um
        passed_at = Instant(at - past_um * SECOND // belt.set_um_s)
        return self._place_um + self._half_um(item) + behind.travel_at(at) - behind.travel_at(passed_at)

    def forget(self) -> None:
        """What lay on the belt before is given up."""
        self._begun.clear()

    def turn_back(self) -> None:
        """The belt behind runs back: what comes to the transfer again may be drawn onto the belt before."""
        travel_um = self.behind.belt.travel_um
        for item in self.behind.track.items:
            middle_um = item.front_um - self._half_um(item) + travel_um
            if middle_um < self._place_um - self._slip_um:
                item.doubt("lost_track")

    def _half_um(self, item: Item) -> int:
        """One whose end was never seen is reckoned as long as may be, and is in doubt when it goes over."""
        if item.rear_um is None:
            return self._max_length_um // 2
        return (item.front_um - item.rear_um) // 2

    def _passes_um(self, item: Item) -> int:
        """Travel of the belt before at which its middle passes the transfer."""
        return self._place_um + self._half_um(item) - item.front_um

    def _may_be_over(self, item: Item, passes_um: int, travel_um: int, at: Instant) -> bool:
        early_um = passes_um - self._slip_um
        if item.stands:
            return False  # a jam: the belt runs on under it
        if travel_um < early_um:
            if travel_um < early_um - self._slip_um - self._tolerance_um:
                self._begun.pop(item.number, None)  # the belt before has drawn it back
            return item.number in self._begun
        if item.number not in self._begun:
            self._begun[item.number] = self._begin_um(item, passes_um, at)
        return True

    def _begin_um(self, item: Item, passes_um: int, at: Instant) -> int:
        """Its front on the belt behind, had it gone over as soon as may be."""
        early_at, _ = self.before.belt.passed_at(passes_um - self._slip_um, at)
        return self._place_um + self._half_um(item) - self._slip_um - self.behind.belt.travel_at(early_at)

    def _bounds(self, item: Item, passes_um: int, begun_um: int, at: Instant) -> tuple[int, int]:
        """Between which offsets of the belt behind its front is. What the belt before has not told it may not have run:
        then it may have carried the item up to this moment."""
        front_um = self._place_um + self._half_um(item)
        before, behind = self.before.belt, self.behind.belt
        told_at, over_um = min(at, before.told_at), passes_um + self._slip_um
        _, passed_at = before.passed_at(passes_um, at)
        _, over_at = before.passed_at(over_um, told_at) if before.travel_at(told_at) >= over_um else (at, at)
        told = (
            begun_um,
            front_um - behind.travel_at(passed_at),
            front_um + self._slip_um - behind.travel_at(over_at),
        )
        return min(told) - self._slip_um, max(told) + self._slip_um
