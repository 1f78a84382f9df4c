"""A connection to SQLite that fails as one on a bad disk does: the class, the text and the code are SQLite's own."""

import sqlite3
from typing import Any


def io_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    error.sqlite_errorname = "SQLITE_IOERR_READ"
    return error


def locked() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


def full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    error.sqlite_errorname = "SQLITE_FULL"
    return error


def malformed() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


class Refusing:
    """In the place of a connection: asks it, or raises `error`. `page`: a row that lies on a damaged page."""

    def __init__(self, connection: sqlite3.Connection, error: sqlite3.DatabaseError | None = None) -> None:
        self.connection = connection
        self.error = error
        self.page: int | None = None
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, text: str, values: tuple[int, ...] = ()) -> sqlite3.Cursor:
        if self.error is not None:
            self.refused += 1
            raise self.error
        if self.page is not None and values and values[0] < self.page <= values[0] + values[1]:
            raise malformed()
        return self.connection.execute(text, values)
