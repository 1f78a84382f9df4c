"""A camera whose pictures fall into a folder: the worker's JSON lines in, codes with their places out.

Each picture gives a `BarcodeRead` for every code, or a `NoRead`. `at` is the picture's own instant, told by the worker
in CLOCK_MONOTONIC, which is one clock for all processes of a machine. A picture older than AGE_MAX_NS gives a fault
instead: on a belt its parcel has gone on, and a wrong instant would give its codes to another.
"""

import unicodedata
from typing import Annotated, Final, assert_never

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from drivers.buffers import HEAD_BYTES, Line, LineBuffer, Piece, TooLong, Unframed
from drivers.cameras import CODE_CHARS_MAX, CODES_MAX, LINE_MAX_BYTES
from drivers.identifiers.gs1 import GS
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, FaultCode, NoRead, Place, Reading
from drivers.scanners.aim import UNKNOWN_SYMBOLOGY, split_aim, symbology_of
from hub_config.cameras import FolderCameraConfig
from hub_config.names import MILLISECOND, SECOND, Instant

AGE_MAX_NS: Final = 5 * SECOND
"""Between a picture's instant and the arrival of its line; as long as a belt may be told to wait for a reader."""
SIDE_MAX_PX: Final = 65_535


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Ready(_Told):
    """The worker watches its folder; its first line."""

    ready: Annotated[str, Field(min_length=1, max_length=200)]
    """With which engines."""


class _Code(_Told):
    data: Annotated[str, Field(min_length=1)]
    aim: Annotated[str, Field(max_length=3)] | None
    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]


class _Picture(_Told):
    file: Annotated[str, Field(max_length=255)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    width: Annotated[int, Field(ge=1, le=SIDE_MAX_PX)]
    height: Annotated[int, Field(ge=1, le=SIDE_MAX_PX)]
    seen_ns: Annotated[int, Field(ge=0)]
    codes: Annotated[list[_Code], Field(max_length=CODES_MAX)]


class _Unreadable(_Told):
    file: Annotated[str, Field(max_length=255)]
    fault: Annotated[str, Field(max_length=200)]


class _Skipped(_Told):
    skipped: Annotated[int, Field(ge=1)]
    """Pictures that nobody looked at, since newer ones were waiting."""


_TOLD: Final[TypeAdapter[_Ready | _Picture | _Unreadable | _Skipped]] = TypeAdapter(
    _Ready | _Picture | _Unreadable | _Skipped
)


class FolderCamera:
    def __init__(self, config: FolderCameraConfig) -> None:
        self._config = config
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(b"\n",))
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return None

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def wake(self, _: Instant) -> list[Reading]:
        return []

    def take_output(self) -> bytes:
        return b""

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        match piece:
            case Line(data):
                return self._line(data, at)
            case TooLong(head):
                detail = f"more than {LINE_MAX_BYTES} bytes without a line end dropped"
                return [self._fault("too_long", detail, at, head)]
            case Unframed(head):
                return [self._fault("garbled", "bytes outside a line", at, head)]
            case _ as never:
                assert_never(never)

    def _line(self, raw: bytes, at: Instant) -> list[Reading]:
        try:
            told = _TOLD.validate_json(raw)
        except ValidationError:
            detail = "no line of the camera worker; something else writes to its output"
            return [self._fault("garbled", detail, at, raw)]
        match told:
            case _Ready(ready=engines):
                return self._ready(engines, at)
            case _Picture():
                return self._picture(told, raw, at)
            case _Unreadable(file=file, fault=fault):
                return [self._fault("garbled", f"picture {_shown(file)}: {_shown(fault)}", at)]
            case _Skipped(skipped=count):
                detail = f"{count} pictures skipped: they come faster than they are decoded"
                return [self._fault("late_answer", detail, at)]
            case _ as never:
                assert_never(never)

    def _ready(self, engines: str, at: Instant) -> list[Reading]:
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, _shown(engines))]

    def _picture(self, told: _Picture, raw: bytes, at: Instant) -> list[Reading]:
        name = _shown(told.file)
        if not self._up:
            detail = f"picture {name} dropped: the worker has not said that it is ready"
            return [self._fault("not_proven", detail, at, raw)]
        if any(code.x >= told.width or code.y >= told.height for code in told.codes):
            return [self._fault("garbled", f"picture {name}: a code outside the picture", at, raw)]
        age_ns = at - told.seen_ns
        if age_ns > AGE_MAX_NS:
            age = f"{age_ns // MILLISECOND} ms old, {AGE_MAX_NS // MILLISECOND} at most"
            detail = f"picture {name} dropped: {age}; the machine is too slow for this camera"
            return [self._fault("late_answer", detail, at)]
        seen_at = min(Instant(told.seen_ns), at)
        if not told.codes:
            return [NoRead(self._config.id, seen_at)]
        return [self._code(code, told, seen_at) for code in told.codes]

    def _code(self, code: _Code, told: _Picture, at: Instant) -> Reading:
        raw = code.data.encode("utf-8")
        name = _shown(told.file)
        bad = next((char for char in code.data if char != GS and unicodedata.category(char) == "Cc"), None)
        if bad is not None:
            detail = f"picture {name}: a code with the control character 0x{ord(bad):02X} is no parcel's"
            return self._fault("bad_text", detail, at, raw)
        if len(code.data) > CODE_CHARS_MAX:
            detail = f"picture {name}: a code longer than {CODE_CHARS_MAX} characters dropped"
            return self._fault("too_long", detail, at, raw)
        if code.aim is not None and split_aim(code.aim) != (code.aim, ""):
            return self._fault("garbled", f"picture {name}: no AIM identifier", at, code.aim.encode("utf-8"))
        symbology = UNKNOWN_SYMBOLOGY if code.aim is None else symbology_of(code.aim).slug
        place = Place(code.x, code.y, told.width, told.height, told.sha256)
        return BarcodeRead(self._config.id, at, code.data, symbology, code.aim, raw, place=place)

    def _fault(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> DeviceFault:
        return DeviceFault(self._config.id, at, code, detail, raw[:HEAD_BYTES])


def _shown(text: str) -> str:
    """As it can stand in a message: names of files may hold anything."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
