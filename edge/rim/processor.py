"""What each thread of this process has used of the processor: the split of an event's cost by part.

Linux tells it per thread (`/proc/self/task/…/schedstat`: nanoseconds run, waited, and turns).
"""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub_config.names import MICROSECOND

_TASKS: Final = Path("/proc/self/task")


def processor_us() -> dict[str, int]:
    """Since each was started, by its name; those of one name together. Any thread may ask."""
    used: dict[str, int] = {}
    for thread in threading.enumerate():
        with suppress(OSError):  # it has ended meanwhile
            ran, _, _ = (_TASKS / str(thread.native_id) / "schedstat").read_text().split()
            used[thread.name] = used.get(thread.name, 0) + int(ran) // MICROSECOND
    return dict(sorted(used.items()))
