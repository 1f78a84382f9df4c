"""The chapters of the tour in their order: title, caption, and the function that plays each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.tour import fault_chapters as faults
from simulators.tour import parcel_chapters as parcels
from simulators.tour.play import Play


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    caption: str
    play: Callable[[Play], str]
    """Returns what it has shown; raises ClaimFailed."""
    seconds: float
    """How long it lasts at least, so that it can be read."""


CHAPTERS: Final = (
    Chapter(
        "Flow",
        "Parcels are read, weighed and sorted. Only a signed release opens the free lane.",
        parcels.flow, 12,
    ),
    Chapter(
        "60 mm apart",
        "Two parcels 60 mm apart, and one label can't be read. Whose is the code?",
        parcels.close_pair, 16,
    ),
    Chapter(
        "Scale unplugged",
        "The cable of the bench's scale is pulled, and plugged in again.",
        parcels.scale_unplugged, 12,
    ),
    Chapter(
        "Broker stopped",
        "The broker is stopped. Nobody can be asked, so every parcel goes to HOLD.",
        faults.broker_stopped, 18,
    ),
    Chapter(
        "Gateway killed",
        "The gateway is killed (SIGKILL) with parcels on the belt, and started again.",
        faults.gateway_killed, 18,
    ),
    Chapter(
        "A byte flipped",
        "Somebody changes one byte in a copy of the journal, and a weight reads otherwise.",
        faults.byte_flipped, 12,
    ),
    Chapter(
        "Why?",
        "A cleared parcel lies in HOLD since the gateway died. Its code is scanned: why?",
        faults.code_asked, 14,
    ),
)  # fmt: skip
