"""A line of a simulated hub that a controller drives: the controller, a scanner of the gateway's own beside it, the
wires of both, and the drivers behind them. Parcels are put onto it one by one; what becomes of each is its ride.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, get_args

from drivers.command import Command
from drivers.reading import DeviceDown, Reading
from drivers.registry import new_session
from drivers.session import Actuator, Session
from hub_config.hub import HubConfig
from hub_config.names import MILLISECOND, DeviceId, Instant, LineId
from hub_config.plc import PlcLine, PlcWcsConfig
from hub_config.scanners import LineScannerConfig
from simulators.bench import Happened, Sent
from simulators.devices.line_scanner import LineScanner
from simulators.devices.plc import Plc, PlcFault, Ride
from simulators.devices.scale_wire import Told
from simulators.host import Host
from simulators.parcels import MILLION, Parcel
from simulators.task import Placed
from simulators.world import World

NETWORK_NS: Final = (200_000, 2 * MILLISECOND)
"""One way."""
FEED_AFTER_NS: Final = 2_500 * MILLISECOND
FEED_EVERY_NS: Final = (900 * MILLISECOND, 1_600 * MILLISECOND)
SCANNED_AFTER_NS: Final = 300 * MILLISECOND
AWAY_NS: Final = (300 * MILLISECOND, 1_500 * MILLISECOND)
"""How long a link is gone."""
WEIGHS_WITHIN_G: Final = 4
WEIGHS_MAX_MG: Final = 30_000_000
STAMPS_WITHIN_US: Final = 10_000
"""The gateway hears of what the controller does within this."""
CODE_CHARS: Final = 30
"""Longer codes have no room in its telegrams."""
NO_FAULTS: Final[Mapping[PlcFault, int]] = {}


class PlcPlant:
    def __init__(
        self, world: World, host: Host, hub: HubConfig, line: PlcLine, parcels: Collection[Parcel], seed: int,
        give: Callable[[Reading], None], rates_ppm: Mapping[PlcFault, int],
    ) -> None:  # fmt: skip
        config = hub.device(line.plc)
        assert isinstance(config, PlcWcsConfig), f"{line.id}: {line.plc} is no controller"
        self.line = line
        self._world = world
        self._host = host
        self._hub = hub
        self._give = give
        self._seed = seed
        self._rng = random.Random(f"plc/{line.id}/{seed}")
        self._rates = rates_ppm
        self._coming = iter(parcels)
        self.count = len(parcels)
        self.parcels: list[Parcel] = []
        safe = next(one.code for one in line.exits if one.lane == line.fail_safe)
        self.plc = Plc(config, tuple(one.code for one in line.exits), safe)
        self._scanners = tuple(
            one.device for one in line.readers if isinstance(hub.device(one.device), LineScannerConfig)
        )
        self._sessions: dict[DeviceId, Session] = {
            device: new_session(hub.device(device)) for device in (line.plc, *self._scanners)
        }
        self._armed: dict[DeviceId, Instant] = {}
        self._arrives: dict[tuple[DeviceId, bool], Instant] = {}
        self._linked = 0
        """How often the controller's link has been made; what was under way on an older one is lost."""
        self._away = False
        self._looks_at: Instant | None = None
        self._delivered: dict[int, list[Sent]] = {}
        world.call_after(0, self._open)
        world.call_after(FEED_AFTER_NS, self._feed)

    @property
    def done(self) -> bool:
        return len(self.parcels) == self.count and not self.plc.under_way

    def order(self, command: Command) -> None:
        self._host.act_at(self._world.now, partial(self._tell, command))

    # The line ---------------------------------------------------------------------------------------

    def _feed(self) -> None:
        parcel = next(self._coming, None)
        if parcel is None:
            return
        now, rng = self._world.now, random.Random(f"ride/{self._seed}/{parcel.number}")
        self.parcels.append(parcel)
        drawn = {fault: rng.randrange(MILLION) for fault in get_args(PlcFault)}
        faults = tuple(fault for fault in drawn if drawn[fault] < self._rates.get(fault, 0))
        codes = tuple(
            one.data for one in parcel.labels if len(one.data) <= CODE_CHARS and one.data.isprintable()
        )
        grams = (parcel.mass_mg + 500) // 1_000 + rng.randint(-WEIGHS_WITHIN_G, WEIGHS_WITHIN_G)
        self.plc.induct(
            parcel.number, codes if parcel.items else (),
            grams if parcel.mass_mg <= WEIGHS_MAX_MG else None, now, faults,
        )  # fmt: skip
        self._world.call_after(SCANNED_AFTER_NS, partial(self._scan, parcel))
        if "reconnect" in faults:
            self._world.call_after(rng.randint(0, 4_000) * MILLISECOND, self._break_link)
        self._look()
        self._world.call_after(rng.randint(*FEED_EVERY_NS), self._feed)

    def _scan(self, parcel: Parcel) -> None:
        for device in self._scanners:
            config = self._hub.device(device)
            assert isinstance(config, LineScannerConfig), f"{device} is no scanner"
            scanner = LineScanner(config.prefix.encode("latin-1"), b"\r\n", aim=config.aim)
            for code in parcel.labels if parcel.items else ():
                sent = Sent(self._world.now, code.data, code.aim, parcel.number)
                self._delivered.setdefault(parcel.number, []).append(sent)
                self._carry(device, scanner.scan(code.data, code.aim))
            if not parcel.items:
                self._carry(device, scanner.no_read())

    def _look(self) -> None:
        """Takes what the controller has to say, and comes back when it has more."""
        now = self._world.now
        self._carry(self.line.plc, self.plc.output(now))
        due = self.plc.wake_at
        if due is not None and due != self._looks_at:
            self._looks_at = due
            self._world.call_at(due, self._look)

    # Wires ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        for device in self._sessions:
            self._arm(device)
        self._look()

    def _break_link(self) -> None:
        if self._away:
            return
        self._away = True
        self._linked += 1
        self._give(DeviceDown(self.line.plc, self._world.now, f"{self.line.plc}: the connection was lost"))
        for ride in self.plc.rides:
            ride.untold = ride.untold or ride.left_at is None
        self._world.call_after(self._rng.randint(*AWAY_NS), self._make_link)

    def _make_link(self) -> None:
        self._away = False
        self.plc.disconnected()
        self._sessions[self.line.plc] = new_session(self._hub.device(self.line.plc))
        self._armed.pop(self.line.plc, None)
        self._arm(self.line.plc)
        self._look()

    def _carry(self, device: DeviceId, data: bytes) -> None:
        """Device to driver, in two reads."""
        if not data:
            return
        if device == self.line.plc and self._away:
            self._mark_untold()
            return
        cut = self._rng.randrange(len(data) + 1)
        for part in (data[:cut], data[cut:]):
            if part:
                at = self._delivery(device, inward=True)
                self._host.hear_at(at, partial(self._receive, device, part, self._linked))

    def _mark_untold(self) -> None:
        for ride in self.plc.rides[-32:]:
            recent = ride.left_at is None or ride.left_at >= self._world.now - MILLISECOND
            ride.untold = ride.untold or recent

    def _delivery(self, device: DeviceId, *, inward: bool) -> Instant:
        """In order, as one connection delivers."""
        soonest = Instant(self._world.now + self._rng.randint(*NETWORK_NS))
        at = max(soonest, self._arrives.get((device, inward), soonest))
        self._arrives[(device, inward)] = at
        return at

    def _receive(self, device: DeviceId, data: bytes, linked: int) -> None:
        if device == self.line.plc and linked != self._linked:
            return
        self._give_all(self._sessions[device].receive(data, self._world.now))
        self._arm(device)

    def _tell(self, command: Command) -> None:
        if self._away:
            return  # a command for a port that is not open is dropped
        session = self._sessions[command.device]
        assert isinstance(session, Actuator), f"{command.device} takes no commands"
        self._give_all(session.command(command, self._world.now))
        self._arm(command.device)

    def _arm(self, device: DeviceId) -> None:
        """Sends what the session wants sent, and wakes it when it wants to be woken."""
        if device == self.line.plc and self._away:
            return
        session = self._sessions[device]
        data = session.take_output()
        if data and device == self.line.plc:
            at = self._delivery(device, inward=False)
            self._world.call_at(at, partial(self._hear, data, self._linked))
        due = session.wake_at
        if due is not None and self._armed.get(device) != due:
            self._armed[device] = due
            self._host.act_at(due, partial(self._wake, device, due))

    def _hear(self, data: bytes, linked: int) -> None:
        if linked == self._linked:
            self.plc.receive(data, self._world.now)

    def _wake(self, device: DeviceId, due: Instant) -> None:
        if self._armed.get(device) == due:
            del self._armed[device]
            self._give_all(self._sessions[device].wake(self._world.now))
            self._arm(device)

    def _give_all(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._give(reading)

    # The truth --------------------------------------------------------------------------------------

    def exit_of(self, ride: Ride) -> tuple[str, str] | None:
        """Lane and bay."""
        exit_ = None if ride.lane is None else self.line.exit_called(ride.lane)
        return None if exit_ is None else (exit_.lane, exit_.bay)

    def happened(self, arrived: Mapping[int, str], left: Mapping[int, str]) -> list[Happened]:
        """One for each ride, in order. `arrived`, `left`: the visit that the gateway saw come, and go, by the place of
        the ride."""
        return [
            self._happened(place, ride, arrived.get(place), left.get(place))
            for place, ride in enumerate(self.plc.rides)
        ]

    def _happened(self, place: int, ride: Ride, arrived: str | None, left: str | None) -> Happened:
        went = self.exit_of(ride)
        placed = None
        if went is not None and ride.left_at is not None and not self.misdirected(ride):
            placed = Placed(went[1], went[0], left or arrived or "", ride.left_at)
        parcel = self.parcels[place]
        # Held under the name that the controller told, it may bear the other's: only in the free lane that counts.
        held = placed is None or placed.lane != self.line.free_lane
        mixed = [one for one in self.parcels if one.number == ride.mixed_with] if held else []
        weight = Told(ride.inducted_at, 1, None if ride.grams is None else ride.grams * 1_000)
        return Happened(
            number=parcel.number,
            scans=() if placed is None else tuple(self._delivered.get(parcel.number, ())),
            weights=() if placed is None else (weight,),
            placed=placed,
            taken=(left or arrived) if placed is None else arrived if arrived != left else None,
            once_beside=tuple(mixed),
        )

    def misdirected(self, ride: Ride) -> bool:
        """The controller let it into the free lane of its own accord: the gateway must say that it is astray."""
        free = self.line.exit_to(self.line.free_lane)
        return free is not None and ride.lane == free.code and ride.wanted != free.code


def plc_plants(
    world: World, host: Host, hub: HubConfig, parcels: Mapping[LineId, Collection[Parcel]], seed: int,
    give: Callable[[Reading], None], rates_ppm: Mapping[PlcFault, int],
) -> list[PlcPlant]:  # fmt: skip
    """One for each line of the hub that a controller drives."""
    return [
        PlcPlant(world, host, hub, line, parcels[line.id], seed + place, give, rates_ppm)
        for place, line in enumerate(hub.plc_lines)
    ]


def silent(hub: HubConfig) -> list[LineId]:
    """Lines that are only listened to."""
    told = {one.id: one.drives for one in hub.devices if isinstance(one, PlcWcsConfig)}
    return [line.id for line in hub.plc_lines if not told[line.plc]]
