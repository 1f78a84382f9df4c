"""Who may write a journal: one process at a time, of the gateway whose journal it is, in the epoch it was begun for."""

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.rim.journal_check import cant_open
from edge.rim.journal_table import JournalFault, Meta, connect, read_cursor, read_fact, read_meta
from edge.rim.keys import EPOCH_FILE, read_epoch, write_epoch
from edge.wire.envelope import EventContext

BEGIN_ANEW: Final = "keep the file as evidence, move it away, and the gateway begins its next epoch"


def lock_journal(path: Path) -> int:
    """Held as long as the process lives, however it ends."""
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalFault(
            f"journal {path}: {lock} can't be opened: {error.strerror}; give --data"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        os.close(handle)
        raise JournalFault(
            f"journal {path} is in use by process {owner or 'unknown'}; stop that gateway, or give another "
            "folder with --data"
        ) from error
    try:
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        # With the file made here, SQLite gives its WAL the same access rights.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        os.close(handle)
        raise JournalFault(cant_open(path, error)) from error
    return handle


def check_owner(path: Path, meta: Meta, context: EventContext) -> None:
    ours = Meta(context.hub, context.gateway, context.mode, meta.epoch)
    if meta != ours:
        raise JournalFault(
            f"journal {path} is of gateway {meta.gateway}, hub {meta.hub}, mode {meta.mode}; this is gateway "
            f"{ours.gateway}, hub {ours.hub}, mode {ours.mode}; give another folder with --data"
        )
    counted = read_epoch(path.parent)
    if counted is None:
        write_epoch(path.parent, meta.epoch)
    elif counted != meta.epoch:
        raise JournalFault(
            f"journal {path} is of epoch {meta.epoch}, but {path.parent / EPOCH_FILE} says {counted}: an older "
            f"journal or counter was put back; {BEGIN_ANEW}"
        )


@dataclass(frozen=True, slots=True)
class AfterLoss:
    """Why this journal was begun: what became of the one before."""

    epoch: int
    """Of the journal that was put away."""
    last_seq: int
    """It ended with this event,"""
    acknowledged: int
    """though the coordinator holds this many:"""
    lost: int
    """so many of them are not in it, counted from where this run began; at least 1."""
    by: str
    file: str
    """Where it lies, beside this one."""
    untold: int = 0
    """Events in it that the coordinator had not acknowledged: nobody is told them, as their numbers may be taken."""


def read_after_loss(connection: sqlite3.Connection) -> AfterLoss | None:
    fact = read_fact(connection, "after_loss")
    return None if fact is None else AfterLoss(**fact)


def seal_contradicted(path: Path) -> AfterLoss | None:
    """Puts a journal away that the coordinator has contradicted: it has lost events, and its epoch is over.

    Returns what the journal of the next epoch has to say of it; None where there is nothing to put away.
    """
    if path.stat().st_size == 0:
        return None
    connection = connect(path, read_only=False)
    try:
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone() is None:
            return None
        contradicted = read_fact(connection, "contradicted")
        if contradicted is None:
            return None
        meta = read_meta(connection, path)
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        untold = max(0, last - read_cursor(connection).seq)
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()  # all of it in one file
    finally:
        connection.close()
    sealed = path.with_name(f"{path.stem}-epoch-{meta.epoch}-contradicted{path.suffix}")
    os.rename(path, sealed)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return AfterLoss(meta.epoch, last, file=sealed.name, untold=untold, **contradicted)
