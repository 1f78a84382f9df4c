"""What only belts have, summed over the parcels of a line as they are settled: faults, traffic, undisturbed parcels."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import Any, Final

from hub_config.lines import Line
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.bodies import Body
from simulators.samples import Samples

OF_THE_LINE: Final = (
    "lost_counts",
    "dead_encoder",
    "board_reset",
    "link_cut",
    "jammed",
    "belt_stop",
    "belt_back",
    "overtaken",
)
"""Faults that strike all that is on the belt, or others than the parcel itself."""
SHAKEN_MAX: Final = 64
"""Of the latest of them it is known when they were on the belt: longer ago than any parcel now on it."""
ASSOCIATION: Final = (
    "assoc_low",
    "not_isolated",
    "swap_suspected",
    "unknown_item",
    "lost_track",
    "two_labels",
)
"""Reasons that say: whose a reading is, or which parcel this is, is not sure enough."""


class BeltSums:
    def __init__(self, line: Line) -> None:
        self._line = line
        self.needed_um = min(line.gap_needed_um(one) for one in line.diverters)
        """Between parcels that go different ways."""
        self.faults: Counter[str] = Counter()
        self.clipped = 0
        self.undisturbed = 0
        """Parcels to which nothing happened, nor to their neighbours' gaps, nor to the counts and board of their belt
        while they were on it."""
        self.held = 0
        """Those of them that were held because an association was not sure."""
        self.too_close = 0
        """Parcels that by their readings could have been released, and that no diverter could have taken."""
        self.unwatched = 0
        self.margins = Samples()
        """How early diverters were ordered."""
        self._parcels = 0
        self._first = self._last = Instant(0)
        self._before: Body | None = None
        """The one settled last."""
        self._shaken: deque[tuple[Instant, Instant]] = deque(maxlen=SHAKEN_MAX)

    def add(self, bodies: Sequence[Body], count: int, causes: Mapping[int, str], unwatched: Set[int]) -> None:
        """The first `count` are settled. `causes`: why each that could have been released was not."""
        settled = bodies[:count]
        if not settled:
            return
        self.faults += faults_of(settled)
        self.clipped += sum(body.clipped for body in settled)
        self.unwatched += sum(body.parcel.number in unwatched for body in settled)
        self._first = settled[0].starts if not self._parcels else self._first
        self._last = settled[-1].starts
        self._parcels += len(settled)
        self._see_undisturbed(bodies, count, causes)
        self._before = settled[-1]

    @property
    def offered_per_h(self) -> int:
        """Parcels an hour that the feeder set down."""
        if self._parcels < 2:
            return 0
        return (self._parcels - 1) * 3_600 * SECOND // (self._last - self._first)

    def _see_undisturbed(self, bodies: Sequence[Body], count: int, causes: Mapping[int, str]) -> None:
        for body in self.undisturbed_of(bodies, count):
            self.undisturbed += 1
            self.held += causes.get(body.parcel.number) in ASSOCIATION
        self._shaken += [
            self._shakes(one) for one in bodies[:count] if any(fault in one.happened for fault in OF_THE_LINE)
        ]

    def undisturbed_of(self, bodies: Sequence[Body], count: int) -> Iterator[Body]:
        """Those of the first `count` that could be released and that nothing happened to."""
        before = [] if self._before is None else [self._before]
        gaps = [self._least_gap_um(*pair) for pair in pairwise([*before, *bodies[: count + 1]])]
        ahead = gaps if before else [self.needed_um, *gaps]
        behind = [*ahead[1:], self.needed_um]
        shaken = [self._shakes(one) for one in bodies if any(fault in one.happened for fault in OF_THE_LINE)]
        for place, body in enumerate(bodies[:count]):
            if (
                body.happened
                or not body.parcel.releasable
                or min(ahead[place], behind[place]) < self.needed_um
            ):
                continue
            came, left = self._stay(body)
            if not any(came <= until and since <= left for since, until in (*self._shaken, *shaken)):
                yield body

    def _stay(self, body: Body) -> tuple[Instant, Instant]:
        """When it was on the belt."""
        return body.front_at(body.enters_um), body.rear_at(self._line.belt_beams[-1].position_um)

    def _shakes(self, body: Body) -> tuple[Instant, Instant]:
        """For how long its fault disturbs what is on the belt."""
        came, left = self._stay(body)
        return came, Instant(left + body.plan.dead_ns) if "dead_encoder" in body.happened else left

    def _least_gap_um(self, ahead: Body, behind: Body) -> int:
        """As the beams of the belt saw it, had nobody taken either off: those behind the merge, of a side belt's."""
        line, merged_um = self._line, max(ahead.merges_um, behind.merges_um)
        return min(
            (behind.front_at(beam.position_um) - ahead.rear_at(beam.position_um))
            * line.belts[line.belt_place(beam.position_um)].speed_mm_s
            // MILLISECOND
            for beam in line.belt_beams
            if beam.position_um >= merged_um
        )


def faults_of(bodies: Sequence[Body]) -> Counter[str]:
    """How often each fault happened."""
    return Counter(fault for body in bodies for fault in body.happened)


def belts_told(lines: Sequence[BeltSums]) -> dict[str, Any]:
    """Of all lines of a hub; there is one at least."""
    faults = sum((one.faults for one in lines), Counter[str]())
    margins = Samples.of(one.margins for one in lines)
    return {
        "order_margin_ms": margins.spread_ms(),
        "clipped": sum(one.clipped for one in lines),
        "faults": dict(sorted(faults.items())),
        "offered_per_h": sum(one.offered_per_h for one in lines),
        "undisturbed": {
            "parcels": sum(one.undisturbed for one in lines),
            "held_for_association": sum(one.held for one in lines),
            "least_gap_um": lines[-1].needed_um,
        },
        "too_close": sum(one.too_close for one in lines),
        "unwatched": sum(one.unwatched for one in lines),
    }
