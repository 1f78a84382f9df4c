"""Every protocol of scales, by its frames from the manuals: any cut, damaged bytes, and back in step after garbage."""

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors_file import Vector, options_of, vectors

from drivers.buffers import CHUNK_BYTES
from drivers.decode_config import METROLOGY, config_of
from drivers.scales.registry import EXPLAINED, new_wire
from drivers.scales.told import Garbled, Piece, Told, Wire
from hub_config.scales import BenchScale

HELD_MAX = 512
"""No scale sends a frame of that size."""
GARBAGE = (
    b"\xff\x00?" * 5,
    b"12.5",
    b"\x02\x02\x02",
    b"\r\n\r\n",
    b"ST,GS,",
    b"\x02-0 00",
    bytes(range(256)),
)
NAMES = list(EXPLAINED)


def wire(protocol: str, options: dict[str, str]) -> Wire:
    known = EXPLAINED[protocol]
    config = config_of(known.config, known.kind, options, (), {"metrology": METROLOGY, **known.fixed})
    return new_wire(cast(BenchScale, config))


def frames(protocol: str) -> list[Vector]:
    return [vector for vector in vectors(protocol) if vector.direction != "host->device"]


def groups(protocol: str) -> list[tuple[dict[str, str], list[bytes]]]:
    """Frames that one setting of the scale understands."""
    found: list[tuple[dict[str, str], list[bytes]]] = []
    for vector in frames(protocol):
        same = next((one for options, one in found if options == options_of(vector)), None)
        if same is None:
            found.append((options_of(vector), [vector.frame]))
        else:
            same.append(vector.frame)
    return found


CASES = [
    pytest.param(name, options, sent, id=f"{name}{'-' if options else ''}{'-'.join(options.values())}")
    for name in NAMES
    for options, sent in groups(name)
]


def fed(one: Wire, reads: Sequence[bytes]) -> list[Piece]:
    return [piece for data in reads for piece in one.feed(data)]


@pytest.mark.parametrize(("protocol", "options", "sent"), CASES)
def test_every_cut_of_a_stream_gives_the_pieces_of_one_read(
    protocol: str, options: dict[str, str], sent: list[bytes]
) -> None:
    data = b"".join(sent) + b"\x00\xfe1" + b"".join(sent)
    whole = fed(wire(protocol, options), [data])

    assert whole
    for cut in range(len(data) + 1):
        assert fed(wire(protocol, options), [data[:cut], data[cut:]]) == whole, f"cut at byte {cut}"
    assert fed(wire(protocol, options), [bytes([byte]) for byte in data]) == whole


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize(("protocol", "options", "sent"), CASES)
def test_after_any_garbage_the_second_of_two_like_frames_is_understood(
    protocol: str, options: dict[str, str], sent: list[bytes], garbage: bytes
) -> None:
    for frame in sent:
        alone = [piece for piece in fed(wire(protocol, options), [frame]) if isinstance(piece, Told)]
        if alone:
            assert fed(wire(protocol, options), [garbage, frame, frame])[-1] == alone[-1], frame


@pytest.mark.parametrize(("protocol", "options", "sent"), CASES)
@settings(deadline=None)
@given(data=st.data())
def test_damaged_frames_raise_nothing_and_the_buffer_stays_bounded(
    data: st.DataObject, protocol: str, options: dict[str, str], sent: list[bytes]
) -> None:
    one = wire(protocol, options)
    for _ in range(data.draw(st.integers(1, 8))):
        frame = bytearray(data.draw(st.sampled_from(sent)) if data.draw(st.booleans()) else b"")
        place = data.draw(st.integers(0, len(frame)))
        frame[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=40))
        for piece in one.feed(bytes(frame)):
            assert isinstance(piece, Garbled | Told)
            load = piece.load if isinstance(piece, Told) else None
            if load is not None and (load.overload or load.underload or load.out_of_range or load.invalid):
                assert load.text == "", "digits of a frame that is over, under or invalid"
        assert one.held_bytes <= HELD_MAX + CHUNK_BYTES


@pytest.mark.parametrize("protocol", NAMES)
def test_a_flood_without_a_frame_end_is_dropped_and_the_next_frames_are_read(protocol: str) -> None:
    options, sent = groups(protocol)[0]
    one = wire(protocol, options)
    wanted = [piece for piece in fed(wire(protocol, options), [sent[0]]) if isinstance(piece, Told)]

    for _ in range(50):
        one.feed(b"7" * 1_000)
        assert one.held_bytes <= HELD_MAX

    assert fed(one, [sent[0], sent[0]])[-1:] == wanted[-1:]
