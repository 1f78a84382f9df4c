"""What the board's session tells upwards: the closed union that the driver turns into readings."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from firmware_bridge.messages import Edge, Enc

RAW_MAX_BYTES: Final = 64
"""Of what a fault shows."""

State = Literal["opening", "bootloader", "incompatible", "configuring", "syncing", "ready", "safe", "lost"]
FaultKind = Literal["garbled", "too_long", "silent", "refused", "not_proven", "late_answer"]


@dataclass(frozen=True, slots=True)
class StateTold:
    """`continued`: the board has not restarted since the last `ready`."""

    state: State
    detail: str
    continued: bool


@dataclass(frozen=True, slots=True)
class BootTold:
    """It is another boot than before: counts, ticks and event numbers of before are void."""

    boot_id: int


@dataclass(frozen=True, slots=True)
class UpTold:
    """Ready for the first time since it was lost or restarted."""

    identity: str


@dataclass(frozen=True, slots=True)
class EventTold:
    """In the order of the board; its stamp is in 64-bit ticks."""

    event: Edge | Enc
    ticks: int


@dataclass(frozen=True, slots=True)
class LostTold:
    """So many events of the board, of any kind, between those told before and after."""

    count: int


@dataclass(frozen=True, slots=True)
class OrderTold:
    order: int
    detail: str
    """`ok` if the board took it."""


@dataclass(frozen=True, slots=True)
class FaultTold:
    code: FaultKind
    detail: str
    raw: bytes = b""


Told = StateTold | BootTold | UpTold | EventTold | LostTold | OrderTold | FaultTold


class Telling:
    """Collects what one call has to tell. A state is told when it or its reason changes, some faults once a run."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._said: set[FaultKind] = set()
        self._shown: tuple[State, str] | None = None

    def add(self, *told: Told) -> None:
        self._told += told

    def state(self, state: State, detail: str, *, continued: bool) -> None:
        if self._shown != (state, detail):
            self._shown = (state, detail)
            self._told.append(StateTold(state, detail, continued))

    def fault_once(self, code: FaultKind, detail: str, raw: bytes = b"") -> None:
        if code not in self._said:
            self._said.add(code)
            self._told.append(FaultTold(code, detail, raw[:RAW_MAX_BYTES]))

    def forgive(self, codes: Iterable[FaultKind]) -> None:
        """What these complained of has ended."""
        self._said.difference_update(codes)

    def take(self) -> list[Told]:
        told, self._told = self._told, []
        return told
