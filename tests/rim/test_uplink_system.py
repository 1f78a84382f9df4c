"""The event path with a real journal, a real broker and the reference coordinator as a process.

Whatever fails in between, each journalled event is at the coordinator exactly once, and its decision at the gateway.
"""

import logging
from contextlib import closing
from pathlib import Path

import pytest
from brokers import need
from hub_rig import CoordinatorProcess, Gateway, hub, letters, wait_for

from edge.rim.journal_rows import JournalReader
from simulators.broker import Broker, Kind, free_port
from simulators.coordinator import report

pytestmark = pytest.mark.system

BACKLOG = 800
"""Several windows of it."""

BOTH = pytest.mark.parametrize("kind", ["mosquitto", "nats"])


def assert_each_once(coordinator: CoordinatorProcess, total: int) -> None:
    found = coordinator.counts()
    assert found["stored"] == found["distinct"] == found["decisions"] == total
    assert found["rejected"] == {}
    assert found["quarantined"] == []
    assert [data["seq"] for data in report.stored_events(coordinator.database)] == list(range(1, total + 1))


@BOTH
def test_events_reach_the_coordinator_once_and_decisions_come_back(kind: Kind, tmp_path: Path) -> None:
    with hub(kind, tmp_path) as (_, coordinator, gateway):
        gateway.tell(300)
        wait_for(lambda: gateway.settled(300), "all acknowledged")
        wait_for(lambda: len(gateway.core.answered()) == 300, "all answered")

        assert_each_once(coordinator, 300)
        assert {given.decision.action for given in gateway.core.decisions} == {"release"}
        assert sorted(seq for seq, _ in gateway.pubacks.seen)[-1] == 300
        figures = gateway.uplink.figures()
        assert figures.broker
        assert figures.coordinator
        assert figures.rejected == ()
        assert figures.version == ("MQTT 5" if kind == "mosquitto" else "MQTT 3.1.1")


def test_after_a_stop_a_copy_of_each_one_file_is_whole(tmp_path: Path) -> None:
    """Whoever backs up a folder of a stopped hub may not know of SQLite's second file."""
    with hub("mosquitto", tmp_path) as (_, coordinator, gateway):
        gateway.tell(50)
        wait_for(lambda: gateway.settled(50), "all acknowledged")

    copies = tmp_path / "copies"
    copies.mkdir()
    for file in (coordinator.database, gateway.path):
        (copies / file.name).write_bytes(file.read_bytes())
    assert report.counts(copies / coordinator.database.name)["stored"] == 50
    with closing(JournalReader(copies / gateway.path.name)) as reader:
        assert reader.last_seq() == 50


@BOTH
def test_a_broker_killed_and_wiped_in_mid_stream_loses_and_doubles_nothing(
    kind: Kind, tmp_path: Path
) -> None:
    with hub(kind, tmp_path) as (broker, coordinator, gateway):
        gateway.tell(150)
        wait_for(lambda: len(gateway.pubacks.seen) > 20, "the stream is under way")
        broker.kill()
        gateway.tell(100)
        wait_for(lambda: not gateway.uplink.figures().broker, "the loss is seen")
        broker.restart(wipe=True)
        gateway.tell(50)
        wait_for(lambda: gateway.settled(300), "all acknowledged")
        wait_for(lambda: len(gateway.core.answered()) == 300, "all answered")

        assert_each_once(coordinator, 300)


def test_a_coordinator_killed_in_mid_stream_gets_everything_once(tmp_path: Path) -> None:
    with hub("mosquitto", tmp_path) as (_, coordinator, gateway):
        gateway.tell(200)
        wait_for(lambda: len(gateway.core.decisions) > 20, "the stream is under way")
        coordinator.kill()
        gateway.tell(100)
        coordinator.start()
        wait_for(lambda: gateway.settled(300), "all acknowledged")
        wait_for(lambda: len(gateway.core.answered()) == 300, "all answered")

        assert_each_once(coordinator, 300)


def test_a_coordinator_that_lost_its_store_asks_for_everything_again(tmp_path: Path) -> None:
    with hub("mosquitto", tmp_path) as (_, coordinator, gateway):
        gateway.tell(40)
        wait_for(lambda: gateway.settled(40), "all acknowledged")
        coordinator.kill()
        coordinator.wipe()
        coordinator.start()
        gateway.tell(1)
        wait_for(lambda: gateway.settled(41), "the new event acknowledged")

        assert_each_once(coordinator, 41)


def test_a_gateway_started_again_sends_what_was_never_acknowledged(tmp_path: Path) -> None:
    """Its first run ends with everything at the broker and nothing at a coordinator."""
    need("mosquitto")
    broker = Broker.start(tmp_path / "broker", prefer="mosquitto")
    first = Gateway(tmp_path, broker.port, letters())
    first.start()
    first.tell(30)
    wait_for(lambda: len(first.pubacks.seen) == 30, "all published")
    first.stop()
    coordinator = CoordinatorProcess(tmp_path / "coordinator", broker.port)
    second = Gateway(tmp_path, broker.port, letters(), session="run-2")
    try:
        coordinator.start()
        second.start()
        wait_for(lambda: second.settled(30), "all acknowledged")
        wait_for(lambda: len(second.core.answered()) == 30, "all answered")

        assert_each_once(coordinator, 30)
    finally:
        second.stop()
        coordinator.stop()
        broker.stop()


def test_after_an_outage_live_events_overtake_the_backlog_and_nothing_is_asked_for_twice(
    tmp_path: Path,
) -> None:
    with hub("mosquitto", tmp_path) as (broker, coordinator, gateway):
        wait_for(lambda: gateway.uplink.figures().broker, "connected")
        broker.kill()
        wait_for(lambda: not gateway.uplink.figures().broker, "the loss is seen")
        gateway.tell(BACKLOG)
        wait_for(lambda: gateway.journal.figures().journalled == BACKLOG, "the backlog is on disk")
        broker.restart(wipe=True)
        wait_for(lambda: len(gateway.pubacks.seen) > 100, "the backlog flows")
        assert gateway.uplink.figures().catchup is not None
        gateway.tell(20)
        wait_for(lambda: gateway.settled(BACKLOG + 20), "all acknowledged")
        wait_for(lambda: len(gateway.core.answered()) == BACKLOG + 20, "all answered")

        order = [seq for seq, _ in gateway.pubacks.seen]
        assert order.index(BACKLOG + 20) < order.index(BACKLOG)
        assert [seq for seq in order if seq > BACKLOG][:20] == list(range(BACKLOG + 1, BACKLOG + 21))
        wait_for(lambda: gateway.uplink.figures().catchup is None, "it says that the backlog is through")
        assert "asked for" not in (coordinator.folder / "log").read_text()
        assert_each_once(coordinator, BACKLOG + 20)


def test_a_broker_absent_at_start_is_said_once_and_then_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    need("mosquitto")
    caplog.set_level(logging.INFO, logger="hub.link")
    port = free_port()
    gateway = Gateway(tmp_path, port, letters())
    gateway.start()
    gateway.tell(20)
    wait_for(lambda: gateway.uplink._link._attempt >= 3, "it tried three times")
    broker = Broker.start(tmp_path / "broker", prefer="mosquitto", port=port)
    coordinator = CoordinatorProcess(tmp_path / "coordinator", port)
    try:
        coordinator.start()
        wait_for(lambda: gateway.settled(20), "all acknowledged")

        said = [record.getMessage() for record in caplog.records if record.name == "hub.link"]
        assert len(said) == 2
        assert f"no broker at 127.0.0.1:{port}" in said[0]
        assert "connected" in said[1]
        assert_each_once(coordinator, 20)
    finally:
        gateway.stop()
        coordinator.stop()
        broker.stop()


def test_a_broker_without_mqtt_5_is_said_once_over_several_connections(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="hub.link")
    with hub("nats", tmp_path) as (broker, _, gateway):
        wait_for(lambda: gateway.uplink.figures().broker, "connected")
        broker.kill()
        wait_for(lambda: not gateway.uplink.figures().broker, "the loss is seen")
        broker.restart()
        wait_for(lambda: gateway.uplink.figures().broker, "connected again")

        said = [record.getMessage() for record in caplog.records if record.name == "hub.link"]
        assert sum("does not speak MQTT 5" in text for text in said) == 1
        assert sum("no broker at" in text for text in said) == 1
        assert sum("connected to broker" in text for text in said) == 2
