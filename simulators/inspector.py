"""Staff at the benches of a hub where parcels are looked into: the operator's hands, and what an inspection takes.

As at any bench the screen decides. It says that a parcel is to be looked into, and that a badge is wanted; in between
staff do what `inspections.py` has drawn for this look.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub_config.badges import PASSED, PUT_BACK, SPLIT
from hub_config.names import SECOND, Instant
from simulators.inspections import BADGE, PLACES, UNKNOWN_BADGE, Hall, LookFault
from simulators.mistakes import Mistake
from simulators.screen import View
from simulators.staff import Operator
from simulators.supply import Supply
from simulators.task import RESCAN_NS, Habits, Hands, Task
from simulators.world import World

LOOKING_NS: Final = (2 * SECOND, 20 * SECOND)
TOO_LATE_NS: Final = 16 * SECOND
"""A badge counts for 15 s."""
FIRST: Final[tuple[LookFault, ...]] = (
    "neighbours_label",
    "free_bay",
    "no_badge",
    "unknown_badge",
    "puts_back",
)


@dataclass(slots=True)
class Look:
    """One, of the parcel in hand."""

    task: Task
    word: str
    """What is to be scanned; then a badge, if it asks for one."""
    todo: list[LookFault]
    said: dict[str, Instant] = field(default_factory=dict)
    """When each text was scanned last."""
    ready_at: Instant = field(default=Instant(0))
    late: bool = False
    """The badge comes when it counts no more."""
    badged: bool = False

    def errs(self, fault: LookFault) -> bool:
        """True once."""
        if fault not in self.todo:
            return False
        self.todo.remove(fault)
        return True


class Inspector(Operator):
    def __init__(
        self, world: World, hands: Hands, supply: Supply, seed: int, bays: Mapping[str, str], pace: float,
        rates_ppm: Mapping[Mistake, int], habits: Habits | None, hall: Hall, free_bay: str,
    ) -> None:  # fmt: skip
        """`free_bay`: the barcode of the bay of the free lane."""
        super().__init__(world, hands, supply, seed, bays, pace, rates_ppm, habits)
        self.placed = hall.placed
        self._hall = hall
        self._free_bay = free_bay
        self._look: Look | None = None
        self._parting: Look | None = None
        """Of a parcel that the screen takes for another."""

    def _follow(self, task: Task, view: View) -> None:
        if self._part(task, view):
            return
        match view["instruction"]:
            case "inspect_it":
                self._inspect(self._look_of(task))
            case "scan_badge":
                self._show_badge(self._look_of(task))
            case _:
                self._believe()
                super()._follow(task, view)

    def _once_more_or_bay(self, task: Task, view: View) -> None:
        if view["lane"] in PLACES and self._hall.errs("to_bay", task.parcel):
            self._to_bay(task, view)
        else:
            super()._once_more_or_bay(task, view)

    def _look_of(self, task: Task) -> Look:
        if self._look is None or self._look.task is not task:
            parcel, hall = task.parcel, self._hall
            hall.looks.setdefault(parcel.number, 1)  # without going to a bay
            todo = [fault for fault in FIRST if hall.errs(fault, parcel)]
            word = PUT_BACK if "puts_back" in todo else hall.word(parcel)
            self._look = Look(task, word, todo, ready_at=Instant(self._world.now + self._span(LOOKING_NS)))
            task.forget_bay()
        return self._look

    def _inspect(self, look: Look) -> None:
        look.badged = False
        if self._world.now < look.ready_at:
            self._think_after(look.ready_at - self._world.now)
        elif look.errs("neighbours_label"):
            self._scan_next_label()
        elif look.errs("free_bay"):
            self._hands.scan_bay(self._free_bay)
        elif look.late:
            look.late = False
            self._say(look, BADGE)
        else:
            self._say(look, look.word)

    def _show_badge(self, look: Look) -> None:
        if look.errs("unknown_badge"):
            self._say(look, UNKNOWN_BADGE)
        elif look.errs("no_badge"):
            look.late, look.ready_at = True, Instant(self._world.now + TOO_LATE_NS)
        elif not look.late:
            look.badged = self._say(look, BADGE) or look.badged

    def _believe(self) -> None:
        """The screen has gone on: what was found is told, if a badge was the last that was scanned."""
        look, self._look = self._look, None
        if look is not None and look.badged:
            self._hall.found[look.task.parcel.number] = "passed" if look.word == PASSED else "failed"

    def _part(self, task: Task, view: View) -> bool:
        """True: it is being parted from the other."""
        parting = self._parting if self._parting is not None and self._parting.task is task else None
        if parting is not None and view["instruction"] == "scan_badge":
            self._hall.parted.add(task.parcel.number)
            self._say(parting, BADGE)
            return True
        if view["instruction"] == "call_it" or not self._hall.is_anothers(view["visit"], task.parcel):
            return False
        self._parting = parting or Look(task, SPLIT, [])
        task.forget_bay()
        self._say(self._parting, SPLIT)
        return True

    def _say(self, look: Look, text: str) -> bool:
        """Scans it; the same sooner would be taken for a double trigger."""
        now = self._world.now
        if text in look.said and now - look.said[text] < RESCAN_NS:
            return False
        look.said[text] = now
        self._hands.scan_bay(text)
        return True
