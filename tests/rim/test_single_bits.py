"""Every single bit: of an exported journal, one by one; of the database file, many of them by a seeded draw."""

import random
import sqlite3
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from decision_samples import decision, words
from journal_samples import acked, event, gateway_event, numbered, open_journal, parcels

from edge.rim.journal import Journal, JournalFault, JournalReader
from edge.wire import verifier

SEED: Final = 20_261_125
DRAWN: Final = 600


def small(folder: Path) -> Journal:
    journal = open_journal(folder)
    journal.append(numbered([event(codes=["RR473124829MY"]), gateway_event()]), [words(decision("hold", 1))])
    return journal


def test_every_single_bit_of_an_exported_journal_is_found(tmp_path: Path) -> None:
    out = BytesIO()
    small(tmp_path).export(out)
    good = out.getvalue()
    assert verifier.check_file(BytesIO(good), None, allow_unsigned=False).startswith("2 events")
    missed = [bit for bit in range(8 * len(good)) if not refused(flipped(good, bit))]

    assert missed == []


def refused(raw: bytes) -> bool:
    try:
        verifier.check_file(BytesIO(raw), None, allow_unsigned=False)
    except verifier.Refused:
        return True
    return False


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def told(path: Path) -> bytes | None:
    """All that the journal says when it is asked; None if it finds fault with itself."""
    out = BytesIO()
    try:
        reader = JournalReader(path)
        try:
            verified = reader.verify()
            reader.export(out)
            return out.getvalue() + repr((verified, reader.acknowledged(), reader.balance())).encode()
        finally:
            reader.close()
    except (JournalFault, sqlite3.Error):
        return None


def outcomes(path: Path, bits: Callable[[bytes], list[int]]) -> list[str]:
    good, said = path.read_bytes(), told(path)
    assert said is not None
    found = []
    for bit in bits(good):
        path.write_bytes(flipped(good, bit))
        after = told(path)
        found.append("found" if after is None else "harmless" if after == said else f"missed bit {bit}")
    path.write_bytes(good)
    return found


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    journal = open_journal(tmp_path)
    journal.append(parcels(300))
    journal.checkpoint(0)
    journal.acknowledge(acked(journal))
    journal.prune(256)
    journal.close()
    return tmp_path / "journal.db"


def test_a_bit_inside_an_event_on_disk_is_always_found(closed: Path) -> None:
    def inside(raw: bytes) -> list[int]:
        draw = random.Random(SEED)
        starts = [place for place in range(len(raw)) if raw.startswith(b'{"epoch":1,"flags"', place)]
        kept = starts[-40:]
        assert len(kept) == 40
        return [
            8 * draw.randrange(place, place + 400) + draw.randrange(8) for place in kept for _ in range(4)
        ]

    found = outcomes(closed, inside)

    assert set(found) <= {"found", "harmless"}, found
    assert found.count("found") > 100  # the rest are events pruned, whose bytes nobody reads any more


def test_no_bit_anywhere_in_the_file_changes_what_the_journal_says_unnoticed(closed: Path) -> None:
    def anywhere(raw: bytes) -> list[int]:
        draw = random.Random(SEED)
        return [draw.randrange(8 * len(raw)) for _ in range(DRAWN)]

    found = outcomes(closed, anywhere)

    assert [outcome for outcome in found if outcome not in ("found", "harmless")] == []
    assert found.count("found") > DRAWN // 4
