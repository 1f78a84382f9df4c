"""A ZPL label printer: asked how it is, given one label at a time, and told of as printed when nothing of it is left.

A label goes out only to a printer that is ready, and only while it is fresh: one that would come late could end on
another parcel, so it is dropped, and what the printer may still hold of it is cancelled (`~JA`). None is sent twice.
"""

from collections import deque
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
from drivers.command import Command, PrintLabel
from drivers.printers.zpl_label import label_zpl
from drivers.printers.zpl_status import (
    ASK,
    END,
    LINE_MAX_BYTES,
    START,
    HostFirst,
    HostSecond,
    HostThird,
    nothing_left,
    parse_string,
    trouble_of,
)
from drivers.reading import DeviceUp, OrderAnswered, PrinterChanged, PrinterTrouble, Reading
from drivers.records import fault
from hub_config.names import MILLISECOND, SECOND, Instant
from hub_config.printers import ZplPrinterConfig

LABELS_WAITING_MAX: Final = 4
"""Behind the one that is being printed. One more is answered `queue_full`."""
TAKES_NS: Final = 1 * SECOND
"""`~HS` overtakes what is in the printer's buffer: only what it says so long after a label went out is about it."""
CANCEL: Final = b"~JA"


class ZplPrinter:
    def __init__(self, config: ZplPrinterConfig) -> None:
        self._config = config
        self._poll_ns = config.poll_ms * MILLISECOND
        self._timeout_ns = config.answer_timeout_ms * MILLISECOND
        self._valid_ns = config.valid_ms * MILLISECOND
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(END,), prefix=START)
        self._output = bytearray()
        self._first: HostFirst | None = None
        self._asked_at: Instant | None = None
        """While its answer is due."""
        self._ask_at = Instant(0)
        self._up = False
        self._trouble: PrinterTrouble | None = None
        self._waiting: deque[tuple[PrintLabel, Instant]] = deque()
        self._printing: tuple[PrintLabel, Instant] | None = None
        """The label that is out, and when it was ordered."""
        self._sent_at = Instant(0)

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        dues = [self._ask_at if self._asked_at is None else Instant(self._asked_at + self._timeout_ns)]
        dues += [Instant(ordered_at + self._valid_ns) for _, ordered_at in self._unprinted()]
        return min(dues)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def wake(self, at: Instant) -> list[Reading]:
        readings = self._drop_late(at)
        if self._asked_at is not None and at - self._asked_at >= self._timeout_ns:
            self._asked_at, self._first = None, None
            self._ask_at = Instant(at + self._poll_ns)
            readings += self._become("silent", at)
        elif self._asked_at is None and at >= self._ask_at:
            self._ask(at)
        return readings

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def command(self, command: Command, at: Instant) -> list[Reading]:
        if not isinstance(command, PrintLabel):
            return []  # of another kind of device
        if len(self._waiting) >= LABELS_WAITING_MAX:
            return [self._answer(command, "queue_full", at)]
        self._waiting.append((command, at))
        self._send(at)
        return []

    # What it says -----------------------------------------------------------------------------------

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        if not isinstance(piece, Line):
            return [fault(self._config.id, at, "bytes outside a string (STX … ETX CR LF)", piece.head)]
        told = parse_string(piece.data.decode("latin-1"))
        match told:
            case HostFirst():
                self._first = told
                return []
            case HostSecond() if self._first is not None:
                first, self._first = self._first, None
                return self._hear(first, told, at)
            case HostThird():
                return []  # memory and password: nothing to print by
            case _:
                return [fault(self._config.id, at, "no string of a host status (~HS)", piece.data)]

    def _hear(self, first: HostFirst, second: HostSecond, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        asked_at, self._asked_at = self._asked_at, None
        self._ask_at = Instant(at + (TAKES_NS if self._printing is not None else self._poll_ns))
        if not self._up:
            self._up = True
            readings += [DeviceUp(self._config.id, at, identity=None)]
            readings += self._become(trouble_of(first, second), at, anyway=True)
        else:
            readings += self._become(trouble_of(first, second), at)
        if self._printing is not None and asked_at is not None and asked_at - self._sent_at >= TAKES_NS:
            taken = second.label_waiting or self._trouble is None
            if taken and nothing_left(first, second):
                label, self._printing = self._printing[0], None
                readings.append(self._answer(label, "printed", at))
        self._send(at)
        return readings

    def _become(
        self, trouble: PrinterTrouble | None, at: Instant, *, anyway: bool = False
    ) -> list[Reading]:  # fmt: skip
        if trouble == self._trouble and not anyway:
            return []
        self._trouble = trouble
        return [PrinterChanged(self._config.id, at, trouble)]

    # What it is told --------------------------------------------------------------------------------

    def _ask(self, at: Instant) -> None:
        self._output += ASK
        self._asked_at = at

    def _send(self, at: Instant) -> None:
        """The next label, if the printer is ready and has nothing of ours."""
        ready = self._up and self._trouble is None
        if self._printing is not None or not ready or not self._waiting:
            return
        self._printing = self._waiting.popleft()
        self._output += label_zpl(self._printing[0], self._config)
        self._sent_at = at
        self._ask_at = Instant(at + TAKES_NS)

    def _unprinted(self) -> list[tuple[PrintLabel, Instant]]:
        return [*([] if self._printing is None else [self._printing]), *self._waiting]

    def _drop_late(self, at: Instant) -> list[Reading]:
        late = [label for label, ordered_at in self._unprinted() if at - ordered_at >= self._valid_ns]
        if self._printing is not None and self._printing[0] in late:
            self._printing = None
            self._output += CANCEL
        self._waiting = deque(one for one in self._waiting if one[0] not in late)
        return [self._answer(label, "too_late", at) for label in late]

    def _answer(self, label: PrintLabel, detail: str, at: Instant) -> OrderAnswered:
        return OrderAnswered(self._config.id, at, label.number, detail == "printed", detail)
