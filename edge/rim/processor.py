"""What each thread of this process has used of the processor: the split of an event's cost by part.

Linux tells it per thread (`/proc/self/task/…/schedstat`: nanoseconds run, waited, and turns).
"""

import os
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub_config.names import MICROSECOND

_TASKS: Final = Path("/proc/self/task")


def share_one_processor(gateway: str, names: Iterable[str]) -> None:
    """Keeps the threads of these names on one of the processors that this process may use.

    Python runs one of them at a time. Where they lie on several processors, each finds what the one before it has
    touched in another's cache. Which processor follows from the gateway's name, so that several gateways on one
    computer spread. Threads that work beside Python (pages, checks of the journal) stay free.
    """
    allowed = sorted(os.sched_getaffinity(0))
    chosen = allowed[zlib.crc32(gateway.encode()) % len(allowed)]
    for thread in threading.enumerate():
        if thread.name in names and thread.native_id is not None:
            with suppress(OSError):  # it has ended meanwhile, or the system does not let us
                os.sched_setaffinity(thread.native_id, {chosen})


def use_any_processor() -> None:
    """For a thread that works beside the one that began it: it may go wherever the process may."""
    os.sched_setaffinity(0, os.sched_getaffinity(os.getpid()))


def processor_us() -> dict[str, int]:
    """Since each was started, by its name; those of one name together. Any thread may ask."""
    used: dict[str, int] = {}
    for thread in threading.enumerate():
        with suppress(OSError):  # it has ended meanwhile
            ran, _, _ = (_TASKS / str(thread.native_id) / "schedstat").read_text().split()
            used[thread.name] = used.get(thread.name, 0) + int(ran) // MICROSECOND
    return dict(sorted(used.items()))
