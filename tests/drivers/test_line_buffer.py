"""The line buffer: every cut gives the same pieces, and nothing makes it grow past its bound."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buffers import CHUNK_BYTES, Line, LineBuffer, Piece, TooLong, Unframed

MAX = 16


def fed(buffer: LineBuffer, *reads: bytes) -> list[Piece]:
    return [piece for read in reads for piece in buffer.feed(read)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n\n"])
def test_cr_lf_and_both_end_a_line_and_empty_lines_vanish(end: bytes) -> None:
    assert fed(LineBuffer(max_bytes=MAX), b"A" + end + b"B" + end) == [Line(b"A"), Line(b"B")]


def test_a_read_that_ends_between_cr_and_lf_makes_no_empty_line() -> None:
    assert fed(LineBuffer(max_bytes=MAX), b"A\r", b"\nB\r", b"\n") == [Line(b"A"), Line(b"B")]


def test_an_unfinished_line_waits() -> None:
    buffer = LineBuffer(max_bytes=MAX)

    assert fed(buffer, b"AB") == []
    assert fed(buffer, b"C\n") == [Line(b"ABC")]


def test_a_line_of_exactly_the_bound_passes_and_one_byte_more_is_too_long() -> None:
    assert fed(LineBuffer(max_bytes=MAX), b"x" * MAX + b"\r") == [Line(b"x" * MAX)]
    assert fed(LineBuffer(max_bytes=MAX), b"x" * (MAX + 1) + b"\r") == [TooLong(b"x" * MAX)]


def test_after_too_long_everything_up_to_the_next_terminator_is_dropped_and_said_once() -> None:
    buffer = LineBuffer(max_bytes=MAX)

    assert fed(buffer, b"x" * 100, b"y" * 100, b"tail\rNEXT\r") == [TooLong(b"x" * MAX), Line(b"NEXT")]


def test_a_megabyte_without_a_terminator_stays_within_the_bound() -> None:
    buffer = LineBuffer(max_bytes=MAX, terminators=(b"\r\n",))

    pieces = fed(buffer, *[b"x" * 1_000] * 500, b"x" * 500_000)

    assert pieces == [TooLong(b"x" * MAX)]
    assert buffer.held_bytes <= MAX + CHUNK_BYTES
    assert fed(buffer, b"\r\nA\r\n") == [Line(b"A")]


def test_a_terminator_of_two_bytes_is_found_across_reads_and_its_first_byte_is_data() -> None:
    assert fed(LineBuffer(max_bytes=MAX, terminators=(b"\r\n",)), b"A\rB\r", b"\n") == [Line(b"A\rB")]


def test_a_control_prefix_opens_a_line_and_drops_what_precedes_it() -> None:
    buffer = LineBuffer(max_bytes=MAX, prefix=b"\x01")

    assert fed(buffer, b"\x01AB\r") == [Line(b"AB")]
    assert fed(buffer, b"half\x01CD\r") == [Unframed(b"half"), Line(b"CD")]
    assert fed(buffer, b"\x01cut\x01EF\r") == [Unframed(b"\x01cut"), Line(b"EF")]
    assert fed(buffer, b"no prefix\r") == [Unframed(b"no prefix")]
    assert fed(buffer, b"\x01\r") == []


def test_a_printable_prefix_must_open_the_line_and_may_be_data_too() -> None:
    buffer = LineBuffer(max_bytes=MAX, prefix=b"%")

    assert fed(buffer, b"%5%0\r", b"5%0\r") == [Line(b"5%0"), Unframed(b"5%0")]


def test_a_terminator_that_begins_with_another_one_never_gets_its_turn() -> None:
    for reads in ([b"A\r\x03B\r"], [b"A\r", b"\x03B\r"]):
        assert fed(LineBuffer(max_bytes=MAX, terminators=(b"\r\x03", b"\r")), *reads) == [
            Line(b"A"),
            Line(b"\x03B"),
        ]


@pytest.mark.parametrize(("max_bytes", "terminators"), [(0, (b"\r",)), (1, ()), (1, (b"",))])
def test_a_buffer_without_a_bound_or_an_end_is_refused(
    max_bytes: int, terminators: tuple[bytes, ...]
) -> None:
    with pytest.raises(ValueError, match="bound of at least 1 byte"):
        LineBuffer(max_bytes=max_bytes, terminators=terminators)


@given(
    st.lists(st.sampled_from([b"A", b"BC", b"\r", b"\n", b"\r\n", b"\x02", b"\x03", b"x" * 20]), max_size=30),
    st.lists(st.integers(0, 200), max_size=10),
    st.sampled_from([(b"\r", b"\n"), (b"\r\n",), (b"\r\n\x03", b"\x03"), (b"\r\x03", b"\r")]),
    st.sampled_from([b"", b"\x02", b"A"]),
)
def test_the_same_pieces_come_out_whatever_the_cut(
    parts: list[bytes], cuts: list[int], terminators: tuple[bytes, ...], prefix: bytes
) -> None:
    stream = b"".join(parts)
    edges = [0, *sorted(cuts), len(stream)]
    reads = [stream[a:b] for a, b in pairwise(edges)]

    whole = fed(LineBuffer(max_bytes=MAX, terminators=terminators, prefix=prefix), stream)
    cut = LineBuffer(max_bytes=MAX, terminators=terminators, prefix=prefix)

    assert fed(cut, *reads) == whole
    assert cut.held_bytes <= MAX + CHUNK_BYTES


@pytest.mark.parametrize("ends", [(b"\r",), (b"\r\n",), (b"\r", b"\n")])
def test_a_whole_line_at_once_is_the_same_as_in_bytes_also_after_one_that_was_too_long(
    ends: tuple[bytes, ...],
) -> None:
    data = [
        b"AB" + ends[0],
        ends[0],
        b"C" * 30,
        b"D" + ends[0],
        b"E" * 9 + ends[0],
        b"F",
        b"G" + ends[0],
        b"H" + ends[0],
    ]
    whole, bytewise = (LineBuffer(max_bytes=8, terminators=ends) for _ in range(2))

    told = [piece for one in data for piece in whole.feed(one)]

    assert told == [piece for one in data for byte in one for piece in bytewise.feed(bytes([byte]))]
    assert [piece.data for piece in told if isinstance(piece, Line)] == [b"AB", b"FG", b"H"]
