"""What each thread of this process has used of the processor: the split of an event's cost by part.

Linux tells it per thread (`/proc/self/task/…/schedstat`: nanoseconds run, waited, and turns).
"""

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub_config.names import MICROSECOND

_TASKS: Final = Path("/proc/self/task")


def share_one_processor(gateway: str, names: Iterable[str]) -> None:
    """Keeps the threads of these names on one of the processors that this process may use.

    Python runs one of them at a time. Where they lie on several processors, each finds what the one before it has
    touched in another's cache. Threads that work beside Python (pages, checks of the journal) stay free.
    """
    chosen = processor_of(gateway, sorted(os.sched_getaffinity(0)))
    for thread in threading.enumerate():
        if thread.name in names and thread.native_id is not None:
            with suppress(OSError):  # it has ended meanwhile, or the system does not let us
                os.sched_setaffinity(thread.native_id, {chosen})


def processor_of(gateway: str, allowed: Sequence[int]) -> int:
    """One of them by the gateway's name: gateways on one computer are numbered, and those that follow one another get
    different ones."""
    return allowed[sum(gateway.encode()) % len(allowed)]


def use_any_processor() -> None:
    """For a thread that works beside the one that began it: it may go wherever the process may."""
    with suppress(OSError):  # a sandbox that does not let us has kept that one free as well
        os.sched_setaffinity(0, os.sched_getaffinity(os.getpid()))


def processor_us() -> dict[str, int]:
    """Since each was started, by its name; those of one name together. Any thread may ask."""
    used: dict[str, int] = {}
    for thread in threading.enumerate():
        with suppress(OSError):  # it has ended meanwhile
            ran, _, _ = (_TASKS / str(thread.native_id) / "schedstat").read_text().split()
            used[thread.name] = used.get(thread.name, 0) + int(ran) // MICROSECOND
    return dict(sorted(used.items()))
