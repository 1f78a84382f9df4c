"""A simulated controller of a sorting line: it tracks parcels by number, reads and weighs them, and diverts them.

At its commit point a parcel goes where the latest destination of its number says, or to the fail-safe lane: so it does
without a destination, and with every destination that a host had given which has been silent for three life periods.
Faults are asked for parcel by parcel; a fault is done, and told, as such a controller would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, Literal

from hub_config.names import MILLISECOND, Instant
from hub_config.plc import PlcWcsConfig
from simulators.devices.plc_wire import PlcWire

PlcFault = Literal[
    "wrong_lane",  # it discharges into another lane than the destination, and says so
    "missed",  # its diverter fails: the parcel runs to the fail-safe lane
    "taken_off",  # somebody takes the parcel off the line
    "swapped_codes",  # its code and that of the parcel before it are told under each other's number
    "number_reused",  # it gets the number of the parcel before it, which is still under way
    "order_swapped",  # a telegram is overtaken by the one behind it
    "mute",  # its link is alive and it says nothing for a while
    "reconnect",  # its link breaks, and what it says meanwhile is lost
]
LIVES_MISSED: Final = 3
READ_AFTER_NS: Final = 400 * MILLISECOND
WEIGHED_AFTER_NS: Final = 700 * MILLISECOND
COMMIT_AFTER_NS: Final = 5_200 * MILLISECOND
FIRST_EXIT_NS: Final = 6_000 * MILLISECOND
NEXT_EXIT_NS: Final = 450 * MILLISECOND
MUTE_NS: Final = 4_000 * MILLISECOND
NUMBERS: Final = 900
"""It counts so far, then begins anew: long after the number has left."""


@dataclass(slots=True, eq=False)
class Ride:
    """One parcel on the line, as it really went."""

    parcel: int
    number: int
    inducted_at: Instant
    codes: tuple[str, ...]
    grams: int | None
    faults: tuple[PlcFault, ...] = ()
    wanted: str | None = None
    """The destination that it had at its commit point."""
    lane: str | None = None
    """Where it went, in the controller's word; None: it was taken off."""
    left_at: Instant | None = None
    mixed_with: int | None = None
    """The parcel whose code was told under its number."""
    untold: bool = False
    """A telegram about it never reached the host, or out of its turn."""


@dataclass(slots=True)
class _Mishap:
    """What is wrong with its talking just now."""

    overtaken: bytes | None = None
    mute_until: Instant = Instant(0)
    pending: bool = False


class Plc:
    def __init__(self, layout: PlcWcsConfig, lanes: tuple[str, ...], safe: str) -> None:
        """`lanes`: its own words for them; `safe`: that of the fail-safe one."""
        self._wire = PlcWire(layout)
        self._lanes = lanes
        self._safe = safe
        self._confirmed, self._lost = layout.confirmed[0], layout.lost[0] if layout.lost else ""
        self._no_read = layout.no_read[0] if layout.no_read else ""
        self._life_ns = layout.life_ms * MILLISECOND
        self._agenda: list[tuple[Instant, int, Callable[[Instant], None]]] = []
        self._order = 0
        self._number = 0
        self._destinations: dict[int, str] = {}
        self._host_at: Instant | None = None
        self._out = b""
        self._mishap = _Mishap()
        self._withheld: Ride | None = None
        """Whose code is told under the next one's number."""
        self.rides: list[Ride] = []
        self._at(Instant(0), self._live)

    @property
    def wake_at(self) -> Instant | None:
        return self._agenda[0][0] if self._agenda else None

    @property
    def under_way(self) -> int:
        return sum(one.left_at is None for one in self.rides)

    def induct(
        self, parcel: int, codes: tuple[str, ...], grams: int | None, at: Instant,
        faults: tuple[PlcFault, ...] = (),
    ) -> Ride:  # fmt: skip
        before = self.rides[-1] if self.rides and self.rides[-1].left_at is None else None
        if "number_reused" in faults and before is not None:
            number = before.number
        else:
            self._number = number = self._number % NUMBERS + 1
        ride = Ride(parcel, number, at, codes, grams, faults)
        self.rides.append(ride)
        if "mute" in faults:
            self._mishap.mute_until = Instant(at + MUTE_NS)
        self._say(ride, self._wire.say("inducted", number=number), at)
        self._at(Instant(at + READ_AFTER_NS), lambda now: self._read(ride, now))
        self._at(Instant(at + WEIGHED_AFTER_NS), lambda now: self._weigh(ride, now))
        self._at(Instant(at + COMMIT_AFTER_NS), lambda now: self._commit(ride, now))
        if "order_swapped" in faults:
            self._mishap.pending = True
        return ride

    def receive(self, data: bytes, at: Instant) -> None:
        for means, fields in self._wire.hear(data):
            self._watch_host(at)
            self._host_at = at
            if means == "destination":
                self._destinations[int(fields["track_no"])] = fields["lane"]

    def output(self, at: Instant) -> bytes:
        """What it has to say by then."""
        while self._agenda and self._agenda[0][0] <= at:
            due, _, action = heappop(self._agenda)
            action(due)
        out, self._out = self._out, b""
        return out

    def disconnected(self) -> None:
        """Its link is gone: what it says now nobody hears, and numbers go on."""
        self._out = b""

    # What it does -----------------------------------------------------------------------------------

    def _at(self, at: Instant, action: Callable[[Instant], None]) -> None:
        self._order += 1
        heappush(self._agenda, (at, self._order, action))

    def _live(self, at: Instant) -> None:
        self._watch_host(at)
        self._say(None, self._wire.say("life"), at)
        self._at(Instant(at + self._life_ns), self._live)

    def _watch_host(self, at: Instant) -> None:
        if self._host_at is not None and at - self._host_at > LIVES_MISSED * self._life_ns:
            self._destinations.clear()

    def _read(self, ride: Ride, at: Instant) -> None:
        before, self._withheld = self._withheld, None
        if before is not None:
            ride.mixed_with, before.mixed_with = before.parcel, ride.parcel
            self._tell_codes(ride, before.codes, at)
            self._tell_codes(before, ride.codes, at)
        elif "swapped_codes" in ride.faults:
            self._withheld = ride
        else:
            self._tell_codes(ride, ride.codes, at)

    def _tell_codes(self, ride: Ride, codes: tuple[str, ...], at: Instant) -> None:
        for code in codes or (self._no_read,):
            self._say(ride, self._wire.say("read", number=ride.number, code=code), at)

    def _weigh(self, ride: Ride, at: Instant) -> None:
        self._say(ride, self._wire.say("weighed", number=ride.number, grams=ride.grams), at)

    def _commit(self, ride: Ride, at: Instant) -> None:
        self._watch_host(at)
        ride.wanted = self._destinations.pop(ride.number, None)
        lane = ride.wanted if ride.wanted in self._lanes else self._safe
        result = self._confirmed
        if "wrong_lane" in ride.faults:
            lane = self._lanes[0] if lane != self._lanes[0] else self._lanes[-1]
        if "missed" in ride.faults and lane != self._safe:
            lane, result = self._safe, "MISS"
        # The exits stand one behind the other along the line, the fail-safe one at its end.
        exits = [*(one for one in self._lanes if one != self._safe), self._safe]
        leaves_at = Instant(ride.inducted_at + FIRST_EXIT_NS + exits.index(lane) * NEXT_EXIT_NS)
        self._at(leaves_at, lambda now: self._leave(ride, lane, result, now))

    def _leave(self, ride: Ride, lane: str, result: str, at: Instant) -> None:
        ride.left_at = at
        ride.lane = lane
        if "taken_off" in ride.faults:
            ride.lane, result = None, self._lost
        self._say(ride, self._wire.say("discharged", number=ride.number, lane=lane, result=result), at)

    def _say(self, ride: Ride | None, telegram: bytes, at: Instant) -> None:
        mishap = self._mishap
        if at < mishap.mute_until:
            if ride is not None:
                ride.untold = True
            return
        if mishap.pending and ride is not None:
            mishap.pending, mishap.overtaken = False, telegram
            ride.untold = True
            return
        self._out += telegram
        if mishap.overtaken is not None:
            self._out += mishap.overtaken
            mishap.overtaken = None
