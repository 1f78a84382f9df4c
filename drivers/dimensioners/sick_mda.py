"""SICK Master Data Analyzer: one telegram per object (dimensioners §2; operating instructions 8020065, table 31).

`STX object;code;weight;g;scale error;length;width;height;mm;status;volume ETX`. Nothing but zeros means: not measured.
The weight is told where config has the metrology of its scale; the code is told by nobody: the readers of the line are
for that.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
from drivers.dimensioners.length import Texts, sized
from drivers.listening import Listening
from drivers.reading import Reading, WeightRead
from drivers.records import fault
from drivers.scales.mass import mass_mg
from drivers.scanners.code_text import is_no_read
from hub_config.dimensioners import SickMdaConfig
from hub_config.names import Instant
from hub_config.readers import NO_READ

LINE_MAX_BYTES: Final = 512
FIELDS: Final = 11
STATUS_GOOD: Final = "0000"

_SHAPES: Final = tuple(
    re.compile(shape)
    for shape in (
        r"[0-9]{4}", r"[ -~]{1,256}", r"[0-9]{9}", "g", "[01]", "[0-9]{4}", "[0-9]{4}", "[0-9]{4}", "mm",
        "[0-9A-Fa-f]{4}", r"[0-9]{7,12}",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MdaTelegram:
    number: int
    code: str | None
    """None: no read."""
    grams: str | None
    """As sent; None: not measured."""
    scale_error: bool
    sides: Texts
    """In mm, as sent."""
    status: str

    @property
    def volume_mm3(self) -> int:
        """Of its sides: the seven digits sent overflow above 9,999,999, by more digits or by lost ones."""
        length, width, height = map(int, self.sides)
        return length * width * height

    @property
    def measured(self) -> bool:
        return self.status == STATUS_GOOD and all(int(side) for side in self.sides)


def parse_telegram(text: str) -> MdaTelegram | None:
    """Of what stands between STX and ETX; None: no such telegram."""
    parts = text.split(";")
    if len(parts) != FIELDS or not all(
        shape.fullmatch(part) for shape, part in zip(_SHAPES, parts, strict=True)
    ):
        return None
    number, code, grams, _, error, length, width, height, _, status, _ = parts
    weighed = error == "0" and int(grams) > 0
    return MdaTelegram(
        int(number), None if is_no_read(code, NO_READ) else code, grams if weighed else None, error == "1",
        (length, width, height), status.upper(),
    )  # fmt: skip


class SickMda(Listening):
    def __init__(self, config: SickMdaConfig) -> None:
        super().__init__(config.id)
        self._config = config
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(b"\x03",), prefix=b"\x02")

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        config = self._config
        if not isinstance(piece, Line):
            return [fault(config.id, at, "bytes outside a telegram (STX … ETX)", piece.head)]
        told = parse_telegram(piece.data.decode("latin-1"))
        if told is None:
            return [fault(config.id, at, f"no telegram of {FIELDS} fields", piece.data)]
        sizes = sized(config, at, told.sides, "mm", told.number, status=told.status, good=told.measured)
        if config.metrology is None:
            return [sizes]
        mass = None if told.grams is None else mass_mg(told.grams, "g")
        return [sizes, WeightRead(config.id, at, mass, told.grams or "", "g", None, record=told.number)]
