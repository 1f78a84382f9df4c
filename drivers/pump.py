"""The device loop: one thread and one selector over every port; bytes to sessions, readings to the sink.

A port that is lost or can't be opened is said once (`DeviceDown`) and tried again for ever, with growing pauses. Each
opening happens in a short-lived thread, because opening may block, and gets a session of its own. In one turn every
ready port is read once and at most `READ_MAX_BYTES`, so a flooding device starves no other; bytes come before timers,
so an answer that has arrived is never taken for one that is late.
"""

import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from drivers.reading import BarcodeRead, DeviceDown, DeviceFault, NoRead, Reading, WeightRead
from drivers.registry import new_session
from drivers.session import Session
from drivers.transports.serial_port import PortLostError, SerialPort
from hub_config.attach import SerialAttach
from hub_config.devices import Device
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

REOPEN_FIRST_NS: Final = 200 * MILLISECOND
REOPEN_MAX_NS: Final = 5 * SECOND
"""The pause before the next opening doubles from the first to this."""
STEADY_NS: Final = 2 * SECOND
"""Open for so long, a port that is lost again starts over with the first pause."""
WRITE_MAX_BYTES: Final = 4_096
"""Waiting for a port that takes no more. What would exceed it is dropped whole, never in part, and counted."""
STOP_TIMEOUT_S: Final = 5.0
"""For openings under way when the pump stops. One that blocks longer closes its port itself when it gets it."""


class Sink(Protocol):
    def put(self, reading: Reading) -> None:
        """Takes one reading from the pump's thread; must not block for long."""


class Port(Protocol):
    """What the pump needs of an open port. Every method but `close` raises PortLostError when it is gone."""

    def fileno(self) -> int: ...
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> int: ...
    def close(self) -> None: ...


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


class _DevicePort:
    """One device: its port while open, its session while the port is open, its pauses while it is not."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.port: Port | None = None
        self.session: Session | None = None
        self.unwritten = bytearray()
        self.events = selectors.EVENT_READ
        self.opening: threading.Thread | None = None
        self.opened_at = Instant(0)
        self.reopen_at = Instant(0)
        self.pause_ns = REOPEN_FIRST_NS
        self.said_down = False
        self.stats = PortStats(device.id, device.attach.port)

    def wants_wake(self) -> Instant | None:
        if self.session is not None:
            return self.session.wake_at
        return None if self.opening is not None else self.reopen_at

    def next_pause(self) -> int:
        pause = self.pause_ns
        self.pause_ns = min(2 * pause, REOPEN_MAX_NS)
        return pause


class Pump:
    def __init__(
        self,
        devices: Sequence[Device],
        sink: Sink,
        *,
        open_port: Callable[[SerialAttach], Port] = SerialPort,
    ) -> None:
        self._ports = tuple(_DevicePort(device) for device in devices)
        self._sink = sink
        self._open_port = open_port
        self._opened: queue.SimpleQueue[tuple[_DevicePort, Port | PortLostError]] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        # Socket objects, not bare descriptors: a late opener must not write to a number that is reused.
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    @property
    def alive(self) -> bool:
        """False before `start`, after `stop`, and if the loop died of a mistake of ours."""
        return self._thread.is_alive()

    def stats(self) -> tuple[PortStats, ...]:
        """One immutable value per device, from any thread."""
        return tuple(attached.stats for attached in self._ports)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the loop and closes every port; returns when that is done. A second call does nothing."""
        self._stopping.set()
        self._nudge()
        if self._thread.ident is None:
            self._close_all()
        else:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._stopping.set()
            self._close_all()

    def _turn(self) -> None:
        for key, events in self._selector.select(self._timeout_s()):
            if key.data is None:
                self._drain_nudges()
            else:
                self._serve(key.data, events)
        while not self._opened.empty():
            self._take_opened(*self._opened.get_nowait())
        for attached in self._ports:
            due = attached.wants_wake()
            if due is not None and due <= (at := _now()):
                self._wake(attached, at)

    def _timeout_s(self) -> float | None:
        dues = [due for attached in self._ports if (due := attached.wants_wake()) is not None]
        return max(0, min(dues) - _now()) / SECOND if dues else None

    def _serve(self, attached: _DevicePort, events: int) -> None:
        port, session = attached.port, attached.session
        if port is None or session is None:
            return
        try:
            if events & selectors.EVENT_READ and (data := port.read()):
                at = _now()
                attached.stats = replace(attached.stats, bytes_in=attached.stats.bytes_in + len(data))
                self._hand_over(attached, session.receive(data, at))
                self._collect_output(attached, session)
            if attached.unwritten:
                self._write(attached, port)
        except PortLostError as lost:
            self._lose(attached, port, str(lost))

    def _wake(self, attached: _DevicePort, at: Instant) -> None:
        if attached.session is None:
            self._begin_opening(attached)
            return
        self._hand_over(attached, attached.session.wake(at))
        self._collect_output(attached, attached.session)
        if attached.port is not None and attached.unwritten:
            try:
                self._write(attached, attached.port)
            except PortLostError as lost:
                self._lose(attached, attached.port, str(lost))

    def _hand_over(self, attached: _DevicePort, readings: Sequence[Reading]) -> None:
        for reading in readings:
            attached.stats = _counted(attached.stats, reading)
            self._sink.put(reading)

    def _collect_output(self, attached: _DevicePort, session: Session) -> None:
        output = session.take_output()
        if len(attached.unwritten) + len(output) > WRITE_MAX_BYTES:
            attached.stats = replace(attached.stats, bytes_dropped=attached.stats.bytes_dropped + len(output))
        else:
            attached.unwritten += output

    def _write(self, attached: _DevicePort, port: Port) -> None:
        written = port.write(bytes(attached.unwritten))
        del attached.unwritten[:written]
        if written:
            attached.stats = replace(attached.stats, bytes_out=attached.stats.bytes_out + written)
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if attached.unwritten else 0)
        if events != attached.events:
            attached.events = events
            self._selector.modify(port.fileno(), events, attached)

    def _begin_opening(self, attached: _DevicePort) -> None:
        name = f"open-{attached.device.id}"
        attached.opening = threading.Thread(target=self._open, args=(attached,), name=name, daemon=True)
        attached.opening.start()

    def _open(self, attached: _DevicePort) -> None:
        """Runs in the opener thread; touches nothing of the loop's."""
        # Stands if opening fails in a way nobody foresaw: that error goes to the log, and the device is tried again.
        outcome: Port | PortLostError = PortLostError(
            f"{attached.device.attach.port} can't be opened; see the log"
        )
        try:
            outcome = self._open_port(attached.device.attach)
        except PortLostError as lost:
            outcome = lost
        finally:
            self._deliver(attached, outcome)

    def _deliver(self, attached: _DevicePort, outcome: Port | PortLostError) -> None:
        if not self._stopping.is_set():
            self._opened.put((attached, outcome))
            self._nudge()
        elif not isinstance(outcome, PortLostError):
            outcome.close()

    def _take_opened(self, attached: _DevicePort, outcome: Port | PortLostError) -> None:
        attached.opening = None
        if isinstance(outcome, PortLostError):
            self._say_down(attached, str(outcome))
            attached.reopen_at = Instant(_now() + attached.next_pause())
            return
        attached.port = outcome
        attached.session = new_session(attached.device)
        attached.unwritten.clear()
        attached.opened_at = _now()
        attached.said_down = False
        attached.stats = replace(attached.stats, open=True, openings=attached.stats.openings + 1)
        attached.events = selectors.EVENT_READ
        self._selector.register(outcome.fileno(), attached.events, attached)

    def _lose(self, attached: _DevicePort, port: Port, reason: str) -> None:
        self._selector.unregister(port.fileno())
        port.close()
        attached.port = None
        attached.session = None
        attached.stats = replace(attached.stats, open=False)
        now = _now()
        if now - attached.opened_at >= STEADY_NS:
            attached.pause_ns = REOPEN_FIRST_NS
        attached.reopen_at = Instant(now + attached.next_pause())
        self._say_down(attached, reason)

    def _say_down(self, attached: _DevicePort, reason: str) -> None:
        if attached.said_down:
            return
        attached.said_down = True
        again = f"trying again every {REOPEN_MAX_NS // SECOND} s"
        self._sink.put(DeviceDown(attached.device.id, _now(), f"{attached.device.id}: {reason}; {again}"))

    def _nudge(self) -> None:
        """Ends the loop's sleep. A full socket has nudged it already; a closed one has no loop any more."""
        with suppress(OSError):
            self._wake_out.send(b"!")

    def _drain_nudges(self) -> None:
        with suppress(BlockingIOError):
            while self._wake_in.recv(64):
                pass

    def _close_all(self) -> None:
        deadline = _now() + int(STOP_TIMEOUT_S * SECOND)
        for attached in self._ports:
            if attached.opening is not None:
                attached.opening.join(max(0, deadline - _now()) / SECOND)
        while not self._opened.empty():
            _, outcome = self._opened.get_nowait()
            if not isinstance(outcome, PortLostError):
                outcome.close()
        for attached in self._ports:
            if attached.port is not None:
                attached.port.close()
                attached.port = None
                attached.session = None
                attached.stats = replace(attached.stats, open=False)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()


def _now() -> Instant:
    return Instant(time.monotonic_ns())


def _counted(stats: PortStats, reading: Reading) -> PortStats:
    match reading:
        case BarcodeRead() | WeightRead() | NoRead():
            return replace(stats, frames=stats.frames + 1, last_frame_at=reading.at)
        case DeviceFault():
            return replace(stats, faults=stats.faults + 1)
        case _:
            return stats
