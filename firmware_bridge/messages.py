"""The line messages of the I/O board: one table of type, name and layout, and its hash (`PROTOCOL.md`, Messages).

The values of this file are what the rest of the bridge speaks. A request is `0x80 + n` and carries a sequence number,
its reply is `0xC0 + n` with the same one; an event is `0xE0 + n` and carries an event number. Little-endian, packed.
"""

from dataclasses import astuple, dataclass
from struct import Struct
from typing import Final
from zlib import crc32 as _crc32

PROTO: Final = 0x0100
"""This side speaks 1.0: major in the high byte."""
PROTO_MIN: Final = 0x0100
EVENT_NUMBERS: Final = 1 << 16

STATUS_OK: Final = 0
STATUS_UNKNOWN_TYPE: Final = 1
STATUS_BAD_ARGUMENT: Final = 2
STATUS_LATE: Final = 3
STATUS_QUEUE_FULL: Final = 4
STATUS_SAFE: Final = 5
STATUS_NOT_CONFIGURED: Final = 6

MODE_OFF: Final = 0
MODE_EDGES: Final = 1
MODE_ENCODER: Final = 2

SAFE_CAUSES: Final = {1: "no word from the gateway", 2: "emergency stop", 3: "late", 4: "ordered"}


@dataclass(frozen=True, slots=True)
class Hello:
    seq: int
    host_proto: int
    host_min_proto: int
    flags: int


@dataclass(frozen=True, slots=True)
class HelloReply:
    seq: int
    status: int
    proto: int
    min_proto: int
    dict_hash: int
    clock_hz: int
    boot_id: int
    n_in: int
    n_out: int
    caps: int
    event_ring: int


@dataclass(frozen=True, slots=True)
class Sync:
    seq: int


@dataclass(frozen=True, slots=True)
class SyncReply:
    """`t_rx`: when the request's delimiter came in; `t_tx`: when this was queued. Ticks."""

    seq: int
    status: int
    t_rx: int
    t_tx: int


@dataclass(frozen=True, slots=True)
class OutAt:
    """`duration_ticks` is 0 for the safe level alone: no other level outlives its duration."""

    seq: int
    channel: int
    level: int
    at: int
    duration_ticks: int


@dataclass(frozen=True, slots=True)
class OutAtReply:
    seq: int
    status: int


@dataclass(frozen=True, slots=True)
class ConfigIn:
    seq: int
    channel: int
    mode: int
    debounce_us: int
    report_ms: int


@dataclass(frozen=True, slots=True)
class ConfigInReply:
    seq: int
    status: int


@dataclass(frozen=True, slots=True)
class Watchdog:
    seq: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class WatchdogReply:
    seq: int
    status: int


@dataclass(frozen=True, slots=True)
class GetEvents:
    """Asks for those of the events `from_evseq` to `from_evseq + count - 1` that the board still has."""

    seq: int
    from_evseq: int
    count: int


@dataclass(frozen=True, slots=True)
class GetEventsReply:
    """`n` stored event frames follow, unchanged."""

    seq: int
    status: int
    n: int


@dataclass(frozen=True, slots=True)
class ConfigCrc:
    seq: int
    crc32: int


@dataclass(frozen=True, slots=True)
class ConfigCrcReply:
    seq: int
    status: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Boot:
    evseq: int
    t: int
    boot_id: int
    reset_cause: int
    proto: int
    dict_hash: int


@dataclass(frozen=True, slots=True)
class Edge:
    evseq: int
    t: int
    channel: int
    level: int


@dataclass(frozen=True, slots=True)
class Enc:
    """`t`: of the last pulse; `count`: signed, since the board's boot."""

    evseq: int
    t: int
    channel: int
    count: int


@dataclass(frozen=True, slots=True)
class Health:
    evseq: int
    t: int
    events_lost: int
    rx_bad: int
    rx_overrun: int
    commands_late: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Safe:
    evseq: int
    t: int
    cause: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A board that does not know a request answers with three bytes, whatever its reply would look like."""

    reply_type: int
    seq: int


Request = Hello | Sync | OutAt | ConfigIn | Watchdog | GetEvents | ConfigCrc
Reply = HelloReply | SyncReply | OutAtReply | ConfigInReply | WatchdogReply | GetEventsReply | ConfigCrcReply
Event = Boot | Edge | Enc | Health | Safe
Message = Request | Reply | Event

TABLE: Final[tuple[tuple[int, str, str, type[Message]], ...]] = (
    (0x80, "HELLO", "<BHHI", Hello),
    (0xC0, "HELLO", "<BBHHIIIBBHB", HelloReply),
    (0x81, "SYNC", "<B", Sync),
    (0xC1, "SYNC", "<BBII", SyncReply),
    (0x82, "OUT_AT", "<BBBII", OutAt),
    (0xC2, "OUT_AT", "<BB", OutAtReply),
    (0x83, "CONFIG_IN", "<BBBHB", ConfigIn),
    (0xC3, "CONFIG_IN", "<BB", ConfigInReply),
    (0x84, "WATCHDOG", "<BH", Watchdog),
    (0xC4, "WATCHDOG", "<BB", WatchdogReply),
    (0x85, "GET_EVENTS", "<BHB", GetEvents),
    (0xC5, "GET_EVENTS", "<BBB", GetEventsReply),
    (0x86, "CONFIG_CRC", "<BI", ConfigCrc),
    (0xC6, "CONFIG_CRC", "<BBI", ConfigCrcReply),
    (0xE0, "BOOT", "<HIIBHI", Boot),
    (0xE1, "EDGE", "<HIBB", Edge),
    (0xE2, "ENC", "<HIBi", Enc),
    (0xE3, "HEALTH", "<HIHHHHB", Health),
    (0xE4, "SAFE", "<HIBB", Safe),
)
"""Type, name, layout after the type byte, value. A change of any line changes the hash."""

REPLY_OFFSET: Final = 0x40
REFUSAL_BYTES: Final = 3
LINE_MAX_BYTES: Final = 64

_TYPES: Final = {value: kind for kind, _, _, value in TABLE}
_LAYOUTS: Final = {kind: Struct(f"<B{layout[1:]}") for kind, _, layout, _ in TABLE}
_VALUES: Final = {kind: value for kind, _, _, value in TABLE}
_REQUESTS: Final = frozenset(kind for kind, _, _, _ in TABLE if kind < 0xC0)
SIZES: Final = {kind: layout.size for kind, layout in _LAYOUTS.items()}
"""Bytes of each message with its type byte: a frame of another length is none."""


def _hash() -> int:
    lines = "".join(f"{kind:02X} {name} {layout}\n" for kind, name, layout, _ in TABLE)
    return _crc32(lines.encode("ascii"))


DICT_HASH: Final = _hash()
"""CRC-32 of the lines `type name layout` of the table; the type as two capital hex digits."""


def type_of(value: type[Message]) -> int:
    return _TYPES[value]


def encode(message: Message) -> bytes:
    kind = _TYPES[type(message)]
    return _LAYOUTS[kind].pack(kind, *astuple(message))


def decode(body: bytes) -> Message | Refused:
    """The message in a body that kept the length rule; KeyError for one that did not."""
    if len(body) != SIZES[body[0]]:
        return Refused(body[0], body[1])
    _, *fields = _LAYOUTS[body[0]].unpack(body)
    return _VALUES[body[0]](*fields)


def is_refusal(body: bytes) -> bool:
    """`Cn seq 01` for a request of ours that the board's firmware does not have."""
    return body[0] - REPLY_OFFSET in _REQUESTS and body[2] == STATUS_UNKNOWN_TYPE


def config_crc(inputs: tuple[ConfigIn, ...]) -> int:
    """CRC-32 of the bodies (channel, mode, debounce, report) in channel order, without type and sequence number."""
    ordered = sorted(inputs, key=lambda one: one.channel)
    return _crc32(b"".join(encode(one)[2:] for one in ordered))


def number_ahead(evseq: int, of: int) -> int:
    """How many events `evseq` lies ahead; negative: behind."""
    ahead = (evseq - of) % EVENT_NUMBERS
    return ahead - EVENT_NUMBERS if ahead >= EVENT_NUMBERS // 2 else ahead
