"""Frames of the I/O board: the worked frames of the design, every small corruption, any split, and the bounds."""

import random
from itertools import combinations, pairwise

import pytest

from firmware_bridge.frames import (
    BODY_MAX_BYTES,
    WIRE_MAX_BYTES,
    Body,
    FrameBuffer,
    Piece,
    Spoilt,
    cobs_decode,
    cobs_encode,
    crc16,
    frame,
)
from simulators.devices.io_board_wire import ByteReceiver, checksum, framed

WORKED = [
    ("80 01 00 01 00 01 00 00 00 00", "03 80 01 02 01 02 01 01 01 01 03 1d 27 00"),
    (
        "c0 01 00 00 01 00 01 4c 3d 2e 1f 80 84 1e 00 07 00 00 00 04 04 ff 00 40",
        "03 c0 01 01 02 01 09 01 4c 3d 2e 1f 80 84 1e 02 07 01 01 04 04 04 ff 04 40 23 06 00",
    ),
    ("81 02", "05 81 02 08 eb 00"),
    ("c1 02 00 45 23 01 00 95 23 01 00", "03 c1 02 04 45 23 01 04 95 23 01 03 10 7b 00"),
    ("82 03 01 01 00 00 10 00 a0 86 01 00", "05 82 03 01 01 01 02 10 04 a0 86 01 03 1a ee 00"),
    ("c2 03 00", "03 c2 03 03 1d c4 00"),
    ("84 04 f4 01", "07 84 04 f4 01 04 2d 00"),
    ("e1 02 01 45 23 01 00 00 01", "07 e1 02 01 45 23 01 01 04 01 32 91 00"),
    ("e1 00 00 00 00 00 00 00 00", "02 e1 01 01 01 01 01 01 01 03 ac b4 00"),
    ("e2 03 01 45 23 01 00 00 fb ff ff ff", "07 e2 03 01 45 23 01 01 07 fb ff ff ff 78 43 00"),
    (
        "e0 00 00 2a 00 00 00 07 00 00 00 08 00 01 4c 3d 2e 1f",
        "02 e0 01 02 2a 01 01 02 07 01 01 02 08 08 01 4c 3d 2e 1f 6e fb 00",
    ),
    (
        "e3 0a 00 00 00 20 00 00 00 03 00 00 00 00 00 01",
        "03 e3 0a 01 01 02 20 01 01 02 03 01 01 01 01 04 01 22 45 00",
    ),
    ("e4 09 00 00 00 20 00 01 00", "03 e4 09 01 01 02 20 02 01 03 86 0e 00"),
    ("0a 00 00 06 00 00 01 00 a1 61 64 62 68 69", "02 0a 01 02 06 01 02 01 09 a1 61 64 62 68 69 a5 af 00"),
]
"""firmware-bridge.md §3, and one management message of §7."""

EDGES = [
    bytes.fromhex("e1 02 01 45 23 01 00 00 01"),
    bytes.fromhex("e1 03 01 95 23 01 00 00 00"),
    bytes.fromhex("e1 04 01 00 00 02 00 03 01"),
]
EDGE_STREAM = b"".join(frame(edge) for edge in EDGES)


def bodies(pieces: list[Piece]) -> list[bytes]:
    return [piece.data for piece in pieces if isinstance(piece, Body)]


def wrong_accepted(stream: bytes) -> int:
    """Frames taken from a spoilt stream that were never sent."""
    return sum(body not in EDGES for body in bodies(FrameBuffer().feed(stream)))


@pytest.mark.parametrize(("body", "wire"), WORKED)
def test_a_worked_frame_is_made_and_read_on_both_sides(body: str, wire: str) -> None:
    body_bytes, wire_bytes = bytes.fromhex(body), bytes.fromhex(wire)
    receiver = ByteReceiver()

    assert frame(body_bytes) == framed(body_bytes) == wire_bytes
    assert FrameBuffer().feed(wire_bytes) == [Body(body_bytes)]
    assert [whole for byte in wire_bytes if (whole := receiver.put(byte)) is not None] == [body_bytes]


def test_the_checksum_is_crc_16_xmodem() -> None:
    assert crc16(b"123456789") == checksum(b"123456789") == 0x31C3


def flipped(stream: bytes, bits: tuple[int, ...]) -> bytes:
    spoilt = bytearray(stream)
    for bit in bits:
        spoilt[bit >> 3] ^= 1 << (bit & 7)
    return bytes(spoilt)


def test_no_flipped_bit_makes_a_frame_that_was_not_sent() -> None:
    bits = range(8 * len(EDGE_STREAM))

    assert len(bits) == 312
    assert sum(wrong_accepted(flipped(EDGE_STREAM, (bit,))) for bit in bits) == 0


def test_no_two_flipped_bits_make_a_frame_that_was_not_sent() -> None:
    pairs = list(combinations(range(8 * len(EDGE_STREAM)), 2))

    assert len(pairs) == 48_516
    assert sum(wrong_accepted(flipped(EDGE_STREAM, pair)) for pair in pairs) == 0


def test_no_byte_deleted_or_inserted_makes_a_frame_that_was_not_sent() -> None:
    size = len(EDGE_STREAM)
    deleted = [EDGE_STREAM[:place] + EDGE_STREAM[place + 1 :] for place in range(size)]
    inserted = [
        EDGE_STREAM[:place] + bytes([value]) + EDGE_STREAM[place:]
        for place in range(size)
        for value in range(256)
    ]

    assert len(inserted) == 9_984
    assert sum(wrong_accepted(stream) for stream in (*deleted, *inserted)) == 0


def test_a_flipped_bit_costs_one_frame_and_a_spoilt_delimiter_two() -> None:
    lost = [
        3 - len(bodies(FrameBuffer().feed(flipped(EDGE_STREAM, (bit,)) + b"\x00")))
        for bit in range(8 * len(EDGE_STREAM))
    ]

    assert max(lost) <= 2
    assert lost.count(2) == 16  # the last delimiter has nothing behind it to lose


@pytest.mark.parametrize("extra", [b"\x00", b"\x00\x00"])
def test_zeros_added_to_a_body_that_the_checksum_cannot_see_are_seen_by_its_length(extra: bytes) -> None:
    body = EDGES[0] + crc16(EDGES[0]).to_bytes(2, "big") + extra
    wire = cobs_encode(body) + b"\x00"
    before = cobs_encode(extra + EDGES[0] + crc16(EDGES[0]).to_bytes(2, "big")) + b"\x00"

    assert crc16(body) == 0
    assert bodies(FrameBuffer().feed(wire + before)) == []


@pytest.mark.parametrize("size", [*range(12), *range(250, 260), *range(505, 512), 799])
def test_cobs_keeps_every_length_and_both_forms_of_a_full_run_are_read(size: int) -> None:
    data = bytes(1 + place % 255 for place in range(size))
    encoded = cobs_encode(data)

    assert 0 not in encoded
    assert cobs_decode(encoded) == data
    if size and size % 254 == 0:
        assert encoded[-255] == 0xFF
        assert cobs_decode(encoded + b"\x01") == data


def smp(size: int) -> bytes:
    """A management message of so many bytes, without a zero in its data."""
    return bytes([0x0A, 0, *(size - 8).to_bytes(2), 0, 1, 1, 1]) + b"\x55" * (size - 8)


def test_the_longest_management_message_passes_and_one_byte_more_is_too_long() -> None:
    buffer = FrameBuffer()
    long = frame(smp(BODY_MAX_BYTES))

    assert buffer.feed(long) == [Body(smp(BODY_MAX_BYTES))]
    pieces = buffer.feed(b"\x01" * (WIRE_MAX_BYTES + 1) + b"\x00" + long)

    assert [type(piece) for piece in pieces] == [Spoilt, Body]
    assert (buffer.counts.good, buffer.counts.garbled, buffer.counts.too_long) == (2, 0, 1)


def test_an_endless_frame_is_told_once_and_holds_no_more_than_its_bound() -> None:
    buffer = FrameBuffer()
    told = [piece for _ in range(1_000) for piece in buffer.feed(b"\x11" * 100)]

    assert [piece.code for piece in told if isinstance(piece, Spoilt)] == ["too_long"]
    assert buffer.held_bytes <= WIRE_MAX_BYTES
    assert bodies(buffer.feed(b"\x00" + EDGE_STREAM)) == EDGES


def test_empty_frames_are_nothing() -> None:
    assert FrameBuffer().feed(b"\x00" * 50) == []


@pytest.mark.parametrize(
    "body",
    [
        b"\x20\x01",
        b"\x7f",
        b"\x87\x01",
        b"\xe1\x00",
        bytes(9),
        b"\x08\x00\x00\x02\x00\x00\x02\x06\xa0",
        b"\x90",
    ],
)
def test_a_body_of_a_foreign_kind_or_length_is_spoilt(body: bytes) -> None:
    assert [type(piece) for piece in FrameBuffer().feed(frame(body))] == [Spoilt]


def test_any_split_gives_the_same_pieces() -> None:
    noise = b"\x01\x02\x03\x00" + b"\x11" * 300 + b"\x00"
    stream = EDGE_STREAM + noise + b"\x00\x00" + frame(smp(BODY_MAX_BYTES)) + EDGE_STREAM
    whole = FrameBuffer().feed(stream)

    assert len(whole) == 9
    for cut in range(len(stream)):
        buffer = FrameBuffer()
        assert buffer.feed(stream[:cut]) + buffer.feed(stream[cut:]) == whole, cut
    buffer = FrameBuffer()
    assert [piece for byte in stream for piece in buffer.feed(bytes([byte]))] == whole


def test_the_first_frame_behind_any_noise_and_a_delimiter_is_read() -> None:
    seed = 4_711
    rng = random.Random(seed)
    for turn in range(300):
        noise = bytes(rng.randrange(256) for _ in range(rng.randrange(600)))
        cuts = sorted(rng.randrange(len(noise) + 1) for _ in range(4))
        buffer = FrameBuffer()
        for start, end in pairwise([0, *cuts, len(noise)]):
            buffer.feed(noise[start:end])

        assert bodies(buffer.feed(b"\x00" + EDGE_STREAM))[-3:] == EDGES, f"seed {seed}, turn {turn}"


def test_both_sides_read_what_the_other_makes_at_every_length() -> None:
    rng = random.Random(12)
    for size in range(8, BODY_MAX_BYTES + 1):
        body = smp(size)[:8] + bytes(rng.choice((0, 1, 255, rng.randrange(256))) for _ in range(size - 8))
        receiver = ByteReceiver()

        assert FrameBuffer().feed(framed(body)) == [Body(body)], size
        assert [whole for byte in frame(body) if (whole := receiver.put(byte)) is not None] == [body], size
