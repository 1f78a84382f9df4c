"""The parts of `hub campaign faults` beside the kills: one fault each, on a hub of its own, with its own counts.

Each part starts broker, coordinator and gateway as processes under a load of scans, lets its fault happen as often and
as long as its sizes say, drains, and compares journal and coordinator event by event; the one about a belt's board has
a hub with a belt (`board_resets.py`). What needs rights that are not there (a network or a file system of its own) is
skipped, with the reason in its outcome.
"""

import random
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from simulators.board_resets import board_reset
from simulators.broker import HOST
from simulators.fault_trial import PartOutcome, Sizes, Trial
from simulators.hub_under_load import HubUnderLoad
from simulators.link_faults import broker_gone, broker_hangs, link_cut, store_wiped, twin
from simulators.port_faults import bursts, disk_full, replug
from simulators.scan_hub import Ground, ScanHub
from simulators.silent_link import LinkFault, SilentLink
from simulators.small_disk import DiskFault, SmallDisk

BENCHES: Final = 12
RATE: Final = 60
"""Readings a second."""
DISK_MIB: Final = 24
BALLAST: Final = '\n[journal]\nballast = "2 MiB"\n'

BOARD_RESET: Final = "board-reset"
"""On a hub with a belt."""
ON_BENCHES: Final[Mapping[str, Callable[[Trial], None]]] = {
    "link-cut": link_cut,
    "broker-hangs": broker_hangs,
    "broker-gone": broker_gone,
    "store-wiped": store_wiped,
    "disk-full": disk_full,
    "bursts": bursts,
    "replug": replug,
    "twin": twin,
}
PARTS: Final = (*ON_BENCHES, BOARD_RESET)


def run_part(part: str, seed: int, sizes: Sizes) -> PartOutcome:
    outcome = PartOutcome(seed, part=part)
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="ehub-faults-")))
        if part == BOARD_RESET:
            board_reset(outcome, sizes.resets, folder)
            return outcome
        link, disk = None, None
        try:
            if part == "link-cut":
                link = made.enter_context(SilentLink())
            elif part == "disk-full":
                disk = made.enter_context(SmallDisk(folder / "disk", DISK_MIB))
        except (LinkFault, DiskFault) as fault:
            outcome.skipped = str(fault)
            return outcome
        hub = ScanHub(folder, BENCHES, ground=_ground(link, disk))
        load = HubUnderLoad(hub, RATE, outcome)
        trial = Trial(hub, load, outcome, sizes, random.Random(f"{part} {seed}"), link, disk)
        try:
            load.start()
            ON_BENCHES[part](trial)
            load.drain(trial.limit_s(0))
        finally:
            load.stop()
        load.judge()
    return outcome


def _ground(link: SilentLink | None, disk: SmallDisk | None) -> Ground:
    return Ground(
        host=HOST if link is None else link.host,
        within=() if link is None else link.words,
        gateway_data=None if disk is None else disk.folder / "gateway",
        settings="" if disk is None else BALLAST,
    )
