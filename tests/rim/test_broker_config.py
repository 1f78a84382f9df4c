"""What `hub broker config` writes, tried with the real broker: by what is delivered, as SUBACK and PUBACK may lie."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hub_rig import CoordinatorProcess, Gateway, letters, wait_for
from secured_broker import HOST, Peer, SecuredBroker

from edge.commands.broker import main
from hub_config.broker import Broker as BrokerEntry

pytestmark = pytest.mark.system

ROOT = "ehub-practice/v1/MY-KUL-1"
LIVE = "ehub/v1/MY-KUL-1"
NOT_AUTHORIZED = 0x87


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[SecuredBroker]:
    made = SecuredBroker(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def peers() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def join(
    peers: ExitStack,
    broker: SecuredBroker,
    name: str,
    *topics: str,
    mode: str = "practice",
    port: int | None = None,
) -> Peer:
    peer = Peer(broker, name, mode, port).open(*topics)
    peers.callback(peer.close)
    return peer


def secured_gateway(folder: Path, broker: SecuredBroker, server_name: str | None = None) -> Gateway:
    entry = BrokerEntry(
        host=HOST, port=broker.practice_port, tls=broker.tls("gw-01", server_name=server_name)
    )
    return Gateway(folder, 0, letters(), broker=entry)


def test_events_and_decisions_travel_with_certificates_on_both_sides(
    broker: SecuredBroker, tmp_path: Path
) -> None:
    coordinator = CoordinatorProcess(
        tmp_path / "coordinator", broker.practice_port, ["--tls", str(broker.folder / "practice")]
    )
    gateway = secured_gateway(tmp_path / "gateway", broker)
    try:
        coordinator.start()
        gateway.start()
        gateway.tell(50)
        wait_for(lambda: gateway.settled(50), "all acknowledged")
        wait_for(lambda: len(gateway.core.answered()) == 50, "all answered")
        assert gateway.uplink.figures().version == "MQTT 5"
        assert gateway.uplink.figures().refusals == 0
    finally:
        gateway.stop()
        coordinator.stop()


@pytest.mark.parametrize(
    "topic",
    ["evt/l1/gw-01", "evt/gw/gw-01", "ckpt/gw-01", "health/gw-01", "state/gateway/gw-01", "alert/gap/gw-01"],
)
def test_a_gateway_delivers_on_its_own_branches(topic: str, broker: SecuredBroker, peers: ExitStack) -> None:
    coordinator = join(peers, broker, "co-1", f"{ROOT}/#")
    gateway = join(peers, broker, "gw-01")

    assert gateway.say(f"{ROOT}/{topic}", b"mine") == 0
    wait_for(lambda: (f"{ROOT}/{topic}", b"mine") in coordinator.heard, "delivered")


def test_what_a_gateway_says_on_other_branches_is_refused_and_reaches_nobody(
    broker: SecuredBroker, peers: ExitStack
) -> None:
    coordinator = join(peers, broker, "co-1", f"{ROOT}/#")
    gateway = join(peers, broker, "gw-01")
    foreign = [
        "evt/l1/gw-02", "ckpt/gw-02", "health/gw-02", "res/gw-02/scale-1", "state/gateway/gw-02", "alert/gap/gw-02",
        "dec/gw-01", "dec/gw-02", "ack/gw-01", "nak/gw-01", "cfg/gw-01", "pre/manifest", "state/coordinator/co-1",
        "evt/gw-01", "evt/l1/gw-01/more",
    ]  # fmt: skip

    assert {topic: gateway.say(f"{ROOT}/{topic}", b"forged") for topic in foreign} == dict.fromkeys(
        foreign, NOT_AUTHORIZED
    )
    gateway.say(f"{ROOT}/evt/l1/gw-01", b"last")
    wait_for(
        lambda: (f"{ROOT}/evt/l1/gw-01", b"last") in coordinator.heard, "its own event, after the others"
    )
    assert coordinator.heard == [(f"{ROOT}/evt/l1/gw-01", b"last")]


def test_a_gateway_reads_what_is_for_it_and_nothing_of_another(
    broker: SecuredBroker, peers: ExitStack
) -> None:
    everything = [f"{ROOT}/dec/gw-02", f"{ROOT}/dec/+", f"{ROOT}/#", "#", f"{LIVE}/#"]
    gateway = join(peers, broker, "gw-01", *everything)
    other = join(peers, broker, "gw-02")
    coordinator = join(peers, broker, "co-1")
    for kind in ("dec", "ack", "nak"):
        coordinator.say(f"{ROOT}/{kind}/gw-02", b"other")
    other.say(f"{ROOT}/evt/l1/gw-02", b"other")
    other.say(f"{ROOT}/state/gateway/gw-02", b"other")
    for topic in ("dec/gw-01", "ack/gw-01", "nak/gw-01", "pre/manifest", "state/coordinator/co-1"):
        coordinator.say(f"{ROOT}/{topic}", b"own")
    gateway.say(f"{ROOT}/state/gateway/gw-01", b"own")

    wait_for(lambda: any(topic.endswith("state/gateway/gw-01") for topic, _ in gateway.heard), "the last one")
    assert {payload for _, payload in gateway.heard} == {b"own"}
    assert len({topic for topic, _ in gateway.heard}) == 6


def test_who_configures_gateways_may_do_that_alone(broker: SecuredBroker, peers: ExitStack) -> None:
    gateway = join(peers, broker, "gw-01", f"{ROOT}/cfg/gw-01", f"{ROOT}/cmd/gw-01/+", f"{ROOT}/dec/gw-01")
    it = join(peers, broker, "it-1", f"{ROOT}/res/+/+", f"{ROOT}/#")
    coordinator = join(peers, broker, "co-1")
    assert it.say(f"{ROOT}/dec/gw-01", b"forged") == NOT_AUTHORIZED
    assert it.say(f"{ROOT}/ack/gw-01", b"forged") == NOT_AUTHORIZED
    for peer in (coordinator, gateway):
        assert peer.say(f"{ROOT}/cfg/gw-01", b"forged") == NOT_AUTHORIZED
        assert peer.say(f"{ROOT}/cmd/gw-01/scale-1", b"forged") == NOT_AUTHORIZED
    it.say(f"{ROOT}/cfg/gw-01", b"own")
    it.say(f"{ROOT}/cmd/gw-01/scale-1", b"own")
    coordinator.say(f"{ROOT}/dec/gw-01", b"not its")
    gateway.say(f"{ROOT}/res/gw-01/scale-1", b"result")

    wait_for(lambda: (f"{ROOT}/res/gw-01/scale-1", b"result") in it.heard, "the result")
    wait_for(lambda: len(gateway.heard) == 3, "both, and the decision")
    assert not any("/dec/" in topic for topic, _ in it.heard)


def test_a_client_without_a_certificate_or_with_a_revoked_one_is_refused(
    broker: SecuredBroker, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=r"(?i)handshake|certificate|eof|reset"):
        Peer(broker, None).open()
    kept = tmp_path / "kept"
    kept.mkdir()
    for file in ("gw-02.crt", "gw-02.key"):
        (kept / file).write_bytes((broker.folder / "practice" / file).read_bytes())
    assert Peer(broker, "gw-02").connects()

    assert main(["revoke", str(broker.folder), "practice", "gw-02"]) == 0
    broker.restart()
    for file in ("gw-02.crt", "gw-02.key"):
        (broker.folder / "practice" / file).write_bytes((kept / file).read_bytes())

    with pytest.raises(ssl.SSLError, match="REVOKED"):
        Peer(broker, "gw-02").open()
    assert Peer(broker, "gw-01").connects()


def test_a_practice_identity_reaches_nothing_live(broker: SecuredBroker, peers: ExitStack) -> None:
    with pytest.raises(OSError, match=r"(?i)unknown.ca|alert|eof|reset"):
        Peer(broker, "gw-01", "practice", port=broker.live_port).open()
    live = join(peers, broker, "co-1", "#", mode="live")
    practice = join(peers, broker, "gw-01", f"{LIVE}/#", "ehub/#")

    assert practice.say(f"{LIVE}/evt/l1/gw-01") == NOT_AUTHORIZED
    assert live.say(f"{LIVE}/dec/gw-01") in (0, 0x10)
    own = join(peers, broker, "gw-01", mode="live")
    assert own.say(f"{LIVE}/evt/l1/gw-01", b"live") == 0
    wait_for(lambda: bool(live.heard), "the live gateway's event")
    assert live.heard == [(f"{LIVE}/evt/l1/gw-01", b"live")]
    assert practice.heard == []


def test_an_acl_that_forbids_the_events_alarms_and_loses_nothing(
    broker: SecuredBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    acl = broker.folder / "practice.acl"
    whole = acl.read_text()
    acl.write_text(whole.replace(f"pattern write {ROOT}/evt/+/%u\n", ""))
    broker.restart()
    gateway = secured_gateway(tmp_path / "gateway", broker)
    coordinator = CoordinatorProcess(
        tmp_path / "coordinator", broker.practice_port, ["--tls", str(broker.folder / "practice")]
    )
    try:
        gateway.start()
        coordinator.start()
        gateway.tell(5)
        wait_for(lambda: gateway.uplink.figures().refusals >= 5, "five refusals")
        assert sum("0x87" in record.getMessage() for record in caplog.records) == 1

        acl.write_text(whole)
        broker.restart()

        wait_for(lambda: gateway.settled(5), "all acknowledged")
    finally:
        gateway.stop()
        coordinator.stop()


def test_a_refused_certificate_is_said_in_words_and_tried_again(
    broker: SecuredBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TLS 1.3 tells the client only after its handshake; paho says nothing of it."""
    caplog.set_level(logging.INFO, logger="hub.link")
    revoked = {file: (broker.folder / "practice" / file).read_bytes() for file in ("gw-01.crt", "gw-01.key")}
    assert main(["revoke", str(broker.folder), "practice", "gw-01"]) == 0
    for file, content in revoked.items():
        (broker.folder / "practice" / file).write_bytes(content)
        (broker.folder / "practice" / file).chmod(0o600)
    broker.restart()
    gateway = secured_gateway(tmp_path / "gateway", broker)
    try:
        gateway.start()
        wait_for(lambda: gateway.uplink._link._attempt >= 3, "it tried three times", seconds=4)

        said = [record.getMessage() for record in caplog.records if record.name == "hub.link"]
        assert len(said) == 1
        assert "it refuses our certificate: " in said[0]
        assert "revoked" in said[0]
    finally:
        gateway.stop()


def test_a_broker_of_another_name_is_refused_unless_the_config_names_it(
    broker: SecuredBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="hub.link")
    gateway = secured_gateway(tmp_path / "gateway", broker, server_name="other.hub")
    try:
        gateway.start()
        wait_for(lambda: "certificate does not hold" in caplog.text, "the mismatch is said")
        assert "other.hub" in caplog.text
        assert not gateway.uplink.figures().broker
    finally:
        gateway.stop()
