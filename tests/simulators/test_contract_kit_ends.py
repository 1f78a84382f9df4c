"""`hub contract check` ends in a table and a sentence, whatever the other side does."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from test_contract_kit import CO, GW, HUB, words

from simulators.broker import Broker
from simulators.contract import coordinator_check, peer
from simulators.contract.commands import main
from simulators.coordinator.letters import Letters

pytestmark = pytest.mark.system
Answer = Callable[[Client, MQTTMessage], None]


@pytest.fixture
def letters() -> Letters:
    return Letters(HUB, CO, SigningKey(bytes(range(32))))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker.start(tmp_path / "broker")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"ANSWER_S": 0.2, "GAP_S": 0.2, "RENEWED_S": 0.2}.items():
        monkeypatch.setattr(coordinator_check, name, seconds)


@contextmanager
def answering(broker: Broker, letters: Letters, answer: Answer) -> Iterator[None]:
    client = Client(CallbackAPIVersion.VERSION2, client_id="odd")
    client.on_message = lambda client, _data, message: answer(client, message)
    client.connect(broker.host, broker.port)
    client.subscribe(letters.events, 1)
    client.loop_start()
    yield
    client.disconnect()
    client.loop_stop()


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["conforms"] is False
    return found


def test_nobody_answers(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(broker, letters, tmp_path)) == 1

    found = told(capsys)
    assert found["verdict"].startswith("Not all could be tried: nobody answers as co-1 of MY-KUL-1")
    assert [row["outcome"] for row in found["checks"]] == ["FAIL"] * 3


def test_rubbish_is_answered(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def rubbish(client: Client, _message: MQTTMessage) -> None:
        for topic in (letters.ack_topic(GW), letters.decision_topic(GW), letters.nak_topic(GW)):
            client.publish(topic, b"\xff{", 1)

    with answering(broker, letters, rubbish):
        assert main(words(broker, letters, tmp_path)) == 1

    assert len(told(capsys)["checks"]) >= 30


def test_a_flood_ends_the_check_within_its_bound(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(peer, "HEARD_BYTES_MAX", 1_000_000)

    def flood(client: Client, _message: MQTTMessage) -> None:
        for _ in range(20):
            client.publish(letters.ack_topic(GW), b"x" * 60_000, 0)

    with answering(broker, letters, flood):
        assert main(words(broker, letters, tmp_path)) == 1

    found = told(capsys)
    assert "somebody floods these topics" in found["verdict"]
    assert found["checks"]


def test_a_broker_that_goes_away_in_the_middle(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(peer, "CONNECT_TIMEOUT_S", 1.0)
    with answering(broker, letters, lambda _client, _message: broker.kill()):
        assert main(words(broker, letters, tmp_path)) == 1

    found = told(capsys)
    assert found["verdict"].startswith("Not all could be tried: ")
    assert found["verdict"].endswith(("has closed the connection", "confirmed nothing for 1 s")) or (
        "no broker answers" in found["verdict"]
    )


def test_a_broker_that_accepts_and_says_nothing(
    letters: Letters, broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(peer, "CONNECT_TIMEOUT_S", 0.3)
    given = words(broker, letters, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # the kernel accepts for it
        given[given.index("--broker") + 1] = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"

        assert main(given) == 1

    assert "did not let kit-" in capsys.readouterr().err
