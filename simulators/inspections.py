"""Parcels that somebody is to look into: who brings them from their bay, what is found, and what goes wrong with it.

Only where a bench of the layout inspects (docs/inspection.md). Its staff take new parcels and, in turn, those that lie
in the bays of the manual check and the X-ray, from whichever bench. What is found in a parcel is drawn from its number,
so it is the same at every look: that is the truth, whatever the gateway makes of the scans.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from hub_config.badges import FINDINGS, PASSED
from hub_config.hub import HubConfig
from hub_config.names import SECOND, Instant
from simulators.coordinator.desk import Desk
from simulators.coordinator.random_checks import RANDOM_CHECK, served
from simulators.coordinator.visits import MemoryBook
from simulators.parcels import MILLION, Parcel
from simulators.supply import Stream
from simulators.task import Placed
from simulators.world import World

if TYPE_CHECKING:
    from simulators.bench import Sent
    from simulators.devices.scale_wire import Told

LookFault = Literal[
    "finds",  # something is found in a parcel that is as it should be
    "to_bay",  # at the bench that inspects it is not looked at at once: first it goes to its bay
    "puts_back",  # not now after all
    "no_badge",  # nobody scans a badge within 15 s, and then one comes too late
    "unknown_badge",  # first a badge that the gateway does not know
    "neighbours_label",  # the label of the parcel beside it is scanned
    "free_bay",  # somebody takes a finding for a release, and scans the free lane's bay
    "let_go",  # customs, who had it drawn at random, let it go meanwhile without a look
]
BADGE: Final = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"
"""Of practice layouts: known to everybody, so good for nothing else."""
UNKNOWN_BADGE: Final = "HUBXXVUTSRPONLKJIHGFEDCBXVUT"
PLACES: Final = ("manual", "xray")
"""Lanes whose bays hold what is to be looked into."""
SOUND: Final = ("ok", "over_value", "heavy")
"""What a look may find in order: of a value or a weight that is not the declared one it settles what is right."""
LOOKS_MAX: Final = 4
"""Brought so often, a parcel that is still not decided is left for the supervisor."""
LIES_NS: Final = (5 * SECOND, 90 * SECOND)
"""How long it lies in its bay before somebody has time."""
LET_GO_NS: Final = (1 * SECOND, 60 * SECOND)
Outcome = Literal["passed", "failed"]


@dataclass(slots=True)
class Hall:
    """The benches of a hub, between which parcels are carried, and what is true of the parcels at them."""

    seed: int
    faults_ppm: Mapping[LookFault, int]
    sent: "dict[int, list[Sent]]" = field(default_factory=dict)
    told: "dict[int, list[Told]]" = field(default_factory=dict)
    """What scanners and scales have delivered for each parcel."""
    placed: dict[int, Placed] = field(default_factory=dict)
    known_as: dict[int, set[str]] = field(default_factory=dict)
    """Visits under which each parcel was put into a bay."""
    found: dict[int, Outcome] = field(default_factory=dict)
    """Told by a badge that the screen took."""
    looks: dict[int, int] = field(default_factory=dict)
    """How often somebody has begun to look into each."""
    parted: set[int] = field(default_factory=set)
    """Those that were parted from the one they were taken for: both bear one number."""
    under_way: set[int] = field(default_factory=set)
    """New ones to come, and those in hands."""
    let_go: set[str] = field(default_factory=set)
    """Visits that customs have let go by themselves."""
    bays: list[tuple[Instant, Parcel]] = field(default_factory=list)
    """To be brought to the bench that inspects, and from when on."""

    def errs(self, fault: LookFault, parcel: Parcel) -> bool:
        """Drawn anew for each look."""
        drawn = random.Random(f"{fault}/{self.seed}/{parcel.number}/{self.looks.get(parcel.number, 0)}")
        return drawn.randrange(MILLION) < self.faults_ppm.get(fault, 0)

    def word(self, parcel: Parcel) -> str:
        """What is scanned of what is in it."""
        rng = random.Random(f"found/{self.seed}/{parcel.number}")
        bad = parcel.trouble not in SOUND or rng.randrange(MILLION) < self.faults_ppm.get("finds", 0)
        return rng.choice(sorted(FINDINGS)) if bad else PASSED

    def is_anothers(self, visit: object, parcel: Parcel) -> bool:
        """The screen takes it for one that staff have put into a bay before."""
        return visit not in self.known_as.get(parcel.number, ()) and any(
            visit in visits for visits in self.known_as.values()
        )

    def put(self, parcel: Parcel, placed: Placed) -> None:
        """Into a bay: from that of the manual check or the X-ray it is brought, and so is one that has been looked at
        before and is held now; one that was parted from another waits for a new label."""
        self.under_way.discard(parcel.number)
        self.known_as.setdefault(parcel.number, set()).add(placed.visit)
        looks = self.looks.get(parcel.number, 0)
        wanted = placed.lane in PLACES or (placed.lane == "hold" and looks)
        if wanted and parcel.number not in self.parted and looks < LOOKS_MAX and parcel.items:
            rng = random.Random(f"lies/{self.seed}/{parcel.number}/{placed.at}")
            self.bays.append((Instant(placed.at + rng.randint(*LIES_NS)), parcel))

    def bring(self, now: Instant) -> Parcel | None:
        """The one that has waited longest for it."""
        ready = min((one for one in self.bays if one[0] <= now), key=lambda one: one[0], default=None)
        if ready is None:
            return None
        self.bays.remove(ready)
        parcel = ready[1]
        self.under_way.add(parcel.number)
        self.looks[parcel.number] = self.looks.get(parcel.number, 0) + 1
        return parcel


def hall_of(config: HubConfig, seed: int, faults_ppm: Mapping[LookFault, int]) -> Hall | None:
    """None: nobody inspects at this hub."""
    return Hall(seed, faults_ppm) if any(bench.inspects for bench in config.benches) else None


class Rounds(Stream):
    """A `simulators.supply.Supply`: new parcels, and at the bench that inspects those from the bays, in turn."""

    def __init__(self, hall: Hall, parcels: Sequence[Parcel], world: World, *, inspects: bool) -> None:
        super().__init__(parcels)
        self._hall = hall
        self._world = world
        self._inspects = inspects
        self._new_next = True
        hall.under_way.update(parcel.number for parcel in parcels)

    def take(self) -> Parcel | None:
        brought = None
        if self._inspects and not (self._new_next and self.upcoming is not None):
            brought = self._hall.bring(self._world.now)
        self._new_next = brought is not None or not self._new_next
        return brought if brought is not None else super().take()

    def put(self, parcel: Parcel, placed: Placed) -> None:
        self._hall.put(parcel, placed)

    @property
    def finished(self) -> bool:
        here = self._taken == len(self._parcels)
        return here and not (self._inspects and (self._hall.under_way or self._hall.bays))


def let_go_after(hall: Hall, data: Mapping[str, Any], answer: Mapping[str, Any]) -> int | None:
    """Of a parcel that is to be looked into because it was drawn: how long until customs let it go. None: they wait for
    what is found."""
    if answer["basis"]["rule"] != RANDOM_CHECK:
        return None
    rng = random.Random(f"let-go/{hall.seed}/{data['seq']}")
    drawn = rng.randrange(MILLION) < hall.faults_ppm.get("let_go", 0)
    return rng.randint(*LET_GO_NS) if drawn else None


def let_go(
    hall: Hall, desk: Desk, book: MemoryBook, data: dict[str, Any], event_id: str, now_us: int
) -> dict[str, Any] | None:
    """Their decision on the measurement, if it is still the latest of a parcel that waits for a look alone."""
    visit = book.visit(book.root(data["visit"]))
    if visit is None or visit.measured != event_id or visit.case != (RANDOM_CHECK,) or visit.departed:
        return None
    served(visit, book)
    book.put(replace(visit, case=(), passed=(*visit.passed, RANDOM_CHECK)))
    answer = desk.reconsider(data, event_id, now_us, book)
    if answer is not None:
        hall.let_go.add(visit.id)
    return answer
