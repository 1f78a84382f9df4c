"""The table of line messages: layouts as worked in the design, the hash, and refusals of what a board does not know."""

import zlib

import pytest

from firmware_bridge.frames import Body, FrameBuffer, frame
from firmware_bridge.messages import (
    DICT_HASH,
    LINE_MAX_BYTES,
    SIZES,
    TABLE,
    Boot,
    ConfigIn,
    Edge,
    Enc,
    Health,
    Hello,
    HelloReply,
    Message,
    OutAt,
    OutAtReply,
    Refused,
    Safe,
    Sync,
    SyncReply,
    Watchdog,
    config_crc,
    decode,
    encode,
    number_ahead,
)
from simulators.devices.io_board_wire import CATALOGUE
from simulators.devices.io_board_wire import DICT_HASH as BOARDS_HASH

WORKED: list[tuple[str, Message]] = [
    ("80 01 00 01 00 01 00 00 00 00", Hello(1, 0x0100, 0x0100, 0)),
    (
        "c0 01 00 00 01 00 01 4c 3d 2e 1f 80 84 1e 00 07 00 00 00 04 04 ff 00 40",
        HelloReply(1, 0, 0x0100, 0x0100, 0x1F2E3D4C, 2_000_000, 7, 4, 4, 0x00FF, 64),
    ),
    ("81 02", Sync(2)),
    ("c1 02 00 45 23 01 00 95 23 01 00", SyncReply(2, 0, 0x12345, 0x12395)),
    ("82 03 01 01 00 00 10 00 a0 86 01 00", OutAt(3, 1, 1, 0x100000, 100_000)),
    ("c2 03 00", OutAtReply(3, 0)),
    ("84 04 f4 01", Watchdog(4, 500)),
    ("e1 02 01 45 23 01 00 00 01", Edge(0x0102, 0x12345, 0, 1)),
    ("e2 03 01 45 23 01 00 00 fb ff ff ff", Enc(0x0103, 0x12345, 0, -5)),
    ("e0 00 00 2a 00 00 00 07 00 00 00 08 00 01 4c 3d 2e 1f", Boot(0, 42, 7, 8, 0x0100, 0x1F2E3D4C)),
    ("e3 0a 00 00 00 20 00 00 00 03 00 00 00 00 00 01", Health(10, 0x200000, 0, 3, 0, 0, 1)),
    ("e4 09 00 00 00 20 00 01 00", Safe(9, 0x200000, 1, 0)),
]


@pytest.mark.parametrize(("body", "message"), WORKED)
def test_a_worked_body_is_its_message_and_back(body: str, message: Message) -> None:
    assert decode(bytes.fromhex(body)) == message
    assert encode(message) == bytes.fromhex(body)


def test_the_hash_is_that_of_the_table_and_the_board_has_the_same() -> None:
    lines = "".join(f"{kind:02X} {name} {layout}\n" for kind, name, layout, _ in TABLE)

    assert lines == CATALOGUE
    assert DICT_HASH == BOARDS_HASH == zlib.crc32(lines.encode()) == 0xBD2D581D


def test_every_message_fits_and_every_request_has_its_reply() -> None:
    kinds = {kind for kind, _, _, _ in TABLE}

    assert max(SIZES.values()) <= LINE_MAX_BYTES
    assert {kind + 0x40 for kind in kinds if kind < 0xC0} == {kind for kind in kinds if 0xC0 <= kind < 0xE0}


def test_three_bytes_with_status_1_say_that_a_request_is_unknown_to_the_board() -> None:
    (piece,) = FrameBuffer().feed(frame(b"\xc5\x09\x01"))

    assert piece == Body(b"\xc5\x09\x01")
    assert decode(b"\xc5\x09\x01") == Refused(0xC5, 9)


@pytest.mark.parametrize("body", [b"\xc5\x09\x00", b"\xc5\x09\x02", b"\xe1\x09\x01", b"\xc7\x09\x01"])
def test_other_short_replies_are_no_frames(body: bytes) -> None:
    (piece,) = FrameBuffer().feed(frame(body))

    assert not isinstance(piece, Body)


def test_the_configuration_is_summed_in_channel_order_without_the_sequence_number() -> None:
    first, second = ConfigIn(9, 0, 1, 2_000, 0), ConfigIn(3, 1, 2, 0, 10)

    assert config_crc((second, first)) == zlib.crc32(bytes.fromhex("0001d00700 010200000a"))


@pytest.mark.parametrize(
    ("evseq", "of", "ahead"), [(5, 5, 0), (6, 5, 1), (4, 5, -1), (2, 65_534, 4), (65_534, 2, -4)]
)
def test_event_numbers_go_round(evseq: int, of: int, ahead: int) -> None:
    assert number_ahead(evseq, of) == ahead
