"""Writes the store's WAL back into its file beside the work, so that no commit waits for it.

SQLite by itself does it inside a commit, at 150 events a second twice a second, and every answer behind it waits for
the disk. Here a thread of its own does it, on its own connection: PASSIVE, which neither stops nor waits for a writer.
If it falls behind, SQLite does it all the same at `WAL_PAGES_MAX`, so the WAL is bounded. The WAL's file is made as
long as it will be beforehand, as the gateway's journal does it: a commit that makes a file longer costs twice as much.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from edge.rim.journal_commit import lay_out_wal
from edge.rim.wal import write_back

PAGE_BYTES: Final = 4_096
LOOK_EVERY_S: Final = 0.25
WRITE_BACK_ROWS: Final = 500
"""From so many written rows on it is worth the while: each is two or three pages, of the table and its indexes."""
WAL_PAGES_MAX: Final = 16_384
"""64 MiB; the store sets it as its `wal_autocheckpoint`."""
PASSES_MAX: Final = 4
"""What was committed meanwhile is written back by another pass; once all of it is, the WAL begins anew."""

_log = logging.getLogger("hub.coordinator")


@contextmanager
def written_back(path: Path, rows_written: Callable[[], int]) -> Iterator[None]:
    """While this lasts. `rows_written`: so far, by the one writer; asked in the thread."""
    lay_out_wal(path)
    ended = threading.Event()
    thread = threading.Thread(target=_run, args=(path, rows_written, ended), name="writeback")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _run(path: Path, rows_written: Callable[[], int], ended: threading.Event) -> None:
    refused: str | None = None
    done = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while not ended.wait(LOOK_EVERY_S):
            rows = rows_written()
            if rows - done < WRITE_BACK_ROWS:
                continue
            before, refused = refused, None
            try:
                if any(write_back(connection) for _ in range(PASSES_MAX)):
                    done = rows
            except sqlite3.Error as fault:
                # The store's own commits meet the same disk: what they can't do, the coordinator says and waits.
                refused = str(fault)
                if refused != before:
                    _log.warning("the WAL could not be written back: %s", fault)
