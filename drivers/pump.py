"""The device loop: one thread that waits for every port at once; bytes to sessions, readings to the sink.

A port that is lost or can't be opened is said once (`DeviceDown`) and tried again for ever, with growing pauses. Each
opening happens in a short-lived thread, because opening may block, and gets a session of its own; a `Resumable` session
is kept. A device that dials in is let in by the loop, and its newest connection replaces the one before it. In one turn
every ready port is read once and at most `READ_MAX_BYTES`, and a device that tells more than any has to tell is read
slower, so a flooding device starves no other and does not fill the core's inbox; bytes come before
commands and timers, so an answer that has arrived is never taken for one that is late, nor for that of a later command.
"""

import logging
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol

from drivers.command import Command
from drivers.device_port import READING_NS, REOPEN_MAX_NS, STEADY_NS, WRITE_MAX_BYTES, DevicePort, PortStats
from drivers.reading import DeviceDown, DeviceFault, Reading
from drivers.ready import READ, WRITE, Ready
from drivers.tap import Tap
from drivers.transports.lost import DeviceSwappedError, PortLostError
from drivers.transports.opening import Opening
from drivers.transports.port import Listener, Port
from hub_config.devices import Device
from hub_config.names import SECOND, DeviceId, Instant

__all__ = [
    "COMMANDS_MAX",
    "REOPEN_MAX_NS",
    "STEADY_NS",
    "WRITE_MAX_BYTES",
    "Port",
    "PortStats",
    "Pump",
    "Sink",
]

COMMANDS_MAX: Final = 1_000
"""Waiting for the loop, of all devices together. One more is dropped and counted: what is not ordered is safe."""
STOP_TIMEOUT_S: Final = 5.0
"""For openings under way when the pump stops. One that blocks longer closes its port itself when it gets it."""

log = logging.getLogger("hub.pump")


class Sink(Protocol):
    def put(self, reading: Reading) -> None:
        """Takes one reading from the pump's thread; must not block for long."""


class Pump:
    def __init__(
        self,
        devices: Sequence[Device],
        sink: Sink,
        *,
        open_port: Callable[[Any], Port | Listener] | None = None,
    ) -> None:
        self._ports = {device.id: DevicePort(device) for device in devices}
        self._sink = sink
        opening = Opening()
        self._open_port = open_port or opening.open
        self._absent = opening.absent if open_port is None else lambda _: None
        self._opened: queue.SimpleQueue[tuple[DevicePort, Port | Listener | PortLostError]] = (
            queue.SimpleQueue()
        )
        self._commands: deque[Command] = deque()
        self._refused = dict.fromkeys(self._ports, 0)
        """Commands that found the queue full."""
        self._commanding = threading.Lock()
        self._ready = Ready()
        # Socket objects, not bare descriptors: a late opener must not write to a number that is reused.
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._ready.add(self._wake_in.fileno(), READ, self._drain_nudges)
        self._touched = list(self._ports.values())
        """Ports that may want to be woken at another time than `_dues` says."""
        self._dues: dict[DeviceId, Instant] = {}
        self._soonest: Instant | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    @property
    def alive(self) -> bool:
        """False before `start`, after `stop`, and if the loop died of a mistake of ours."""
        return self._thread.is_alive()

    def stats(self) -> tuple[PortStats, ...]:
        """One immutable value per device, from any thread."""
        return tuple(self._stats(*port) for port in self._ports.items())

    def _stats(self, device: DeviceId, attached: DevicePort) -> PortStats:
        stats = attached.stats
        return replace(stats, commands_dropped=stats.commands_dropped + self._refused[device])

    def tap(self, device: DeviceId) -> Tap | None:
        """What passed; any thread may read it. None for a device we don't have."""
        attached = self._ports.get(device)
        return None if attached is None else attached.tap

    def command(self, command: Command) -> None:
        """Hands it to its device, from any thread, without waiting. Raises KeyError for a device we don't have."""
        if command.device not in self._ports:
            raise KeyError(f"{command.device} is no device of this pump")
        with self._commanding:
            if len(self._commands) < COMMANDS_MAX:
                self._commands.append(command)
            else:
                self._refused[command.device] += 1
        self._nudge()

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
        self._find_dues()
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._stopping.set()
            self._close_all()

    def _turn(self) -> None:
        wait_s = None if self._soonest is None else max(0, self._soonest - _now()) / SECOND
        self._ready.serve(wait_s)
        while not self._opened.empty():
            self._take_opened(*self._opened.get_nowait())
        for _ in range(len(self._commands)):
            self._obey(self._commands.popleft())
        self._find_dues()
        if self._soonest is not None and self._soonest <= (at := _now()):
            for device in [device for device, due in self._dues.items() if due <= at]:
                self._wake(self._ports[device], at)
            self._find_dues()

    def _find_dues(self) -> None:
        """Only of the ports that were touched: of a hundred devices one at a time has something to say."""
        for attached in self._touched:
            due = attached.wants_wake()
            if due is None:
                self._dues.pop(attached.device.id, None)
            else:
                self._dues[attached.device.id] = due
        self._touched.clear()
        self._soonest = min(self._dues.values(), default=None)

    def _serve(self, attached: DevicePort, port: Port, *, readable: bool) -> None:
        self._touched.append(attached)
        if attached.port is not port or attached.session is None:
            return  # replaced or lost within this turn
        try:
            if readable and (data := port.read()):
                at = _now()
                self._hand_over(attached, attached.received(data, at))
                if attached.floods(at):
                    self._hush(attached, port)
            if attached.unwritten:
                self._write(attached, port)
            if attached.stuck is not None:
                self._redial(attached)
        except PortLostError as lost:
            self._lose(attached, port, str(lost))

    def _wake(self, attached: DevicePort, at: Instant) -> None:
        self._touched.append(attached)
        if attached.port is None or attached.session is None:
            self._begin_opening(attached)
            return
        if attached.quiet_until is not None:
            self._read_again(attached, attached.port)
            return
        self._hand_over(attached, attached.woken(at))
        self._flush(attached)
        self._redial(attached)

    def _hush(self, attached: DevicePort, port: Port) -> None:
        self._ready.remove(port.fileno())
        attached.quiet_until = attached.owed_until
        if not attached.said_flooding:
            attached.said_flooding = True
            detail = f"more than {SECOND // READING_NS} readings a second, read slower; check its settings and cable"
            self._hand_over(attached, [DeviceFault(attached.device.id, _now(), "flooding", detail)])

    def _read_again(self, attached: DevicePort, port: Port) -> None:
        """What has arrived meanwhile comes before any timer of its session."""
        attached.quiet_until = None
        self._register(attached, port)
        self._serve(attached, port, readable=True)

    def _obey(self, command: Command) -> None:
        attached = self._ports[command.device]
        self._touched.append(attached)
        self._hand_over(attached, attached.commanded(command, _now()))
        self._flush(attached)

    def _hand_over(self, attached: DevicePort, readings: Sequence[Reading]) -> None:
        for reading in readings:
            attached.count(reading)
            self._sink.put(reading)

    def _flush(self, attached: DevicePort) -> None:
        """What waits to be written, at once as far as the port takes it."""
        port = attached.port
        if port is not None and attached.unwritten:
            try:
                self._write(attached, port)
            except PortLostError as lost:
                self._lose(attached, port, str(lost))

    def _redial(self, attached: DevicePort) -> None:
        """Its session has lost its place in the stream."""
        port, stuck = attached.port, attached.stuck
        if port is not None and stuck is not None:
            self._lose(attached, port, stuck)

    def _write(self, attached: DevicePort, port: Port) -> None:
        written = port.write(bytes(attached.unwritten))
        del attached.unwritten[:written]
        if written:
            attached.stats = replace(attached.stats, bytes_out=attached.stats.bytes_out + written)
        events = READ | (WRITE if attached.unwritten else 0)
        if events != attached.events:
            attached.events = events
            if attached.quiet_until is None:
                self._ready.change(port.fileno(), events)

    # Opening and losing -----------------------------------------------------------------------------

    def _begin_opening(self, attached: DevicePort) -> None:
        absent = self._absent(attached.device.attach)
        if absent is not None:
            self._take_opened(attached, absent)
            return
        attached.opening = threading.Thread(target=self._open, args=(attached,), name="opener", daemon=True)
        attached.opening.start()

    def _open(self, attached: DevicePort) -> None:
        """Runs in the opener thread; touches nothing of the loop's."""
        # Stands if opening fails in a way nobody foresaw: that error goes to the log, and the device is tried again.
        outcome: Port | Listener | PortLostError = PortLostError(
            f"{attached.device.attach.place} can't be opened; see the log"
        )
        try:
            outcome = self._open_port(attached.device.attach)
        except PortLostError as lost:
            outcome = lost
        finally:
            self._deliver(attached, outcome)

    def _deliver(self, attached: DevicePort, outcome: Port | Listener | PortLostError) -> None:
        if not self._stopping.is_set():
            self._opened.put((attached, outcome))
            self._nudge()
        elif not isinstance(outcome, PortLostError):
            outcome.close()

    def _take_opened(self, attached: DevicePort, outcome: Port | Listener | PortLostError) -> None:
        self._touched.append(attached)
        if attached.opening is not None:
            attached.opening.join()  # it has delivered: all that is left of it is its end
            attached.opening = None
        if isinstance(outcome, PortLostError):
            if isinstance(outcome, DeviceSwappedError):
                self._say_swapped(attached, str(outcome))
            self._say_down(attached, str(outcome))
            attached.reopen_at = Instant(_now() + attached.next_pause())
        elif isinstance(outcome, Listener):
            attached.listener = outcome
            self._ready.add(outcome.fileno(), READ, lambda _: self._let_in(attached, outcome))
            self._say_down(attached, "")
        else:
            self._take_port(attached, outcome)

    def _take_port(self, attached: DevicePort, port: Port) -> None:
        attached.opened(port, _now())
        self._register(attached, port)
        self._flush(attached)

    def _register(self, attached: DevicePort, port: Port) -> None:
        self._ready.add(
            port.fileno(),
            attached.events,
            lambda readable: self._serve(attached, port, readable=readable),
        )

    def _let_in(self, attached: DevicePort, listener: Listener) -> None:
        """Somebody has dialled. The newest connection counts: a device that dials again has lost the older one."""
        self._touched.append(attached)
        try:
            port = listener.accept()
        except PortLostError as lost:
            self._end_listening(attached, listener, str(lost))
            return
        self._tell_strangers(attached, listener.take_strangers())
        if port is None:
            return
        if attached.port is not None:
            self._lose(
                attached, attached.port, "the device has dialled again, its older connection is void", ""
            )
        self._take_port(attached, port)

    def _tell_strangers(self, attached: DevicePort, strangers: Sequence[str]) -> None:
        """Each of them is counted; in a row from one address they are logged once."""
        attached.stats = replace(attached.stats, strangers=attached.stats.strangers + len(strangers))
        for address in strangers:
            if address != attached.stranger_told:
                attached.stranger_told = address
                place = attached.stats.port
                log.warning("%s: %s dialled %s and was sent away", attached.device.id, address, place)

    def _end_listening(self, attached: DevicePort, listener: Listener, reason: str) -> None:
        self._ready.remove(listener.fileno())
        listener.close()
        attached.listener = None
        if attached.port is not None:
            self._lose(attached, attached.port, reason)
        else:
            self._say_down(attached, reason)
            attached.reopen_at = Instant(_now() + attached.next_pause())

    def _lose(self, attached: DevicePort, port: Port, reason: str, again: str | None = None) -> None:
        if attached.quiet_until is None:
            self._ready.remove(port.fileno())
        port.close()
        now = _now()
        self._hand_over(attached, attached.closed(now))
        attached.reopen_at = Instant(now + attached.next_pause())
        self._say_down(attached, reason, again)

    def _say_swapped(self, attached: DevicePort, reason: str) -> None:
        if not attached.said_swapped:
            attached.said_swapped = True
            self._hand_over(attached, [DeviceFault(attached.device.id, _now(), "device_swapped", reason)])

    def _say_down(self, attached: DevicePort, reason: str, again: str | None = None) -> None:
        """`again`: how it will come back, if not as usual."""
        if attached.said_down:
            return
        attached.said_down = True
        if again is None:
            waiting = attached.listener.waiting if attached.listener is not None else ""
            again = waiting or f"trying again every {REOPEN_MAX_NS // SECOND} s"
        why = "; ".join(part for part in (reason, again) if part)
        self._sink.put(DeviceDown(attached.device.id, _now(), f"{attached.device.id}: {why}"))

    # Nudging and ending -----------------------------------------------------------------------------

    def _nudge(self) -> None:
        """Ends the loop's sleep. A full socket has nudged it already; a closed one has no loop any more."""
        with suppress(OSError):
            self._wake_out.send(b"!")

    def _drain_nudges(self, _: bool) -> None:
        with suppress(BlockingIOError):
            while self._wake_in.recv(64):
                pass

    def _close_all(self) -> None:
        deadline = _now() + int(STOP_TIMEOUT_S * SECOND)
        for attached in self._ports.values():
            if attached.opening is not None:
                attached.opening.join(max(0, deadline - _now()) / SECOND)
        while not self._opened.empty():
            _, outcome = self._opened.get_nowait()
            if not isinstance(outcome, PortLostError):
                outcome.close()
        for attached in self._ports.values():
            if attached.listener is not None:
                attached.listener.close()
                attached.listener = None
            if attached.port is not None:
                attached.port.close()
                attached.port = None
                attached.stats = replace(attached.stats, open=False)
            attached.session = None
        self._ready.close()
        self._wake_in.close()
        self._wake_out.close()


def _now() -> Instant:
    return Instant(time.monotonic_ns())
