"""Vouchers over a real broker: retained, taken whole, refused whole; and an alert on its topic."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hub_rig import COORDINATOR_KEY, CoordinatorProcess, Gateway, letters, measured, wait_for
from paho.mqtt import publish
from voucher_samples import KEY, code_of, published, signed

from edge.core.effects import Alert, Record
from edge.core.event import Act
from edge.core.voucher import release_on
from hub_config.names import LaneId, LineId, VisitId
from simulators.broker import Broker

pytestmark = pytest.mark.system
ROOT = "ehub-practice/v1/MY-KUL-1"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker.start(tmp_path / "broker")
    yield running
    running.stop()


def say(broker: Broker, topic: str, payload: bytes) -> None:
    publish.single(f"{ROOT}/{topic}", payload, qos=1, retain=True, hostname=broker.host, port=broker.port)


def test_retained_vouchers_reach_the_core_of_a_gateway_that_starts_later(
    tmp_path: Path, broker: Broker
) -> None:
    assert KEY.public_b64 == letters().public, COORDINATOR_KEY
    told = published(150)
    for number, payload in enumerate(told.shards):
        say(broker, f"pre/shard/{number}", payload)
    say(broker, "pre/manifest", told.manifest)
    gateway = Gateway(tmp_path, broker.port, letters())
    gateway.start()

    wait_for(lambda: len(gateway.core.shards) >= len(told.shards), "shards")

    assert len(gateway.core.uses) == 1
    assert gateway.core.manifests[0].manifest.number > 0
    assert sum(len(one.shard.vouchers) for one in gateway.core.shards) == 150
    gateway.stop()


def test_what_is_wrong_with_vouchers_is_counted_and_refused(tmp_path: Path, broker: Broker) -> None:
    told = published(3)
    gateway = Gateway(tmp_path, broker.port, letters())
    gateway.start()
    wait_for(lambda: gateway.uplink.figures().broker, "connected")
    say(broker, "pre/manifest", signed(told.issued.manifest | {"hub": "BE-LGG-1"}))
    say(broker, "pre/manifest", told.manifest)
    say(broker, "pre/shard/0", told.shards[0].replace(b'"mass_mg":[950000,', b'"mass_mg":[150000,'))
    say(broker, "pre/shard/0", told.shards[0])

    wait_for(lambda: bool(gateway.core.shards), "shard")

    assert [one.reason for one in gateway.core.rejected] == ["wrong_hub", "bad_signature"]
    gateway.stop()


def test_an_alert_is_told_once_the_broker_is_there(tmp_path: Path, broker: Broker) -> None:
    alert = Alert("recall", VisitId("01a2009b-37eb-7cc0-9f2a-000000000001"), "dec-1", LineId("l1"), "G1", 0)
    gateway = Gateway(tmp_path, broker.port, letters())
    gateway.uplink.alert(alert)
    gateway.uplink.alert(replace(alert, dec="dec-2"))
    heard: list[object] = []
    client = _listener(broker, f"{ROOT}/alert/recall/gw-01", heard)
    gateway.start()

    wait_for(lambda: len(heard) == 2, "alerts")

    first, second = heard
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["dec"], second["dec"], first["bay"]) == ("dec-1", "dec-2", "G1")
    gateway.stop()
    client()


def test_the_coordinator_process_issues_vouchers_and_tells_of_a_wrong_use(
    tmp_path: Path, broker: Broker
) -> None:
    coordinator = CoordinatorProcess(tmp_path / "coordinator", broker.port)
    goods = {"mass_mg": 1_000_000, "value_minor": 4_000, "currency": "MYR", "description": "T-shirt"}
    expected = {code_of(n): goods | {"expected": "gw-01/b1"} for n in range(30)}
    (coordinator.folder / "manifest.json").write_text(json.dumps(expected))
    heard: list[object] = []
    end = _listener(broker, f"{ROOT}/alert/offline_conflict/co-1", heard)
    coordinator.start()
    gateway = Gateway(tmp_path, broker.port, letters())
    gateway.start()
    wait_for(lambda: bool(gateway.core.shards), "vouchers")
    vouchers = [voucher for one in gateway.core.shards for voucher in one.shard.vouchers]
    for number in (1, 2):
        used = measured(number)
        assert used.visit is not None
        release = release_on(vouchers[0], code_of(0), used.visit, "")
        act = Act(LaneId("green"), "G1", confirmed=False)
        gateway.writer.put([Record(number, replace(used, kind="parcel.decided", decision=release, act=act))])

    wait_for(lambda: bool(heard), "an alert")

    assert 25 <= len(vouchers) <= 30  # hardly any is drawn
    (told,) = heard
    assert isinstance(told, dict)
    about = told["data"]
    assert (about["why"], about["voucher"], about["bay"]) == ("used_twice", vouchers[0].id, "G1")
    gateway.stop()
    coordinator.stop()
    end()


def _listener(broker: Broker, topic: str, heard: list[object]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    ready: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: heard.append(json.loads(message.payload))
    client.on_subscribe = lambda *_: ready.append(1)
    client.connect(broker.host, broker.port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    wait_for(lambda: bool(ready), "subscribed")

    def end() -> None:
        client.disconnect()
        client.loop_stop()

    return end
