"""Many benches under a steady load of scans, on ptys: for measuring the event path, and for breaking it.

A bench's turn has three readings: a parcel's label, another parcel's label (so it is held, `two_labels`), the bay's
barcode. Each makes one event or two, none needs the coordinator's answer, and no code ever comes twice. Its scale is
there, empty, and asked every ten seconds.
"""

import os
import selectors
import threading
import time
import tty
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.parcels import s10_check_digit

HOLD_BAY: Final = "HUBXHOLD"
STEPS: Final = 3
EVENTS_PER_TURN: Final = 5
"""Arrived, identified, identified, decided, diverted."""
CODES_MAX: Final = 26 * 26 * 10**8
LATE_MAX_S: Final = 0.5
"""A reading that is so late is left out: the load is what was asked for, or less, never a burst."""
EMPTY_SCALE: Final = b"S S      0.000 kg\r\n"
_ANSWERS: Final = {b"@": b'I4 A "100001"\r\n', b"TA": b"TA A      0.000 kg\r\n"}
"""Of MT-SICS. Before it has said its serial number no weight counts."""
STREAMED: Final = b"\x02-0 000000000000\r"
"""Zero, as Mettler-Toledo continuous output tells it."""
READ_BYTES: Final = 4_096

_BENCH = """
[[devices]]
id = "scan-{n}"
kind = "line-scanner"
attach = {{ kind = "serial", port = "{folder}/scan-{n}", baud = 115200 }}

[[devices]]
id = "scale-{n}"
attach = {{ kind = "serial", port = "{folder}/scale-{n}", baud = 115200 }}
{asking}

[devices.metrology]
regime = "nawi"
class = "III"
max = "30 kg"
min = "100 g"
e = "5 g"
mpe = "5 g"
valid_until = 2027-11-30
seal = "load-1"

[[benches]]
id = "b{n}"
name = "Bench {n}"
scanners = ["scan-{n}"]
scale = "scale-{n}"
bays = [
    {{ lane = "green", bay = "G1", barcode = "HUBXGREEN" }},
    {{ lane = "hold", bay = "H1", barcode = "HUBXHOLD" }},
]
"""


_ASKED: Final = """kind = "mt-sics"
poll = "{poll}"
answer_timeout = "5 s\""""
_STREAMING: Final = 'kind = "mt-continuous"'


@dataclass(frozen=True, slots=True)
class Written:
    """One reading that went out on a wire."""

    key: str
    """The label's code; of a bay's barcode the first label of the turn, and `/bay`."""
    at_ns: int
    """Wall clock, ns: processes on one machine share it."""


class ScanLoad:
    """`folder` holds the ports. `start` opens them, `run` scans at a steady rate in the caller's thread."""

    poll: str = "10 s"
    """How often a scale is asked."""

    def __init__(self, folder: Path, benches: int, first_code: int = 0, *, streaming: bool = False) -> None:
        """`streaming`: the scales are not asked, they send (`stream`)."""
        self.folder = folder
        self.benches = benches
        self._asking = _STREAMING if streaming else _ASKED.format(poll=self.poll)
        self.written: list[Written] = []
        self._next_code = first_code
        self._step = [0] * benches
        self._first = [""] * benches
        self._scanners: list[int] = []
        self._scales: list[int] = []
        self._slaves: dict[int, int] = {}
        """By bench; of scales from `benches` on."""
        self._ports = threading.Lock()
        self.streamed: list[list[int]] = [[] for _ in range(benches)]
        """When each scale sent its weights (`stream`), ns of the monotonic clock."""
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._answers = threading.Thread(target=self._answer, name="scales", daemon=True)

    def config(self, head: str) -> str:
        """A hub's config: `head` is everything but devices and benches."""
        made = [
            _BENCH.format(n=number, folder=self.folder, asking=self._asking) for number in range(self.benches)
        ]
        return head + "".join(made)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.benches):
            self._scanners.append(self._port(f"scan-{number}", number))
            scale = self._port(f"scale-{number}", self.benches + number)
            self._scales.append(scale)
            self._selector.register(scale, selectors.EVENT_READ, number)
        self._answers.start()

    def stop(self) -> None:
        self._stopping.set()
        self._answers.join()
        for handle in (*self._scanners, *(int(key.fd) for key in self._selector.get_map().values())):
            os.close(handle)
        for slave in self._slaves.values():
            os.close(slave)
        self._selector.close()

    def run(self, per_second: float, seconds: float) -> int:
        """Readings at this rate, evenly over all benches; returns how many were left out for being late."""
        began, left_out, number = time.monotonic(), 0, 0
        while (due := number / per_second) < seconds:
            wait_s = began + due - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            if wait_s < -LATE_MAX_S:
                left_out += 1
            else:
                self.scan(number % self.benches)
            number += 1
        return left_out

    def scan(self, bench: int) -> None:
        """The next reading of this bench's turn."""
        step = self._step[bench]
        text = HOLD_BAY if step == STEPS - 1 else self.next_code()
        self._step[bench] = (step + 1) % STEPS
        if step == 0:
            self._first[bench] = text
        key = f"{self._first[bench]}/bay" if step == STEPS - 1 else text
        self.written.append(Written(key, time.time_ns()))
        self.write(bench, text.encode() + b"\r")

    def stream(self, per_second: int, seconds: float) -> int:
        """Each scale sends so many weights a second, evenly over all; returns how many were sent."""
        began, count = time.monotonic(), int(per_second * self.benches * seconds)
        for number in range(count):
            wait_s = began + number / (per_second * self.benches) - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            self.streamed[number % self.benches].append(time.monotonic_ns())
            os.write(self._scales[number % self.benches], STREAMED)
        return count

    def burst(self, bench: int, lines: int) -> None:
        """So many labels in one write: a scanner that empties its memory."""
        text = "".join(f"{self.next_code()}\r" for _ in range(lines))
        self.write(bench, text.encode())

    def replug(self, bench: int) -> None:
        """The scanner's cable is pulled and put back at once, under the same name."""
        with self._ports:
            os.close(self._scanners[bench])
            os.close(self._slaves.pop(bench))
            self._scanners[bench] = self._port(f"scan-{bench}", bench)

    def write(self, bench: int, data: bytes) -> None:
        """What the scanner of this bench sends."""
        with self._ports:
            try:
                os.write(self._scanners[bench], data)
            except BlockingIOError:
                return  # nobody reads: what a device without flow control loses too

    def next_code(self) -> str:
        """An S10 number that nobody declared, never the same again."""
        number, self._next_code = self._next_code, (self._next_code + 1) % CODES_MAX
        letters, serial = divmod(number, 10**8)
        prefix = chr(65 + letters // 26) + chr(65 + letters % 26)
        digits = f"{serial:08}"
        return f"{prefix}{digits}{s10_check_digit(digits)}MY"

    def _port(self, name: str, number: int) -> int:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        link = self.folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self._slaves[number] = slave  # the port stays there while no gateway has it open
        return master

    def _answer(self) -> None:
        """The scales: each says its serial number, its tare, and what lies on it."""
        while not self._stopping.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                for asked in os.read(int(key.fd), READ_BYTES).splitlines():
                    os.write(int(key.fd), _ANSWERS.get(asked) or self._weight(key.data))

    def _weight(self, _bench: int) -> bytes:
        """What the scale of this bench answers."""
        return EMPTY_SCALE
