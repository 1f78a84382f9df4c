"""What the uplink does with messages it must not believe, and what it says of itself. Over a real broker."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_rig import CODE, Gateway, letters, wait_for
from nacl.signing import SigningKey
from paho.mqtt import publish, subscribe

from edge.rim.journal_rows import JournalReader
from edge.rim.journal_table import Cursor
from edge.wire.canonical import ZERO_ID
from simulators.broker import Broker
from simulators.coordinator.letters import Letters
from simulators.coordinator.stamps import parse_utc, utc_text

pytestmark = pytest.mark.system

ROOT = "ehub-practice/v1/MY-KUL-1"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker.start(tmp_path / "broker")
    yield running
    running.stop()


@pytest.fixture
def gateway(tmp_path: Path, broker: Broker) -> Iterator[Gateway]:
    started = Gateway(tmp_path, broker.port, letters())
    started.start()
    wait_for(lambda: started.uplink.figures().broker, "connected")
    yield started
    started.stop()


def say(broker: Broker, topic: str, payload: bytes, retain: bool = False) -> None:
    publish.single(f"{ROOT}/{topic}", payload, qos=1, retain=retain, hostname=broker.host, port=broker.port)


def state_of(broker: Broker, topic: str) -> dict[str, Any]:
    message = subscribe.simple(f"{ROOT}/{topic}", qos=1, hostname=broker.host, port=broker.port)  # type: ignore[no-untyped-call]
    return dict(json.loads(message.payload))


def release(**changes: object) -> dict[str, Any]:
    now_us = parse_utc("2026-11-22T00:15:02.300000Z")
    data: dict[str, Any] = {
        "v": 1, "hub": "MY-KUL-1", "gw": "gw-01", "mode": "practice",
        "dec": "01a2009b-3881-7000-8000-000000000001", "dec_seq": 1,
        "visit": "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f", "was": None, "for": ZERO_ID, "supersedes": None,
        "action": "release", "reasons": [], "route": "green",
        "basis": {"authority": "customs", "rule": "low-value-air", "rule_pack": "sha256:0", "tier": "standard"},
        "cond": {"code": CODE, "mass_mg": [1, 2]}, "needs": [], "clock": "hub", "slack_us": 1,
        "valid_from": utc_text(now_us), "valid_until": utc_text(now_us + 10_000_000),
    }  # fmt: skip
    return data | changes


def test_a_forged_decision_is_rejected_counted_and_never_reaches_the_core(
    broker: Broker, gateway: Gateway
) -> None:
    stranger = Letters("MY-KUL-1", "co-1", SigningKey.generate())
    unsigned = json.loads(letters().decision(release()))
    del unsigned["ehubsig"]
    signed = json.loads(letters().decision(release(action="hold", reasons=["no_read"], route="hold")))
    signed["data"] |= {"action": "release", "reasons": [], "route": "green"}
    for payload in (
        b"\xff not json",
        b"",
        stranger.decision(release()),
        json.dumps(unsigned).encode(),
        json.dumps(signed).encode(),
        letters().decision(release(hub="BE-LGG-1")),
        letters().decision(release(gw="gw-02")),
        letters().decision(release(mode="live")),
    ):
        say(broker, "dec/gw-01", payload)
    say(broker, "dec/gw-01", letters().decision(release()))
    wait_for(lambda: bool(gateway.core.decisions), "the good one, after the others")

    assert len(gateway.core.decisions) == 1
    assert dict(gateway.uplink.figures().rejected) == {
        "not_json": 2,
        "unknown_key": 1,
        "bad_signature": 1,
        "bad_id": 1,
        "wrong_hub": 1,
        "wrong_gateway": 1,
        "wrong_mode": 1,
    }
    assert len(gateway.core.rejected) == 8
    assert {given.topic for given in gateway.core.rejected} == {f"{ROOT}/dec/gw-01"}


def test_an_ack_that_does_not_fit_this_journal_settles_nothing(broker: Broker, gateway: Gateway) -> None:
    gateway.tell(3)
    wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")
    rows = gateway.journal.tail(3)
    say(broker, "ack/gw-01", letters().ack("gw-01", 9, 3, rows[2].id))
    say(broker, "ack/gw-01", letters().ack("gw-01", 1, 3, rows[1].id))
    say(broker, "ack/gw-01", letters().ack("gw-01", 1, 30, rows[2].id))
    say(broker, "ack/gw-01", letters().nak("gw-01", 1, 1))
    say(broker, "nak/gw-01", letters().nak("gw-01", 9, 1))
    wait_for(lambda: len(gateway.core.rejected) == 5, "all five refused")
    assert [given.reason for given in gateway.core.rejected] == [
        "wrong_epoch",
        "wrong_id",
        "ack_ahead",
        "bad_shape",
        "wrong_epoch",
    ]
    assert gateway.journal.figures().pending == 3

    say(broker, "ack/gw-01", letters().ack("gw-01", 1, 2, rows[1].id), retain=True)

    wait_for(lambda: gateway.journal.figures().pending == 1, "the good ack settles two")


def test_an_ack_that_goes_back_settles_nothing_and_must_name_the_right_event(
    broker: Broker, gateway: Gateway
) -> None:
    gateway.tell(3)
    wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")
    rows = gateway.journal.tail(3)
    for seq, named in ((2, 1), (1, 0), (1, 2), (3, 2)):
        say(broker, "ack/gw-01", letters().ack("gw-01", 1, seq, rows[named].id))
    wait_for(lambda: gateway.journal.figures().pending == 0, "all but the third are right")

    assert dict(gateway.uplink.figures().rejected) == {"wrong_id": 1}


def test_a_nak_beyond_the_journal_is_refused(broker: Broker, gateway: Gateway) -> None:
    gateway.tell(3)
    wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")
    for seq in (4, 2**53 - 1):
        say(broker, "nak/gw-01", letters().nak("gw-01", 1, seq))
    wait_for(lambda: len(gateway.core.rejected) == 2, "both refused")

    assert dict(gateway.uplink.figures().rejected) == {"nak_ahead": 2}
    assert gateway.uplink.figures().redelivered == 0


def test_a_nak_makes_it_send_again(broker: Broker, gateway: Gateway) -> None:
    gateway.tell(3)
    wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")

    say(broker, "nak/gw-01", letters().nak("gw-01", 1, 2))

    wait_for(lambda: len(gateway.pubacks.seen) == 5, "seq 2 and 3 again")
    assert [seq for seq, _ in gateway.pubacks.seen] == [1, 2, 3, 2, 3]
    assert gateway.uplink.figures().redelivered == 2


def test_a_nak_behind_what_is_pruned_asks_for_what_is_left(
    broker: Broker, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.tell(3)
    wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")
    monkeypatch.setattr(JournalReader, "pruned", lambda _: Cursor(2, ZERO_ID))
    say(broker, "nak/gw-01", letters().nak("gw-01", 1, 1))

    wait_for(lambda: len(gateway.pubacks.seen) == 4, "seq 3 again")
    assert [seq for seq, _ in gateway.pubacks.seen] == [1, 2, 3, 3]


def test_the_late_will_of_an_earlier_session_does_not_take_the_coordinator_away(
    broker: Broker, gateway: Gateway
) -> None:
    say(broker, "state/coordinator/co-1", letters().birth("s1", 1), retain=True)
    say(broker, "state/coordinator/co-1", letters().birth("s2", 2), retain=True)
    say(broker, "state/coordinator/co-1", letters().will("s1"))
    say(broker, "state/coordinator/co-1", b"{}")
    wait_for(lambda: bool(gateway.core.rejected), "the last one, which is no state")
    assert gateway.uplink.figures().coordinator

    say(broker, "state/coordinator/co-1", letters().will("s2"))

    wait_for(lambda: not gateway.uplink.figures().coordinator, "its own will counts")
    assert [given.coordinator for given in gateway.core.links] == [False, True, False]


def test_it_says_hello_and_goodbye_and_stops_in_time(broker: Broker, gateway: Gateway) -> None:
    hello = state_of(broker, "state/gateway/gw-01")
    assert (hello["online"], hello["session"]) == (True, "run-1-2")

    begun = time.monotonic()
    gateway.uplink.stop()

    assert time.monotonic() - begun < 2.0
    goodbye = state_of(broker, "state/gateway/gw-01")
    assert (goodbye["online"], goodbye["session"]) == (False, "run-1-2")
    assert "t" in goodbye  # said by itself, not by its will


def test_it_stops_in_time_with_a_broker_that_hangs(broker: Broker, gateway: Gateway) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    gateway.tell(150)
    wait_for(lambda: gateway.journal.figures().journalled == 150, "journalled")
    begun = time.monotonic()

    gateway.uplink.stop()

    assert time.monotonic() - begun < 2.2
    assert not gateway.uplink._thread.is_alive()
    os.kill(broker.pid, signal.SIGCONT)
