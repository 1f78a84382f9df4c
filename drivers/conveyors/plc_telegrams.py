"""Telegrams of a controller (PLC or WCS) that tracks and diverts parcels itself, in the frames that config declares.

A telegram is `start`, a code, fields of fixed width, `end`. Numbers are digits, with zeros or blanks before them; text
is printable, with blanks behind it. What does not fit is a fault, and the next telegram is looked for from the next
byte on. Both sides say that they live; a controller that is silent for `LIVES_MISSED` periods counts as gone until it
speaks again.

Where telegrams carry a sequence number, one that is missing is told as lost, and one that was told before, or whose
followers were, counts for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from drivers.buffers import HEAD_BYTES
from drivers.command import Command, Destination
from drivers.reading import (
    BarcodeRead,
    DeviceFault,
    DeviceUp,
    Discharged,
    EventsLost,
    Inducted,
    NoRead,
    Reading,
    WeightRead,
)
from drivers.scales.mass import is_number, mass_mg
from hub_config.names import MILLISECOND, Instant
from hub_config.plc import Means, PlcWcsConfig, Telegram

LIVES_MISSED: Final = 3
"""So many periods without a telegram, and the controller counts as gone."""
LATE_MAX: Final = 16
"""A sequence number up to so far behind is one told late, and up to a quarter of its numbers, so that a short one
does not hide a loss; farther behind, the controller counts anew."""
OUTPUT_MAX_BYTES: Final = 4_096
"""Waiting to be taken by the port; a telegram that does not fit is not sent. What has no destination is safe."""

_FIRST_PRINTABLE: Final = 0x20
_LAST_PRINTABLE: Final = 0x7E


@dataclass(frozen=True, slots=True)
class Frame:
    """One telegram that has the shape of its kind."""

    means: Means
    named: Mapping[str, str]
    """Its fields without blanks around them, and without those that are skipped."""
    raw: bytes

    def number(self, name: str) -> int:
        return int(self.named[name])


@dataclass(frozen=True, slots=True)
class Stray:
    """Bytes that are no telegram."""

    head: bytes


class Frames:
    """Bytes in, in any cut; telegrams out."""

    def __init__(self, config: PlcWcsConfig) -> None:
        self._start, self._end = config.start.encode("latin-1"), config.end.encode("latin-1")
        self._kinds = {one.code.encode("latin-1"): one for one in config.telegrams}
        self._code_bytes = len(config.telegrams[0].code)
        self._held = bytearray()
        self._strayed = bytearray()
        self._straying = False
        self.frame_max = len(self._start) + max(one.chars for one in config.telegrams) + len(self._end)

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame | Stray]:
        found: list[Frame | Stray] = []
        self._held += data
        at = 0
        while (length := self._length_at(at)) is not None:
            frame = None if length == 0 else self._frame(bytes(self._held[at : at + length]))
            if frame is None:
                self._stray(at)
                at += 1
                continue
            self._told(found)
            found.append(frame)
            at += length
        del self._held[:at]
        return found

    def _stray(self, at: int) -> None:
        self._straying = True
        if len(self._strayed) < HEAD_BYTES:
            self._strayed.append(self._held[at])

    def _told(self, found: list[Frame | Stray]) -> None:
        """Once for all that stood before a telegram."""
        if self._straying:
            found.append(Stray(bytes(self._strayed)))
        self._strayed.clear()
        self._straying = False

    def _length_at(self, at: int) -> int | None:
        """Of the telegram that begins there; 0: none does; None: too little is there to say."""
        head = bytes(self._held[at : at + len(self._start) + self._code_bytes])
        if not head or not self._start.startswith(head[: len(self._start)]):
            return None if not head else 0
        if len(head) < len(self._start) + self._code_bytes:
            return None
        kind = self._kinds.get(head[len(self._start) :])
        if kind is None:
            return 0
        length = len(self._start) + kind.chars + len(self._end)
        return length if len(self._held) - at >= length else None

    def _frame(self, raw: bytes) -> Frame | None:
        if not raw.endswith(self._end):
            return None
        body = raw[len(self._start) : len(raw) - len(self._end)]
        if any(not _FIRST_PRINTABLE <= byte <= _LAST_PRINTABLE and byte != 0x1D for byte in body):
            return None
        kind = self._kinds[body[: self._code_bytes]]
        named: dict[str, str] = {}
        at = self._code_bytes
        for field in kind.specs:
            text = body[at : at + field.width].decode("ascii")
            at += field.width
            if field.name in ("track_no", "sequence") and not text.strip(" ").isdecimal():
                return None
            if field.name != "skip":
                named[field.name] = text.strip(" ")
        return Frame(kind.means, named, raw)


class Turns:
    """Whether a numbered telegram comes in its turn. Numbers wrap to 0, or to 1."""

    def __init__(self, width: int) -> None:
        self._period = 10**width
        self._last: int | None = None

    def missing_before(self, number: int) -> int | None:
        """How many telegrams have not come; None: this one is told again, or late."""
        last, self._last = self._last, number
        if last is None or number == (last + 1) % self._period or (last + 1 == self._period and number == 1):
            return 0
        behind = (last - number) % self._period
        if behind <= min(LATE_MAX, self._period // 4):
            self._last = last
            return None
        ahead = (number - last - 1) % self._period
        return ahead if ahead < self._period // 2 else 1


class PlcTelegrams:
    def __init__(self, config: PlcWcsConfig) -> None:
        self._config = config
        self._frames = Frames(config)
        widths = {one.width_of("sequence") for one in config.telegrams if one.width_of("sequence")}
        self._turns = Turns(min(widths)) if widths else None
        self._sent = 0
        """Telegrams, for their sequence numbers."""
        self._output = bytearray()
        self._life_ns = config.life_ms * MILLISECOND
        self._opened_at: Instant | None = None
        self._lives_at = Instant(0)
        self._heard_at = Instant(0)
        self._up = self._silent = False
        self.unsent = 0
        """Destinations that found no room, or that a gateway which only listens was told to send."""

    @property
    def wake_at(self) -> Instant | None:
        if self._opened_at is None:
            return Instant(0)
        silent_at = None if self._silent else self._silent_at
        dues = [silent_at, self._lives_at if self._config.drives else None]
        return min((due for due in dues if due is not None), default=None)

    @property
    def _silent_at(self) -> Instant:
        return Instant(self._heard_at + LIVES_MISSED * self._life_ns)

    def wake(self, at: Instant) -> list[Reading]:
        if self._opened_at is None:
            self._opened_at = self._heard_at = self._lives_at = at
        if self._config.drives and at >= self._lives_at:
            self._lives_at = Instant(at + self._life_ns)
            self._send("life", {})
        if self._silent or at < self._silent_at:
            return []
        self._silent, self._up = True, False
        seconds = LIVES_MISSED * self._config.life_ms / 1_000
        detail = f"no telegram for {seconds:g} s; look at the controller and its network"
        return [DeviceFault(self._config.id, at, "silent", detail)]

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        for one in self._frames.feed(data):
            if isinstance(one, Stray):
                detail = (
                    f"bytes that are no telegram: {one.head[:16].hex(' ')}; check telegrams, start and end"
                )
                readings.append(DeviceFault(self._config.id, at, "garbled", detail, one.head))
                continue
            self._heard_at = at
            self._silent = False
            if not self._up:
                self._up = True
                readings.append(DeviceUp(self._config.id, at, identity=None))
            readings += self._told(one, at)
        return readings

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def command(self, command: Command, at: Instant) -> list[Reading]:  # noqa: ARG002  (as every actuator's)
        if isinstance(command, Destination):
            fields: dict[str, str | int] = {"track_no": command.track, "lane": command.lane}
            if not self._config.drives or not self._send("destination", fields):
                self.unsent += 1
        return []

    # What it tells ----------------------------------------------------------------------------------

    def _told(self, frame: Frame, at: Instant) -> list[Reading]:
        device = self._config.id
        before: list[Reading] = []
        if self._turns is not None and "sequence" in frame.named:
            missing = self._turns.missing_before(frame.number("sequence"))
            if missing is None:
                detail = f"telegram {frame.named['sequence']} was told before, or its followers were"
                return [DeviceFault(device, at, "out_of_turn", detail, frame.raw[:HEAD_BYTES])]
            if missing:
                before.append(EventsLost(device, at, missing))
        match frame.means:
            case "inducted":
                return [*before, Inducted(device, at, frame.number("track_no"))]
            case "read":
                return [*before, self._read(frame, at)]
            case "weighed":
                return [*before, self._weighed(frame, at)]
            case "discharged":
                named = frame.named
                track = frame.number("track_no")
                return [*before, Discharged(device, at, track, named["lane"], named["result"])]
            case "life" | "destination":
                return before  # it lives; or it repeats our own words
            case _ as never:
                assert_never(never)

    def _read(self, frame: Frame, at: Instant) -> Reading:
        code, track = frame.named["code"], frame.number("track_no")
        if not code.strip("?") or code in self._config.no_read:
            return NoRead(self._config.id, at, track)
        return BarcodeRead(self._config.id, at, code, "unknown", None, frame.raw, track)

    def _weighed(self, frame: Frame, at: Instant) -> Reading:
        text, unit, track = frame.named["mass"], self._config.unit, frame.number("track_no")
        mass = mass_mg(text, unit) if is_number(text) else None
        shown = text if is_number(text) else ""
        return WeightRead(
            self._config.id, at, mass, shown, unit, stable=None, record=track, invalid=mass is None
        )

    # What it is told ----------------------------------------------------------------------------------

    def _send(self, means: Means, values: Mapping[str, int | str]) -> bool:
        telegram = self._config.telegram(means)
        assert telegram is not None, f"{self._config.id}: a layout without {means} got past its check"
        data = telegram_bytes(self._config, telegram, {**values, "sequence": self._sent})
        if len(self._output) + len(data) > OUTPUT_MAX_BYTES:
            return False
        self._output += data
        self._sent += 1
        return True


def telegram_bytes(config: PlcWcsConfig, telegram: Telegram, values: Mapping[str, int | str]) -> bytes:
    """Raises ValueError for a track number that has no room in its field."""
    body = telegram.code
    for field in telegram.specs:
        value = values.get(field.name, "")
        if field.name == "sequence":
            value = int(value) % 10**field.width
        text = f"{value:0{field.width}d}" if isinstance(value, int) else value.ljust(field.width)
        if len(text) > field.width:
            raise ValueError(f"{config.id}: {text} does not fit into {field.name}:{field.width}")
        body += text
    return (config.start + body + config.end).encode("latin-1")
