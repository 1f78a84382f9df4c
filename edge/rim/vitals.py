"""Gathers what `health/{gw}` tells: queues, disk, clock, devices, cycle times. Values only, from any thread."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from drivers.device_port import PortStats
from edge.rim import clock
from edge.rim.journal import Journal
from edge.rim.metrics import Metrics
from edge.rim.writer import JournalWriter
from edge.wire.health import CycleTime, DeviceHealth, Health


class Ports(Protocol):
    """The pump."""

    def stats(self) -> Sequence[PortStats]: ...


def vitals(
    data: Path,
    journal: Journal,
    writer: Callable[[], JournalWriter],
    ports: Callable[[], Ports],
    metrics: Metrics,
    down: Callable[[], Sequence[str]] = tuple,
    troubles: Callable[[], Sequence[str]] = tuple,
) -> Callable[[], Health]:
    """`writer` and `ports` are asked for when health is told: they are made after the uplink that tells it.
    `down`: devices that can't do their work, though their port may be open. `troubles`: a sentence for each
    part that can't do its work, while the gateway goes on."""

    def gather() -> Health:
        try:
            disk = shutil.disk_usage(data)
            free, total = disk.free, disk.total
        except OSError:
            free, total = 0, 0  # a data folder that is gone has no room
        troubled = down()
        return Health(
            wall=clock.wall_time(),
            unwritten=writer().waiting,
            pending=journal.figures().pending,
            disk_free_bytes=free,
            disk_bytes=total,
            devices=tuple(
                DeviceHealth(each.device, each.open and each.device not in troubled, each.faults)
                for each in ports().stats()
            ),
            cycles=_cycles(metrics),
            troubles=tuple(troubles()),
        )

    return gather


def _cycles(metrics: Metrics) -> tuple[CycleTime, ...]:
    measured = metrics.latency_ms().items()
    return tuple(
        CycleTime(name, round(ms["p50"] * 1_000), round(ms["p99"] * 1_000)) for name, ms in measured if ms
    )
