"""A progress bar for a long run under simulated time: on a terminal's stderr, and only once it takes a while.

A thread of its own reads what has left the benches and belts; the run knows nothing of it, so it stays a function of
its inputs.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from simulators.hub import SimulatedHub

LONG_S: Final = 2.0
"""A run that is over sooner shows none."""
LOOK_EVERY_S: Final = 0.25


@contextmanager
def shown(hub: SimulatedHub) -> Iterator[None]:
    """While the run goes on inside."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(hub, over), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(hub: SimulatedHub, over: threading.Event) -> None:
    if over.wait(LONG_S):
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("parcels"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("parcels", total=whole(hub))
        while not over.wait(LOOK_EVERY_S):
            bar.update(task, completed=gone(hub), refresh=True)


def whole(hub: SimulatedHub) -> int:
    """Parcels of the run."""
    on_belts = sum(line.conveyor.count for line in hub.lines)
    on_belts += sum(plant.count for plant in hub.plcs)
    return on_belts + sum(len(bench.bench.parcels) for bench in hub.benches)


def gone(hub: SimulatedHub) -> int:
    """Those that have left."""
    off_belts = sum(line.conveyor.finished for line in hub.lines)
    off_belts += sum(len(plant.plc.rides) - plant.plc.under_way for plant in hub.plcs)
    return off_belts + sum(len(bench.bench.placed) for bench in hub.benches)
