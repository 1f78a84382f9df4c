"""A gateway as it is run (`hub run` on a config file), a coordinator and a broker as processes, and peers on ptys.

The config is examples/bench.toml with its ports replaced, so what people start from is what is tested. Waiting is on
conditions, with a deadline.
"""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

from brokers import need
from rarely_drawn import rules_in
from serial_peers import LIGHT, LIGHT_MG, ScalePeer, SerialLine, frame

from edge.rim.keys import load_identity
from simulators.broker import Broker, free_port, start_leashed
from simulators.coordinator import report
from simulators.eyes import Eyes, PageState

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "bench.toml"
WELL_KNOWN_KEY: Final = bytes(range(32))
"""The practice key that the example trusts; its private half is printed in the clearance contract."""
LABELS: Final = tuple(
    frame(f"upu-s10-{number}").decode() for number in ("02", "01", "03", "04", "08", "09", "10")
)
DEADLINE_S: Final = 20.0
STOP_S: Final = 10.0
LOOK_S: Final = 0.01


def wait_for(true: Callable[[], object], what: str, seconds: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(LOOK_S)


def run_hub(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """One `hub` command to its end."""
    command = [sys.executable, "-P", "-m", "edge.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, **options)


def write_config(folder: Path, *, broker_port: int, web_port: int, changes: Mapping[str, str] = {}) -> Path:
    """examples/bench.toml for this folder's ports; `changes` replaces further text of it."""
    text = EXAMPLE.read_text()
    replaced = {
        "port = 1883": f"port = {broker_port}",
        "port = 8040": f"port = {web_port}",
        '"/dev/ttyUSB0"': f'"{folder / "scanner"}"',
        '"/dev/ttyUSB1"': f'"{folder / "scale"}"',
        "aim = true ": "aim = false ",
    }
    for old, new in {**replaced, **changes}.items():
        assert text.count(old) == 1, f"{EXAMPLE} holds {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / "hub.toml"
    path.write_text(text)
    return path


class GatewayProcess:
    """`hub run`, and what its pages say."""

    def __init__(self, folder: Path, config: Path, web_port: int) -> None:
        self.config = config
        self.data = folder / "gateway"
        self.log = folder / "gateway.log"
        self.web_port = web_port
        self.public_key = load_identity(self.data, "practice").signer.public_b64
        self.page: PageState | None = None
        self.shown: set[str] = set()
        """Every state the bench's screen has had."""
        self._process: subprocess.Popen[bytes] | None = None
        self._eyes: Eyes | None = None

    def start(self) -> None:
        command = [sys.executable, "-P", "-m", "edge.cli", "run", str(self.config), "--data", str(self.data)]
        with self.log.open("ab") as log:
            self._process = start_leashed(command, log)
        wait_for(self._is_up, f"the gateway is up; see {self.log}")
        self._eyes = Eyes(self.web_port, self._see)
        self._eyes.open()
        wait_for(lambda: self.page is not None, "its screen shows something")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the gateway ended: {self.said()}"
        try:
            return bool(self._get("/healthz")["status"] == "ok")
        except OSError:
            return False

    def _see(self, page: PageState | None) -> None:
        self.page = page
        if page is not None:
            self.shown.add(page["benches"][0]["state"])

    @property
    def bench(self) -> Mapping[str, Any]:
        page = self.page
        return page["benches"][0] if page is not None else {"state": None, "instruction": None, "visit": None}

    def figures(self) -> dict[str, Any]:
        return self._get("/figures.json")

    def readings(self) -> int:
        """Codes and weights of this run that it has taken in, as its screen says."""
        page = self.page
        return int(page["balance"]["read"]) if page is not None else 0

    def rejected(self, reason: str) -> int:
        """Readings of this run that were turned away for it."""
        return int(self.figures()["rejected"].get(reason, 0))

    def _get(self, path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.web_port, timeout=5)
        try:
            connection.request("GET", path)
            told: dict[str, Any] = json.loads(connection.getresponse().read())
            return told
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def stop(self) -> int | None:
        """The exit code of a polite end; None if it was not running."""
        if self._process is None:
            return None
        self._process.terminate()
        return self._ended()

    def _ended(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if self._eyes is not None:
            self._eyes.close()
        self.page = None
        return code


class CoordinatorProcess:
    """`python -m simulators.coordinator` over a data folder that outlives it."""

    def __init__(self, folder: Path, broker_port: int, gateway_key: str, declared_mg: int) -> None:
        self.folder = folder / "coordinator"
        self.folder.mkdir(mode=0o700)
        self.database = self.folder / "coordinator.sqlite"
        (self.folder / "coordinator-practice.key").write_text(WELL_KNOWN_KEY.hex())
        declared = {
            "mass_mg": declared_mg,
            "value_minor": 4_000,
            "currency": "MYR",
            "description": "Cotton T-shirt",
        }
        manifest, gateways = self.folder / "manifest.json", self.folder / "gateways.json"
        manifest.write_text(json.dumps(dict.fromkeys(LABELS, declared)))
        gateways.write_text(json.dumps({"gw-01": gateway_key}))
        self.manifest, self.gateways = manifest, gateways
        self.command = [
            sys.executable, "-P", "-m", "simulators.coordinator", "--broker", f"127.0.0.1:{broker_port}",
            "--hub", "MY-KUL-1", "--id", "co-1", "--data", str(self.folder), "--rules", str(rules_in(self.folder)),
            "--manifest", str(manifest), "--gateways", str(gateways), "--nak-after-ms", "500",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = start_leashed(self.command, log)

    def suspend(self) -> None:
        """It stays connected and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.terminate()
            self._process.wait(STOP_S)
            self._process = None

    def events(self) -> list[dict[str, Any]]:
        return list(report.stored_events(self.database))

    def kinds(self, visit: str) -> list[str]:
        return [data["kind"] for data in self.events() if data["visit"] == visit]


class LiveHub:
    """Everything between two cables and the coordinator's store, in one folder."""

    def __init__(
        self, folder: Path, *, declared_mg: int = LIGHT_MG, changes: Mapping[str, str] = {},
        broker_port: int | None = None,
    ) -> None:  # fmt: skip
        """`broker_port`: of a broker that another hub of the test starts."""
        need("mosquitto")
        self.folder = folder
        self.broker_port = free_port() if broker_port is None else broker_port
        web_port = free_port()
        config = write_config(folder, broker_port=self.broker_port, web_port=web_port, changes=changes)
        self.gateway = GatewayProcess(folder, config, web_port)
        self.coordinator = CoordinatorProcess(folder, self.broker_port, self.gateway.public_key, declared_mg)
        self.scanner = SerialLine(folder / "scanner", seed=1)
        self.scale = ScalePeer(SerialLine(folder / "scale", seed=2))
        self.broker: Broker | None = None
        self._ending = ExitStack()

    def __enter__(self) -> "LiveHub":
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def start(self) -> "LiveHub":
        """All of it, until the coordinator is seen."""
        self.start_broker()
        self.start_coordinator()
        self.start_gateway()
        self.wait_online()
        return self

    def start_broker(self) -> Broker:
        self.broker = Broker.start(self.folder / "broker", prefer="mosquitto", port=self.broker_port)
        self._ending.callback(self.broker.stop)
        return self.broker

    def start_coordinator(self) -> None:
        self._ending.callback(self.coordinator.stop)
        self.coordinator.start()

    def start_gateway(self, *, plugged: bool = True) -> None:
        self._ending.callback(self.gateway.stop)
        for line in (self.scanner, self.scale.line):
            self._ending.callback(line.unplug)
            if plugged:
                line.plug()
        self._ending.callback(self.scale.stop)
        self.scale.start()
        self.gateway.start()

    def wait_online(self) -> None:
        self.wait_screen("the network is there", lambda bench: bench["network_away"] is False)

    # At the bench -----------------------------------------------------------------------------------

    def wait_screen(
        self, what: str, true: Callable[[Mapping[str, Any]], bool], seconds: float = DEADLINE_S
    ) -> None:
        deadline = time.monotonic() + seconds
        while self.gateway.page is None or not true(self.gateway.bench):
            assert time.monotonic() < deadline, (
                f"not within {seconds} s: {what}; screen: {self.gateway.bench}"
            )
            time.sleep(LOOK_S)

    def wait_state(self, *states: str) -> Mapping[str, Any]:
        self.wait_screen(f"the screen says {states}", lambda bench: bench["state"] in states)
        return self.gateway.bench

    def wait_empty(self) -> None:
        self.wait_screen(
            "the bench is free", lambda bench: bench["instruction"] == "scan_or_weigh" and self.scale.is_seen
        )

    def scan(self, code: str) -> None:
        self.scanner.send(code.encode() + b"\r\n")

    def measure(self, label: str, weight: bytes = LIGHT) -> None:
        """Scan it and lay it on the scale."""
        self.wait_empty()
        self.scan(label)
        self.scale.show(weight)

    def take_to(self, barcode: str) -> None:
        """Off the scale and into a bay."""
        self.scale.show(self.scale.EMPTY)
        self.scan(barcode)
        self.wait_empty()

    def release(self, label: str) -> str:
        """A good parcel from label to free lane; returns its visit."""
        self.measure(label)
        bench = self.wait_state("release", "hold", "inspect", "ask")
        assert (bench["state"], bench["bay"]) == ("release", "G1"), bench
        self.take_to("HUBXGREEN")
        return str(bench["visit"])

    def wait_settled(self) -> None:
        """All that was journalled is acknowledged."""

        def settled() -> bool:
            events = self.gateway.figures()["events"]
            return bool(events["pending"] == 0 and events["journalled"] > 0)

        wait_for(settled, "every event is acknowledged")

    def assert_each_once(self) -> None:
        """Every journalled event is at the coordinator, once; and the exported journal is whole by the verifier."""
        exported = self.folder / "journal.jsonl"
        told = run_hub("journal", "export", str(exported), "--data", str(self.gateway.data))
        assert told.returncode == 0, told.stderr
        journalled = [json.loads(line) for line in exported.read_text().splitlines()[1:]]
        assert self.coordinator.events() == [event["data"] for event in journalled]
        counts = report.counts(self.coordinator.database)
        assert counts["stored"] == counts["distinct"] == len(journalled)
        assert counts["rejected"] == {}
        assert counts["quarantined"] == []
        checked = verify(exported, self.gateway.public_key)
        assert checked.returncode == 0, checked.stdout


def verify(exported: Path, public_key: str) -> "subprocess.CompletedProcess[str]":
    """The independent verifier as an auditor runs it: the script alone, outside the project."""
    script = ROOT / "edge" / "wire" / "verifier.py"
    command = [sys.executable, "-I", str(script), str(exported), "--key", public_key]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
