"""`hub demo --cameras`: what the fixed reader missed the camera names, also after its worker was killed."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from live_hub import wait_for
from pictures import need_camera_packages

from simulators.broker import free_port
from simulators.conveyor import Body
from simulators.coordinator.report import stored_events
from simulators.coordinator.tables import DATABASE
from simulators.demo_hub import DemoHub
from simulators.report import whole

pytestmark = pytest.mark.system

SEED: Final = 16
"""Among its parcels is one with a torn label."""
PARCELS: Final = 24
MISSED_PPM: Final = 500_000
"""The fixed reader misses every second label."""
KILLED_AFTER: Final = 5
"""Pictures."""
ENDS_WITHIN_S: Final = 60.0


@dataclass(frozen=True)
class Run:
    report: Mapping[str, Any]
    details: Sequence[str]
    events: Sequence[Mapping[str, Any]]
    bodies: Sequence[Body]
    downs: set[str]
    """Devices of the line that its page told as down after the kill."""
    killed_at_us: int
    back_at_us: int
    said: str

    def told_by(self, device: str) -> dict[str, int]:
        """Each identifier that this reader was the first to tell, and when."""
        return {
            code["data"]: event["mono_us"]
            for event in self.events
            if event["kind"] == "parcel.identified"
            for code in event["codes"]
            if code["dev"] == device and code.get("chk")
        }

    def items(self, *, missed: bool) -> set[str]:
        """Of the labels that the fixed reader missed, or did not miss."""
        there = (one for one in self.bodies if ("no_read" in one.plan.faults) == missed)
        return {code.data for body in there for code in body.parcel.items}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    need_camera_packages()
    folder = tmp_path_factory.mktemp("cameras")
    hub = DemoHub(
        folder, SEED, PARCELS, web_port=free_port(), pace=0.2, rates_ppm={}, camera=True,
        line_rates_ppm={"no_read": MISSED_PPM},
    )  # fmt: skip
    try:
        hub.start()
        assert hub.line is not None
        conveyor = hub.line.conveyor
        wait_for(lambda: _pictures(hub) >= KILLED_AFTER, "the camera has seen some parcels")
        os.kill(_worker(folder), signal.SIGKILL)
        killed_at_us = time.monotonic_ns() // 1_000
        downs: set[str] = set()
        wait_for(lambda: _note_downs(hub, downs), "the page tells that the camera is down")
        wait_for(lambda: not _note_downs(hub, set()), "and that it is up again")
        back_at_us = time.monotonic_ns() // 1_000
        wait_for(lambda: hub.done, "every parcel has left", ENDS_WITHIN_S)
        report, details = hub.report(hub.settle(time.sleep))
    finally:
        hub.stop()
    events = list(stored_events(folder / "coordinator" / DATABASE))
    said = (folder / "gateway.log").read_text()
    return Run(report, details, events, conveyor.bodies, downs, killed_at_us, back_at_us, said)


def _worker(folder: Path) -> int:
    """The one process that looks at this folder's pictures."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"drivers.cameras.worker" in words and os.fsencode(folder / "cam-1") in words:
            found.append(int(process.name))
    (worker,) = found
    return worker


def _pictures(hub: DemoHub) -> int:
    hub.check_alive()
    assert hub.camera is not None
    return hub.camera.pictures


def _note_downs(hub: DemoHub, downs: set[str]) -> set[str]:
    hub.check_alive()
    if hub.page is not None:
        downs.update(hub.page["lines"][0]["devices_down"])
    return downs


def test_nearly_every_label_has_a_picture_and_nothing_goes_wrong(run: Run) -> None:
    assert whole(run.report), (run.report, run.details)
    camera = run.report["camera"]
    assert camera["pictures"] + camera["missed"] == len(run.bodies)
    assert camera["missed"] <= 2, "a busy machine may miss a few, not many"


def test_the_camera_names_what_the_fixed_reader_missed_before_and_after_its_worker_was_killed(
    run: Run,
) -> None:
    missed, told = run.items(missed=True), run.told_by("cam-1")

    assert missed & {code for code, at_us in told.items() if at_us < run.killed_at_us}
    assert missed & {code for code, at_us in told.items() if at_us > run.back_at_us}
    assert not missed & run.told_by("tunnel-1").keys()
    assert run.report["camera"]["named"] >= len(missed & told.keys())


def test_a_camera_that_ends_is_told_on_the_page_and_in_the_log_and_comes_back(run: Run) -> None:
    assert run.downs == {"cam-1"}
    assert run.said.count("was ended by SIGKILL") == 1
    assert run.said.count("cam-1 is up") == 2


def test_what_the_fixed_reader_sees_is_named_whatever_the_camera_does(run: Run) -> None:
    assert run.items(missed=False) <= run.told_by("tunnel-1").keys() | run.told_by("cam-1").keys()
