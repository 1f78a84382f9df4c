"""`hub simulated-device KIND|--trace FILE --pty PATH`: one device in real time, for a first try without hardware.

It appears at PATH as a serial port (or listens on a TCP port of this computer). What happens to it is typed, one line
each:

  load 1.25 kg   what lies on the scale, in all (0 kg: nothing)
  print          the print key of the scale: its weight as soon as it is stable
  scan CODE      the scanner reads a code
  view CODE      what a reader sees while it is told to read (view: nothing)
  pass 300 200 100, bag   what passes under a dimensioner, in mm; of a CubiScan: put 300 200 100 1.25 kg, take, key
  paper 50       labels on a printer's roll (paper 0: none); also open and close, pause and resume, labels
  unplug, plug   its cable
  quit
"""

import argparse
import contextlib
import os
import random
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from drivers.bytes_trace import LINE_BYTES_MAX, BytesTrace, TraceFault, read
from edge.commands import EXIT_FAULTS
from hub_config.names import SECOND, Instant
from hub_config.units import UnitError, amount
from simulators.devices.line_scanner import LineScanner
from simulators.devices.scale import Scale
from simulators.scales import SCALES, MakeWire
from simulators.served_dimensioner import DIMENSIONERS, new_dimensioner
from simulators.served_printer import ServedPrinter
from simulators.served_readers import READERS, ServedReader
from simulators.wires import LOOPBACK, PtyPort, TcpEnd, Wire

SCRIPT_BYTES_MAX: Final = 4_096
"""Of one typed line; a longer one is refused."""
LOOK_NS: Final = SECOND // 2
SETTLE_NS: Final = 2 * SECOND
"""Before a trace is played, so that whoever listens can open the port."""
BAUD: Final = 9_600
PORT_MAX: Final = 65_535


class Served(Protocol):
    """A device at its own end of a wire."""

    @property
    def wake_at(self) -> Instant | None: ...
    def receive(self, data: bytes, now: Instant) -> None: ...
    def take_output(self, now: Instant) -> bytes: ...
    def told(self, order: Sequence[str], now: Instant) -> str:
        """What a person does to it; returns what came of it, in words. Raises ValueError."""


class ServedScale:
    def __init__(self, make: MakeWire, now: Instant) -> None:
        self._scale = Scale(seed=1)
        self._wire = make(self._scale)
        self._wire.power_up(now)

    @property
    def wake_at(self) -> Instant | None:
        return self._wire.wake_at

    def receive(self, data: bytes, now: Instant) -> None:
        self._wire.receive(data, now)

    def take_output(self, now: Instant) -> bytes:
        return self._wire.take_output(now)

    def told(self, order: Sequence[str], now: Instant) -> str:
        match order:
            case ["load", *words] if words:
                try:
                    mass_mg = amount(" ".join(words), "mg", "1.25 kg")
                except UnitError as fault:
                    raise ValueError(f"{fault.what}; {fault.limit}; {fault.todo}") from None
                self._scale.load(mass_mg, now)
                return f"{' '.join(words)} lie on the scale"
            case ["print"]:
                self._wire.press_print(now)
                return "its print key is pressed"
            case _:
                raise ValueError("a scale knows: load 1.25 kg, print, unplug, plug, quit")


class ServedTrace:
    """What a device once sent, byte for byte and in its own time, again."""

    def __init__(self, trace: BytesTrace, now: Instant) -> None:
        came = [record for part in trace.parts for record in part if record.call == "in"]
        self._waiting = deque(
            (Instant(now + SETTLE_NS + record.at - came[0].at), record.data) for record in came
        )

    @property
    def wake_at(self) -> Instant | None:
        return self._waiting[0][0] if self._waiting else None

    def receive(self, data: bytes, now: Instant) -> None:
        """It says what it said then, whatever it hears."""

    def take_output(self, now: Instant) -> bytes:
        output = bytearray()
        while self._waiting and self._waiting[0][0] <= now:
            output += self._waiting.popleft()[1]
        return bytes(output)

    def told(self, order: Sequence[str], now: Instant) -> str:  # noqa: ARG002
        raise ValueError(f"a trace knows: unplug, plug, quit; {len(self._waiting)} pieces are still to come")


class ServedScanner:
    def __init__(self) -> None:
        self._scanner = LineScanner()
        self._output = bytearray()

    @property
    def wake_at(self) -> Instant | None:
        return Instant(0) if self._output else None

    def receive(self, data: bytes, now: Instant) -> None:
        """A hand scanner hears nothing."""

    def take_output(self, now: Instant) -> bytes:  # noqa: ARG002  (it is said at once)
        output = bytes(self._output)
        self._output.clear()
        return output

    def told(self, order: Sequence[str], now: Instant) -> str:  # noqa: ARG002
        match order:
            case ["scan", code]:
                self._output += self._scanner.scan(code, "]C0")
                return f"{code} is read"
            case _:
                raise ValueError("a scanner knows: scan CODE, unplug, plug, quit")


PRINTER: Final = "zpl-printer"
KINDS: Final = ("line-scanner", *SCALES, *READERS, *DIMENSIONERS, PRINTER)


def new_device(kind: str, now: Instant) -> Served:
    """One of KINDS."""
    if kind == "line-scanner":
        return ServedScanner()
    if kind in DIMENSIONERS:
        return new_dimensioner(kind)
    if kind == PRINTER:
        return ServedPrinter()
    if kind in READERS:
        return ServedReader(READERS[kind]())
    return ServedScale(SCALES[kind], now)


class OneDevice:
    """Runs one device against the host's clock until it is told to quit."""

    def __init__(
        self, device: Served, wire: Callable[[selectors.BaseSelector], Wire], typed: int | None
    ) -> None:
        """`typed`: a descriptor that orders are read from."""
        self._device = device
        self._selector = selectors.DefaultSelector()
        self._wire = wire(self._selector)
        self._typed = typed
        self._line = bytearray()
        if typed is not None:
            self._selector.register(typed, selectors.EVENT_READ)

    def run(self) -> None:
        self._wire.plug()
        try:
            while self._turn():
                pass
        finally:
            self._wire.unplug()
            self._selector.close()

    def _turn(self) -> bool:
        now = _now()
        self._wire.send(self._device.take_output(now), now)
        self._wire.serve(now)
        for key, _ in self._selector.select(self._timeout_s(now)):
            if key.fd == self._typed and not self._obey_typed():
                return False
        data = self._wire.read()
        if data:
            self._device.receive(data, _now())
        return True

    def _timeout_s(self, now: Instant) -> float:
        dues = [due for due in (self._device.wake_at, self._wire.next_at) if due is not None]
        return max(0, min([*dues, Instant(now + LOOK_NS)]) - now) / SECOND

    def _obey_typed(self) -> bool:
        assert self._typed is not None
        data = os.read(self._typed, SCRIPT_BYTES_MAX)
        if not data:  # nobody types any more: it goes on by itself
            self._selector.unregister(self._typed)
            return True
        self._line += data
        *whole, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest[-SCRIPT_BYTES_MAX:])
        return all(self._obey(line.decode("utf-8", "replace").split()) for line in whole)

    def _obey(self, order: list[str]) -> bool:
        match order:
            case []:
                return True
            case ["quit"]:
                return False
            case ["unplug"]:
                self._wire.unplug()
                print("unplugged", flush=True)
            case ["plug"]:
                self._wire.plug()
                print("plugged in", flush=True)
            case _:
                try:
                    print(self._device.told(order, _now()), flush=True)
                except ValueError as fault:
                    print(fault, file=sys.stderr, flush=True)
        return True


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub simulated-device", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "kind",
        nargs="?",
        metavar="KIND",
        choices=sorted(KINDS),
        help=f"as in a hub config or hub decode: {', '.join(sorted(KINDS))}",
    )
    what.add_argument(
        "--trace", type=Path, metavar="FILE", help="plays what `hub trace` has kept of a device"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", type=Path, metavar="PATH", help="appears here as a serial port")
    where.add_argument("--tcp", type=_port, metavar="PORT", help=f"listens at {LOOPBACK}")
    parser.add_argument("--load", metavar="MASS", help='what lies on a scale at first, for example "1.25 kg"')
    args = parser.parse_args(argv)
    try:
        device = (
            new_device(args.kind, _now()) if args.trace is None else ServedTrace(_trace(args.trace), _now())
        )
    except (OSError, TraceFault, IndexError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else fault
        parser.error(f"{args.trace}: {said}; name a file that hub trace has written")
    if args.pty is not None and args.pty.exists() and not args.pty.is_symlink():
        parser.error(f"{args.pty} is there already, and is no link that may be replaced; choose another path")
    if args.pty is not None and not args.pty.parent.is_dir():
        parser.error(f"there is no folder {args.pty.parent}; make it")
    if args.load is not None:
        try:
            device.told(["load", *args.load.split()], _now())
        except ValueError as fault:
            parser.error(str(fault))

    def wire(selector: selectors.BaseSelector) -> Wire:
        if args.pty is not None:
            return PtyPort(args.pty.absolute(), BAUD, random.Random(1), selector)
        return TcpEnd(args.tcp, listens=True, selector=selector)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a polite kill removes the port too
    with _typed() as typed, contextlib.suppress(KeyboardInterrupt):
        place = args.pty if args.pty is not None else f"{LOOPBACK}:{args.tcp}"
        what_it_is = args.kind or f"device of {args.trace}"
        print(f"a simulated {what_it_is} is at {place}; type what happens to it, or quit", flush=True)
        try:
            OneDevice(device, wire, typed).run()
        except OSError as fault:  # the port is another program's, or the link can't be made
            print(f"hub simulated-device: {place}: {fault.strerror}; choose another", file=sys.stderr)
            return EXIT_FAULTS
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}: 1 to {PORT_MAX} are wanted")
    return int(text)


def _trace(file: Path) -> BytesTrace:
    with file.open("rb") as lines:
        return read(iter(lambda: lines.readline(LINE_BYTES_MAX), b""))


@contextlib.contextmanager
def _typed() -> Iterator[int | None]:
    """Standard input, where there is one that can be waited for (a file can't)."""
    try:
        fd = sys.stdin.fileno()
        with selectors.DefaultSelector() as trial:
            trial.register(fd, selectors.EVENT_READ)
    except (OSError, ValueError, AttributeError):
        yield None
    else:
        yield fd


def _now() -> Instant:
    return Instant(time.monotonic_ns())
