"""What the web tests share: a config, a source that says what a test wants, every state of a bench, and a way to
call the web service without a socket."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from edge.core.association import Assignment, Claim
from edge.core.priority import NO_QUEUE, RELIEF, Place, Queue
from edge.core.snapshot import (
    Balance,
    BeltItem,
    BenchView,
    EventFigures,
    LaneView,
    LineView,
    PlcLineView,
    PrinterView,
    Snapshot,
    Tally,
)
from edge.web.app import create_app
from edge.web.feed import Feed
from hub_config.hub import HubConfig
from hub_config.layout import Screen
from hub_config.load import load
from hub_config.names import DeviceId, Instant, LaneId, LineId, VisitId
from hub_config.plc import PlcWcsConfig

ROOT = Path(__file__).parents[2]
BENCH = LineId("b1")
S10 = "RB123456785GB"
SCREENS = {
    "24in": Screen(diagonal_in=24.0, width_px=1920, height_px=1080),
    "15.6in": Screen(diagonal_in=15.6, width_px=1920, height_px=1080),
    "10.1in": Screen(diagonal_in=10.1, width_px=1280, height_px=800),
}

_READY = BenchView(bench=BENCH, revision=1, state="ready", instruction="scan_or_weigh", since=Instant(0))
_OPEN = replace(_READY, visit=VisitId("v1"), code=S10)
_WEIGHED = replace(_OPEN, mass_mg=1_250_000)
_TO_BAY = replace(_WEIGHED, instruction="put_in_bay")

VIEWS: dict[str, BenchView] = {
    "ready": _READY,
    "clear": replace(_READY, instruction="clear_scale"),
    "scanned": replace(_OPEN, state="measuring", instruction="put_on_scale"),
    "inspecting": replace(_READY, state="inspect", instruction="inspect_it", visit=VisitId("v1"), code=S10),
    "badge": replace(_READY, state="inspect", instruction="scan_badge", visit=VisitId("v1"), code=S10),
    "stranger": replace(_READY, state="inspect", instruction="scan_badge", code=S10, refused="unknown_badge"),
    "weighed": replace(_READY, state="measuring", instruction="scan_label", mass_mg=1_250_000),
    "moving": replace(_OPEN, state="measuring", instruction="hold_still"),
    "asking": replace(_WEIGHED, state="asking", instruction="wait_decision"),
    "release": replace(_TO_BAY, state="release", lane=LaneId("green"), bay="G1"),
    "hold": replace(
        _TO_BAY,
        state="hold",
        code="003123456789012345",
        mass_mg=12_345_000,
        lane=LaneId("hold"),
        bay="H1",
        reasons=("no_declaration", "value_over_lane"),
    ),
    "away": replace(
        _TO_BAY,
        state="hold",
        lane=LaneId("hold"),
        bay="H1",
        reasons=("offline_default",),
        network_away=True,
    ),
    "inspect": replace(
        _TO_BAY, state="inspect", lane=LaneId("xray"), bay="X1", reasons=("risk_profile", "sampled", "drill")
    ),
    "ask": replace(
        _WEIGHED,
        state="ask",
        instruction="rescan_or_bay",
        lane=LaneId("hold"),
        bay="H1",
        reasons=("two_labels", "voucher_elsewhere"),
        refused="not_now",
        network_away=True,
    ),
    "wrong bay": replace(_TO_BAY, state="release", lane=LaneId("green"), bay="G1", refused="wrong_bay"),
    "fault": replace(_READY, state="fault", instruction="call_it", device=DeviceId("scale-1")),
}
"""One of each, the crowded ones included; key is a name for the test's report."""

LINE = LineId("l1")
SECOND_NS = 1_000_000_000


def _item(number: int, state: str, front_mm: int, length_mm: int = 320, **more: Any) -> BeltItem:
    return BeltItem(
        visit=VisitId(f"p{number}"),
        number=number,
        state=state,
        front_um=front_mm * 1000,
        rear_um=(front_mm - length_mm) * 1000,
        **more,
    )


def _of(code: str, numbers: tuple[int, ...]) -> Assignment:
    """Whose this code is nobody knows: the first of them a little more likely."""
    claims = tuple(Claim(number, 499_999 - place) for place, number in enumerate(numbers))
    return Assignment(code, None, claims[0].p_ppm, claims, "ambiguous_read")


_LANES = (
    LaneView(LaneId("green"), "G9", 128, S10),
    LaneView(LaneId("manual"), "M9", 3, "LX987654321MY", ("risk_profile",)),
    LaneView(LaneId("hold"), "H9", 11, "RB900000015CN", ("voucher_elsewhere", "drill")),
)
_EMPTY = LineView(
    line=LINE,
    at=Instant(10 * SECOND_NS),
    state="runs",
    speed_um_s=1_500_000,
    board="ready",
    lanes=tuple(replace(lane, count=0, code=None, reasons=()) for lane in _LANES),
)
_HELD = {"lane": LaneId("hold"), "mass_mg": 12_345_000}
_FLOW = replace(
    _EMPTY,
    lanes=_LANES,
    items=(
        _item(7, "hold", 10_100, code="RB900000029CN", reasons=("no_declaration", "value_over_lane"), **_HELD),
        _item(
            6, "inspect", 9_250, 260, code="003123456789012345", mass_mg=2_340_000, lane=LaneId("manual"),
            reasons=("risk_profile",), ordered=True,
        ),
        _item(
            5, "release", 8_050, 410, code=S10, mass_mg=1_250_000, lane=LaneId("green"), ordered=True,
            dims_um=(410_000, 250_400, 120_000),
        ),
        _item(4, "ask", 6_900, code="RB555500015SG", lane=LaneId("hold"), reasons=("two_labels",)),
        _item(3, "stray", 5_600, 150),
        _item(2, "asking", 3_900, 600, code="LX123400017GB", mass_mg=730_500),
        _item(1, "measuring", 1_600, 90),
    ),
)  # fmt: skip

LINES: dict[str, LineView] = {
    "empty": _EMPTY,
    "flow": _FLOW,
    "dense": replace(
        _EMPTY,
        lanes=_LANES,
        items=tuple(
            _item(
                number,
                "release" if number % 3 else "hold",
                10_400 - 430 * number,
                200,
                code=f"RB{number:09}GB",
                lane=LaneId("green" if number % 3 else "hold"),
            )
            for number in range(1, 24)
        ),
    ),
    "doubt": replace(
        _EMPTY,
        items=(
            _item(
                9, "release", 7_900, code=S10, lane=LaneId("green"), in_doubt=(_of("RB100000007CN", (8, 7)),)
            ),
            _item(
                8, "hold", 6_400, reasons=("assoc_low",), in_doubt=(_of("RB100000007CN", (8, 7)),), **_HELD
            ),
            _item(
                7,
                "hold",
                6_020,
                reasons=("assoc_low",),
                in_doubt=(_of("RB100000007CN", (8, 7)),),
                lane=LaneId("hold"),
            ),
        ),
    ),
    "stands": replace(_FLOW, state="stands", speed_um_s=0),
    "fault": replace(_FLOW, state="fault", board="lost", wrong=(("down", "io-1"),)),
    "reader": replace(_FLOW, state="fault", wrong=(("down", "tunnel-1"),)),
    "away": replace(
        _FLOW,
        network_away=True,
        items=tuple(
            replace(item, state="hold", lane=LaneId("hold"), reasons=("offline_default",), ordered=False)
            for item in _FLOW.items
        ),
    ),
    "wrong": replace(
        _FLOW,
        state="fault",
        wrong=(("down", "tunnel-1"), ("lane_full", "green"), ("jammed", "gate"), ("out_of_step", "wim-1")),
    ),
    "trouble": replace(_FLOW, state="fault", trouble=True, network_away=True, wrong=(("down", "wim-1"),)),
}
"""Belts as they can be; key is a name for the test's report. Positions are those of examples/demo.toml."""


_BALANCE = Balance(120, 118, (("no_read", 2),))
_OUTBOX = EventFigures(360, 358, 2, 0, broker=True, coordinator=True)
_TALLY = Tally(entered=61, at_bench=1, departed=56, first_pass=56, held=3, inspected=1)


@dataclass
class Says:
    """A source that says what it is told to say."""

    view: BenchView = _READY
    balance: Balance = _BALANCE
    outbox: EventFigures = _OUTBOX
    tally: Tally = _TALLY
    known: Mapping[str, int | None] | None = None
    lines: tuple[LineView, ...] = ()
    benches: tuple[BenchView, ...] | None = None
    """Where there are others than `view`."""
    queue: Queue = NO_QUEUE
    printers: tuple[PrinterView, ...] = ()
    plc_lines: tuple[PlcLineView, ...] = ()

    def snapshot(self) -> Snapshot:
        dwell_us = (4_100_000, 6_000_000, 9_000_000)
        return Snapshot(
            at=self.lines[0].at if self.lines else Instant(0),
            benches=(self.view,) if self.benches is None else self.benches,
            balance=self.balance,
            tally=self.tally,
            dwell_us=dwell_us,
            devices_down=(),
            rejected_messages=(),
            lines=self.lines,
            queue=self.queue,
            printers=self.printers,
            plc_lines=self.plc_lines,
        )

    def events(self) -> EventFigures:
        return self.outbox

    def truth(self) -> Mapping[str, int | None] | None:
        return self.known

    def figures(self) -> Mapping[str, object]:
        return {"parcels": {"entered": self.tally.entered}}


def place(code: str, slack_min: int, **told: Any) -> Place:
    """One of the hold queue; the hub's turn unless told otherwise."""
    usual = Place(
        VisitId(f"v-{code}"), code, "H1", "no_declaration", "standard", slack_min * 60_000_000, "promise",
        1_500_000_000, None,
    )  # fmt: skip
    return replace(usual, **told)


QUEUE = Queue(
    (
        place("RB123454821ET", 170, tier=RELIEF, cause="dwell"),
        place("CP482713355RW", 12),
        place("003123456789012345", 41, bay="H9", reason="decision_late"),
        place("LX771203164RW", -25, cause="missed", reason="mass_inconclusive", bay=None),
        place("RR473124829MY", 95, waits_for="merchant"),
        place("UA111714969JP", 61, waits_for="agency:fda", reason="agency_pending", bay="M1"),
        place("HP526176459JP", 88, waits_for="customs", reason="risk_profile", bay="X1"),
    ),
    to_bring=4,
    waiting=23,
)
TRUTH = {"wrong_release": 0, "wrong_identity": 0, "wrong_weight": 0, "unaccounted": 0}


def hub(port: int = 8040, screen: str = "24in", name: str = "Bench 1", benches: int = 1) -> HubConfig:
    config = load(ROOT / "examples" / "bench.toml")
    bench = config.benches[0].model_copy(update={"screen": SCREENS[screen], "name": name})
    several = tuple(
        bench if n == 0 else bench.model_copy(update={"id": LineId(f"b{n + 1}")}) for n in range(benches)
    )
    return config.model_copy(update={"web": config.web.model_copy(update={"port": port}), "benches": several})


def floor_hub(port: int = 8040, benches: int = 1, lines: int = 1) -> HubConfig:
    """The hub of the demo, with more or fewer benches and lines."""
    config = load(ROOT / "examples" / "demo.toml")
    bench, line = config.benches[0], config.lines[0]
    changed: dict[str, object] = {
        "web": config.web.model_copy(update={"port": port}),
        "benches": tuple(
            bench.model_copy(update={"id": LineId(f"b{n}"), "name": f"Bench {n}"})
            for n in range(1, benches + 1)
        ),
        "lines": tuple(
            line.model_copy(update={"id": LineId(f"l{n}"), "name": f"Line {n}"}) for n in range(1, lines + 1)
        ),
    }
    return config.model_copy(update=changed)


def sorter_hub(port: int = 8040, *, drives: bool = True) -> HubConfig:
    """The hub of the demo with the line of examples/plc.toml besides."""
    config, other = load(ROOT / "examples" / "demo.toml"), load(ROOT / "examples" / "plc.toml")
    plcs = tuple(
        one.model_copy(update={"drives": drives}) for one in other.devices if isinstance(one, PlcWcsConfig)
    )
    changed = {
        "web": config.web.model_copy(update={"port": port}),
        "plc_lines": other.plc_lines,
        "devices": (*config.devices, *plcs),
    }
    return config.model_copy(update=changed)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def app_for(source: Says | None = None, feed: Feed | None = None, **kinds: Any) -> FastAPI:
    return create_app(hub(**kinds), source or Says(), feed or Feed())


async def get(
    app: FastAPI,
    path: str,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    parts: int | None = None,
) -> Answer:
    """Call the service as a server would; `parts`: hang up after so many pieces of the body."""
    given = {"host": "127.0.0.1:8040", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8040),
    }
    sent: list[dict[str, Any]] = []
    asked: list[bool] = []
    hung_up = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if asked:
            await hung_up.wait()
            return {"type": "http.disconnect"}
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)
        if parts is not None and len(sent) > parts:
            hung_up.set()

    try:
        await app(scope, receive, send)
    except Exception:
        if not sent:
            raise  # an answer first, as a browser sees it; the exception is the server's to log
    start = sent[0]
    return Answer(
        status=start["status"],
        headers={name.decode().lower(): value.decode() for name, value in start["headers"]},
        text=b"".join(message.get("body", b"") for message in sent[1:]).decode(),
    )


def fetch(app: FastAPI, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    return asyncio.run(get(app, path, headers, method))
