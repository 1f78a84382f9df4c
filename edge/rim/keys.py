"""The gateway's secrets and its epoch counter, as files in the data folder (folder 0700, files 0600).

Live and practice have different signing keys, so that nothing a demo signs is ever good in a live hub. The evidence
key turns text that must not leave the gateway into digests. The epoch rises by 1 each time a journal is begun anew
(clearance contract §1), so the counter is kept apart from the journal.
"""

import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

from edge.rim.whole_file import write_whole
from edge.wire.signing import KEY_BYTES, Signer
from edge.wire.topics import Mode

ENTROPY_BYTES: Final = 32
EPOCH_FILE: Final = "epoch"
EPOCH_MAX: Final = 999_999_999
_SECRET_CHARS: Final = 2 * KEY_BYTES


class DataFolderFault(Exception):  # noqa: N818  (the fault is the folder's, not the program's)
    """The data folder can't be used as it is; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    signer: Signer
    evidence_key: bytes
    entropy: bytes
    """Fresh at every start: the randomness of the visit ids of this run."""


def load_identity(folder: Path, mode: Mode) -> Identity:
    """Reads the keys of this mode, or makes them at the first start."""
    open_folder(folder)
    signing = _secret(folder / f"gateway-{mode}.key")
    evidence = _secret(folder / "evidence.key")
    return Identity(
        signer=Signer(SigningKey(signing)),
        evidence_key=evidence,
        entropy=secrets.token_bytes(ENTROPY_BYTES),
    )


def open_folder(folder: Path) -> None:
    """Makes the data folder if it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise DataFolderFault(f"data folder {folder}: {error.strerror}; give another with --data") from error
    if mode & 0o022:
        raise DataFolderFault(
            f"data folder {folder} is writable by others (mode {mode:03o}), who could replace its keys; "
            f"run: chmod 700 {folder}"
        )


def read_epoch(folder: Path) -> int | None:
    """The epoch of the newest journal begun in this folder; None before the first."""
    path = folder / EPOCH_FILE
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataFolderFault(f"{path}: {error}; it should hold one number") from error
    if not text.isdecimal() or not 1 <= int(text) <= EPOCH_MAX:
        raise DataFolderFault(
            f"{path} holds {text[:20]!r}; it should hold the number of the gateway's newest epoch, as its "
            "coordinator knows it"
        )
    return int(text)


def next_epoch(folder: Path) -> int:
    """Counts on, on disk, before the journal of the new epoch exists: an epoch may be skipped, never used twice."""
    epoch = (read_epoch(folder) or 0) + 1
    write_epoch(folder, epoch)
    return epoch


def write_epoch(folder: Path, epoch: int) -> None:
    _write(folder / EPOCH_FILE, f"{epoch}\n")


def _secret(path: Path) -> bytes:
    """32 secret bytes, in the file as hex."""
    if not path.exists():
        # A link, not a rename: of two processes starting at once, both must end with the same key.
        _write(path, secrets.token_hex(KEY_BYTES) + "\n", _link_once)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise DataFolderFault(
                f"key file {path} can be read by others (mode {mode:03o}); if nobody has read it, "
                f"run: chmod 600 {path}"
            )
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFolderFault(f"key file {path}: {error}") from error
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise DataFolderFault(
            f"key file {path} does not hold {_SECRET_CHARS} hex digits; restore it from the backup, or move it away "
            "and enrol the new key at the coordinator"
        )
    return raw


def _write(path: Path, text: str, settle: Callable[[Path, Path], None] = os.replace) -> None:
    try:
        write_whole(path, text, settle)
    except OSError as error:
        raise DataFolderFault(
            f"{path} can't be written: {error.strerror}; free some of its disk, or give another folder with --data"
        ) from error


def _link_once(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
