"""The contract kit against the reference coordinator, a wrong one, and the gateway itself, over a real broker."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey
from voucher_samples import issuing_of

from edge.wire.signing import Signer
from hub_config.rules import load_rules
from simulators.broker import Broker
from simulators.contract.commands import main
from simulators.contract.table import Results
from simulators.contract.wrong_coordinator import WrongCoordinator
from simulators.coordinator.desk import Desk
from simulators.coordinator.letters import Letters
from simulators.coordinator.service import Coordinator
from simulators.coordinator.store import Store

RULES_FILE = Path(__file__).parents[2] / "hub_config" / "profiles" / "my-kul-1.rules.toml"
HUB, CO, GW = "MY-KUL-1", "co-1", "gw-kit"
KIT_KEY = bytes(range(1, 33))
KIT = Signer(SigningKey(KIT_KEY))

pytestmark = pytest.mark.system


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker.start(tmp_path / "broker")
    yield started
    started.stop()


@pytest.fixture
def letters() -> Letters:
    return Letters(HUB, CO, SigningKey(bytes(range(32))))


def words(broker: Broker, letters: Letters, folder: Path) -> list[str]:
    key = folder / "kit.key"
    key.write_text(KIT_KEY.hex() + "\n")
    return [
        "check", "--broker", f"mqtt://{broker.host}:{broker.port}", "--hub", HUB, "--coordinator", CO,
        "--public", letters.public, "--gateway", GW, "--key", str(key), "--json", "--quiet", "0.3",
    ]  # fmt: skip


def test_the_reference_coordinator_conforms(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(load_rules(RULES_FILE), {}, HUB, "practice", b"seed")
    made: list[Coordinator] = []
    ready = threading.Event()

    def run() -> None:
        store = Store(tmp_path / "coordinator.sqlite")
        address, gateways, issuing = (
            (broker.host, broker.port),
            {GW: KIT.public_b64},
            issuing_of(store, letters),
        )
        made.append(Coordinator(address, store, desk, letters, CO, "s1", gateways, issuing))
        ready.set()
        made[0].run()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(5)
    try:
        code = main(words(broker, letters, tmp_path))
    finally:
        made[0].stop()
        thread.join(5)
    told = json.loads(capsys.readouterr().out)

    assert [row for row in told["checks"] if row["outcome"] != "pass"] == []
    assert code == 0
    assert len(told["checks"]) >= 30


def test_a_wrong_coordinator_is_found_out(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = WrongCoordinator(broker.host, broker.port, letters, time.time_ns() // 1_000)
    try:
        code = main(words(broker, letters, tmp_path))
    finally:
        wrong.close()
    failed = {
        row["what"] for row in json.loads(capsys.readouterr().out)["checks"] if row["outcome"] == "FAIL"
    }

    assert code == 1
    assert failed >= {
        "its state is retained: online, with a session",
        "the ack is retained",
        "an unknown parcel is not released",
        "an event that comes again gets the same decision, not a new one",
        "past a gap it answers, and acknowledges nothing",
        "a gap older than 5 s is asked for",
        "refused: an event without a signature",
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--broker": "http://x"}, "wanted like mqtt://127.0.0.1:1883"),
        ({"--broker": "mqtt://127.0.0.1:1"}, "no broker answers at 127.0.0.1:1"),
        ({"--public": "short"}, "wanted 43 characters of base64url"),
        ({"--public": "-hort"}, "--public -hort: wanted 43 characters of base64url"),
        ({"--gateway": "gw/#"}, "letters, digits, _ and - are allowed"),
        ({"--key": "nowhere"}, "64 hex digits are wanted, as hub contract key writes them"),
    ],
)
def test_wrong_words_get_one_sentence(
    broker: Broker, letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    changed: dict[str, str], said: str,
) -> None:  # fmt: skip
    given = words(broker, letters, tmp_path)
    for option, value in changed.items():
        given[given.index(option) + 1] = value

    assert main(given) in (1, 2)
    assert said in capsys.readouterr().err


def test_a_key_is_made_once_and_its_public_half_told_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kit.key"
    assert [main(["key", str(file)]), main(["key", str(file)])] == [0, 0]

    first, again = capsys.readouterr().out.splitlines()
    assert first == again
    assert file.stat().st_mode & 0o777 == 0o600
    signer = Signer(SigningKey(bytes.fromhex(file.read_text())))
    assert first == f"kid={signer.kid} public={signer.public_b64}"


def test_the_documents_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["asyncapi"]) == 0
    assert json.loads(capsys.readouterr().out)["asyncapi"] == "3.0.0"
    assert main(["schema", "decision"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "A signed decision"


def test_a_fault_in_one_check_does_not_end_the_others() -> None:
    from simulators.contract.table import NotSeen, Wrong

    results = Results()
    for fault in (Wrong("no"), NotSeen("nothing came"), None):
        with results.check("7", "something"):
            if fault is not None:
                raise fault

    assert [row.outcome for row in results.rows] == ["FAIL", "not seen", "pass"]
    assert not results.conforms
