"""SIGKILL of the gateway: nothing is released wrongly, and every journalled event reaches the coordinator once."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from brokers import need
from live_hub import LABELS, LiveHub, wait_for
from serial_peers import EMPTY

from edge.rim.journal import JOURNAL_FILE
from simulators.broker import free_port
from simulators.demo_hub import DemoHub
from simulators.report import whole

pytestmark = pytest.mark.system


def test_a_parcel_between_scan_and_decision_is_lost_track_of_and_never_released(tmp_path: Path) -> None:
    with LiveHub(tmp_path, changes={'answer_timeout = "5 s"': 'answer_timeout = "60 s"'}) as hub:
        hub.start()
        hub.coordinator.suspend()
        hub.measure(LABELS[0])
        visit = hub.wait_state("asking")["visit"]
        wait_for(lambda: hub.gateway.figures()["events"]["journalled"] >= 4, "parcel.measured is on disk")
        hub.gateway.kill()
        hub.coordinator.resume()
        hub.gateway.start()

        wait_for(
            lambda: hub.coordinator.kinds(visit)[-1:] == ["parcel.lost_track"], "the visit is lost track of"
        )
        assert hub.coordinator.kinds(visit)[-2:] == ["parcel.measured", "parcel.lost_track"]
        # The decision that was waiting for it comes to nothing.
        wait_for(
            lambda: hub.gateway.figures()["rejected_messages"].get("no_such_parcel", 0) >= 1,
            "the decision came late",
        )
        hub.scan("HUBXGREEN")
        hub.wait_screen("the bay is refused", lambda bench: bench["refused"] == "no_parcel")
        assert "release" not in hub.gateway.shown
        hub.wait_settled()
        hub.assert_each_once()

        hub.scale.show(EMPTY)
        hub.wait_online()
        anew = hub.release(LABELS[0])
        hub.wait_settled()
        assert anew != visit
        assert hub.coordinator.kinds(anew)[-1] == "parcel.departed"
        hub.assert_each_once()


def test_a_bay_is_confirmed_on_the_screen_only_once_that_is_on_disk(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as hub:
        hub.start()
        hub.measure(LABELS[0])
        visit = hub.wait_state("release")["visit"]
        hub.scale.show(EMPTY)
        hub.wait_settled()
        with nothing_written(hub.gateway.data / JOURNAL_FILE):
            before = hub.gateway.readings()
            hub.scan("HUBXGREEN")
            wait_for(lambda: hub.gateway.readings() > before, "the scan has been taken")
            shown = hub.gateway.bench["instruction"], hub.gateway.bench["bay"]
            hub.gateway.kill()
        assert shown == ("put_in_bay", "G1")
        hub.gateway.start()
        wait_for(lambda: hub.coordinator.kinds(visit)[-1:] == ["parcel.lost_track"], "it is lost track of")
        hub.wait_settled()
        hub.assert_each_once()


@contextmanager
def nothing_written(journal: Path) -> Iterator[None]:
    """As long as this lasts, the gateway's disk takes no event (and for less than its patience)."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("seed", [4])
def test_a_bench_whose_gateway_is_killed_twice_accounts_for_every_parcel(seed: int, tmp_path: Path) -> None:
    need("mosquitto")
    moments = random.Random(seed)
    kills = sorted(moments.sample(range(1, 7), 2))
    demo = DemoHub(tmp_path, seed, 8, web_port=free_port(), pace=0.4, scenario="bench")
    try:
        demo.start()
        while not demo.done:
            demo.check_alive()
            if kills and demo.devices.ask(lambda: len(demo.bench.placed)) >= kills[0]:
                kills.pop(0)
                time.sleep(moments.random())  # any moment of the next parcel
                demo.kill_gateway()
                demo.start_gateway()
            time.sleep(0.05)
        report, details = demo.report(demo.settle(time.sleep))
    finally:
        demo.stop()
    assert details == ()
    assert not kills
    assert set(report["truth"].values()) == {0}
    assert (report["events"]["pending"], report["events"]["duplicates"]) == (0, 0)
    assert report["events"]["chain"] == "ok"
    assert whole(report)
    assert sum(count for name, count in report["parcels"].items() if name != "entered") == 8
