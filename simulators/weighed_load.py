"""Benches at which parcels are scanned and weighed, so that each asks the coordinator: live traffic beside a backlog.

A turn of a bench: a label that nobody declared, the parcel on the scale, the coordinator's answer (a hold), the bay's
barcode with the scale empty again.
"""

import heapq
import threading
import time
from pathlib import Path
from typing import Final

from simulators.scan_load import EMPTY_SCALE, HOLD_BAY, ScanLoad

LOADED_SCALE: Final = b"S S      1.250 kg\r\n"
ANSWER_S: Final = 4.0
"""From label to bay; the answer has come by then, or the parcel is held without it."""
EMPTY_S: Final = 1.0
"""Before the next label, so that the scale is seen empty."""


class WeighedLoad(ScanLoad):
    """`begin` and `end` run it in a thread of its own."""

    poll = "200 ms"

    def __init__(self, folder: Path, benches: int, first_code: int = 0, *, streaming: bool = False) -> None:
        super().__init__(folder, benches, first_code, streaming=streaming)
        self._loaded = [False] * benches
        self._over = threading.Event()
        self._turns: threading.Thread | None = None
        self.parcels = 0

    def begin(self, per_second: float) -> None:
        """So many parcels a second over all benches."""
        self._over.clear()
        self._turns = threading.Thread(target=self._take_turns, args=(per_second,), name="turns", daemon=True)
        self._turns.start()

    def end(self) -> None:
        """The parcels under way are still taken to their bay."""
        if self._turns is not None:
            self._over.set()
            self._turns.join()
            self._turns = None

    def _take_turns(self, per_second: float) -> None:
        began, period_s = time.monotonic(), self.benches / per_second
        due = [(began + period_s * bench / self.benches, bench) for bench in range(self.benches)]
        while due:
            at, bench = heapq.heappop(due)
            time.sleep(max(0.0, at - time.monotonic()))
            if self._loaded[bench]:
                self._loaded[bench] = False
                self.write(bench, HOLD_BAY.encode() + b"\r")
                heapq.heappush(due, (max(at - ANSWER_S + period_s, time.monotonic() + EMPTY_S), bench))
            elif not self._over.is_set():
                self.parcels += 1
                self.write(bench, self.next_code().encode() + b"\r")
                self._loaded[bench] = True
                heapq.heappush(due, (at + ANSWER_S, bench))

    def _weight(self, bench: int) -> bytes:
        return LOADED_SCALE if self._loaded[bench] else EMPTY_SCALE
