"""What an uplink is joined to: who takes what comes in, and what it shows of itself."""

from dataclasses import dataclass
from typing import Protocol

from edge.core.inputs import Input
from edge.rim.mqtt_client import Version
from edge.wire.messages import Ack
from hub_config.names import Instant


class CoreSink(Protocol):
    def put(self, given: Input) -> None: ...


class AckSink(Protocol):
    def acknowledge(self, ack: Ack) -> None: ...
    def damaged(self, detail: str) -> None:
        """The journal's file is: nothing may move."""


class PubackSink(Protocol):
    def puback(self, seq: int, at: Instant) -> None: ...


@dataclass(frozen=True, slots=True)
class UplinkFigures:
    broker: bool = False
    coordinator: bool = False
    version: Version | None = None
    acknowledged: int = 0
    """Highest sequence number the coordinator has acknowledged."""
    redelivered: int = 0
    pubacks: int = 0
    catchup: tuple[int, int] | None = None
    """First and last event of the backlog, while catching up after an outage."""
    refusals: int = 0
    """PUBACKs with a reason code of 0x80 or more."""
    rejected: tuple[tuple[str, int], ...] = ()
    """Messages treated as absent: reason and count, sorted by reason."""
