"""A belt line: parcels enter, are read and weighed on the way, asked about, and leave by the lane their decision names.

`track` knows what lies on the belt, `measuring` what is read and weighed of it, `clearing` what becomes of a parcel,
`diverting` how it gets into its lane. Here these are put together: each reading, decision and moment is handed to the
part that owns it.
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
from edge.core.belt import Belt
from edge.core.clearing import Clearing
from edge.core.decision import Decision
from edge.core.diverting import Diverting
from edge.core.dwell import DwellClock, DwellLedger
from edge.core.event import Event
from edge.core.item import Item
from edge.core.jams import Jams
from edge.core.lanes import Lanes
from edge.core.leaving import Leaving
from edge.core.ledger import Ledger
from edge.core.measuring import Measuring
from edge.core.offline import Offline
from edge.core.parcel import Parcel
from edge.core.track import Found, Track
from edge.core.visits import Visits
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.names import DeviceId, Instant, LaneId

ENCODER: Final = DeviceId("encoder")
"""Its name among the devices that are down: it is wired to the board."""
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
        self.belt = Belt(config.belt, config.tolerance_um)
        self.track = Track(config)
        self.lanes = Lanes(config)
        self.diverting = Diverting(config, self.track, self.belt, self.lanes, self.clearing, ledger)
        self._measuring = Measuring(config, hub, self.track, self.belt, self.clearing, ledger, visits)
        self.leaving = Leaving(config, self.track, self.lanes, self.clearing, ledger, visits)
        self.jams = Jams(config)
        self._belt_beams = {beam.channel: place for place, beam in enumerate(self.track.beams)}
        self.board: BoardState = "opening"
        self._down: dict[DeviceId, str] = {}
        self._full: tuple[LaneId, ...] = ()
        """Lanes that are full or blocked."""
        self.wake_at: Instant | None = None
        """When it wants to be woken."""
        self._planned_um_s = 0
        """The belt's speed by which that was set."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self.config.board, *self._measuring.devices)

    @property
    def devices_down(self) -> tuple[str, ...]:
        """With lanes that are full or blocked, and beams that are jammed."""
        jams = (f"jam at beam {self.track.beams[place].id}" for place in self.jams.beams)
        return (*sorted(self._down), *(f"lane {lane}" for lane in self._full), *jams)

    # What comes in --------------------------------------------------------------------------------

    def read(self, reading: Reading, at: Instant) -> None:
        """A reading of one of this line's devices."""
        match reading:
            case BeltMoved():
                if not self._move(reading, at):
                    return
            case BeamChanged():
                self._beam(reading)
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
                self._lose_all(at)
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
        for item in self.track.items:
            if item.parcel is not None and decision.is_about(item.parcel.visit, item.parcel.minted):
                break
        else:
            return "no_such_parcel"
        refused = self.clearing.decide_on(item.parcel, decision, at)
        if refused is None and item.push is not None and not self.diverting.cancel(item, at):
            refused = "recalled_too_late"  # the diverter is moving: it is told where the parcel has gone
        self._advance(at)
        return refused

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> None:
        if not (self.clearing.awaited or self.diverting.intents):
            return
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
            for item in self.track.items:
                if item.parcel is not None and item.parcel.phase == "asking":
                    self.clearing.answer_alone(item.parcel, at)

    def set_clock(self, *, jumped: bool, at: Instant) -> None:
        if not jumped:
            return
        for item in self.track.items:
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
        stops = self.belt.moving and not read.moving
        travel = self.belt.moved(read.at, read.count, moving=read.moving)
        self.track.disturbed_at = self.belt.disturbed_at
        if ENCODER in self._down and not self.belt.dead:
            del self._down[ENCODER]
            for item in self.track.items:
                item.doubt("device_fault")  # what was read and weighed meanwhile was told apart by time alone
        if stops:
            self.diverting.take_back("no_time", at)
        self.track.creep(travel)
        if travel > self.jams.due_um and not self.belt.dead:
            for place in self.jams.begun(travel):
                self.track.jam(place)
                self._tell_jam(place, "jammed", at)
                self._give_up_behind(place, read.at)
        changed = self.track.is_due(travel)
        if changed:
            found = Found()
            self.track.advance(travel, found)
            self._take_found(found, read.at)
        self._full = self.lanes.full(at)
        self.diverting.watch(at)
        steady = abs(self.belt.speed_um_s - self._planned_um_s) * STEADY <= self.belt.speed_um_s
        due = self.wake_at is not None and at >= self.wake_at
        return due or changed or not steady or not read.moving

    def _beam(self, read: BeamChanged) -> None:
        place = self._belt_beams.get(read.channel)
        if read.blocked and place is not None:
            self._watch_encoder(read, place)
        travel = self.belt.travel_for(read.at, read.count)
        if place is None:
            self.lanes.covered(read.channel, read.at, blocked=read.blocked)
            if read.blocked:
                self.leaving.lane_beam(read, travel)
            return
        found = Found()
        if read.blocked:
            self.track.covered(place, travel, read.at, found)
            seen = found.seen[0][0] if found.seen else None
            self.jams.covered(place, travel, None if seen is None else self.track.length_um(seen, travel))
        else:
            if self.jams.freed(place):
                self.track.clear_jam(place, travel)
                self._tell_jam(place, "clear", read.at)
                self._give_up_behind(place, read.at)
            self.track.freed(place, travel, read.at, found)
        self.track.advance(travel, found)
        self._take_found(found, read.at)

    def _give_up_behind(self, place: int, at: Instant) -> None:
        """What has run up against a jam lies anywhere: the next may come just where it was expected. It comes on as a
        stray. What leaves before the end is not followed up to a jam there."""
        if place == len(self.track.beams) - 1:
            return
        for item in [one for one in self.track.items if one.seen < place and one.rear_um is not None]:
            self.diverting.cancel(item, at)
            self.track.remove(item)
            self._measuring.drop(item, at)
            self.leaving.lose(item, at)

    def _tell_jam(self, place: int, state: str, at: Instant) -> None:
        beam = self.track.beams[place].id
        note = (("device", self.config.board), ("line", self.config.id), ("beam", beam), ("state", state))
        self._ledger.record(Event("device.changed", self.config.id, None, at, note=note))

    def _watch_encoder(self, read: BeamChanged, beam: int) -> None:
        """Without counts nothing is diverted. What is on the belt is given up: where it was then, nobody knows."""
        place_um = self.track.beams[beam].position_um - self.belt.travel_um - self.belt.set_travel(read.at)
        expected = self.track.is_coming(beam, place_um)
        if self.belt.front_came(read.at, read.count, beam, expected=expected):
            self._down[ENCODER] = "parcels come, and it counts nothing; check its cable and its wheel"
            self._lose_all(read.at)

    def _take_found(self, found: Found, at: Instant) -> None:
        """`at`: of the edge or report that showed it."""
        for item in found.proven:
            self._open(item)
        for ppm in found.crept:
            corrected = self.belt.calibrate(ppm)
            if corrected:
                self.track.recalibrate(corrected)
        for item, beam in found.seen:
            if beam == len(self.track.beams) - 1:
                self.leaving.at_end(item, at)
        for item, beam in found.cleared:
            self._measuring.cross(item, beam, at)
        for item in found.lost:
            self._measuring.drop(item, at)
            self.leaving.lose(item, at)
        if found.blips:
            self._ledger.count_rejected("beam_bounce", found.blips)
        if found.overflow:
            self._ledger.count_rejected("too_many_items")

    def _enter(self, item: Item) -> Parcel:
        """It counts as a parcel, which arrived when its front was seen."""
        self._visits.enter()
        item.parcel = Parcel(self._ledger.mint_visit(item.at), DwellClock(item.at), phase_at=item.at)
        if self.jams.beams:
            item.doubt("not_isolated")  # whether it stops behind the others nobody knows
        self._ledger.count_journalled()
        self.clearing.record("parcel.arrived", item.parcel, item.at, clock="hub")
        return item.parcel

    def _open(self, item: Item) -> None:
        """It is long enough to be a parcel."""
        at, parcel = item.at, self._enter(item)
        if not item.stray:
            return
        self.clearing.hold(parcel, "unknown_item", at)
        if item not in self.track.items:
            return  # it has been lost already
        follower = self.track.upstream_of(item)
        if follower is not None and follower.anchored_at < self.track.disturbed_at:
            # Counts went wrong: this may be that one, far from where it should be.
            follower.doubt("swap_suspected")
        if item.seen == len(self.track.beams) - 1:
            self.leaving.at_end(item, at)

    def _lose_all(self, at: Instant) -> None:
        """Edges are missing, or the counts began anew: what lies on the belt comes to its end as strays."""
        for item in self.track.items:
            self.diverting.cancel(item, at)
        for item in self.track.clear():
            if item.parcel is None and item.rear_um is None:
                self._enter(item)  # rather one too many to look for than one that nobody knows of
            self.leaving.lose(item, at)
        self.lanes.forget()
        self.jams.forget()
        self._measuring.forget(at)

    # What a parcel still lacks ----------------------------------------------------------------------

    def _advance(self, at: Instant) -> None:
        """Does everything that is due, and says when to look again."""
        belt = self.belt
        if belt.gone_at is not None and at >= belt.gone_at:
            belt.forget()
            self._lose_all(at)
        travel = belt.travel_at(at)
        self._planned_um_s = belt.speed_um_s
        dues = [belt.gone_at] if belt.gone_at is not None and self.track.items else []
        next_um = self._measuring.begin(travel, at, dues)
        for item in self.track.items:
            parcel = item.parcel
            if parcel is None:
                continue
            if not item.crossed or parcel.phase == "measuring":
                self._measuring.advance(item, parcel, self._down, at)
            if parcel.early is not None and parcel.due_at is not None:
                if at >= parcel.due_at:
                    self.clearing.take_early(parcel, at)
                else:
                    dues.append(parcel.due_at)
        comes_at = belt.when(min(next_um, self.diverting.advance(travel, at)))
        if comes_at is not None:
            dues.append(comes_at)
        # Never at once again: what is due now has been done, and rounding must not make it due for ever.
        self.wake_at = max(min(dues), Instant(at + 1)) if dues else None

    # Devices ----------------------------------------------------------------------------------------

    def _change_board(self, read: BoardChanged, at: Instant) -> None:
        self.board = read.state
        if read.state == "ready":
            self._down.pop(read.device, None)
            if not read.continued:
                self.belt.forget()
                self._lose_all(at)
        elif read.state not in ("configuring", "syncing"):
            self._down[read.device] = read.detail
        self.diverting.ready = read.state == "ready"

    def _device_gone(self, device: DeviceId, how: str) -> None:
        self._down[device] = how
        if device == self.config.board:
            self.board = "lost"
            self.diverting.ready = False
