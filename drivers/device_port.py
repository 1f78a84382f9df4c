"""One device as the device loop knows it: its port while open, its session, its pauses while it is not, its counts."""

import selectors
import threading
from dataclasses import dataclass, replace
from typing import Final

from drivers.reading import BarcodeRead, DeviceFault, DimensionsRead, NoRead, Reading, WeightRead
from drivers.registry import new_session
from drivers.session import Resumable, Session
from drivers.transports.port import Listener, Port
from hub_config.devices import Device
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

REOPEN_FIRST_NS: Final = 200 * MILLISECOND
REOPEN_MAX_NS: Final = 5 * SECOND
"""The pause before the next opening doubles from the first to this."""
STEADY_NS: Final = 2 * SECOND
"""Open for so long, a port that is lost again starts over with the first pause."""
WRITE_MAX_BYTES: Final = 4_096
"""Waiting for a port that takes no more. What would exceed it is dropped whole, never in part, and counted."""


@dataclass(frozen=True, slots=True)
class PortStats:
    """Counts of one device since the pump started."""

    device: DeviceId
    port: str
    open: bool = False
    openings: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    frames: int = 0
    """Codes, no-reads and weights."""
    faults: int = 0
    bytes_dropped: int = 0
    """Output that did not fit within WRITE_MAX_BYTES."""
    last_frame_at: Instant | None = None
    commands_dropped: int = 0
    """For a port that is not open, a device that takes none, or a queue that is full."""
    strangers: int = 0
    """Others that dialled in the device's place. They were sent away."""


class DevicePort:
    """Belongs to the loop's thread, but for `stats`, which any may read."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.port: Port | None = None
        self.listener: Listener | None = None
        """Where the device dials in; it stays while connections come and go."""
        self.session: Session | None = None
        """Of the open port; a resumable one is kept while the port is gone."""
        self.unwritten = bytearray()
        self.events = selectors.EVENT_READ
        self.opening: threading.Thread | None = None
        self.opened_at = Instant(0)
        self.reopen_at = Instant(0)
        self.pause_ns = REOPEN_FIRST_NS
        self.said_down = False
        self.stranger_told = ""
        self.stats = PortStats(device.id, device.attach.place)

    def wants_wake(self) -> Instant | None:
        if self.port is not None:
            return None if self.session is None else self.session.wake_at
        return None if self.opening is not None or self.listener is not None else self.reopen_at

    def next_pause(self) -> int:
        pause = self.pause_ns
        self.pause_ns = min(2 * pause, REOPEN_MAX_NS)
        return pause

    def opened(self, port: Port, at: Instant) -> None:
        """The port is open: it gets a session of its own, unless the one of before goes on."""
        self.port = port
        if isinstance(self.session, Resumable):
            self.session.reopened(at)
        else:
            self.session = new_session(self.device)
        self.unwritten.clear()
        self.opened_at = at
        self.said_down = False
        self.events = selectors.EVENT_READ
        self.stats = replace(self.stats, open=True, openings=self.stats.openings + 1)

    def closed(self, at: Instant) -> list[Reading]:
        """The port is gone; returns what a session that is kept has to say of it."""
        self.port = None
        self.stats = replace(self.stats, open=False)
        if at - self.opened_at >= STEADY_NS:
            self.pause_ns = REOPEN_FIRST_NS
        if isinstance(self.session, Resumable):
            return self.session.closed(at)
        self.session = None
        return []

    def keep(self, output: bytes) -> None:
        """Output that waits for the port to take it."""
        if len(self.unwritten) + len(output) > WRITE_MAX_BYTES:
            self.stats = replace(self.stats, bytes_dropped=self.stats.bytes_dropped + len(output))
        else:
            self.unwritten += output

    def count(self, reading: Reading) -> None:
        match reading:
            case BarcodeRead() | WeightRead() | DimensionsRead() | NoRead():
                self.stats = replace(self.stats, frames=self.stats.frames + 1, last_frame_at=reading.at)
            case DeviceFault():
                self.stats = replace(self.stats, faults=self.stats.faults + 1)
            case _:
                pass
