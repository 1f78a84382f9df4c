"""What the campaign feeds: every parser that the tables of the drivers name, so that a new protocol is tried by itself.

Wires of scales and readers, packets of SSI, Modbus over TCP and frames of the I/O board keep their state over the whole
run. Whatever else `hub decode` knows is run through it, a block at a time. Sessions are those of every kind of device.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, Protocol, cast, get_args

from drivers.command import Trigger
from drivers.conveyors.modbus_frames import TcpFrame, TcpFrames
from drivers.decode import DECODERS, decode
from drivers.decode_config import METROLOGY, config_of
from drivers.decode_labels import LABELS
from drivers.decode_modbus import MODBUS
from drivers.reading import DeviceDown, DeviceFault, DeviceUp, Reading
from drivers.registry import new_session
from drivers.scales.registry import EXPLAINED as SCALES
from drivers.scales.registry import new_wire as new_scale_wire
from drivers.scales.told import Told, Wire
from drivers.scanners.answers import Damaged
from drivers.scanners.reader import ReaderWire
from drivers.scanners.registry import EXPLAINED as READERS
from drivers.scanners.registry import new_wire as new_reader_wire
from drivers.scanners.ssi_packets import BadPacket, Noise, PacketBuffer
from drivers.session import Actuator, Resumable, Session
from firmware_bridge.frames import Body, FrameBuffer, frame
from firmware_bridge.messages import SIZES
from hub_config.devices import Device
from hub_config.names import MILLISECOND, DeviceId, Instant
from hub_config.scale_text import ScaleTextConfig
from simulators.fuzz_checks import CHECK_BYTE, CHECK_BYTES, CHECKED_TEXTS
from simulators.fuzz_judges import wrong_label
from simulators.label_numbers import VALID

Back = Literal["stream", "silence", "reconnect", "none"]
"""How a parser finds its frames again after garbage: by the second of two like frames; by the next frame, since silence
parts them; by a new connection; `none`: it has no frames, or an answer means nothing without its request."""


class Parser(Protocol):
    faults: int
    """Pieces that were no frame."""

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        """What it understood."""


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    new: Callable[[], Parser]
    vectors: tuple[str, ...]
    """Protocols of the manuals whose frames are changed."""
    back: Back = "stream"
    per_read: bool = False
    """A read is a whole frame: a record, a label, a datagram."""
    record_bytes: int = 1
    """The kernel delivers whole records of this size."""
    checked: bool = False
    """Its frames have a checksum that finds any one bit: no such frame may give a reading."""
    frames: tuple[bytes, ...] = ()
    """Besides those of the manuals."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Told with the reading, when what judges it knows more than the reading itself."""

    why: str


class _Wire:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.faults = 0

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        for data in reads:
            for piece in self._wire.feed(data):
                if isinstance(piece, Told):
                    told.append(piece)
                else:
                    self.faults += 1
            self._wire.take_reply()
        return told


class _Reader:
    def __init__(self, wire: ReaderWire) -> None:
        self._wire = wire
        self.faults = 0

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        for data in reads:
            for answer, _ in self._wire.feed(data):
                if isinstance(answer, Damaged):
                    self.faults += 1
                else:
                    told.append(answer)
        return told


class _Pieces:
    """A buffer whose pieces are frames or what is none."""

    def __init__(
        self, feed: Callable[[bytes], Sequence[object]], good: type, bad: tuple[type, ...] = ()
    ) -> None:
        """`bad`: all that is not good, unless named."""
        self._feed = feed
        self._good = good
        self._bad = bad
        self.faults = 0

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        for data in reads:
            for piece in self._feed(data):
                if isinstance(piece, self._bad) if self._bad else not isinstance(piece, self._good):
                    self.faults += 1
                else:
                    told.append(piece)
        return told


class _Decoder:
    """`hub decode` of one protocol: its parser lives for one call."""

    def __init__(self, protocol: str, options: Mapping[str, str]) -> None:
        self._protocol = protocol
        self._options = options
        self._alone = protocol in MODBUS
        """An answer would be taken for that to a request of before."""
        self._label = protocol in LABELS
        """One meaning for each frame."""
        self.faults = 0

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        parts: list[Sequence[bytes]] = [[one] for one in reads] if self._alone else [reads]
        for part in parts:
            meanings = decode(self._protocol, part, self._options)
            for place, meaning in enumerate(meanings):
                if meaning["kind"] == "error" or meaning.get("valid") is False:
                    self.faults += 1
                    continue
                told.append(meaning)
                if self._label and (why := wrong_label(self._protocol, part[place], meaning)) is not None:
                    told.append(Wrong(why))
        return told


class _Session:
    """Time passes by a millisecond with each read; what the session asks for is written to nobody."""

    def __init__(self, session: Session, *, triggered: bool) -> None:
        self._session = session
        self._triggers = cast(Actuator, session) if triggered else None
        self._reads = 0
        self._now = Instant(0)
        self.faults = 0
        session.wake(self._now)

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        for data in reads:
            self._now = Instant(self._now + MILLISECOND)
            self._trigger()
            readings = self._session.receive(data, self._now)
            if self._session.wake_at is not None and self._session.wake_at <= self._now:
                readings = [*readings, *self._session.wake(self._now)]
            self._session.take_output()
            told += [self._timeless(one) for one in readings if self._counts(one)]
        return told

    def _trigger(self) -> None:
        turn, rest = divmod(self._reads, TRIGGER_READS)
        self._reads += 1
        if self._triggers is not None and rest == 0:
            self._triggers.command(Trigger(DeviceId("decode"), turn // 2 + 1, on=turn % 2 == 0), self._now)

    def _counts(self, reading: Reading) -> bool:
        self.faults += isinstance(reading, DeviceFault)
        return not isinstance(reading, DeviceFault | DeviceUp | DeviceDown)

    @staticmethod
    def _timeless(reading: Reading) -> Reading:
        return replace(reading, at=Instant(0))


# All of them --------------------------------------------------------------------------------------------

_OPTIONS: Final[Mapping[str, dict[str, str]]] = {
    "record-scale": {"separator": ";"},
    "record-dimensioner": {"separator": ";"},
}
_HOST_STATUS: Final = (
    b"\x02030,0,0,0480,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n",
    b"\x02030,1,1,0480,002,0,0,0,000,0,0,0\x03\r\n\x02000,0,1,0,0,2,4,0,00000001,1,000\x03\r\n\x021234,0\x03\r\n",
)
_RECORDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "modbus-rtu": tuple(
        bytes.fromhex(text)
        for text in (
            "010306022B00000064057A",
            "11040400 07FFFF5A34",
            "018302C0F1",
            "0105 0000FF008C3A",
            "020F0000 0004543B",
            "01010105918B",
        )
    ),
    "zpl-status": _HOST_STATUS,
    "zpl-printer": _HOST_STATUS,
    "zpl": (
        b"^XA^CI28^FO24,24^A0N,64,64^FH_^FDHOLD_5E^FS^FO24,90^BY2^BCN,96,N,N,N^FDRB123456785GB^FS^PQ1^XZ",
    ),
    "record-scale": (b"7;1.250;kg;OK\r\n", b"8;;;OVER\r\n"),
    "record-dimensioner": (b"7;300;200;100;mm;OK\r\n", b"8;0;0;0;mm;OK\r\n"),
    "plc-wcs": (
        b"\x02LF0001\x03",
        b"\x02IN0002000017\x03",
        b"\x02RD0003000017RB123456785GB                 \x03",
        b"\x02WT0005000017     500\x03",
        b"\x02DC0007000017GREEN OK  \x03",
    ),
    "io-board": tuple(frame(bytes([kind, *range(1, size)])) for kind, size in SIZES.items()),
}
"""Of protocols that the configuration declares, and of our own board: no manual has frames of them."""
_DECLARED: Final[Mapping[str, object]] = {
    "fields": ["status 1-2", "skip 3", "status 4-5", "skip 6", "mass 7-14", "unit 15-16"],
    "words": {"ST": "stable", "US": "unstable", "OL": "overload", "GS": "gross", "NT": "net"},
}
"""A frame declared in a configuration: that of A&D, 18 characters."""
_DIALLED: Final = {"kind": "tcp", "host": "127.0.0.1", "port": 9}
_SETTINGS: Final[Mapping[str, Mapping[str, object]]] = {
    "scale-text": _DECLARED,
    "hid-scale": {"attach": {"kind": "hid", "port": "/dev/hidraw0"}},
    "evdev-wedge": {"attach": {"kind": "evdev", "port": "/dev/input/event3"}},
    "plc-wcs": {"attach": _DIALLED},
    "modbus-io": {
        "attach": _DIALLED, "module": "conveylinx", "counts_per_s": 100, "outputs": 2, "watchdog": "200 ms",
        "inputs": [{"channel": 0, "use": "encoder"}, {"channel": 1, "use": "beam"}],
    },
}  # fmt: skip
"""Of kinds of devices that need more than a number of their own."""
_SPEAKS: Final = {"modbus-io": ("modbus-tcp",), "line-scanner": ("line-crlf",), "scale-text": ("and-18",)}
_CONTINUOUS: Final = ("mt-continuous",)
_CHECKED: Final = ("cas-ap1", "ssi", "io-board", "modbus-rtu")
_RECORD_BYTES: Final = {"evdev-wedge": 24}
"""Keys that are held stay held till they are let go or the port is opened anew."""
_CONTEXT: Final = ("modbus-pdu", "conveylinx", "interroll-multicontrol", "label")
NUMBERS: Final = 8
TRIGGER_READS: Final = 8
"""A reader that waits for its trigger is told to begin and to end every so many reads in turn."""
NO_SESSION: Final[Mapping[str, str]] = {
    "folder-camera": "its bytes come from our own worker process, and are pictures before that",
    "external": "a driver from outside is tried by `hub driver check`",
}
"""Kinds of devices that are not fed, and why."""


def subjects() -> list[Subject]:
    """In the order of the tables; names are those of `hub decode`, sessions those of the configuration."""
    wires = [*_scale_wires(), *_reader_wires(), *_buffers()]
    known = {one.name for one in wires}
    decoders = [_decoder(name) for name in DECODERS if name not in known]
    checked = [
        Subject(
            f"{name}+check", partial(_Decoder, name, {**_OPTIONS.get(name, {}), "check": "xor data hex"}), (),
            checked=True, frames=frames,
        )
        for name, frames in CHECKED_TEXTS.items()
    ]  # fmt: skip
    return [*wires, *decoders, *checked, *_sessions()]


def _scale_wires() -> list[Subject]:
    return [
        Subject(
            name, partial(_new_scale, name), (name,), "silence" if name == "hid-scale" else "stream",
            per_read=name == "hid-scale", checked=name in _CHECKED,
        )
        for name in SCALES
    ] + [
        Subject("mt-continuous+checksum", partial(_new_continuous, "on"), _CONTINUOUS, checked=True),
        Subject("mt-continuous+no-checksum", partial(_new_continuous, "off"), _CONTINUOUS),
        Subject("scale-text", partial(_new_scale_text, _DECLARED), ("and-18",)),
        Subject("scale-text+check", partial(_new_scale_text, CHECK_BYTE), (), checked=True, frames=CHECK_BYTES),
    ]  # fmt: skip


def _new_scale(name: str, **more: object) -> Parser:
    known = SCALES[name]
    config = config_of(known.config, known.kind, {}, (), {"metrology": METROLOGY, **known.fixed, **more})
    return _Wire(new_scale_wire(cast(Any, config)))


def _new_continuous(checksum: str) -> Parser:
    return _new_scale("mt-continuous", checksum=checksum)


def _new_scale_text(declared: Mapping[str, object]) -> Parser:
    config = config_of(ScaleTextConfig, "scale-text", {}, (), {"metrology": METROLOGY, **declared})
    return _Wire(new_scale_wire(config))


def _reader_wires() -> list[Subject]:
    return [Subject(name, partial(_new_reader, name), (name,)) for name in READERS]


def _new_reader(name: str) -> Parser:
    return _Reader(new_reader_wire(cast(Any, config_of(READERS[name].config, name, {}, (), {}))))


def _buffers() -> list[Subject]:
    def ssi() -> Parser:
        return _Pieces(PacketBuffer().feed, object, (BadPacket, Noise))

    def modbus() -> Parser:
        return _Pieces(TcpFrames().feed, TcpFrame)

    def board() -> Parser:
        return _Pieces(FrameBuffer().feed, Body)

    return [
        Subject("ssi", ssi, ("ssi",), checked=True),
        Subject("modbus-tcp", modbus, ("modbus-tcp",), "reconnect"),
        Subject("io-board", board, (), checked=True, frames=_RECORDS["io-board"]),
    ]


def _decoder(name: str) -> Subject:
    per_read = name in LABELS or name in MODBUS or name == "aim"
    back: Back = "none" if name in _CONTEXT or name in _RECORD_BYTES else "silence" if per_read else "stream"
    new = partial(_Decoder, name, _OPTIONS.get(name, {}))
    return Subject(
        name, new, (name, *_SPEAKS.get(name, ())), back, per_read, _RECORD_BYTES.get(name, 1),
        checked=name in _CHECKED, frames=(*_RECORDS.get(name, ()), *_numbers(name)),
    )  # fmt: skip


def _numbers(name: str) -> tuple[bytes, ...]:
    """Of labels, besides the few that are printed in manuals."""
    draw = VALID.get(name)
    rng = random.Random(name)
    return () if draw is None else tuple(draw(rng).encode() for _ in range(NUMBERS))


def kinds() -> dict[str, type[Any]]:
    """Every kind of device that a configuration can name, and its model."""
    union = get_args(Device)[0]
    return {
        kind: model for model in get_args(union) for kind in get_args(model.model_fields["kind"].annotation)
    }


def _sessions() -> list[Subject]:
    return [
        Subject(
            f"{kind} (session)", partial(_new_session, kind, model), _frames_of(kind),
            "reconnect" if kind == "modbus-io" else "none", record_bytes=_RECORD_BYTES.get(kind, 1),
            frames=_RECORDS.get(kind, ()),
        )
        for kind, model in kinds().items()
        if kind not in NO_SESSION
    ]  # fmt: skip


def _frames_of(kind: str) -> tuple[str, ...]:
    """Protocols whose frames a device of this kind may send."""
    named = tuple(name for name in DECODERS if name == kind or name.startswith(f"{kind}-"))
    return named or _SPEAKS.get(kind, ())


def _new_session(kind: str, model: type[Any]) -> Parser:
    config = config_of(model, kind, _OPTIONS.get(kind, {}), (), _needed(kind, model))
    session = new_session(cast(Any, config))
    if isinstance(session, Resumable):
        session.reopened(Instant(0))
    return _Session(session, triggered=getattr(config, "triggered", False))


def _needed(kind: str, model: type[Any]) -> dict[str, object]:
    """What has no default. A scale that can talk by itself does, so that every frame is a reading."""
    inputs = [{"channel": 0, "use": "encoder"}, {"channel": 1, "use": "beam"}]
    given: dict[str, object] = {"metrology": METROLOGY, "u_um": 5_000, "inputs": inputs}
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    fields = {name: given[name] for name in needed if name in given} | dict(_SETTINGS.get(kind, {}))
    mode = model.model_fields.get("mode")
    if mode is not None and "continuous" in get_args(mode.annotation):
        fields["mode"] = "continuous"
    return fields
