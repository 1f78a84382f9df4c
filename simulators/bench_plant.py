"""One bench of a simulated hub: the physical bench, the serial lines of its devices, and the drivers behind them."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from drivers.reading import Reading
from drivers.registry import new_session
from drivers.session import Session
from edge.core.snapshot import BenchView
from edge.web.state import bench_state
from hub_config.hub import HubConfig
from hub_config.layout import Bench
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.bench import PhysicalBench
from simulators.inspections import Hall, Rounds
from simulators.inspector import Inspector
from simulators.mistakes import RATES_PPM, Mistake
from simulators.parcels import Parcel
from simulators.scales import wire_at
from simulators.supply import Supply
from simulators.task import Hands
from simulators.world import World

BYTE_NS: Final = 1_041_667
"""One byte of ten bits at 9600 baud."""
SCREEN_NS: Final = 20 * MILLISECOND


class BenchPlant:
    def __init__(
        self, world: World, hub: HubConfig, bench: Bench, parcels: Sequence[Parcel], seed: int,
        rng: random.Random, give: Callable[[Reading], None], mistakes_ppm: Mapping[Mistake, int] = RATES_PPM,
        supply: Supply | None = None, pace: float = 1.0, *, hall: Hall | None = None,
    ) -> None:  # fmt: skip
        self._world = world
        self._rng = rng
        self._give = give
        self.config = bench
        bays = {bay.bay: bay.barcode for bay in bench.bays}
        self._scanner, self._scale = bench.scanners[0], bench.scale

        def inspector(hands: Hands) -> Inspector:
            assert hall is not None, f"{bench.id}: nobody inspects at this hub"
            rounds = supply or Rounds(hall, parcels, world, inspects=bench.inspects)
            free = next(bay.barcode for bay in bench.bays if bay.lane == bench.free_lane)
            return Inspector(world, hands, rounds, seed, bays, pace, mistakes_ppm, None, hall, free)

        self.bench = PhysicalBench(
            world,
            parcels,
            seed,
            bays,
            pace,
            scale_wire=wire_at(hub, bench),
            rates_ppm=mistakes_ppm,
            supply=supply,
            operator=None if hall is None else inspector,
            hall=hall,
        )
        self._sessions: dict[DeviceId, Session] = {
            device: new_session(hub.device(device)) for device in (*bench.scanners, bench.scale)
        }
        self._due: Instant | None = None
        self._stirred = True
        """Something was moved since `_due` was looked up."""

    @property
    def done(self) -> bool:
        return self.bench.done

    @property
    def next_at(self) -> Instant | None:
        """When to serve again; the world's own actions aside."""
        if self._stirred or self.bench.stirred:
            self._stirred = self.bench.stirred = False
            self._due = self._soonest()
        return self._due

    def _soonest(self) -> Instant | None:
        due = self.bench.next_output_at
        for session in self._sessions.values():
            wake = session.wake_at
            if wake is not None and (due is None or wake < due):
                due = wake
        return due

    def show(self, view: BenchView) -> None:
        shown = bench_state(view)
        self._world.call_after(SCREEN_NS, lambda: self.bench.look(shown))

    def serve(self) -> None:
        """Moves whatever is due at this instant."""
        now = self._world.now
        self._stirred = True
        self._carry(self._scanner, self.bench.scanner_output(now))
        self._carry(self._scale, self.bench.scale_output(now))
        for device, session in self._sessions.items():
            wake = session.wake_at
            if wake is not None and wake <= now:
                self._give_all(session.wake(now))
            self._write(device, session)

    def _carry(self, device: DeviceId, data: bytes) -> None:
        """Device to driver: the last byte arrives when the line has sent it, in two reads."""
        if not data:
            return
        cut = self._rng.randrange(len(data) + 1)
        first, last = data[:cut], data[cut:]
        self._world.call_after(len(first) * BYTE_NS, lambda: self._receive(device, first))
        self._world.call_after(len(data) * BYTE_NS, lambda: self._receive(device, last))

    def _receive(self, device: DeviceId, data: bytes) -> None:
        self._stirred = True
        session = self._sessions[device]
        if data:
            self._give_all(session.receive(data, self._world.now))
            self._write(device, session)

    def _write(self, device: DeviceId, session: Session) -> None:
        data = session.take_output()
        if data and device == self._scale:
            self._world.call_after(
                len(data) * BYTE_NS, lambda: self.bench.scale_receive(data, self._world.now)
            )

    def _give_all(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._give(reading)
