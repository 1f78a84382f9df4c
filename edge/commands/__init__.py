"""One module per command of `hub`; each has `main(argv) -> exit code`."""

import os
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Final

EXIT_OK: Final = 0
EXIT_FAULTS: Final = 1
EXIT_WRONG_USE: Final = 2
EXIT_BAD_CONFIG: Final = 78
DATA: Final = Path("/var/lib/hub")
"""Journal and keys of a gateway, unless --data names another folder."""


def file_to_write(text: str) -> Path:
    """Argument type of a file that is written at the end of a long run: refused before the run."""
    file = Path(text)
    if file.is_dir():
        raise ArgumentTypeError(f"{file} is a folder; name a file")
    if not file.parent.is_dir():
        raise ArgumentTypeError(f"there is no folder {file.parent}; make it, or name a file in another")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ArgumentTypeError(f"{file} may not be written; correct its rights, or name a file elsewhere")
    return file
