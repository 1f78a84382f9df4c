"""A whole hub in one thread under simulated time: devices on wires, drivers, core, journal chain, coordinator.

The same drivers, core, contract and clearance desk as in real time; simulated are the hardware, the operator, the time
that bytes, commits and messages take, and the disk (a list). Every event is hashed and chained; one visit in
`sign_one_in` is signed and checked, as are decisions about it; all decisions are signed, since events copy them.
"""

import random
import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from functools import partial
from hashlib import sha256
from typing import Any, Final, assert_never

import orjson

from drivers.reading import Reading
from edge.core.decision import Decision
from edge.core.effects import Alert, Effect, KeepWords, Order, Record, Show
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, Tick, WallClock
from edge.rim.trace import TraceWriter, digest_of, replay_context
from edge.wire.chain import Chain, Link
from edge.wire.envelope import event_payload
from edge.wire.messages import build_decision, parse_decision
from edge.wire.signing import TrustStore
from edge.wire.verifier import ChainCheck, examine
from hub_config.hub import HubConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, DeviceId, Instant, LineId
from hub_config.rules import RulePack
from simulators.bench_plant import BenchPlant
from simulators.checkers import Checkers, RuleBrokenError
from simulators.coordinator.declared import Declared
from simulators.coordinator.filings import Filings
from simulators.coordinator.visits import MemoryBook
from simulators.devices.plc import PlcFault
from simulators.drawing import randint
from simulators.host import Host
from simulators.inspections import Hall, LookFault, hall_of, let_go, let_go_after
from simulators.line_plant import AS_USUAL, LineOptions, LinePlant
from simulators.mistakes import RATES_PPM, Mistake
from simulators.network import RESEND_MAX, USUAL, Network
from simulators.parcels import Parcel
from simulators.plc_plant import NO_FAULTS, PlcPlant, plc_plants, silent
from simulators.practice import COORDINATOR, practice_signer
from simulators.preclearance import Preclearance
from simulators.samples import Tallies
from simulators.supply import Supply
from simulators.unchecked import unchecked
from simulators.world import Token, World

EDGE_VERSION: Final = "simulated"
UTC_AT_START_US: Final = 1_795_305_600_000_000
"""2026-11-22T00:00:00Z: runs of one seed begin at one moment."""
COMMIT_NS: Final = (2_200_000, 4_500_000)
STALL_NS: Final = (20 * MILLISECOND, 400 * MILLISECOND)
"""Stalls of fsync seen on every store."""
WALL_CLOCK_NS: Final = 60 * SECOND
TOLD_NS: Final = SECOND
"""What a board has seen of the last parcel is told within this."""
RUN_MAX_NS_PER_PARCEL: Final = 120 * SECOND
"""A run that takes longer has deadlocked."""


class RunStuckError(RuntimeError):
    """The simulated hub can't finish; the message says with what."""


class SimulatedHub:
    def __init__(
        self,
        config: HubConfig,
        parcels: Mapping[LineId, Collection[Parcel]],
        seed: int,
        rules: RulePack,
        manifest: Mapping[str, Declared],
        *,
        sign_one_in: int = 1_000,
        trace: TraceWriter | None = None,
        lines: LineOptions = AS_USUAL,
        network: Network = USUAL,
        mistakes_ppm: Mapping[Mistake, int] = RATES_PPM,
        supply: "Callable[[SimulatedHub, Sequence[Parcel]], Supply] | None" = None,
        pace: float = 1.0,
        preclearance: Preclearance | None = None,
        plc_ppm: Mapping[PlcFault, int] = NO_FAULTS,
        looks_ppm: Mapping[LookFault, int] = {},
    ) -> None:
        """`parcels`: who passes each bench and line. `supply`: how they come to an operator's hands; else all of them
        are there from the start, and none is brought back. `pace`: of operators."""
        self.config = config
        self.world = World()
        self.host = Host(self.world)
        self._rng = random.Random(f"hub/{seed}")
        self._signer, self._coordinator = practice_signer("gateway"), practice_signer("coordinator")
        self._trust = TrustStore(config.trust)
        self.gateway = Gateway(config, entropy_of(seed))
        self.step = self.gateway.step
        """Of the core; a witness may put its own before it."""
        self._chain = Chain(replay_context(config, EDGE_VERSION), self._signer, sign_one_in=sign_one_in)
        self.book = MemoryBook()
        self.preclearance = preclearance or Preclearance(config, rules, seed)
        self._desk = self.preclearance.desk(rules, manifest)
        self._filings = Filings(manifest)
        self._unfiled: dict[str, tuple[Link, dict[str, Any]]] = {}
        """Parcels held because nobody has declared them yet: what was measured, by code."""
        self._chain_check = ChainCheck()
        self.hall = hall_of(config, seed, looks_ppm)
        self.benches = [
            BenchPlant(
                self.world, config, bench, own, seed, self._rng, self._give, mistakes_ppm,
                supply and supply(self, own), pace, hall=self.hall,
            )
            for bench in config.benches
            for own in [tuple(parcels[bench.id])]
        ]  # fmt: skip
        self.lines = [
            LinePlant(self.world, self.host, config, line, parcels[line.id], seed + place, self._give, lines)
            for place, line in enumerate(config.lines)
        ]
        self.plcs = plc_plants(self.world, self.host, config, parcels, seed, self._give, plc_ppm)
        self._plant_of: dict[DeviceId, LinePlant | PlcPlant] = {
            **{device: plant for plant in self.lines for device in plant.commanded},
            **{plant.line.plc: plant for plant in self.plcs},
        }
        self._bench_of = {plant.config.id: plant for plant in self.benches}
        self._count = sum(len(stream) for stream in parcels.values())
        self._waiting: list[tuple[int, Event]] = []
        self._committing = False
        self._arrives_at, self._in_flight = Instant(0), 0
        self._network, self._trace = network, trace
        self._unsent: deque[Link] = deque()
        """On disk, while the coordinator is away."""
        self._asked: dict[str, Instant] = {}
        self._other = sha256()
        self._tick: tuple[Instant, Token] | None = None
        self.checkers = Checkers((*config.benches, *config.lines, *config.plc_lines), silent(config))
        self.tallies, self.alerts = Tallies(), list[Alert]()
        self.events: list[dict[str, Any]] = []

    # The run --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until every parcel has left its bench or belt and every event is with the coordinator."""
        self.start()
        while not self.go_on(sys.maxsize):
            pass

    def start(self) -> None:
        self.world.call_after(0, self._set_clock)
        for given in self.preclearance.issue(self.book, UTC_AT_START_US, self.checkers):
            self.world.call_after(0, partial(self._give, given))
        for at_us, codes in self._filings.batches:
            at = Instant((at_us - UTC_AT_START_US) * MICROSECOND)
            self.world.call_at(at, partial(self._file, codes))
        self._link(there=True)
        for outage in self._network.outages:
            self.world.call_at(Instant(outage.begins_ns), partial(self._link, there=False))
            self.world.call_at(outage.ends_at, partial(self._link, there=True))

    def go_on(self, events_max: int) -> bool:
        """True: it is over. False: the coordinator has `events_max` of them in `events`, to be taken from there."""
        limit = RUN_MAX_NS_PER_PARCEL * max(1, self._count)
        world, under_way = self.world, [line for line in self.lines if not line.done]
        while under_way or not self._finished():
            if len(self.events) >= events_max:
                return False
            moved = self._move_on() if self.benches else world.run_next()
            if not moved or world.now > limit:
                raise RunStuckError(self._stuck())
            if not world.stirred:
                continue
            world.stirred = False
            for line in self.lines:
                if line.conveyor.stirred:
                    line.poll()
            while under_way and under_way[-1].done:
                under_way.pop()
        return True

    def forget(self, visits: Set[str]) -> None:
        """Nothing more is told of these: they have left, and that has been accounted for."""
        self.checkers.forget(visits)
        self.book.forget(visits)

    def _move_on(self) -> bool:
        """The world's next action; or what a bench's wires carry, if that is due before it. False: neither is left."""
        due: Instant | None = None
        now = self.world.now
        for bench in self.benches:
            at = bench.next_at
            if at is not None and at <= now:
                bench.serve()
                at = bench.next_at
            if at is not None and (due is None or at < due):
                due = at
        next_at = self.world.next_at if due is not None else None
        if due is None or (next_at is not None and next_at <= due):
            return self.world.run_next()
        self.world.run_until(max(due, now))
        return True

    def _finished(self) -> bool:
        if self._in_flight or self._waiting or self._committing:
            return False
        for line in self.lines:
            if self.world.now < line.conveyor.finished_at + TOLD_NS:
                return False
        if (self.lines or self.plcs) and self.gateway.in_work:
            return False
        return all(bench.done for bench in self.benches) and all(plant.done for plant in self.plcs)

    def _stuck(self) -> str:
        at_work = [plant.bench.operator.in_hand for plant in self.benches]
        on_belts = [[b.parcel.number for b in line.conveyor.bodies if not b.finished] for line in self.lines]
        snapshot = self.gateway.snapshot()
        return (
            f"simulated hub: stuck at {self.world.now / SECOND:.1f} s with parcels {at_work} at benches, {on_belts} on "
            f"belts; the gateway says {snapshot.tally}, {snapshot.benches}, {snapshot.lines}"
        )

    @property
    def journalled(self) -> int:
        return self._chain.head.next_seq - 1

    @property
    def digest(self) -> str:
        """Of everything the core has wanted: events by their chain, the rest as it is."""
        return digest_of(self._chain.head.prev, self._other.hexdigest())

    @property
    def _now_us(self) -> int:
        return UTC_AT_START_US + self.world.now // MICROSECOND

    def _set_clock(self) -> None:
        self._give(WallClock(self.world.now, WallTime(self._now_us, 1_500, "ntp")))
        self.host.act_at(Instant(self.world.now + WALL_CLOCK_NS), self._set_clock)

    # The core and its effects ---------------------------------------------------------------------

    def _give(self, given: Input | Reading) -> None:
        if self._trace is not None:
            self._trace.write(given)
        effects = self.step(given)
        self.checkers.after_step(effects, self.gateway)
        for effect in effects:
            self._do(effect)
        self._arm_tick()

    def _arm_tick(self) -> None:
        wake_at = self.gateway.wake_at
        if wake_at is None or (self._tick is not None and self._tick[0] == wake_at):
            return
        if self._tick is not None:
            self.world.cancel(self._tick[1])
        self._tick = (wake_at, self.host.act_at(wake_at, self._wake))

    def _wake(self) -> None:
        self._tick = None
        self._give(Tick(self.world.now))

    def _do(self, effect: Effect) -> None:
        match effect:
            case Record(number, event):
                self._waiting.append((number, event))
                self._commit_soon()
                return
            case Show(view):
                self._bench_of[view.bench].show(view)
            case Order(command):
                if command.device in self._plant_of:  # else a scanner of a bench beeps, and nobody listens
                    self._plant_of[command.device].order(command)
            case Alert():
                self.alerts.append(effect)
            case KeepWords():
                pass  # no simulated run is started anew
            case _ as never:
                assert_never(never)
        self._other.update(repr(effect).encode())

    # The journal ----------------------------------------------------------------------------------

    def _commit_soon(self) -> None:
        if self._committing or not self._waiting:
            return
        self._committing = True
        stalled = randint(self._rng, 0, 999_999) < self._network.stall_ppm
        takes_ns = randint(self._rng, *(STALL_NS if stalled else COMMIT_NS))
        self.host.act_at(Instant(self.world.now + takes_ns), self._commit)

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        self._committing = False
        links = [(event, self._chain.append(event)) for _, event in group]
        now = self.world.now
        self.checkers.committed([link for _, link in links])
        self._give(Committed(now, group[0][0], tuple([link.id for _, link in links])))
        for event, link in links:
            if event.kind == "parcel.measured":
                self._asked[link.id] = event.at
            self._publish(link)
            if not self._unsent:
                self.tallies.latencies["reading_to_puback"].append(self._arrives_at - event.at)
        self._commit_soon()

    # The coordinator ------------------------------------------------------------------------------

    def _publish(self, link: Link) -> None:
        """In order, as one connection delivers."""
        self._in_flight += 1
        if self._unsent or not self._network.there_at(self.world.now):
            self._unsent.append(link)
        else:
            self._send(link)

    def _link(self, *, there: bool) -> None:
        self._give(LinkChanged(self.world.now, broker=True, coordinator=there))
        if there:
            self._resend()

    def _resend(self) -> None:
        """What waited, some at a time."""
        for _ in range(min(RESEND_MAX, len(self._unsent))):
            self._send(self._unsent.popleft())
        if self._unsent and self._network.there_at(self.world.now):
            self.world.call_at(self._arrives_at, self._resend)

    def _send(self, link: Link) -> None:
        arrives = Instant(self.world.now + randint(self._rng, *self._network.message_ns))
        self._arrives_at = max(self._arrives_at, arrives)
        self.world.call_at(self._arrives_at, lambda: self._arrive(link))

    def _arrive(self, link: Link) -> None:
        self._in_flight -= 1
        data = self._checked(link)
        self.events.append(data)
        self.preclearance.take(data)
        answer = self._desk.answer(data, link.id, self._now_us, self.book)
        if answer is None:
            return
        for code in self._filings.awaited(data, answer):
            self._unfiled[code] = (link, data)
        self._answer(link, answer)
        after_ns = None if self.hall is None else let_go_after(self.hall, data, answer)
        if self.hall is not None and after_ns is not None:
            self.world.call_after(after_ns, partial(self._let_go, self.hall, link, data))

    def _let_go(self, hall: Hall, link: Link, data: dict[str, Any]) -> None:
        self._answer(link, let_go(hall, self._desk, self.book, data, link.id, self._now_us))

    def _file(self, codes: Sequence[str]) -> None:
        """Declarations come in late: parcels that lie in the hold bay for want of them are decided anew."""
        for code in codes:
            waiting = self._unfiled.pop(code, None)
            if waiting is not None:
                link, data = waiting
                self._answer(link, self._desk.reconsider(data, link.id, self._now_us, self.book))

    def _answer(self, link: Link, answer: dict[str, Any] | None) -> None:
        if answer is None:
            return
        at = Instant(self.world.now + randint(self._rng, *self._network.message_ns))
        at = self._network.back_at(at)
        if link.sig is None:
            self.host.hear_at(at, lambda: self._decide(unchecked(answer, self._coordinator)))
        else:
            message = build_decision(answer, COORDINATOR, self._coordinator)
            self.host.hear_at(at, lambda: self._decide(self._verified(message)))

    def _checked(self, link: Link) -> dict[str, Any]:
        """What the coordinator does with a message: every chain link, and the signature where there is one."""
        if link.sig is None:
            data: dict[str, Any] = orjson.loads(link.body)
        else:
            payload = event_payload(link.body, link.id, link.sig, link.kid)
            data = examine(payload, {self._signer.kid: self._signer.public_b64}).data
            self.tallies.signed += 1
        outcome = self._chain_check.feed(data, link.id)
        if outcome != "ok":
            raise RuleBrokenError(f"the chain is broken at seq {link.seq}: {outcome}")
        return data

    def _verified(self, message: bytes) -> Decision:
        config = self.config
        return parse_decision(message, self._trust, config.hub.id, config.gateway.id, "practice")

    def _decide(self, decision: Decision) -> None:
        asked_at = self._asked.pop(decision.answers, None)
        if asked_at is not None:  # else a second decision on the same measurement
            self.tallies.latencies["event_to_decision"].append(self.world.now - asked_at)
        self._give(DecisionArrived(self.world.now, decision))


def entropy_of(seed: int) -> bytes:
    return sha256(f"entropy/{seed}".encode()).digest()
