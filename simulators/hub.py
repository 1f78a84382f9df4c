"""A whole bench in one thread under simulated time: devices on wires, drivers, core, journal chain, coordinator.

The same drivers, core, contract and clearance desk as in real time; what is simulated is the hardware, the operator,
the time that bytes, commits and messages take, and the disk (a list). Every event is hashed and chained; one visit in
`sign_one_in` is signed and its signatures checked; every decision is signed and verified.
"""

import json
import random
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from drivers.reading import Reading
from drivers.registry import new_session
from drivers.session import Session
from edge.core.effects import Effect, Record, Show
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, Tick, WallClock
from edge.web.state import bench_state
from edge.wire.chain import Chain, Link
from edge.wire.envelope import EventContext, event_payload
from edge.wire.messages import build_decision, parse_decision
from edge.wire.signing import TrustStore
from edge.wire.verifier import ChainCheck, check_event
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, DeviceId, Instant
from hub_config.rules import RulePack
from simulators.bench import PhysicalBench
from simulators.checkers import Checkers, RuleBrokenError
from simulators.coordinator.desk import Declared, Desk
from simulators.coordinator.visits import MemoryBook
from simulators.parcels import Parcel
from simulators.practice import COORDINATOR, PracticeHub, practice_signer
from simulators.world import World

UTC_AT_START_US: Final = 1_795_305_600_000_000
"""2026-11-22T00:00:00Z: runs of one seed begin at one moment."""
BYTE_NS: Final = 1_041_667
"""One byte of ten bits at 9600 baud."""
COMMIT_NS: Final = (2_200_000, 4_500_000)
STALL_NS: Final = (20 * MILLISECOND, 400 * MILLISECOND)
"""Stalls of fsync seen on every store."""
STALL_PPM: Final = 2_000
MESSAGE_NS: Final = (3 * MILLISECOND, 12 * MILLISECOND)
SCREEN_NS: Final = 20 * MILLISECOND
WALL_CLOCK_NS: Final = 60 * SECOND
RUN_MAX_NS_PER_PARCEL: Final = 120 * SECOND
"""A run that takes longer has deadlocked."""


class RunStuckError(RuntimeError):
    """The simulated bench can't finish; the message says with which parcel and what the screen shows."""


@dataclass(slots=True)
class Tallies:
    """What the run counted besides the events."""

    signed: int = 0
    """Events whose signature was made and checked."""
    latencies: dict[str, list[int]] = field(
        default_factory=lambda: {"reading_to_puback": [], "event_to_decision": []}
    )


class SimulatedBench:
    def __init__(
        self,
        hub: PracticeHub,
        parcels: list[Parcel],
        seed: int,
        rules: RulePack,
        manifest: dict[str, Declared],
        *,
        sign_one_in: int = 1_000,
    ) -> None:
        config = hub.config
        self.world = World()
        self.bench = PhysicalBench(self.world, parcels, seed, hub.bays)
        self.config = config
        self._rng = random.Random(f"hub/{seed}")
        self._signer = practice_signer("gateway")
        self._coordinator = practice_signer("coordinator")
        self._trust = TrustStore(config.trust)
        self.gateway = Gateway(config, sha256(f"entropy/{seed}".encode()).digest())
        self._chain = Chain(self._context(), self._signer, sign_one_in=sign_one_in)
        self._desk = Desk(
            rules, manifest, config.hub.id, "practice", sha256(f"desk/{seed}".encode()).digest()
        )
        self._book = MemoryBook()
        self._chain_check = ChainCheck()
        self._sessions: dict[DeviceId, Session] = {
            device.id: new_session(device) for device in config.devices
        }
        self._scanner, self._scale = config.benches[0].scanners[0], config.benches[0].scale
        self._waiting: list[tuple[int, Event]] = []
        self._committing = False
        self._clock_due = Instant(0)
        self._arrives_at = Instant(0)
        self._in_flight = 0
        self._asked: dict[str, Instant] = {}
        self._digest = sha256()
        self.checkers = Checkers(config.benches[0])
        self.tallies = Tallies()
        self.events: list[dict[str, Any]] = []

    def _context(self) -> EventContext:
        return EventContext(
            hub=self.config.hub.id, gateway=self.config.gateway.id, mode="practice", epoch=1,
            edge_version="simulated", config_digest=self.config.digest(), devices={}, evidence_key=bytes(32),
        )  # fmt: skip

    # The run --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until every parcel is in a bay and every event is with the coordinator."""
        self._give(LinkChanged(self.world.now, broker=True, coordinator=True))
        limit = RUN_MAX_NS_PER_PARCEL * max(1, len(self.bench.parcels))
        while not (self.bench.done and self._settled):
            self._serve()
            due = self._next_due()
            if due is None or due > limit:
                raise RunStuckError(
                    f"simulated bench: stuck at {self.world.now / SECOND:.1f} s with parcels "
                    f"{self.bench.operator.in_hand}; the screen shows {self.gateway.snapshot().benches[0]}"
                )
            self.world.run_until(due)

    @property
    def _settled(self) -> bool:
        return not self._waiting and not self._committing and self._in_flight == 0

    @property
    def journalled(self) -> int:
        return self._chain.head.next_seq - 1

    @property
    def digest(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

    def _next_due(self) -> Instant | None:
        wakes = [session.wake_at for session in self._sessions.values()]
        times = [self.world.next_at, self.bench.next_output_at, self.gateway.wake_at, self._clock_due, *wakes]
        due = min((at for at in times if at is not None), default=None)
        return None if due is None else max(due, self.world.now)

    def _serve(self) -> None:
        """Moves whatever is due at this instant."""
        now = self.world.now
        if now >= self._clock_due:
            self._clock_due = Instant(now + WALL_CLOCK_NS)
            self._give(WallClock(now, WallTime(UTC_AT_START_US + now // MICROSECOND, 1_500, "ntp")))
        self._carry(self._scanner, self.bench.scanner_output(now))
        self._carry(self._scale, self.bench.scale_output(now))
        for device, session in self._sessions.items():
            if session.wake_at is not None and session.wake_at <= now:
                self._give_all(session.wake(now))
            self._write(device, session)
        if self.gateway.wake_at is not None and self.gateway.wake_at <= now:
            self._give(Tick(now))

    def _carry(self, device: DeviceId, data: bytes) -> None:
        """Device to driver: the last byte arrives when the line has sent it, in two reads."""
        if not data:
            return
        cut = self._rng.randrange(len(data) + 1)
        first, last = data[:cut], data[cut:]
        self.world.call_after(len(first) * BYTE_NS, lambda: self._receive(device, first))
        self.world.call_after(len(data) * BYTE_NS, lambda: self._receive(device, last))

    def _receive(self, device: DeviceId, data: bytes) -> None:
        session = self._sessions[device]
        if data:
            self._give_all(session.receive(data, self.world.now))
            self._write(device, session)

    def _write(self, device: DeviceId, session: Session) -> None:
        data = session.take_output()
        if data and device == self._scale:
            self.world.call_after(len(data) * BYTE_NS, lambda: self.bench.scale_receive(data, self.world.now))

    # The core and its effects ---------------------------------------------------------------------

    def _give_all(self, readings: list[Reading]) -> None:
        for reading in readings:
            self._give(reading)

    def _give(self, given: Input) -> None:
        effects = self.gateway.step(given)
        self.checkers.after_step(effects, self.gateway)
        for effect in effects:
            self._digest.update(repr(effect).encode())
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Record(number, event):
                self._waiting.append((number, event))
                self._commit_soon()
            case Show(view):
                shown = bench_state(view)
                self.world.call_after(SCREEN_NS, lambda: self.bench.look(shown))

    # The journal ----------------------------------------------------------------------------------

    def _commit_soon(self) -> None:
        if self._committing or not self._waiting:
            return
        self._committing = True
        stalled = self._rng.randrange(1_000_000) < STALL_PPM
        self.world.call_after(self._rng.randint(*(STALL_NS if stalled else COMMIT_NS)), self._commit)

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        self._committing = False
        links = [(event, self._chain.append(event)) for _, event in group]
        now = self.world.now
        self.checkers.committed(link for _, link in links)
        self._give(Committed(now, group[0][0], tuple(link.id for _, link in links)))
        for event, link in links:
            if event.kind == "parcel.measured":
                self._asked[link.id] = event.at
            self._publish(link)
            self.tallies.latencies["reading_to_puback"].append(self._arrives_at - event.at)
        self._commit_soon()

    # The coordinator ------------------------------------------------------------------------------

    def _publish(self, link: Link) -> None:
        """In order, as one connection delivers."""
        self._arrives_at = max(self._arrives_at, Instant(self.world.now + self._rng.randint(*MESSAGE_NS)))
        self._in_flight += 1
        self.world.call_at(self._arrives_at, lambda: self._arrive(link))

    def _arrive(self, link: Link) -> None:
        self._in_flight -= 1
        data = self._checked(link)
        self.events.append(data)
        now_us = UTC_AT_START_US + self.world.now // MICROSECOND
        answer = self._desk.answer(data, link.id, now_us, self._book)
        if answer is not None:
            message = build_decision(answer, COORDINATOR, self._coordinator)
            self.world.call_after(self._rng.randint(*MESSAGE_NS), lambda: self._decide(message))

    def _checked(self, link: Link) -> dict[str, Any]:
        """What the coordinator does with a message: every chain link, and the signature where there is one."""
        if link.sig is None:
            data: dict[str, Any] = json.loads(link.body)
        else:
            payload = event_payload(link.body, link.id, link.sig, link.kid)
            data = check_event(payload, {self._signer.kid: self._signer.public_b64})
            self.tallies.signed += 1
        outcome = self._chain_check.feed(data, link.id)
        if outcome != "ok":
            raise RuleBrokenError(f"the chain is broken at seq {link.seq}: {outcome}")
        return data

    def _decide(self, message: bytes) -> None:
        config = self.config
        decision = parse_decision(message, self._trust, config.hub.id, config.gateway.id, "practice")
        asked_at = self._asked.pop(decision.answers, self.world.now)
        self.tallies.latencies["event_to_decision"].append(self.world.now - asked_at)
        self._give(DecisionArrived(self.world.now, decision))
