"""Everything the core can want: the closed union of effects, returned by `Gateway.step`."""

from dataclasses import dataclass
from typing import Literal

from drivers.command import Command
from edge.core.event import Event
from edge.core.snapshot import BenchView
from edge.core.standing import VisitWords
from hub_config.names import LineId, VisitId
from hub_config.value import value


@value
class Record:
    """Put this event in the journal. Numbers count 1, 2, 3, … since the gateway process started."""

    number: int
    event: Event


@value
class Show:
    """What a station's screen must say from now on. Telling staff RELEASE is an act, so it is an effect."""

    view: BenchView


@value
class Order:
    """A device must do this."""

    command: Command


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody has to go and look, now (contract §6, `alert/{kind}`): the fact itself is in the events."""

    kind: Literal["recall"]
    visit: VisitId
    dec: str
    """The decision that came too late."""
    line: LineId
    bay: str
    """Where it was seen last."""
    seen_us: int
    """UTC of that."""


@value
class KeepWords:
    """Keep in the journal what authorities have said last of a visit; where nothing is said any more, forget it."""

    words: VisitWords


Effect = Record | Show | Order | Alert | KeepWords
