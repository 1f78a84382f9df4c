"""The coordinator over a real broker: what it refuses, what it acknowledges, what it asks for again."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gateway_chain import CODE, SIGNER, checked, context, gateway_event, links, measured, payload, visit
from nacl.signing import SigningKey
from paho.mqtt import publish
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from voucher_samples import issuing_of

from edge.wire.chain import Chain
from hub_config.names import MILLISECOND
from hub_config.rules import load_rules
from simulators.broker import Broker
from simulators.coordinator import report
from simulators.coordinator.__main__ import main
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.letters import Letters
from simulators.coordinator.requests import Filing, Outcome
from simulators.coordinator.service import Coordinator
from simulators.coordinator.store import Store

RULES_FILE = Path(__file__).parents[2] / "hub_config" / "profiles" / "my-kul-1.rules.toml"
ROOT = "ehub-practice/v1/MY-KUL-1"
OTHER_CODE = "RR123456785MY"
TOPIC = f"{ROOT}/evt/b1/gw-01"
GOODS = Declared(
    mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt", consignment="c-1",
    identifiers=(CODE,),
)  # fmt: skip


class Desktop:
    """A running coordinator, and a client that hears what it says to gw-01."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        """`data`: where its database is, if not there."""
        self.broker = Broker.start(folder / "broker")
        self.database = (data or folder) / "coordinator.sqlite"
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._ear = Client(CallbackAPIVersion.VERSION2, client_id="ear")
        self._ear.on_message = self._hear
        self._ear.connect(self.broker.host, self.broker.port)
        self._ear.subscribe([(f"{ROOT}/{kind}/gw-01", 1) for kind in ("dec", "ack", "nak")])
        self._ear.subscribe([(f"{ROOT}/state/coordinator/+", 1), (f"{ROOT}/alert/+/co-1", 1)])
        self._ear.loop_start()
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._made.wait(5)
        self.until(lambda: bool(self.said("state")), "its birth")

    def _run(self) -> None:
        letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
        store = Store(self.database)
        with store.transaction():
            store.file([GOODS], 0)
        desk = Desk(load_rules(RULES_FILE), store, "MY-KUL-1", "practice", b"seed")
        self.coordinator = Coordinator(
            (self.broker.host, self.broker.port),
            store,
            desk,
            letters,
            "co-1",
            "s1",
            {"gw-01": SIGNER.public_b64, "gw-02": SIGNER.public_b64},
            issuing_of(store, letters),
            nak_after=200 * MILLISECOND,
        )
        self._made.set()
        self.coordinator.run()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        kind = message.topic.removeprefix(ROOT + "/").split("/")[0]
        told = json.loads(message.payload)
        self.heard.append((kind, told.get("data", told)))

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [data for heard, data in self.heard if heard == kind]

    def tell(self, *payloads: bytes, topic: str = TOPIC) -> None:
        messages = [{"topic": topic, "payload": payload, "qos": 1} for payload in payloads]
        publish.multiple(messages, hostname=self.broker.host, port=self.broker.port)  # type: ignore[arg-type]

    def until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 8
        while not true():
            assert time.monotonic() < deadline, f"not heard: {what}; heard {self.heard}"
            time.sleep(0.005)

    def counts(self) -> report.Counts:
        return report.counts(self.database)

    def stop(self) -> None:
        self.coordinator.stop()
        self._thread.join(5)
        self._ear.disconnect()
        self._ear.loop_stop()
        self.broker.stop()


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(tmp_path)
    yield made
    made.stop()


@pytest.mark.system
def test_good_events_are_stored_answered_and_acknowledged_and_bad_ones_counted(desktop: Desktop) -> None:
    chain = links(3)
    unsigned = json.loads(payload(chain[0]))
    del unsigned["ehubsig"], unsigned["ehubkid"]
    changed = json.loads(payload(chain[0]))
    changed["data"]["mass"]["mg"] = 999_999
    desktop.tell(b"", b"\x00" * 100, json.dumps(unsigned).encode(), json.dumps(changed).encode())
    desktop.tell(payload(chain[0]), topic=f"{ROOT}/evt/b1/gw-02")
    desktop.tell(payload(chain[0]), topic=f"{ROOT}/evt/b1/gw-99")
    desktop.tell(*(payload(link) for link in chain), payload(chain[1]))
    desktop.until(lambda: any(ack["through_seq"] == 3 for ack in desktop.said("ack")), "ack through 3")
    desktop.until(lambda: len({dec["for"] for dec in desktop.said("dec")}) == 3, "three decisions")
    desktop.until(lambda: desktop.counts()["redelivered"] == 1, "the last one is seen")

    found = desktop.counts()
    assert found["stored"] == 3
    assert found["rejected"] == {
        "bad_id": 1,
        "bad_signature": 1,
        "not_json": 2,
        "unknown_gateway": 1,
        "wrong_gateway": 1,
    }
    assert desktop.said("ack")[-1]["through_id"] == chain[2].id


@pytest.mark.system
def test_a_repeated_event_gets_the_same_decision_again(desktop: Desktop) -> None:
    (link,) = links(1)
    desktop.tell(payload(link))
    desktop.until(lambda: len(desktop.said("dec")) == 1, "the decision")

    desktop.tell(payload(link))

    desktop.until(lambda: len(desktop.said("dec")) == 2, "it again")
    first, second = desktop.said("dec")
    assert first == second


@pytest.mark.system
def test_a_gateway_with_a_new_session_gets_its_valid_decisions_again(desktop: Desktop) -> None:
    """A broker that lost its store has lost decisions that it had confirmed."""
    state = f"{ROOT}/state/gateway/gw-01"
    desktop.tell(b'{"online":true,"session":"a"}', topic=state)
    desktop.tell(*(payload(link) for link in links(2)))
    desktop.until(lambda: len(desktop.said("dec")) == 2, "two decisions")
    desktop.tell(
        b'{"online":true,"session":"a"}', b'{"online":false,"session":"b"}', b"no state", topic=state
    )

    desktop.tell(b'{"online":true,"session":"b"}', topic=state)

    desktop.until(lambda: len(desktop.said("dec")) == 4, "both again")
    assert desktop.said("dec")[2:] == desktop.said("dec")[:2]
    assert desktop.counts()["rejected"] == {"not_json": 1}


@pytest.mark.system
def test_events_past_a_gap_are_answered_at_once_and_the_gap_is_asked_for(desktop: Desktop) -> None:
    chain = links(4)
    desktop.tell(payload(chain[0]), payload(chain[2]), payload(chain[3]))
    desktop.until(lambda: len({dec["for"] for dec in desktop.said("dec")}) == 3, "three decisions")
    desktop.until(lambda: bool(desktop.said("nak")), "a nak")
    assert desktop.said("nak")[0]["from_seq"] == 2
    assert {ack["through_seq"] for ack in desktop.said("ack")} == {1}

    desktop.tell(payload(chain[1]))

    desktop.until(lambda: desktop.said("ack")[-1]["through_seq"] == 4, "ack through 4")


@pytest.mark.system
def test_a_gap_whose_sender_is_catching_up_is_not_asked_for(desktop: Desktop) -> None:
    state, chain = f"{ROOT}/state/gateway/gw-01", links(4)
    desktop.tell(b'{"catchup":{"from":1,"to":3},"online":true,"session":"a"}', topic=state)
    desktop.tell(payload(chain[3]))
    desktop.until(lambda: len(desktop.said("dec")) == 1, "the live event is answered")
    other = Chain(context(), SIGNER)
    for _ in range(3):  # each of these meets the gap again, well after it is due
        link = other.append(gateway_event(1))
        desktop.tell(payload(link), topic=f"{ROOT}/evt/gw/gw-02")
        time.sleep(0.15)
    assert desktop.said("nak") == []

    desktop.tell(b'{"online":true,"session":"a"}', topic=state)

    desktop.until(lambda: bool(desktop.said("nak")), "the gap is asked for")
    assert desktop.said("nak")[0]["from_seq"] == 1


@pytest.mark.system
def test_a_gateway_that_contradicts_itself_gets_holds_only(desktop: Desktop) -> None:
    mine, other = links(2), links(1, mass_mg=999_999)
    desktop.tell(payload(mine[0]), payload(other[0]), payload(mine[1]))
    desktop.until(lambda: len(desktop.said("dec")) == 2, "two decisions")

    assert [dec["action"] for dec in desktop.said("dec")] == ["release", "hold"]
    assert desktop.said("dec")[1]["reasons"] == ["tamper"]
    assert desktop.counts()["quarantined"] == ["gw-01"]
    desktop.until(lambda: bool(desktop.said("alert")), "an alert")
    assert [alert["seq"] for alert in desktop.said("alert")] == [1]


@pytest.mark.system
def test_a_declaration_that_comes_late_has_its_held_parcel_decided_anew(desktop: Desktop) -> None:
    chain = Chain(context(), SIGNER)
    link = chain.append(measured(1, code=OTHER_CODE))
    desktop.tell(payload(link))
    desktop.until(lambda: len(desktop.said("dec")) == 1, "the hold")
    goods = replace(GOODS, consignment="c-2", identifiers=(OTHER_CODE,))
    filing = Filing((goods,))

    assert desktop.coordinator.submit(filing)
    assert filing.reply.result(8) == Outcome(taken=1, decided=1)
    desktop.until(lambda: len(desktop.said("dec")) == 2, "the release")
    first, second = desktop.said("dec")
    assert (first["action"], first["reasons"]) == ("hold", ["no_declaration"])
    assert (second["action"], second["for"], second["supersedes"]) == ("release", link.id, first["dec"])
    desktop.tell(payload(link))
    desktop.until(lambda: len(desktop.said("dec")) == 3, "the newest again")
    assert desktop.said("dec")[2] == second


@pytest.mark.system
def test_a_parcel_that_left_without_a_release_is_told(desktop: Desktop) -> None:
    """As after an outage: it went by a voucher, and customs would have held it."""
    chain = Chain(context(), SIGNER)
    held, good = measured(1, code=OTHER_CODE), measured(2)
    for event in (held, good):
        left = replace(event, kind="parcel.departed", mass=None)
        desktop.tell(*(payload(chain.append(one)) for one in (event, left)))
    desktop.until(lambda: any(ack["through_seq"] == 4 for ack in desktop.said("ack")), "ack through 4")

    assert [alert["visit"] for alert in desktop.said("alert")] == [visit(1)]


@pytest.mark.system
def test_an_event_without_a_parcel_is_stored_and_gets_no_decision(desktop: Desktop) -> None:
    chain = Chain(context(), SIGNER)
    first, second = chain.append(gateway_event(1)), chain.append(measured(2))
    desktop.tell(payload(first), topic=f"{ROOT}/evt/gw/gw-01")
    desktop.tell(payload(second))
    desktop.until(lambda: any(ack["through_seq"] == 2 for ack in desktop.said("ack")), "ack through 2")

    assert {dec["for"] for dec in desktop.said("dec")} <= {checked(second).id}
    assert [data["kind"] for data in report.stored_events(desktop.database)] == [
        "gateway.mode",
        "parcel.measured",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pilot"], "--pilot and --key go together"),
        (["--key", "x"], "--pilot and --key go together"),
        (["--pilot", "--key", "x", "--mode", "practice"], "in mode live, not practice"),
    ],
)
def test_a_pilot_has_a_key_of_its_own_and_nobody_else_has(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments(tmp_path, *words))

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "rights", "said"),
    [
        ("00" * 32, 0o640, "has rights 0640; 0600 is wanted: chmod 600"),
        ("00" * 31, 0o600, "is not 32 bytes in hex"),
        (None, 0o600, "can't read the key"),
    ],
)
def test_a_key_that_others_may_read_is_not_used(
    content: str | None, rights: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "pilot.key"
    if content is not None:
        key.write_text(content)
        key.chmod(rights)
    (tmp_path / "manifest.json").write_text("[]")
    (tmp_path / "gateways.json").write_text("{}")

    with pytest.raises(SystemExit) as ended:
        main(arguments(tmp_path, "--pilot", "--key", str(key)))

    assert ended.value.code == 78
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("data/*.key"))


def test_a_pilot_speaks_on_the_live_root_and_signs_as_live() -> None:
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))), "live")

    assert letters.events == "ehub/v1/MY-KUL-1/evt/+/+"
    assert json.loads(letters.ack("gw-01", 1, 0, "x"))["data"]["mode"] == "live"
    assert json.loads(letters.alert({"gw": "gw-01"}))["data"]["mode"] == "live"


@pytest.mark.parametrize("mode", ["live", "replay"])
def test_it_refuses_any_mode_but_practice_in_one_sentence(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments(tmp_path, "--mode", mode))

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "practice only" in said


@pytest.mark.parametrize("content", ["", "[3]", "{", '{"RR473124829MY": {"mass_mg": 1.5}}', '{"X": 3}'])
def test_a_manifest_it_cannot_use_is_said_and_not_guessed(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_text(content)
    (tmp_path / "gateways.json").write_text("{}")

    with pytest.raises(SystemExit) as ended:
        main(arguments(tmp_path))

    assert ended.value.code == 78
    assert "can't use a file" in capsys.readouterr().err


def arguments(folder: Path, *more: str) -> list[str]:
    return [
        "--broker", "127.0.0.1:1", "--hub", "MY-KUL-1", "--id", "co-1", "--data", str(folder / "data"),
        "--rules", str(RULES_FILE), "--manifest", str(folder / "manifest.json"),
        "--gateways", str(folder / "gateways.json"), *more,
    ]  # fmt: skip
