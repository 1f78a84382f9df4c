"""What other threads hand to the coordinator's: a bounded number of requests, each answered by its `reply`."""

import sqlite3
from collections import deque
from collections.abc import Callable
from threading import BoundedSemaphore

from simulators.coordinator.declared import ManifestFault
from simulators.coordinator.full_disk import NoRoom, is_full
from simulators.coordinator.requests import REQUESTS_MAX, Outcome, Request
from simulators.coordinator.seed_file import SeedFault


class HandedIn:
    """`admit` in any thread, the rest in the coordinator's."""

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()
        self._places = BoundedSemaphore(REQUESTS_MAX)

    def admit(self) -> bool:
        """False where too many wait."""
        return self._places.acquire(blocking=False)

    def put(self, request: Request) -> None:
        self._waiting.append(request)

    def serve(self, outcome: Callable[[Request], Outcome]) -> bool:
        """Each is one transaction with the decisions that follow from it. Whether any was taken."""
        taken = False
        while self._waiting:
            request = self._waiting.popleft()
            try:
                told = outcome(request)
            except (ManifestFault, SeedFault) as fault:
                request.reply.set_exception(fault)
            except (sqlite3.OperationalError, OSError) as fault:
                request.reply.set_exception(NoRoom() if is_full(fault) else fault)
                raise
            else:
                request.reply.set_result(told)
                taken = True
            finally:
                self._places.release()
        return taken

    def refuse(self) -> None:
        """All that wait, for want of room on the disk."""
        while self._waiting:
            self._waiting.popleft().reply.set_exception(NoRoom())
            self._places.release()
