"""Every parser understands the same from its bytes however they are cut; and the table that says so is true."""

import pytest
from scale_card import SCALE_MD, with_card

from simulators.fuzz_campaign import vectors_of
from simulators.fuzz_subjects import Subject, subjects

CUT = [one for one in subjects() if not one.per_read and not one.name.endswith("(session)")]
NOISE = b"\x00\xfe1"


def stream(one: Subject) -> bytes:
    frames = b"".join([*vectors_of(one.vectors), *one.frames])
    return frames if one.record_bytes > 1 else frames + NOISE + frames


def understood(one: Subject, *reads: bytes) -> list[object]:
    """`hub decode` tells the codes of one read together: here each by itself."""
    told: list[object] = []
    for piece in one.new().feed(reads):
        if isinstance(piece, dict) and piece["kind"] == "stream":
            told += piece["scans"]
        else:
            told.append(piece["data"] if isinstance(piece, dict) and piece["kind"] == "scan" else piece)
    return told


@pytest.mark.parametrize("one", CUT, ids=lambda one: one.name)
def test_every_cut_of_a_stream_is_understood_as_one_read(one: Subject) -> None:
    data = stream(one)
    whole = understood(one, data)

    assert whole, "nothing understood: a test of nothing would pass"
    for cut in range(0, len(data) + 1, one.record_bytes):
        assert understood(one, data[:cut], data[cut:]) == whole, f"{one.name} cut at byte {cut}"
    pieces = [data[at : at + one.record_bytes] for at in range(0, len(data), one.record_bytes)]
    assert understood(one, *pieces) == whole


def test_the_table_of_drivers_is_that_of_the_tests() -> None:
    text = SCALE_MD.read_text("utf-8")

    assert text == with_card(text), "python tests/scale_card.py writes it anew"
