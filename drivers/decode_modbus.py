"""Modbus explained, for `hub decode`: TCP, serial lines and bare PDUs, both ways, with two makers' images.

An answer does not say what it is an answer to. Where its request is among the bytes (over TCP under the same
transaction, else the one before it) address and count are those of the request; otherwise only what the bytes say is
told: of bits at least so many as are surely there. `direction` says what the shape of a PDU can't (an echo of a single
write), `count` and `address` what a request would have said, `map` what stands at an address of that maker's module.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, cast

from drivers.conveyors import conveylinx, multicontrol
from drivers.conveyors.modbus_frames import (
    RTU_MAX_BYTES,
    TcpFrame,
    TcpFrames,
    is_whole,
    rtu_lengths,
)
from drivers.conveyors.modbus_pdu import (
    BIT_READS,
    EXCEPTIONS,
    READ_COILS,
    READ_REGISTERS,
    REFUSED,
    WORD_READS,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITES,
    Answer,
    Bits,
    Read,
    Refused,
    Request,
    Words,
    Write,
    Written,
    is_answer_to,
    parse_answer,
    parse_request,
)
from drivers.decode_missing import SHOWN_BYTES, tail
from drivers.meanings import Meaning, known

MODBUS_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "modbus-tcp": ("direction", "address", "count", "map"),
    "modbus-pdu": ("direction", "address", "count", "map"),
    "modbus-rtu": ("direction", "address", "count", "map"),
    "conveylinx": ("direction", "register"),
    "interroll-multicontrol": ("direction", "byte_order"),
}
PENDING_MAX: Final = 256
"""Requests without an answer that are remembered; the oldest is forgotten first."""

_CHOICES: Final = {
    "direction": ("request", "response"),
    "map": ("none", "moxa-e1200"),
    "byte_order": ("little", "big"),
}
_COMMANDS: Final = {
    WRITE_COIL: "write_coil",
    WRITE_REGISTER: "write_register",
    WRITE_COILS: "write_coils",
}
TCP_PREFIX_BYTES: Final = 6
"""Transaction, protocol and the length of what follows."""
Map = Callable[[int | None, tuple[int, ...]], Meaning]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the options say."""

    direction: Literal["request", "response"] | None
    address: int | None
    count: int | None
    explain: Callable[["Answer | Request", int | None], Meaning]


def _known(protocol: str, options: Mapping[str, str]) -> _Known:
    for key, value in options.items():
        if value not in _CHOICES.get(key, (value,)):
            raise ValueError(
                f"option {key}={value} is unknown for {protocol}; one of {', '.join(_CHOICES[key])}"
            )
    explain: Callable[[Answer | Request, int | None], Meaning] = _plain
    if protocol == "conveylinx":
        explain = _conveylinx
    elif options.get("map", "moxa-e1200" if protocol == "modbus-tcp" else "none") == "moxa-e1200":
        explain = _moxa
    register = _number(options, "register")
    if protocol == "conveylinx" and register is None:
        register = conveylinx.FIRST
    address = _number(options, "address") if register is None else register - 1
    direction = cast(Literal["request", "response"] | None, options.get("direction"))
    return _Known(direction, address, _number(options, "count"), explain)


def _number(options: Mapping[str, str], key: str) -> int | None:
    text = options.get(key)
    if text is None:
        return None
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"option {key}={text}: a number is wanted, for example 1700 or 0x6A4") from None


# Frames ---------------------------------------------------------------------------------------------


def tcp(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    told, stream = _known(protocol, options), TcpFrames()
    asked: dict[tuple[int, int], Request] = {}
    for data in frames:
        for one in stream.feed(data):
            if not isinstance(one, TcpFrame):
                yield {"kind": "error", "error": "garbled", "detail": one.why, "raw": one.head.hex(" ")}
                continue
            place = (one.transaction, one.unit)
            meaning, request = _pdu(one.pdu, told, asked.pop(place, None))
            if request is not None:
                while len(asked) >= PENDING_MAX:
                    del asked[next(iter(asked))]
                asked[place] = request
            yield {**meaning, "tid": one.transaction, "unit": one.unit}
    if held := tail(frames, stream.held_bytes):
        length = TCP_PREFIX_BYTES + int.from_bytes(held[4:TCP_PREFIX_BYTES], "big")
        wanted = f"; its header announces {length}" if len(held) >= TCP_PREFIX_BYTES else "; its header has 7"
        meaning = _incomplete(len(held))
        yield {**meaning, "detail": f"{meaning['detail']}{wanted}", "raw": held[:SHOWN_BYTES].hex(" ")}


def rtu(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    told = _known("modbus-rtu", options)
    asked: dict[int, Request] = {}
    for frame in _rtu_frames(frames):
        if not is_whole(frame):
            short = len(frame) < 4 or any(len(frame) < length for length in rtu_lengths(frame)[:1])
            yield (
                _incomplete(len(frame)) if short else {"kind": "error", "error": "crc", "raw": frame.hex(" ")}
            )
            continue
        unit = frame[0]
        meaning, request = _pdu(frame[1:-2], told, asked.pop(unit, None))
        if request is not None:
            asked[unit] = request
        yield {**meaning, "unit": unit}


def _rtu_frames(frames: Sequence[bytes]) -> Iterator[bytes]:
    """On a line silence parts frames; here the bytes are one stream, so their own lengths and CRCs do."""
    held = b"".join(frames)
    begun = at = 0
    while at < len(held):
        length = _rtu_length(held[at : at + RTU_MAX_BYTES], alone=begun == at)
        if length is None:
            at += 1
            continue
        if begun < at:
            yield held[begun:at]
        yield held[at : at + length]
        begun = at = at + length
    if begun < at:
        yield held[begun:at]


def _rtu_length(data: bytes, *, alone: bool) -> int | None:
    """Of the frame that begins here; `alone`: nothing unreadable stands before it."""
    length = next((size for size in rtu_lengths(data) if is_whole(data[:size])), None)
    if length is None and alone and is_whole(data):
        return len(data)  # of a function code that is not known here
    return length


def pdu(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    told = _known("modbus-pdu", options)
    asked: Request | None = None
    for frame in frames:
        meaning, asked = _pdu(frame, told, asked)
        yield meaning


def _incomplete(count: int) -> Meaning:
    return {"kind": "error", "error": "incomplete", "detail": f"{count} bytes of a frame that has not ended"}


# PDUs -----------------------------------------------------------------------------------------------


def _pdu(data: bytes, told: _Known, asked: Request | None) -> tuple[Meaning, Request | None]:
    """What it says, and the request, if it is one."""
    request = parse_request(data) if told.direction != "response" else None
    answer = parse_answer(data) if told.direction != "request" else None
    if answer is not None and asked is not None and is_answer_to(answer, asked):
        request = None
    elif answer is not None and request is None and asked is not None:
        return {**_answer(answer, told, None), "not_as_asked": True}, None
    elif answer is not None and request is not None:
        answer = None  # both are possible: an echo, or a short answer of bits; nothing was asked before
    if request is not None:
        return _request(request, told), request
    if answer is not None:
        return _answer(answer, told, asked), None
    fc = data[0] & ~REFUSED if data else 0
    strange = fc not in (*BIT_READS, *WORD_READS, *WRITES)
    error = "unknown_function" if strange else "length_or_value"
    return {"kind": "error", "error": error, "fc": fc, "raw": data.hex(" ")}, None


def _request(request: Request, told: _Known) -> Meaning:
    meaning: Meaning = {"kind": "request", "fc": request.fc}
    match request:
        case Read(_, address, count):
            meaning |= {"address": address, "count": count}
        case Write(fc, address, values) if fc == WRITE_COIL:
            meaning |= {"coil": address, "value": bool(values[0])}
        case Write(fc, address, values) if fc == WRITE_REGISTER:
            meaning |= {"register": address, "value": values[0]}
        case Write(fc, address, values):
            shown = [bool(one) for one in values] if fc == WRITE_COILS else list(values)
            meaning |= {"address": address, "count": len(values), "values": shown}
    return meaning | told.explain(request, None)


def _answer(answer: Answer, told: _Known, asked: Request | None) -> Meaning:
    read = asked if isinstance(asked, Read) else None
    address = told.address if read is None else read.address
    count = told.count if read is None else read.count
    match answer:
        case Refused(fc, code):
            return known({
                "kind": "error", "error": answer.why, "fc": fc, "code": code,
                "detail": None if code in EXCEPTIONS else f"exception {code} is not in the manual",
            })  # fmt: skip
        case Bits(fc, data):
            bits = answer.first(answer.sure if count is None else count)
            return known({
                "kind": "coils" if fc == READ_COILS else "inputs", "fc": fc, "bytes": data.hex().upper(),
                "bits": [int(bit) for bit in bits], "bits_on": [place for place, bit in enumerate(bits) if bit],
                "count": 8 * len(data) if count is None else count, "address": address,
            })  # fmt: skip
        case Words(fc, values):
            meaning: Meaning = {"kind": "registers", "fc": fc, "values": list(values)}
            return known(meaning | {"address": address} | told.explain(answer, address))
        case Written(fc, address, count, value):
            return _written(fc, address, count, value)


def _written(fc: int, address: int, count: int, value: int | None) -> Meaning:
    meaning: Meaning = {"kind": "ack", "fc": fc, "command": _COMMANDS.get(fc, "write_registers")}
    if fc == WRITE_COIL:
        return meaning | {"coil": address, "value": bool(value)}
    if fc == WRITE_REGISTER:
        return meaning | {"register": address, "value": value}
    return meaning | {"address": address, "count": count}


# What stands at an address ----------------------------------------------------------------------------

MOXA_COUNTERS: Final = 0x10
"""High word first, two a channel (ioLogik E1200)."""
MOXA_INPUT_WORD: Final = 0x30


def _plain(_said: Answer | Request, _address: int | None) -> Meaning:
    return {}


def _moxa(said: Answer | Request, address: int | None) -> Meaning:
    """Of input registers: the word of all inputs, or the counter of one. Without an address the number tells: the
    manual reads one word for the inputs and two for a counter."""
    if not isinstance(said, Words) or said.fc != READ_REGISTERS:
        return {}
    values = said.values
    if len(values) == 1 and address in (None, MOXA_INPUT_WORD):
        word = values[0]
        return {"kind": "inputs", "word": word, "bits_on": [bit for bit in range(16) if word >> bit & 1]}
    even = address is None or (MOXA_COUNTERS <= address < MOXA_INPUT_WORD and not address % 2)
    if len(values) == 2 and even:
        channel = None if address is None else (address - MOXA_COUNTERS) // 2
        return known({"kind": "counter", "value": values[0] << 16 | values[1], "channel": channel})
    return {}


def _conveylinx(said: Answer | Request, address: int | None) -> Meaning:
    match said:
        case Read(_, first, _):
            return {"register": conveylinx.reference(first), "wire_address": first}
        case Write(fc, first, values):
            if fc in (WRITE_COIL, WRITE_COILS):
                return {}
            place = {"register": conveylinx.reference(first), "wire_address": first}
            return {**place, "says": conveylinx.explain(first + 1, values)}
        case Words(_, values) if address is not None:
            return {"kind": "conveylinx", **conveylinx.explain(address + 1, values)}
        case _:
            return {}


def image(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    """Each frame is one image of an Interroll MultiControl."""
    told = _known("interroll-multicontrol", options)
    order = cast(multicontrol.ByteOrder, options.get("byte_order", "little"))
    for frame in frames:
        sent = told.direction == "request"
        said = multicontrol.outputs(frame) if sent else multicontrol.inputs(frame, order)
        lengths = multicontrol.OUTPUT_LENGTHS if sent else multicontrol.INPUT_LENGTHS
        if said is None:
            detail = f"{len(frame)} bytes; an image has {', '.join(map(str, lengths))}"
            yield {"kind": "error", "error": "length", "detail": detail}
        else:
            yield {"kind": "process_image", **said}


MODBUS: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "modbus-tcp": partial(tcp, "modbus-tcp"),
    "modbus-pdu": pdu,
    "modbus-rtu": rtu,
    "conveylinx": partial(tcp, "conveylinx"),
    "interroll-multicontrol": image,
}
