"""A disk without room: what the coordinator takes for that, and how it finds out that there is room again.

Nothing is acknowledged that is not on disk, so with a full one it takes nothing: the transaction is undone, the broker
keeps what was not confirmed, and the coordinator is offline to its gateways, which go on by themselves and hold what
they must. It looks again every `LOOK_EVERY`, by really writing.
"""

import errno
import sqlite3
from typing import Final

from hub_config.names import SECOND
from simulators.coordinator.store import Store

LOOK_EVERY: Final = 2 * SECOND
ROOM_BYTES: Final = 1_048_576
"""A batch with its answers takes about as much; with less it would be full again at once."""
_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_FULL_FILES: Final = (errno.ENOSPC, errno.EDQUOT)
_NAME: Final = "room"


class NoRoom(Exception):  # noqa: N818 - of the disk, in one sentence
    """A request that can't be stored now."""

    def __init__(self) -> None:
        super().__init__(
            "no room on the coordinator's disk; nothing of this was taken: free some, and send it again"
        )


def is_full(fault: BaseException) -> bool:
    """A quota that is used up is as good as a full disk."""
    if isinstance(fault, sqlite3.OperationalError):
        return getattr(fault, "sqlite_errorcode", None) in _FULL
    return isinstance(fault, OSError) and fault.errno in _FULL_FILES


def has_room(store: Store) -> bool:
    """Writes `ROOM_BYTES` and takes them out again: the pages stay free in the file."""
    try:
        for statement, values in (
            ("INSERT OR REPLACE INTO facts VALUES(?, zeroblob(?))", (_NAME, ROOM_BYTES)),
            ("DELETE FROM facts WHERE name = ?", (_NAME,)),
        ):
            with store.transaction():
                store.connection.execute(statement, values)
    except sqlite3.OperationalError as fault:
        if not is_full(fault):
            raise
        return False
    return True
