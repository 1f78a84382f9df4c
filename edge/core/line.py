"""A belt line: parcels enter, are read and weighed on the way, asked about, and leave by the lane their decision names.

A line has one belt or several in series, and at the side belts that merge into it, each with its own board, encoder
and track; `carrying` takes items over.
What reads and weighs stands on one of them, the diverters on the last. `track` knows what lies on a belt, `measuring`
what is read and weighed of it, `clearing` what becomes of a parcel, `diverting` how it gets into its lane. Here these
are put together: each reading, decision and moment is handed to the part that owns it.
"""

from typing import Final

from drivers.reading import (
    BarcodeRead,
    BeamChanged,
    BeltMoved,
    BoardChanged,
    BoardState,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    DimensionsRead,
    EventsLost,
    NoRead,
    OrderAnswered,
    Reading,
    WeightRead,
)
from edge.core.carrying import Carrying
from edge.core.clearing import Clearing
from edge.core.decision import Decision
from edge.core.diverting import Diverting
from edge.core.dwell import DwellClock, DwellLedger
from edge.core.encoder_watch import COUNTS_NOTHING, EncoderWatch
from edge.core.item import Found, Item
from edge.core.jamming import Jamming, jams_of
from edge.core.lanes import Lanes
from edge.core.leaving import Leaving
from edge.core.ledger import Ledger
from edge.core.measuring import Measuring
from edge.core.mistaken import doubt_behind_strays, doubt_waiting
from edge.core.offline import Offline
from edge.core.parcel import Parcel
from edge.core.snapshot import Wrong, down_of
from edge.core.transfer import Section, sections_of
from edge.core.visits import Visits
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.names import DeviceId, Instant, LaneId

STEADY: Final = 2_000
"""A belt whose speed changes by less than one part in so many runs steadily."""
LOST_FRAMES: Final = ("garbled", "too_long", "bad_text", "not_proven", "late_answer")
"""Faults that stand for a reading that was lost; the others are states of a device."""


class Line:
    def __init__(
        self, config: LineConfig, hub: HubConfig, ledger: Ledger, visits: Visits, dwell: DwellLedger,
        offline: Offline,
    ) -> None:  # fmt: skip
        self.config = config
        self._ledger = ledger
        self._visits = visits
        self.clearing = Clearing(config, ledger, visits, dwell, offline)
        self.sections = sections_of(config)
        self._last = self.sections[len(config.belts) - 1]
        self._reading = self.sections[config.reading_place]
        self.belt, self.track = self._last.belt, self._last.track
        self.lanes = Lanes(config, self.belt)
        self.diverting = Diverting(config, hub, self.track, self.belt, self.lanes, self.clearing, ledger)
        self._measuring = Measuring(config, hub, self.sections, self.clearing, ledger, visits)
        unaccounted = self.diverting.unaccounted
        self.leaving = Leaving(config, self.track, self.lanes, unaccounted, self.clearing, ledger, visits)
        self._carrying = Carrying(config, self.sections, self._measuring, self.leaving, ledger)
        self._encoders = EncoderWatch(config, ledger, alone=len(self.sections) == 1)
        self._jamming = Jamming(config, self.diverting, self._measuring, self.leaving, ledger)
        self._section_of = {section.board: section for section in self.sections}
        self._belt_beams = {
            beam.channel: (section, place)
            for section in self.sections
            for place, beam in enumerate(section.track.beams)
        }
        self.board: BoardState = "opening"
        self._down: dict[DeviceId, str] = {}
        self._full: tuple[LaneId, ...] = ()
        """Lanes that are full or blocked."""
        self.wake_at: Instant | None = None
        """When it wants to be woken."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (*self.config.boards, *self._measuring.devices)

    @property
    def items(self) -> tuple[Item, ...]:
        """On all its belts, the foremost first; before them those on side belts."""
        return tuple(item for section in reversed(self.sections) for item in section.track.items)

    @property
    def devices_down(self) -> tuple[str, ...]:
        return down_of(self.wrong)

    @property
    def wrong(self) -> tuple[tuple[Wrong, str], ...]:
        wrong: list[tuple[Wrong, str]] = [("down", one) for one in sorted(self._down)]
        wrong += (("lane_full", one) for one in self._full)
        return (*wrong, *jams_of(self.sections), *self._measuring.out_of_step)

    # What comes in --------------------------------------------------------------------------------

    def read(self, reading: Reading, at: Instant) -> None:
        """A reading of one of this line's devices."""
        match reading:
            case BeltMoved():
                if not self._move(reading, at):
                    return
            case BeamChanged():
                self._beam(reading, at)
            case BarcodeRead():
                self._down.pop(reading.device, None)
                self._measuring.code(reading, at)
                self.diverting.watch(at)
            case NoRead():
                self._down.pop(reading.device, None)
                self._measuring.no_read(reading)
            case WeightRead():
                self._down.pop(reading.device, None)
                self._measuring.weigh(reading)
            case DimensionsRead():
                self._down.pop(reading.device, None)
                self._measuring.size(reading, at)
            case BoardChanged():
                self._change_board(reading, at)
            case EventsLost():
                self._ledger.count_rejected("events_lost")
                self._lose_all(self._section_of[reading.device], at)
            case OrderAnswered():
                if not self.diverting.answered(reading, at) and not reading.accepted:
                    self._ledger.count_rejected("order_refused")
            case DeviceUp():
                self._down.pop(reading.device, None)
            case DeviceDown():
                self._device_gone(reading.device, reading.reason)
            case DeviceFault():
                if reading.code in LOST_FRAMES:
                    self._ledger.count_rejected(reading.code)
                elif reading.code == "silent":
                    self._device_gone(reading.device, reading.detail)
        self._advance(at)

    def decide(self, decision: Decision, at: Instant) -> str | None:
        """Obeys a decision; or says in a word why it is not obeyed."""
        item = self._item_about(decision)
        if item is None or item.parcel is None:
            return "no_such_parcel"
        is_open = self._is_open(item, decision.route, at)
        refused = self.clearing.decide_on(item.parcel, decision, at, is_open=is_open)
        if refused is None and item.push is not None and not self.diverting.cancel(item, at):
            refused = "recalled_too_late"  # the diverter is moving: it is told where the parcel has gone
        self._advance(at)
        return refused

    def _is_open(self, item: Item, lane: LaneId, at: Instant) -> bool:
        """Nothing has been begun to divert it, and it can still be."""
        return item not in self.track.items or self.diverting.is_open(item, lane, self.belt.travel_at(at))

    def _item_about(self, decision: Decision) -> Item | None:
        for section in reversed(self.sections):
            for item in section.track.items:
                if item.parcel is not None and decision.is_about(item.parcel.visit, item.parcel.minted):
                    return item
        return None

    @property
    def awaits_commit(self) -> bool:
        return bool(self.clearing.awaited or self.diverting.intents)

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> None:
        ready = self.clearing.commit(first, ids, at)
        for parcel in ready:
            parcel.enter("placing", at)
        if self.diverting.committed(first, len(ids), at) or ready:
            self._advance(at)

    def set_link(self, *, trouble: bool, at: Instant) -> None:
        self.diverting.trouble = trouble
        if trouble:
            self.diverting.take_back("device_fault", at)
        if self.clearing.away:
            for item in self.items:
                if item.parcel is not None and item.parcel.phase == "asking":
                    self.clearing.answer_alone(item.parcel, at)

    def set_clock(self, *, jumped: bool, at: Instant) -> None:
        if not jumped:
            return
        for item in self.items:
            parcel = item.parcel
            releases = parcel is not None and parcel.verdict is not None and parcel.verdict.releases
            if parcel is not None and releases and self.diverting.cancel(item, at):
                self.clearing.doubt_clock(parcel, at)

    def wake(self, at: Instant) -> None:
        """`wake_at` has come."""
        self._advance(at)

    # The belt and its beams -------------------------------------------------------------------------

    def _move(self, read: BeltMoved, at: Instant) -> bool:
        """False if the belt has gone on as it was thought to: then nothing is due earlier than was thought."""
        section = self._section_of[read.device]
        belt, track = section.belt, section.track
        stops, before_um = belt.moving and not read.moving, belt.travel_um
        travel = belt.moved(read.at, read.count, moving=read.moving)
        if belt.disturbed_at > track.disturbed_at:
            track.disturbed_at = belt.disturbed_at
            doubt_behind_strays(track.items, belt.disturbed_at)
        if self._down and self._encoders.name(section) in self._down and not belt.dead:
            del self._down[self._encoders.name(section)]
            for item in track.items:
                item.doubt("device_fault")  # what was read and weighed meanwhile was told apart by time alone
        if stops and section is self._last:
            self.diverting.take_back("no_time", at)
        track.creep(travel)
        self._carrying.carry(section, read.at, at)
        if travel < before_um:
            self._carrying.turn_back(section)
        if travel > section.jams.due_um and not belt.dead:
            self._jamming.begin(section, travel, read.at, at)
        changed = track.is_due(travel)
        if changed:
            found = Found()
            track.advance(travel, found)
            self._take_found(section, found, read.at)
        self._full = self.lanes.full(at)
        self.diverting.watch(at)
        steady = abs(belt.speed_um_s - section.planned_um_s) * STEADY <= belt.speed_um_s
        due = self.wake_at is not None and at >= self.wake_at
        return due or changed or not steady or not read.moving

    def _beam(self, read: BeamChanged, at: Instant) -> None:
        section, place = self._belt_beams.get(read.channel, (self._last, None))
        if read.blocked and place is not None and self._encoders.has_died(section, read, place):
            # Without counts nothing is diverted. What is on the belt is given up: where it was then, nobody knows.
            self._down[self._encoders.name(section)] = COUNTS_NOTHING
            self._lose_all(section, read.at)
        travel = section.belt.travel_for(read.at, read.count)
        if place is None:
            self.lanes.covered(read.channel, read.at, blocked=read.blocked)
            if read.blocked:
                self.leaving.lane_beam(read, travel)
            return
        found = Found()
        if read.blocked:
            if place == 0 and section.track.follows:
                self._carrying.meet(section, section.track.beams[0].position_um - travel, read.at, at)
            section.track.covered(place, travel, read.at, found)
            seen = found.seen[0][0] if found.seen else None
            length_um = None if seen is None else section.track.length_um(seen, travel)
            section.jams.covered(place, travel, length_um)
        else:
            if section.jams.freed(place):
                self._jamming.end(section, place, travel, read.at)
            section.track.freed(place, travel, read.at, found)
        section.track.advance(travel, found)
        self._take_found(section, found, read.at)

    def _take_found(self, section: Section, found: Found, at: Instant) -> None:
        """`at`: of the edge or report that showed it."""
        for item in found.proven:
            self._open(section, item)
        for ppm in found.crept:
            corrected = section.belt.calibrate(ppm)
            if corrected:
                section.track.recalibrate(corrected)
        for item, beam in found.seen:
            if section is self._last and beam == len(self.track.beams) - 1:
                self.diverting.unaccounted.at_end(item)
                self.leaving.at_end(item, at)
        for item, beam, freed_at in found.holed:
            if section is self._reading:
                self._measuring.hole(item, beam, freed_at)
        for item, beam in found.cleared:
            if section is self._reading:
                self._measuring.cross(item, beam, at)
        for item in found.lost:
            if section is self._reading:
                self._measuring.drop(item, at)
            if section is self._last:
                self.diverting.unaccounted.lost(item)
            self.leaving.lose(item, at)
        if found.blips:
            self._ledger.count_rejected("beam_bounce", found.blips)
        if found.left_out_um:
            self._encoders.tell_left_out(section, found.left_out_um, at)
        if found.overflow:
            self._ledger.count_rejected("too_many_items")

    def _enter(self, section: Section, item: Item) -> Parcel:
        """It counts as a parcel, which arrived when its front was seen."""
        self._visits.enter()
        item.parcel = Parcel(self._ledger.mint_visit(item.at), DwellClock(item.at), phase_at=item.at)
        if section.jams.beams:
            item.doubt("not_isolated")  # whether it stops behind the others nobody knows
        self._ledger.count_journalled()
        self.clearing.record("parcel.arrived", item.parcel, item.at, clock="hub")
        return item.parcel

    def _open(self, section: Section, item: Item) -> None:
        """It is long enough to be a parcel."""
        at, parcel = item.at, self._enter(section, item)
        if not item.stray:
            return
        self.clearing.hold(parcel, "unknown_item", at)
        if item not in section.track.items:
            return  # it has been lost already
        doubt_waiting(section.track.items, item.seen, section.track.disturbed_at)
        if section is self._last and item.seen == len(self.track.beams) - 1:
            self.diverting.unaccounted.at_end(item)
            self.leaving.at_end(item, at)

    def _lose_all(self, section: Section, at: Instant) -> None:
        """Edges are missing, or the counts began anew: what lies on this belt comes to its next beam as strays."""
        for item in section.track.items:
            self.diverting.cancel(item, at)
        for item in section.track.clear():
            if item.parcel is None and item.rear_um is None:
                self._enter(section, item)  # rather one too many to look for than one that nobody knows of
            self.leaving.lose(item, at)
        self._carrying.forget(section)
        section.jams.forget()
        if section is self._last:
            self.lanes.forget()
            self.diverting.unaccounted.forget()
        if section is self._reading:
            self._measuring.forget(at)

    # What a parcel still lacks ----------------------------------------------------------------------

    def _advance(self, at: Instant) -> None:
        """Does everything that is due, and says when to look again."""
        dues: list[Instant] = []
        for section in self.sections:
            belt = section.belt
            if belt.gone_at is not None:
                if at >= belt.gone_at:
                    belt.forget()
                    self._lose_all(section, at)
                elif section.track.items:
                    dues.append(belt.gone_at)
            section.planned_um_s = belt.speed_um_s
        reading = self._reading.belt
        travel_um = reading.travel_at(at)
        next_um = self._measuring.begin(travel_um, at, dues)
        for section in reversed(self.sections):
            reads = section is self._reading
            for item in section.track.items:
                parcel = item.parcel
                if parcel is None:
                    continue
                if reads and (parcel.phase == "measuring" or not item.crossed):
                    self._measuring.advance(item, parcel, self._down, at)
                if parcel.early is not None and parcel.due_at is not None:
                    if at >= parcel.due_at:
                        is_open = self._is_open(item, parcel.early.route, at)
                        self.clearing.take_early(parcel, at, is_open=is_open)
                    else:
                        dues.append(parcel.due_at)
        if self.belt is reading:
            next_um = min(next_um, self.diverting.advance(travel_um, at))
        else:
            point_at = self.belt.reached_at(self.diverting.advance(self.belt.travel_at(at), at))
            if point_at is not None:
                dues.append(point_at)
        comes_at = reading.reached_at(next_um)
        if comes_at is not None:
            dues.append(comes_at)
        # Never at once again: what is due now has been done.
        self.wake_at = max(min(dues), Instant(at + 1)) if dues else None

    # Devices ----------------------------------------------------------------------------------------

    def _change_board(self, read: BoardChanged, at: Instant) -> None:
        if read.state == "ready":
            self._down.pop(read.device, None)
            if not read.continued:
                section = self._section_of[read.device]
                section.belt.forget()
                self._lose_all(section, at)
        elif read.state not in ("configuring", "syncing"):
            self._down[read.device] = read.detail
        if read.device == self.config.board:
            self.board = read.state
            self.diverting.ready = read.state == "ready"

    def _device_gone(self, device: DeviceId, how: str) -> None:
        self._down[device] = how
        if device == self.config.board:
            self.board = "lost"
            self.diverting.ready = False
