"""`hub demo` as a person runs it: its report, its web port, its fallback broker, and what it leaves behind: nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from brokers import need
from live_hub import is_listening, run_hub, verify

from edge.rim.keys import load_identity

pytestmark = pytest.mark.system

MARK = "EHUB_SYSTEM_TEST"
ENDS_WITHIN_S = 5.0
FIRST_PARCEL_S = 30.0


@dataclass(frozen=True)
class FinishedDemo:
    folder: Path
    exit_code: int
    said: str
    report: dict[str, dict[str, object]]

    @property
    def gateway_data(self) -> Path:
        return self.folder / "gateway"


@pytest.fixture(scope="module")
def nats_demo(tmp_path_factory: pytest.TempPathFactory) -> FinishedDemo:
    folder = tmp_path_factory.mktemp("nats")
    told = demo("--headless", "--parcels", "5", "--seed", "2", "--pace", "0.4", "--broker", "nats",
                "--keep", str(folder / "kept"), "--report", str(folder / "report.json"))  # fmt: skip
    report = json.loads((folder / "report.json").read_text())
    return FinishedDemo(folder / "kept", told.returncode, told.stdout + told.stderr, report)


def demo(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "edge.cli", "demo", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def test_over_a_broker_without_mqtt_5_the_demo_ends_with_a_whole_report(nats_demo: FinishedDemo) -> None:
    assert nats_demo.exit_code == 0, nats_demo.said
    report = nats_demo.report
    assert set(report) >= {"seed", "parcels", "truth", "release", "events", "latency_ms", "dwell_s", "speed"}
    assert sum(int(str(count)) for name, count in report["parcels"].items() if name != "entered") == 5
    assert set(report["truth"].values()) == {0}
    assert (report["events"]["pending"], report["events"]["duplicates"], report["events"]["chain"]) == (
        0,
        0,
        "ok",
    )
    assert report["release"]["share"] == report["release"]["oracle_share"]
    assert all(report["latency_ms"].values())
    said = (nats_demo.folder / "gateway.log").read_text()
    assert said.count("does not speak MQTT 5") == 1


def test_the_journal_of_a_finished_run_verifies_shows_and_exports(
    nats_demo: FinishedDemo, tmp_path: Path
) -> None:
    data = ("--data", str(nats_demo.gateway_data))
    journalled = nats_demo.report["events"]["journalled"]
    verified = run_hub("journal", "verify", *data, "--json")
    assert verified.returncode == 0, verified.stderr
    facts = {
        "events": journalled,
        "signed": journalled,
        "acknowledged": journalled,
        "unsigned": 0,
        "pruned": 0,
    }
    assert json.loads(verified.stdout).items() >= facts.items()
    balance = run_hub("journal", "balance", *data, "--json")
    assert balance.returncode == 0, balance.stderr
    told = json.loads(balance.stdout)
    assert told["events"] == {"journalled": journalled, "acknowledged": journalled, "pending": 0}
    readings = told["readings"]
    assert readings["read"] == readings["journalled"] + sum(readings["rejected"].values()) > 0
    tail = run_hub("journal", "tail", "-n", "3", *data)
    assert [line.split()[0] for line in tail.stdout.splitlines()] == [
        str(seq) for seq in range(int(str(journalled)) - 2, int(str(journalled)) + 1)
    ]

    exported = tmp_path / "journal.jsonl"
    assert run_hub("journal", "export", str(exported), *data).returncode == 0
    public_key = load_identity(nats_demo.gateway_data, "practice").signer.public_b64
    whole = verify(exported, public_key)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith(f"ok: {journalled} events, chain whole, {journalled} signatures good")


def test_a_tampered_export_is_caught_with_line_and_seq(nats_demo: FinishedDemo, tmp_path: Path) -> None:
    exported = tmp_path / "journal.jsonl"
    told = run_hub("journal", "export", str(exported), "--data", str(nats_demo.gateway_data))
    assert told.returncode == 0, told.stderr
    public_key = load_identity(nats_demo.gateway_data, "practice").signer.public_b64
    lines = exported.read_bytes().splitlines(keepends=True)
    weighed = next(number for number, line in enumerate(lines) if b'"mass":' in line)
    heavier = re.sub(rb'"mg":(\d)', rb'"mg":1\1', lines[weighed])
    altered, cut = tmp_path / "altered.jsonl", tmp_path / "cut.jsonl"
    altered.write_bytes(b"".join([*lines[:weighed], heavier, *lines[weighed + 1 :]]))
    cut.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    for tampered, line, seq in ((altered, weighed + 1, weighed), (cut, 4, 3)):
        checked = verify(tampered, public_key)
        assert checked.returncode == 1
        assert f"line {line}, seq {seq}" in checked.stdout


def test_a_journal_that_is_not_there_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for words in (("verify",), ("tail",), ("export", str(tmp_path / "journal.jsonl"))):
        told = run_hub("journal", *words, "--data", str(tmp_path / "nowhere"))
        assert told.returncode == 1
        assert len(told.stderr.splitlines()) == 1
        assert told.stderr.startswith("hub journal: ")


@dataclass
class RunningDemo:
    """One that was told nothing but to start; its children carry a mark in their environment."""

    process: "subprocess.Popen[str]"
    mark: str
    temporary: Path
    web_port: int = 0

    def lines_until(self, wanted: str) -> list[str]:
        lines: list[str] = []
        deadline = time.monotonic() + FIRST_PARCEL_S
        while not lines or re.search(wanted, lines[-1]) is None:
            assert time.monotonic() < deadline, f"no {wanted!r} in {lines}"
            line = self._out.readline()
            assert line, f"the demo ended: {lines}"
            lines.append(line)
            if port := re.search(r"http://127\.0\.0\.1:(\d+)/station/b1", line):
                self.web_port = int(port[1])
        return lines

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def interrupt(self) -> int:
        """Ctrl-C: SIGINT to the terminal's process group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(ENDS_WITHIN_S)

    def left_behind(self) -> list[str]:
        """Processes that carry the mark, and files."""
        return [*_marked(self.mark), *map(str, self.temporary.iterdir())]


def _marked(mark: str) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes():
                yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue


@pytest.fixture
def running_demo(tmp_path: Path) -> Iterator[RunningDemo]:
    need("mosquitto")
    mark = uuid.uuid4().hex
    command = [sys.executable, "-P", "-m", "edge.cli", "demo", "--seed", "3", "--pace", "0.4"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        yield RunningDemo(process, mark, tmp_path)
        process.kill()


def test_ctrl_c_ends_the_demo_and_leaves_nothing(running_demo: RunningDemo) -> None:
    running_demo.lines_until(r"-> \w+ \(")
    assert len(list(_marked(running_demo.mark))) >= 4  # demo, broker, coordinator, gateway
    assert is_listening(running_demo.web_port)

    assert running_demo.interrupt() == 0
    assert running_demo.left_behind() == []
    assert not is_listening(running_demo.web_port)


def test_ctrl_c_while_it_starts_leaves_nothing(running_demo: RunningDemo) -> None:
    deadline = time.monotonic() + FIRST_PARCEL_S
    while len(list(_marked(running_demo.mark))) < 2:
        assert time.monotonic() < deadline, "the demo starts no process"
        assert running_demo.process.poll() is None
    running_demo.interrupt()
    assert running_demo.left_behind() == []
    assert "Traceback" not in running_demo.process.communicate()[0]


def test_a_taken_web_port_is_said_and_the_next_free_one_used() -> None:
    need("mosquitto")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # taken as it is
            other.bind(("127.0.0.1", 8040))
            other.listen()
        told = demo("--headless", "--parcels", "1", "--pace", "0.4", "--report", os.devnull)
    assert told.returncode == 0, told.stderr
    said = re.search(r"^port 8040 is taken; using (\d+)$", told.stdout, re.MULTILINE)
    assert said is not None, told.stdout
    assert int(said[1]) > 8040
    assert f"http://127.0.0.1:{said[1]}/station/b1" in told.stdout


def test_two_demos_started_at_once_do_not_meet() -> None:
    need("mosquitto")
    command = [
        sys.executable,
        "-P",
        "-m",
        "edge.cli",
        "demo",
        "--headless",
        "--parcels",
        "1",
        "--pace",
        "0.4",
    ]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], told
