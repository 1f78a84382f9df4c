"""What health/{gw} tells, and that it is told every few seconds without being kept."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hub_rig import Gateway, letters, wait_for
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from drivers.device_port import PortStats
from edge.core.event import WallTime
from edge.rim.bulletins import HEALTH_EVERY, HEALTH_EXPIRY_S
from edge.rim.journal import Journal
from edge.rim.metrics import Metrics
from edge.rim.vitals import vitals
from edge.rim.writer import JournalWriter
from edge.wire.canonical import parse_strict
from edge.wire.health import CycleTime, DeviceHealth, Health, build_health
from hub_config.names import SECOND, DeviceId
from simulators.broker import Broker

HEALTH = Health(
    WallTime(1_700_000_000_000_000, 1_500, "ntp"), 2, 7, 5_000, 10_000,
    (DeviceHealth("Scale-1", up=False, faults=3),), (CycleTime("reading_to_step", 120, 900),),
)  # fmt: skip


def test_health_is_bare_json_of_the_contract() -> None:
    told = parse_strict(build_health(HEALTH))

    assert told == {
        "v": 1, "t": "2023-11-14T22:13:20.000000Z", "t_src": "ntp", "t_unc_us": 1_500,
        "queue": {"unwritten": 2, "pending": 7}, "disk": {"free_bytes": 5_000, "bytes": 10_000},
        "devices": [{"dev": "Scale-1", "up": False, "faults": 3}],
        "cycles": [{"cycle": "reading_to_step", "p50_us": 120, "p99_us": 900}],
    }  # fmt: skip


def test_a_part_that_cant_do_its_work_is_told_in_a_sentence() -> None:
    told = parse_strict(build_health(replace(HEALTH, troubles=("no voucher is used: disk full",))))

    assert isinstance(told, dict)
    assert told["troubles"] == ["no voucher is used: disk full"]


def gathered(data: Path) -> Health:
    figures = SimpleNamespace(figures=lambda: SimpleNamespace(pending=4))
    ports = SimpleNamespace(stats=lambda: (PortStats(DeviceId("scan-1"), "/dev/x", open=True, faults=1),))
    writer = cast(JournalWriter, SimpleNamespace(waiting=3))
    return vitals(data, cast(Journal, figures), lambda: writer, lambda: ports, Metrics())()


def test_it_is_gathered_from_the_parts(tmp_path: Path) -> None:
    health = gathered(tmp_path)

    assert (health.unwritten, health.pending) == (3, 4)
    assert 0 < health.disk_free_bytes <= health.disk_bytes
    assert health.devices == (DeviceHealth("scan-1", up=True, faults=1),)
    assert health.cycles == ()


def test_a_data_folder_that_is_gone_has_no_room(tmp_path: Path) -> None:
    assert gathered(tmp_path / "gone").disk_free_bytes == 0


@pytest.mark.system
def test_it_is_published_and_not_retained(tmp_path: Path) -> None:
    broker = Broker.start(tmp_path / "broker")
    heard: list[tuple[bool, int, dict[str, Any]]] = []
    ear = Client(CallbackAPIVersion.VERSION2, "ear")

    def hear(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append((message.retain, message.qos, json.loads(message.payload)))

    ear.on_message = hear
    ear.connect(broker.host, broker.port)
    ear.subscribe("ehub-practice/v1/MY-KUL-1/health/gw-01", 1)
    ear.loop_start()
    gateway = Gateway(tmp_path / "gateway", broker.port, letters())
    gateway.uplink._bulletins._health = lambda: HEALTH
    try:
        gateway.start()
        wait_for(lambda: bool(heard), "health")
        assert heard[0] == (False, 0, json.loads(build_health(HEALTH)))
        assert (HEALTH_EVERY, HEALTH_EXPIRY_S) == (5 * SECOND, 15)
    finally:
        gateway.stop()
        ear.disconnect()
        ear.loop_stop()
        broker.stop()
