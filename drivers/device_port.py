"""One device as the device loop knows it: its port while open, its session, its pauses while it is not, its counts.

Every call of the session is made here, and goes to the tap as it was. A device that says who it is and is another one
than before is not believed: what it tells is dropped until the right one is back.
"""

import threading
from dataclasses import dataclass, replace
from typing import Final

from drivers.bytes_replay import command_text
from drivers.command import Command
from drivers.reading import (
    BarcodeRead,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    DimensionsRead,
    NoRead,
    Reading,
    WeightRead,
)
from drivers.ready import READ
from drivers.registry import new_session
from drivers.session import Actuator, Redialled, Resumable, Session
from drivers.tap import Tap
from drivers.transports.port import Listener, Port
from hub_config.devices import Device
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

REOPEN_FIRST_NS: Final = 200 * MILLISECOND
REOPEN_MAX_NS: Final = 1 * SECOND
"""The pause before the next opening doubles from the first to this: what is plugged in again is read on within 3 s,
however long it was away, and looking for what is missing costs next to nothing."""
STEADY_NS: Final = 2 * SECOND
"""Open for so long, a port that is lost again starts over with the first pause."""
READING_NS: Final = 1 * MILLISECOND
"""What one reading uses up of a device's time: 1,000 a second are more than any device has to tell."""
FLOOD_NS: Final = 2 * SECOND
"""Ahead of its time by so much, a device floods: it is not read until it has paid back, so that the others and the
core keep theirs. What it says meanwhile waits in the kernel, which drops what does not fit."""
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
    disbelieved: int = 0
    """Readings of another device than was here before."""
    identity: str | None = None
    """What the device said of itself."""


class DevicePort:
    """Belongs to the loop's thread, but for `stats`, which any may read."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.port: Port | None = None
        self.listener: Listener | None = None
        """Where the device dials in; it stays while connections come and go."""
        self.session: Session | None = None
        """Of the open port; a resumable one is kept while the port is gone."""
        self._redialled: Redialled | None = None
        """The same, where it may get stuck: whether it may is asked once, asking costs as much as a frame."""
        self.unwritten = bytearray()
        self.events = READ
        self.opening: threading.Thread | None = None
        self.opened_at = Instant(0)
        self.reopen_at = Instant(0)
        self.pause_ns = REOPEN_FIRST_NS
        self.said_down = False
        self.said_swapped = False
        """Since the port was last open."""
        self._configured_identity: str | None = getattr(device.attach, "identity", None)
        self.identity = self._configured_identity
        """What the device must say of itself: as configured, else what it said first."""
        self.is_other = False
        """It said something else; or nothing yet, where the config tells what it must say."""
        self.said_other = False
        self.owed_until = Instant(0)
        """Up to where its readings have used up its time."""
        self.quiet_until: Instant | None = None
        """It floods, and is not read until then."""
        self.said_flooding = False
        """Since its port was opened."""
        self.stranger_told = ""
        self._stats = PortStats(device.id, device.attach.place)
        self._bytes_in = self._frames = 0
        self._last_frame_at: Instant | None = None
        self.tap = Tap()

    @property
    def stats(self) -> PortStats:
        """What changes with every frame is counted apart: a new value for each would cost as much as its reading."""
        return replace(
            self._stats, bytes_in=self._bytes_in, frames=self._frames, last_frame_at=self._last_frame_at
        )

    @stats.setter
    def stats(self, stats: PortStats) -> None:
        self._stats = stats

    def wants_wake(self) -> Instant | None:
        if self.quiet_until is not None:
            return self.quiet_until
        if self.port is not None:
            return None if self.session is None else self.session.wake_at
        return None if self.opening is not None or self.listener is not None else self.reopen_at

    @property
    def stuck(self) -> str | None:
        """Why nothing more can come of this opening."""
        return None if self._redialled is None else self._redialled.stuck

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
        self._redialled = self.session if isinstance(self.session, Redialled) else None
        self.unwritten.clear()
        self.opened_at = at
        self.said_down = self.said_swapped = self.said_flooding = False
        self.is_other = self._configured_identity is not None
        self.said_other = False
        self.events = READ
        self.stats = replace(self.stats, open=True, openings=self.stats.openings + 1)
        out = self.session.take_output()
        self.tap.record("open", at, b"", out, ())
        self.keep(out)

    def received(self, data: bytes, at: Instant) -> list[Reading]:
        assert self.session is not None
        self._bytes_in += len(data)
        readings = self.session.receive(data, at)
        out = self.session.take_output()
        self.tap.record("in", at, data, out, readings)
        self.owed_until = Instant(max(self.owed_until, at) + len(readings) * READING_NS)
        if out:
            self.keep(out)
        return self._believed(readings)

    def floods(self, at: Instant) -> bool:
        return self.owed_until - at > FLOOD_NS

    def woken(self, at: Instant) -> list[Reading]:
        assert self.session is not None
        readings = self.session.wake(at)
        out = self.session.take_output()
        self.tap.record("wake", at, b"", out, readings)
        self.keep(out)
        return self._believed(readings)

    def commanded(self, command: Command, at: Instant) -> list[Reading]:
        """A command for a port that is not open, or a device that takes none, is dropped and counted."""
        if self.port is None or not isinstance(self.session, Actuator):
            self.stats = replace(self.stats, commands_dropped=self.stats.commands_dropped + 1)
            return []
        readings = self.session.command(command, at)
        out = self.session.take_output()
        self.tap.record("order", at, command_text(command), out, readings)
        self.keep(out)
        return self._believed(readings)

    def closed(self, at: Instant) -> list[Reading]:
        """The port is gone; returns what a session that is kept has to say of it."""
        self.port = None
        self.quiet_until = None
        self.stats = replace(self.stats, open=False)
        if at - self.opened_at >= STEADY_NS:
            self.pause_ns = REOPEN_FIRST_NS
        readings: list[Reading] = []
        if isinstance(self.session, Resumable):
            readings = self.session.closed(at)
            self.tap.record("close", at, b"", self.session.take_output(), readings)
        else:
            self.session = self._redialled = None
            self.tap.record("close", at, b"", b"", ())
        return self._believed(readings)

    def _believed(self, readings: list[Reading]) -> list[Reading]:
        """All of them, as long as the device is the one that it was."""
        for reading in readings:
            if self.identity is not None or isinstance(reading, DeviceUp):
                return [told for one in readings for told in self._one_believed(one)]
        return readings

    def _one_believed(self, reading: Reading) -> list[Reading]:
        if isinstance(reading, DeviceUp):
            expected = self.identity = self.identity or reading.identity
            if reading.identity == expected:
                self.is_other = self.said_other = False
                self.stats = replace(self.stats, identity=expected)
            elif reading.identity is not None or self._configured_identity is not None:
                return self._other(reading)
        if not self.is_other or isinstance(reading, DeviceFault | DeviceDown):
            return [reading]
        self.stats = replace(self.stats, disbelieved=self.stats.disbelieved + 1)
        return []

    def _other(self, up: DeviceUp) -> list[Reading]:
        """Said once, until the right one is back."""
        self.is_other = True
        if self.said_other:
            return []
        self.said_other = True
        place = self.device.attach.place
        if up.identity is None:
            detail = f"{place}: a {self.device.kind} does not say who it is; remove attach.identity"
        else:
            detail = (
                f"{place} holds the device {up.identity}, and {self.identity} is expected; plug them back; "
                "if it was replaced, start the hub again or correct attach.identity"
            )
        down = DeviceDown(self.device.id, up.at, f"{self.device.id}: {detail}")
        return [DeviceFault(self.device.id, up.at, "device_swapped", detail), down]

    def keep(self, output: bytes) -> None:
        """Output that waits for the port to take it."""
        if not output:
            return
        if len(self.unwritten) + len(output) > WRITE_MAX_BYTES:
            self.stats = replace(self.stats, bytes_dropped=self.stats.bytes_dropped + len(output))
        else:
            self.unwritten += output

    def count(self, reading: Reading) -> None:
        match reading:
            case BarcodeRead() | WeightRead() | DimensionsRead() | NoRead():
                self._frames += 1
                self._last_frame_at = reading.at
            case DeviceFault():
                self.stats = replace(self.stats, faults=self.stats.faults + 1)
            case _:
                pass
