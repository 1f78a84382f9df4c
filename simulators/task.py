"""What an operator works with: hands, habits, and the one parcel being handled.

`Hands` is all that an operator can do to a bench; `simulators.bench` does it. The thinking is in `simulators.staff`.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.scale_wire import Spoil
from simulators.mistakes import Mistake, Plan
from simulators.parcels import LabelCode, Parcel
from simulators.screen import View

Step = Literal["scan", "put", "lift"]
Span = tuple[int, int]
"""Shortest and longest, ns."""

RESCAN_NS: Final = 2_200 * MILLISECOND
"""The same code sooner is taken for a double trigger (2 s)."""
RETRIES_MAX: Final = 2
LABEL_TRIES_MAX: Final = 3
POOR_LABEL_TRIES_MAX: Final = 2
"""For a label one can see is torn or misprinted."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Delays of a practised operator at pace 1; pace 0.5 halves them."""

    react: Span = (150 * MILLISECOND, 400 * MILLISECOND)
    hand: Span = (80 * MILLISECOND, 160 * MILLISECOND)
    carry: Span = (100 * MILLISECOND, 200 * MILLISECOND)
    glance_ns: int = 250 * MILLISECOND
    zero_glance_ns: int = 60 * MILLISECOND
    zero_rest_ns: int = 150 * MILLISECOND
    """The display has shown zero this long: the gateway has seen it too. This and what follows is not paced."""
    zero_key_after_ns: int = 3 * SECOND
    """An empty pan that shows no zero for this long gets the zero key pressed."""
    patience_ns: int = 3 * SECOND
    """The screen ignores what was done: do it again."""
    weighing_patience_ns: int = 8 * SECOND
    stuck_ns: int = 60 * SECOND
    """The screen says the same for this long: start the parcel again."""


@dataclass(frozen=True, slots=True)
class Placed:
    bay: str
    lane: str
    visit: str
    """What the screen showed when the bay was scanned."""
    at: Instant


class Hands(Protocol):
    """What an operator can do to the bench."""

    @property
    def pan_empty(self) -> bool: ...
    @property
    def overloaded(self) -> bool: ...
    def zero_for(self, ns: int) -> bool: ...
    def put_on(self, parcel: Parcel) -> None: ...
    def lift(self, residue_mg: int = 0) -> None: ...
    def clear_pan(self) -> None: ...
    def press_zero(self) -> None: ...
    def scan(self, code: LabelCode, of: Parcel, *, garbled: bool = False) -> None: ...
    def scan_bay(self, barcode: str) -> None: ...
    def fail_trigger(self) -> None: ...
    def spoil_scale(self, fault: Spoil) -> None: ...
    def silence_scale(self, ns: int) -> None: ...


@dataclass(slots=True)
class Task:
    """One parcel in the operator's hands."""

    parcel: Parcel
    plan: Plan
    todo: list[Mistake]
    """Mistakes still to be made."""
    script: list[Step]
    """What is done without asking the screen: scan and put on, in either order."""
    acted_at: Instant
    on_pan: bool = False
    begun: bool = False
    items_scanned: int = 0
    label_at: Instant | None = None
    tries: int = 0
    retries: int = 0
    told: tuple[object, object, object] | None = None
    """Visit, bay and lane of the screen that it is being carried for."""
    arrives_at: Instant = field(default=Instant(0))
    bay_at: Instant | None = None
    bay_tried: object = None

    def errs(self, mistake: Mistake) -> bool:
        """True once, if the plan has it."""
        if mistake not in self.todo:
            return False
        self.todo.remove(mistake)
        return True

    def write_script(self) -> None:
        """What is done from the start, before the screen says more."""
        if self.errs("forgets_scan"):
            self.script = ["put"]
        else:
            self.script = ["put", "scan"] if self.plan.weigh_first else ["scan", "put"]

    def took_bay(self, view: View) -> bool:
        """The screen says that this parcel was the last one placed."""
        last = view.get("last")
        return self.told is not None and isinstance(last, dict) and last["visit"] == self.told[0]

    def forget_bay(self) -> None:
        self.told = self.bay_at = self.bay_tried = None

    def rescan_wait_ns(self, now: Instant) -> int:
        return 0 if self.label_at is None else max(0, self.label_at + RESCAN_NS - now)

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(code.data for code in self.parcel.items)

    @property
    def label_tries_max(self) -> int:
        poor = not self.parcel.items or self.parcel.trouble == "bad_check"
        return POOR_LABEL_TRIES_MAX if poor else LABEL_TRIES_MAX

    @property
    def worth_a_retry(self) -> bool:
        """One readable label, and tries left. Two labels, or more than the scale carries, stay what they are."""
        readable = len(self.parcel.items) == 1 and self.parcel.trouble != "over_limit"
        return readable and self.retries < RETRIES_MAX
