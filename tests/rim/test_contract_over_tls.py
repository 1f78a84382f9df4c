"""The contract kit at the hub's production broker: Mosquitto with certificates on both sides, rights by name."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from secured_broker import HOST, SecuredBroker

from simulators.contract.commands import main

pytestmark = pytest.mark.system


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[SecuredBroker]:
    made = SecuredBroker(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def wrong(broker: SecuredBroker, tmp_path: Path) -> Iterator[str]:
    """`hub contract wrong` as a process; its public key."""
    key = tmp_path / "co.key"
    assert main(["key", str(key)]) == 0
    words = ["contract", "wrong", *at(broker), "--key", str(key)]
    with subprocess.Popen(
        [sys.executable, "-m", "edge.cli", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().partition("public=")[2].split()[0]
        process.terminate()


def at(broker: SecuredBroker, mode: str = "practice") -> list[str]:
    return [
        "--broker", f"mqtts://{HOST}:{broker.practice_port}", "--tls", str(broker.folder / mode), "--hub", "MY-KUL-1",
    ]  # fmt: skip


def kit(folder: Path, public: str) -> list[str]:
    assert main(["key", str(folder / "kit.key")]) == 0
    return ["--public", public, "--gateway", "gw-01", "--key", str(folder / "kit.key"), "--json"]


def test_a_wrong_coordinator_is_found_out_by_two_commands(
    broker: SecuredBroker, wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = kit(tmp_path, wrong)
    capsys.readouterr()

    assert main(["check", *at(broker), *words, "--quiet", "0.3"]) == 1
    outcomes = {row["what"]: row["outcome"] for row in json.loads(capsys.readouterr().out)["checks"]}
    assert outcomes["a right event is acknowledged, signed"] == "pass"
    assert outcomes["an unknown parcel is not released"] == "FAIL"
    assert outcomes["refused: an event without a signature"] == "FAIL"


def test_a_certificate_of_the_other_mode_is_one_sentence(
    broker: SecuredBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = kit(tmp_path, "A" * 43)

    assert main(["check", *at(broker, "live"), *words]) == 1
    assert f"no TLS with the broker at {HOST}:{broker.practice_port}: its certificate does not hold" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("url", "tls", "said"),
    [
        ("mqtts://127.0.0.1", [], "mqtts:// and --tls DIR go together"),
        ("mqtt://127.0.0.1", ["--tls", "/nowhere"], "mqtts:// and --tls DIR go together"),
        ("mqtts://127.0.0.1", ["--tls", "/nowhere"], "/nowhere/"),
    ],
)
def test_certificates_that_are_not_there_are_one_sentence(
    url: str, tls: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--broker", url, *tls, "--hub", "MY-KUL-1", *kit(tmp_path, "A" * 43)]

    assert main(["check", *words]) == 2
    assert said in capsys.readouterr().err
