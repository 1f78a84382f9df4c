"""A copy of the journal with one byte flipped, as somebody might who wants a weight to read otherwise."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.rim.journal import JOURNAL_FILE
from edge.rim.journal_table import connect

FLIPPED_BIT: Final = 0x01
"""The lowest bit of a digit: 4 becomes 5."""


@dataclass(frozen=True, slots=True)
class Flip:
    seq: int
    offset: int
    """Of the byte, in the file."""
    before: str
    after: str
    body: str
    """Of the event as it was written."""
    at: int
    """The byte's place in `body`."""


def copy_journal(gateway: Path, folder: Path) -> Path:
    """While the gateway writes on; returns the copy's file."""
    folder.mkdir()
    file = folder / JOURNAL_FILE
    with (
        closing(connect(gateway / JOURNAL_FILE, read_only=True)) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    return file


def flip_byte(file: Path, visit: str) -> Flip:
    """The last digit of a weight that an event of this visit tells. Raises ValueError if the file has none."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT seq, body FROM events WHERE visit = ? AND instr(body, '\"mass\":{') > 0 ORDER BY seq",
            (visit,),
        ).fetchall()
    data = bytearray(file.read_bytes())
    for seq, body in rows:
        mass = body.index(b'"mg":', body.index(b'"mass":{')) + len(b'"mg":')
        at = mass  # its first digit: the heaviest lie
        page = data.find(body[: at + 8])
        if page >= 0:
            offset = page + at
            before = chr(data[offset])
            data[offset] ^= FLIPPED_BIT
            file.write_bytes(data)
            return Flip(seq, offset, before, chr(data[offset]), body.decode(), at)
    raise ValueError(f"{file}: no weight of visit {visit} lies in one piece")
