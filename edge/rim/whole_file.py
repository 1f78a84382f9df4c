"""A file that is there with all its text or not at all, also after a power cut: keys, and numbers that count on."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, text: str, settle: Callable[[Path, Path], None] = os.replace) -> None:
    """0600. `settle` gives the finished draft its name. Raises OSError, and leaves nothing behind then."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        settle(draft, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
