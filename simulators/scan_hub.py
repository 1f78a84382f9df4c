"""A whole hub in processes under a load of scans: broker, coordinator, gateway, each to be killed and started again.

For measuring the event path (`bench/event_path.py`) and for breaking it (`hub_under_load.py`). Nothing here releases a
parcel: every label is one that nobody declared. In the place of the broker there may be a cluster.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from nacl.signing import SigningKey

from edge.rim.keys import load_identity
from edge.wire.signing import Signer
from hub_config.broker import Address
from simulators.broker import HOST, Broker, Kind, free_port, start_leashed
from simulators.cluster import NatsCluster
from simulators.coordinator.letters import KEY_FILE
from simulators.coordinator.tables import DATABASE
from simulators.practice import COORDINATOR, GATEWAY, HUB, RULES
from simulators.scan_load import ScanLoad

STOP_S: Final = 10.0
READY_S: Final = 60.0
LOOK_EVERY_S: Final = 0.2
PYTHON: Final = (sys.executable, "-P", "-m")
_KEY: Final = bytes(range(32))
"""The well-known practice key of the contract §3."""

LAST_WORDS: Final = 60
"""Lines: behind the traceback of a thread others go on to talk until the process has ended."""
_HEAD: Final = """
[hub]
id = "{hub}"
mode = "practice"
utc_offset = "+08:00"

[gateway]
id = "{gateway}"

[coordinator]
id = "{coordinator}"

[broker]
host = "{host}"
port = {port}
others = {others}

[web]
host = "127.0.0.1"
port = {web}

[[trust]]
kid = "{kid}"
public_key = "{public}"
holder = "coordinator of the load"
roles = ["release", "hold", "ack"]
modes = ["practice"]
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the parts of a hub stand."""

    host: str = HOST
    """Address that the broker listens at."""
    within: tuple[str, ...] = ()
    """Words before the gateway's command: a network of its own."""
    gateway_data: Path | None = None
    """None: in the hub's folder."""
    coordinator_data: Path | None = None
    """None: in the hub's folder."""
    settings: str = ""
    """Further tables of the gateway's config."""


LOOPBACK: Final = Ground()


class ScanHub:
    """Nothing runs until the `start_…` methods are called; `stop` ends whatever runs."""

    def __init__(
        self,
        folder: Path,
        benches: int,
        broker: Kind | None = None,
        cluster: NatsCluster | None = None,
        *,
        ground: Ground = LOOPBACK,
        load: type[ScanLoad] = ScanLoad,
        streaming: bool = False,
    ) -> None:
        """`cluster`: runs already, and takes the place of a broker; `stop` ends it as well."""
        self.folder = folder
        self.load = load(folder / "ports", benches, streaming=streaming)
        self.gateway_data = ground.gateway_data or folder / "gateway"
        self.coordinator_data = ground.coordinator_data or folder / "coordinator"
        self._ground = ground
        self._broker = Broker.start(folder / "broker", broker, host=ground.host) if cluster is None else None
        self._cluster = cluster
        self.gateway: subprocess.Popen[bytes] | None = None
        self.coordinator: subprocess.Popen[bytes] | None = None
        self._config = folder / "hub.toml"
        self._web_port = free_port()
        self._prepare()
        self.load.start()

    def _prepare(self) -> None:
        signer = Signer(SigningKey(_KEY))
        head = _HEAD.format(
            hub=HUB, gateway=GATEWAY, coordinator=COORDINATOR, web=self._web_port,
            host=self.addresses[0][0], port=self.addresses[0][1],
            others=json.dumps([f"{host}:{port}" for host, port in self.addresses[1:]]),
            kid=signer.kid, public=signer.public_b64,
        )  # fmt: skip
        self._config.write_text(self.load.config(head + self._ground.settings))
        public = load_identity(self.gateway_data, "practice").signer.public_b64
        (self.folder / "gateways.json").write_text(json.dumps({GATEWAY: public}))
        (self.folder / "manifest.json").write_text("{}")
        self.coordinator_data.mkdir(mode=0o700)
        (self.coordinator_data / KEY_FILE).write_text(_KEY.hex() + "\n")

    @property
    def broker(self) -> Broker:
        assert self._broker is not None, "this hub has a cluster"
        return self._broker

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Of the broker, or of the cluster's nodes."""
        return self._cluster.addresses if self._cluster else ((self.broker.host, self.broker.port),)

    @property
    def database(self) -> Path:
        return self.coordinator_data / DATABASE

    def start_gateway(self) -> None:
        words = [*self._ground.within, *_run(self._config, self.gateway_data)]
        self.gateway = self._launch("gateway", words)

    def second_gateway(self, folder: Path) -> list[str]:
        """Command of another computer's gateway: our key and config, ports and journal of its own in `folder`."""
        data, config = folder / "data", folder / "hub.toml"
        data.mkdir(parents=True, mode=0o700)
        for key in self.gateway_data.glob("*.key"):
            shutil.copy(key, data)
        text = self._config.read_text().replace(str(self.load.folder), str(folder / "ports"))
        config.write_text(text.replace(f"port = {self._web_port}\n", f"port = {free_port()}\n"))
        return _run(config, data)

    def start_coordinator(self) -> None:
        folder = self.folder
        brokers = [word for host, port in self.addresses for word in ("--broker", f"{host}:{port}")]
        self.coordinator = self._launch(
            "coordinator",
            [*PYTHON, "simulators.coordinator", *brokers, "--hub", HUB,
             "--id", COORDINATOR, "--data", str(self.coordinator_data), "--rules", str(RULES),
             "--manifest", str(folder / "manifest.json"), "--gateways", str(folder / "gateways.json")],
        )  # fmt: skip

    def figures(self) -> dict[str, Any]:
        """What the gateway says of itself (`/figures.json`). Raises OSError while it does not answer."""
        with urlopen(f"http://127.0.0.1:{self._web_port}/figures.json", timeout=STOP_S) as answer:
            return dict(json.load(answer))

    def wait_until_ready(self) -> None:
        """The gateway has every port open and the broker, and all that it told is acknowledged. Raises TimeoutError."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            try:
                told = self.figures()
            except OSError:
                told = {}
            ports, events = told.get("ports", [{}]), told.get("events", {})
            if all(port.get("open") for port in ports) and told.get("mqtt") and events.get("pending") == 0:
                return
            time.sleep(LOOK_EVERY_S)
        raise TimeoutError(
            f"the gateway was not ready within {READY_S:.0f} s; its last words: {self.log('gateway')}"
        )

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait(STOP_S)

    def stop(self) -> None:
        for process in (self.gateway, self.coordinator):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    self.kill(process)
        self.load.stop()
        for broker in (self._broker, self._cluster):
            if broker is not None:
                broker.stop()

    def log(self, name: str) -> str:
        """The last words of a process."""
        lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LAST_WORDS:])

    def _launch(self, name: str, words: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return start_leashed(words, log)


def _run(config: Path, data: Path) -> list[str]:
    return [*PYTHON, "edge.cli", "run", str(config), "--data", str(data)]
