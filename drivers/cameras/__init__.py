"""What the two ends of a camera's worker have in common: the bounds of its lines, and how it ends.

The worker (`worker`, a process of its own) writes one JSON line for each picture; the session (`folder_camera`)
reads them; the port (`drivers.transports.worker_port`) starts the one and says why it ended.
"""

from typing import Final

LINE_MAX_BYTES: Final = 65_536
"""Of one line. A picture whose codes need more is told as a fault, never in part."""
CODES_MAX: Final = 64
"""In one picture. With more, it is a fault: a part of them might miss the one that matters."""
CODE_CHARS_MAX: Final = 512
"""What an event can carry (`edge/wire/envelope.py`)."""
FILES_MAX: Final = 10_000
"""In the watched folder; with more, the worker ends."""
DECODE_MAX_S: Final = 10
"""For one picture; after that the kernel ends the worker, even in the middle of native code."""

EXIT_NO_FOLDER: Final = 66
EXIT_FULL_FOLDER: Final = 73
"""Exit statuses of the worker, after EX_NOINPUT and EX_CANTCREAT of sysexits.h."""
