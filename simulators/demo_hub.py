"""A practice hub in real time: broker, coordinator and gateway as processes, the devices on ptys and TCP.

The gateway is `hub run` on a config file; nothing in it knows that the other end of the wires is simulated. The
operator reads the station's page over HTTP. What only the simulator knows goes to the truth strip through a file.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from edge.app import TRUTH_FILE
from edge.rim.journal import JOURNAL_FILE, JournalReader
from edge.rim.keys import load_identity
from edge.wire import verifier
from edge.wire.signing import Signer
from hub_config.rules import load_rules
from simulators.belt_camera import BeltCamera, camera_of
from simulators.belt_sums import faults_of
from simulators.bench import PhysicalBench
from simulators.broker import Broker, Kind, free_port, start_leashed
from simulators.conveyor import Conveyor
from simulators.coordinator.declared import Declared
from simulators.coordinator.letters import KEY_FILE, practice_key
from simulators.coordinator.report import counts, stored_events
from simulators.coordinator.tables import DATABASE
from simulators.eyes import Eyes, PageState
from simulators.line_faults import LINE_RATES_PPM, LineFault, LinePlan
from simulators.line_truth import line_happened
from simulators.mistakes import RATES_PPM, Mistake
from simulators.oracle import drawn_in, oracle_releases
from simulators.parcels import stream
from simulators.practice import (
    COORDINATOR,
    GATEWAY,
    HUB,
    RULES,
    Ports,
    Scenario,
    declarations,
    shared_out,
    write_hub,
)
from simulators.report import Judged, judge, release_shares, together
from simulators.rows import Rows
from simulators.scales import wire_at
from simulators.serve import RealTime, real_now, real_world
from simulators.served_line import ServedLine

START_S: Final = 20.0
STOP_S: Final = 5.0
STAMPS_WITHIN_US: Final = 15_000
"""The gateway's stamps of a beam may be off by this: above the board's clock bound it takes no beam at all."""
QUIET_LOOKS: Final = 2
"""In a row, with nothing in work and nothing pending: an event may be on its way to the journal."""
SETTLE_S: Final = 90.0
"""How long after the last parcel every event must be acknowledged."""


@dataclass(frozen=True, slots=True)
class Gone:
    number: int
    lane: str
    bay: str


class DemoFailedError(Exception):
    """A part of the practice hub did not start; the text says which and where its words are."""


class DemoHub:
    """`start` and `stop` belong to one thread: the processes end with it, however it ends."""

    def __init__(
        self, folder: Path, seed: int, count: int, *, web_port: int, pace: float, broker: Kind | None = None,
        rates_ppm: "dict[Mistake, int] | None" = None, scenario: Scenario = "demo",
        line_rates_ppm: Mapping[LineFault, int] = LINE_RATES_PPM, record: Path | None = None,
        camera: bool = False, line_plans: Mapping[int, LinePlan] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`record`: a trace of the gateway's inputs. `camera`: one over the line, of scenario `demo`. `line_plans`: of
        parcels of the line, by their number, that travel as somebody wants them to."""
        self.folder = folder
        self.seed = seed
        self.scenario: Scenario = scenario
        self.parcels = stream(seed, count)
        self._line_rates_ppm = line_rates_ppm
        self._line_plans = line_plans
        self._record = record
        self._pictures = folder / "cam-1" if camera else None
        self.web_port = web_port
        self._pace = pace
        self._prefer = broker
        self._rates_ppm = RATES_PPM if rates_ppm is None else rates_ppm
        self.gateway_data = folder / "gateway"
        self._coordinator_data = folder / "coordinator"
        self.line: ServedLine | None = None
        self.page: PageState | None = None
        self.reasons: dict[str, tuple[str, ...]] = {}
        """Why the screen sent a visit elsewhere than to the free lane."""
        self._gateway: subprocess.Popen[bytes] | None = None
        self._coordinator: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    # Starting and stopping ------------------------------------------------------------------------

    def start(self) -> None:
        self._started_at = time.monotonic()
        self.broker = Broker.start(self.folder / "broker", self._prefer)
        self._coordinator_data.mkdir(mode=0o700)
        coordinator = Signer(practice_key(self._coordinator_data))
        self.gateway_key = load_identity(self.gateway_data, "practice").signer
        folder = self.folder / "ports"
        folder.mkdir()
        if self._pictures is not None:
            self._pictures.mkdir()
        ports = Ports(folder, self.broker.port, self.web_port, free_port(), free_port(), self._pictures)
        self.hub = write_hub(self.folder, self.parcels, coordinator, ports=ports, scenario=self.scenario)
        self.start_coordinator()
        shares = shared_out(self.hub.config, self.parcels)
        world = real_world()
        bench = self.hub.config.benches[0]
        self.bench = PhysicalBench(
            world, shares[bench.id], self.seed, self.hub.bays, self._pace, rates_ppm=self._rates_ppm,
            scale_wire=wire_at(self.hub.config, bench),
        )  # fmt: skip
        for line in self.hub.config.lines:
            conveyor = Conveyor(
                world, line, shares[line.id], self.seed, self._line_rates_ppm, plans=self._line_plans
            )
            self.line = ServedLine(conveyor, self.hub.config, line, ports, self._camera_over(conveyor))
        if self.camera is not None:
            self.camera.start()
        self.devices = RealTime(self.bench, folder, self.seed, line=self.line)
        self.devices.start()
        self.start_gateway()
        self._eyes = Eyes(self.web_port, self._see)
        self._eyes.open()

    def _camera_over(self, conveyor: Conveyor) -> BeltCamera | None:
        reader = camera_of(self.hub.config, conveyor.line)
        if reader is None or self._pictures is None:
            return None
        return BeltCamera(conveyor, reader, self._pictures, self.seed, real_now)

    @property
    def camera(self) -> BeltCamera | None:
        return self.line.camera if self.line is not None else None

    def start_coordinator(self) -> None:
        gateways = self.folder / "gateways.json"
        gateways.write_text(json.dumps({GATEWAY: self.gateway_key.public_b64}))
        self._coordinator = self._launch(
            "coordinator",
            ["-m", "simulators.coordinator", "--broker", f"127.0.0.1:{self.broker.port}", "--hub", HUB, "--id",
             COORDINATOR, "--data", str(self._coordinator_data), "--rules", str(RULES), "--manifest",
             str(self.hub.manifest_file), "--gateways", str(gateways)],
        )  # fmt: skip

    def stop_coordinator(self) -> None:
        """Somebody else may be the coordinator from now on, with its key (`coordinator_key_file`)."""
        if self._coordinator is not None:
            _end(self._coordinator)
            self._coordinator = None

    @property
    def coordinator_key_file(self) -> Path:
        return self._coordinator_data / KEY_FILE

    @property
    def coordinator_database(self) -> Path:
        return self._coordinator_data / DATABASE

    def start_gateway(self) -> None:
        words = ["-m", "edge.cli", "run", str(self.hub.config_file), "--data", str(self.gateway_data)]
        if self._record is not None:
            words += ["--record", str(self._record)]
        self._gateway = self._launch("gateway", words)

    def kill_gateway(self) -> None:
        """SIGKILL, as a power cut."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait(STOP_S)
            self._gateway = None

    def stop(self) -> None:
        """Leaves no process and no port; the folder is the caller's."""
        if hasattr(self, "_eyes"):
            self._eyes.close()
        for process in (self._gateway, self._coordinator):
            if process is not None:
                _end(process)
        if hasattr(self, "devices"):
            self.devices.stop()
        if self.camera is not None:
            self.camera.stop()
        if hasattr(self, "broker"):
            self.broker.stop()

    def _launch(self, name: str, words: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return start_leashed([sys.executable, "-P", *words], log)

    def check_alive(self) -> None:
        """Raises DemoFailedError if a part has ended by itself."""
        for name, process in (("gateway", self._gateway), ("coordinator", self._coordinator)):
            if process is not None and process.poll() is not None:
                log = self.folder / f"{name}.log"
                raise DemoFailedError(f"the {name} ended with code {process.returncode}:\n{_last_lines(log)}")
        if not self.devices.running:
            raise DemoFailedError("the simulated bench ended by a mistake of ours")
        if self.camera is not None and not self.camera.running:
            raise DemoFailedError("the simulated camera ended by a mistake of ours")

    # Watching -------------------------------------------------------------------------------------

    def _see(self, page: PageState | None) -> None:
        self.page = page
        view = page["benches"][0] if page is not None else None
        if view is not None and view["visit"] is not None and view["reasons"]:
            self.reasons[view["visit"]] = tuple(view["reasons"])
        self.devices.look(view)
        if page is not None and self.line is not None and self._belt_runs(page):
            self.devices.post(self.line.feed)

    def _belt_runs(self, page: PageState) -> bool:
        """The feeder waits for the gateway: what nobody sees enter could only be held."""
        return bool(page["link"]["coordinator"]) and page["lines"][0]["state"] == "runs"

    def write_truth(self) -> None:
        """What only the simulator knows, for the truth strip."""
        releasable = {parcel.number: parcel.releasable for parcel in self.parcels}
        wrong = sum(one.lane == "green" and not releasable[one.number] for one in self.gone())
        draft = self.gateway_data / f".{TRUTH_FILE}"
        draft.write_text(json.dumps({"wrong_release": wrong}))
        os.replace(draft, self.gateway_data / TRUTH_FILE)

    def gone(self) -> list[Gone]:
        """Where each parcel that has left really went."""
        return self.devices.ask(self._gone)

    def _gone(self) -> list[Gone]:
        gone = [Gone(number, one.lane, one.bay) for number, one in self.bench.placed.items()]
        for body in self.line.conveyor.bodies if self.line is not None else ():
            if body.lane is not None and body.bay is not None:
                gone.append(Gone(body.parcel.number, body.lane, body.bay))
            elif body.taken:
                gone.append(Gone(body.parcel.number, "taken", "-"))
        return gone

    @property
    def done(self) -> bool:
        return self.devices.ask(self._done)

    def _done(self) -> bool:
        return self.bench.done and (self.line is None or self.line.conveyor.done)

    def figures(self) -> dict[str, Any]:
        """The gateway's own numbers; raises OSError while it is not there."""
        connection = HTTPConnection("127.0.0.1", self.web_port, timeout=2)
        try:
            connection.request("GET", "/figures.json")
            told: dict[str, Any] = json.loads(connection.getresponse().read())
            return told
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def settle(self, wait: Callable[[float], object]) -> dict[str, Any]:
        """Waits until all events are acknowledged (or SETTLE_S have passed); returns the gateway's figures."""
        until = time.monotonic() + SETTLE_S
        quiet = 0
        while True:
            self.check_alive()
            try:
                # The page first: what it no longer counts as in work has been journalled when the figures are read.
                page = self.page
                in_work = page["tally"]["at_bench"] if page is not None else 1
                figures = self.figures()
                quiet = quiet + 1 if figures["events"]["pending"] == 0 and in_work == 0 else 0
                if quiet == QUIET_LOOKS or time.monotonic() > until:
                    return figures
            except OSError:
                if time.monotonic() > until:
                    raise
            wait(0.1)

    # The report -----------------------------------------------------------------------------------

    def report(self, figures: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """`figures` as `settle` returned them; one line for each fault of the truth besides."""
        database = self.coordinator_database
        judged, oracle = self._judge(declarations(self.parcels), database)
        stored = counts(database)
        events, dwell_us = figures["events"], figures["dwell_us"]
        wall_s = round(time.monotonic() - self._started_at, 3)
        report = {
            "seed": self.seed,
            "parcels": judged.parcels,
            "truth": judged.truth,
            "release": release_shares(judged, len(oracle)),
            "events": {
                "journalled": events["journalled"], "acknowledged": events["acknowledged"],
                "pending": events["pending"], "duplicates": stored["stored"] - stored["distinct"],
                "redelivered": events["redelivered"], "chain": self.check_chain(),
                "stored": stored["stored"], "rejected_by_coordinator": stored["rejected"],
            },
            "latency_ms": figures["latency_ms"],
            "dwell_s": {
                "p50": dwell_us[0] / 1e6 if dwell_us else None,
                "p99": dwell_us[2] / 1e6 if dwell_us else None,
                "by_owner": {owner: us / 1e6 for owner, us in figures["dwell_by_owner_us"].items()},
            },
            "speed": {"simulated_s": wall_s, "wall_s": wall_s},
            "readings_rejected": figures["rejected"],
            "broker": self.broker.kind,
        }  # fmt: skip
        if self.line is not None:
            bodies = self.devices.ask(
                lambda: list(self.line.conveyor.bodies) if self.line is not None else []
            )
            report["belt"] = {
                "order_margin_ms": figures["order_margin_ms"],
                "clipped": sum(body.clipped for body in bodies),
                "faults": dict(sorted(faults_of(bodies).items())),
            }
        if self.camera is not None:
            report["camera"] = _seen_by(self.camera, stored_events(database))
        return report, judged.details

    def _judge(self, manifest: dict[str, Declared], database: Path) -> tuple[Judged, set[int]]:
        config, rules, now_us = self.hub.config, load_rules(RULES), time.time_ns() // 1_000
        events = list(stored_events(database))
        drawn = drawn_in(events)
        bench = config.benches[0]
        happened = self.devices.ask(self.bench.happened)
        u_mg = config.device(bench.scale).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        oracle = oracle_releases(happened, bench, u_mg, rules, manifest, HUB, now_us, drawn)
        parts = [judge(self.bench.parcels, happened, events, bench, oracle)]
        if self.line is not None:
            conveyor, line = self.line.conveyor, self.line.conveyor.line
            bodies = self.devices.ask(lambda: list(conveyor.bodies))
            told = line_happened(bodies, events, line, STAMPS_WITHIN_US)
            u_mg = config.device(line.scale.device).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
            released = oracle_releases(told, line, u_mg, rules, manifest, HUB, now_us, drawn)
            released -= Rows(line).too_close(bodies, released)
            parts.append(judge([body.parcel for body in bodies], told, events, line, released))
            oracle |= released
        return together(parts), oracle

    def check_chain(self) -> str:
        """`ok`, or what the independent verifier finds wrong with the exported journal."""
        exported = BytesIO()
        reader = JournalReader(self.gateway_data / JOURNAL_FILE)
        try:
            reader.export(exported)
        finally:
            reader.close()
        exported.seek(0)
        try:
            verifier.check_file(exported, {self.gateway_key.kid: self.gateway_key.public_b64}, False)
        except (verifier.Refused, ValueError) as fault:
            return str(fault)
        return "ok"


def _seen_by(camera: BeltCamera, events: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """What a camera added: `named`, the parcels with an identifier that no other reader told before it."""
    codes = ((data["visit"], code) for data in events for code in data.get("codes", ()))
    named = {visit for visit, code in codes if code["dev"] == camera.device and code.get("chk")}
    return {"pictures": camera.pictures, "missed": camera.missed, "named": len(named)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)


def _last_lines(log: Path, count: int = 6) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
