"""SIGKILL of the gateway with parcels on the belt: it runs on to its safe end, and every parcel is accounted for."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.broker import free_port
from simulators.demo_hub import DemoHub
from simulators.report import whole

pytestmark = pytest.mark.system

DEADLINE_S = 60.0
ON_THE_BELT = 5


def wait_until(true: Callable[[], object], demo: DemoHub, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        demo.check_alive()
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.02)


def on_the_belt(demo: DemoHub) -> int:
    page = demo.page
    return len(page["lines"][0]["items"]) if page is not None else 0


def departed(demo: DemoHub) -> int:
    page = demo.page
    return int(page["tally"]["departed"]) if page is not None else 0


@pytest.mark.parametrize("seed", [1, 4])
def test_a_gateway_killed_with_parcels_on_the_belt_loses_none_and_releases_none_wrongly(
    tmp_path: Path, seed: int
) -> None:
    demo = DemoHub(tmp_path, seed, 32, web_port=free_port(), pace=0.3)
    try:
        demo.start()
        wait_until(lambda: on_the_belt(demo) >= ON_THE_BELT and departed(demo) >= 1, demo, "the belt is full")
        demo.kill_gateway()
        demo.start_gateway()
        wait_until(lambda: departed(demo) >= 1, demo, "after the restart parcels are released again")
        wait_until(lambda: demo.done, demo, "every parcel has left")
        report, details = demo.report(demo.settle(time.sleep))
    finally:
        demo.stop()

    assert details == ()
    assert whole(report), report
    assert report["parcels"]["lost_track"] + report["release"]["lost_by_cause"].get("unknown_item", 0) > 0
    assert report["parcels"]["departed"] > 0
