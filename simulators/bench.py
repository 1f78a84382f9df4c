"""The physical bench: pan, scale, scanner and operator, and what really happened to each parcel.

Polled, never calling back: bytes go in by `scale_receive`, come out of `scanner_output` and `scale_output`, and
`next_output_at` says when to look again. The operator lives in the world that is passed in and sees the screen
through `look`. `happened` is the truth: which codes and weights the devices delivered for which parcel.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from hub_config.names import MILLISECOND, Instant
from simulators.devices.dimensioner import Sides
from simulators.devices.line_scanner import LineScanner
from simulators.devices.scale import Scale, ScaleTraits
from simulators.devices.scale_wire import ScaleWire, Spoil, Told
from simulators.devices.sics_tongue import sics_wire
from simulators.inspections import Hall, Outcome
from simulators.mistakes import RATES_PPM, Mistake
from simulators.parcels import LabelCode, Parcel
from simulators.screen import View
from simulators.staff import Operator
from simulators.supply import Stream, Supply
from simulators.task import Habits, Hands, Placed
from simulators.world import World

SCAN_NS: Final = 30 * MILLISECOND
"""From the trigger to the first byte."""
MAX_SCANS_WAITING: Final = 256
"""Scans not yet collected; the oldest are lost, as in a scanner nobody reads."""
MAX_SENT_PER_PARCEL: Final = 256
"""Scans and weights kept per parcel; more are counted by nobody."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A label code that the scanner sent whole."""

    at: Instant
    data: str
    aim: str
    during: int | None
    """Number of the parcel that was being handled then."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What devices delivered for one parcel, each reading with the parcel it truly belongs to."""

    number: int
    scans: tuple[Sent, ...]
    """Of its own label, also those sent while another parcel was in hand."""
    weights: tuple[Told, ...]
    """Stable weights and overloads told while it alone lay on the pan; equal ones in a row once."""
    placed: Placed | None
    taken: str | None = None
    """The last visit on the belt of a parcel that somebody took off, that left while no gateway was watching, or that
    was lost track of before it left."""
    beside: tuple[Parcel, ...] = ()
    """Parcels that travelled as one object with it."""
    once_beside: tuple[Parcel, ...] = ()
    """The same until somebody took one of them off: what was read and weighed before is of them all."""
    sizes: tuple[Sides, ...] = ()
    """Told of it by a dimensioner."""
    found: Outcome | None = None
    """What somebody who looked into it has told."""
    known_as: Set[str] = frozenset()
    """Further visits under which it was put into bays before."""


class PhysicalBench:
    def __init__(
        self,
        world: World,
        parcels: Sequence[Parcel],
        seed: int,
        bays: Mapping[str, str],
        pace: float = 1.0,
        *,
        scanner: LineScanner | None = None,
        traits: ScaleTraits | None = None,
        scale_wire: Callable[[Scale], ScaleWire] = sics_wire,
        rates_ppm: Mapping[Mistake, int] = RATES_PPM,
        habits: Habits | None = None,
        supply: Supply | None = None,
        operator: Callable[[Hands], Operator] | None = None,
        hall: Hall | None = None,
    ) -> None:
        """`bays`: name shown to staff → barcode on the bay. `supply`: else the parcels, one after the other.
        `operator`: else one who only scans and weighs. `hall`: of benches between which parcels are carried."""
        self.world = world
        self.parcels = tuple(parcels)
        self.scale = Scale(traits, seed)
        self.scale_wire = scale_wire(self.scale)
        self.scanner = scanner if scanner is not None else LineScanner(aim=True)
        self.stirred = False
        """Something may come out of its wires sooner than it was last said."""
        self._scans: deque[tuple[Instant, bytes]] = deque(maxlen=MAX_SCANS_WAITING)
        self._pan: Parcel | None = None
        self._residue_mg = 0
        self._hall = hall
        self._sent: dict[int, list[Sent]] = {} if hall is None else hall.sent
        self._told: dict[int, list[Told]] = {} if hall is None else hall.told
        for parcel in parcels:
            self._sent[parcel.number], self._told[parcel.number] = [], []
        self.operator = (
            Operator(world, self, supply or Stream(self.parcels), seed, bays, pace, rates_ppm, habits)
            if operator is None
            else operator(self)
        )
        self.scale_wire.power_up(world.now)

    # The screen and the truth -----------------------------------------------------------------------

    def look(self, view: View | None) -> None:
        """What the station's screen shows now; None while it is lost."""
        self.operator.look(view)

    @property
    def done(self) -> bool:
        """Every parcel is in a bay."""
        return self.operator.done

    @property
    def placed(self) -> Mapping[int, Placed]:
        return self.operator.placed

    def happened(self) -> tuple[Happened, ...]:
        """One for each parcel of the stream, in its order."""
        self._keep_told()
        return tuple(
            Happened(
                number=parcel.number,
                scans=tuple(self._sent[parcel.number]),
                weights=tuple(self._told[parcel.number]),
                placed=self.operator.placed.get(parcel.number),
                found=None if self._hall is None else self._hall.found.get(parcel.number),
                known_as=frozenset()
                if self._hall is None
                else self._hall.known_as.get(parcel.number, frozenset()),
            )
            for parcel in self.parcels
        )

    # The wires --------------------------------------------------------------------------------------

    @property
    def next_output_at(self) -> Instant | None:
        """The earliest instant at which one of the outputs may have something."""
        wake_at = self.scale_wire.wake_at
        if not self._scans:
            return wake_at
        return self._scans[0][0] if wake_at is None else min(self._scans[0][0], wake_at)

    def scanner_output(self, now: Instant) -> bytes:
        out = bytearray()
        while self._scans and self._scans[0][0] <= now:
            out += self._scans.popleft()[1]
        return bytes(out)

    def scale_receive(self, data: bytes, now: Instant) -> None:
        self.stirred = True
        self.scale_wire.receive(data, now)

    def scale_output(self, now: Instant) -> bytes:
        return self.scale_wire.take_output(now)

    # Hands: what the operator does ------------------------------------------------------------------

    @property
    def pan_empty(self) -> bool:
        return self._pan is None and self._residue_mg == 0

    @property
    def overloaded(self) -> bool:
        return self.scale.shown(self.world.now).overload

    def zero_for(self, ns: int) -> bool:
        """The display shows a stable zero, and did `ns` ago."""
        now = self.world.now
        return self.scale.shown(now).at_zero and self.scale.shown(Instant(now - ns)).at_zero

    def put_on(self, parcel: Parcel) -> None:
        if self._pan is not None:
            raise RuntimeError(
                f"bench: parcel {parcel.number} put on while {self._pan.number} lies on the pan"
            )
        self._pan = parcel
        self._load()

    def lift(self, residue_mg: int = 0) -> None:
        self._pan = None
        self._residue_mg += residue_mg
        self._load()

    def clear_pan(self) -> None:
        self._pan = None
        self._residue_mg = 0
        self._load()

    def press_zero(self) -> None:
        self.scale.zero(self.world.now, wait_for_stable=False)

    def scan(self, code: LabelCode, of: Parcel, *, garbled: bool = False) -> None:
        if garbled:
            self._send(self.scanner.garbled(code.data, code.aim, at=of.number))
            return
        sent = self._sent[of.number]
        if len(sent) < MAX_SENT_PER_PARCEL:
            sent.append(Sent(self.world.now, code.data, code.aim, self.operator.at_work_on))
        self._send(self.scanner.scan(code.data, code.aim))

    def scan_bay(self, barcode: str) -> None:
        self._send(self.scanner.scan(barcode, "]C0"))

    def fail_trigger(self) -> None:
        self._send(self.scanner.no_read())

    def spoil_scale(self, fault: Spoil) -> None:
        self.scale_wire.spoil(fault)

    def silence_scale(self, ns: int) -> None:
        self.scale_wire.silence(Instant(self.world.now + ns))

    # ------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        self._keep_told()
        mass_mg = self._residue_mg + (self._pan.mass_mg if self._pan is not None else 0)
        alone = self._pan.number if self._pan is not None and self._residue_mg == 0 else None
        self.scale.load(mass_mg, self.world.now, alone)
        if self.scale_wire.prints:
            self.scale_wire.press_print(self.world.now)

    def _keep_told(self) -> None:
        for told in self.scale_wire.take_told():
            kept = self._told[told.on_pan]
            if len(kept) < MAX_SENT_PER_PARCEL and (not kept or kept[-1].mass_mg != told.mass_mg):
                kept.append(told)

    def _send(self, data: bytes) -> None:
        if data:
            self.stirred = True
            self._scans.append((Instant(self.world.now + SCAN_NS), data))
