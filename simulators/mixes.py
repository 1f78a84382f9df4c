"""One run of a swarm, as data: which faults at which rates, how many lines, which parcels.

A mix is drawn from its seed (swarm testing: half of the faults are off, so that the others are not drowned by them),
and is written to a file when its run has failed, so that one command repeats it. What `line_plan` draws for a parcel
depends on seed and parcel number alone: a mix without one fault, or without some parcels, leaves the rest as it is.
"""

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.rim.trace import Start, TraceWriter
from hub_config.hub import HubConfig
from simulators.checkers import RuleBrokenError
from simulators.devices.plc import PlcFault
from simulators.hub import EDGE_VERSION, RunStuckError, entropy_of
from simulators.inspections import LookFault
from simulators.line_faults import LINE_RATES_PPM, LineFault
from simulators.mistakes import Mistake
from simulators.parcels import MAX_PARCELS, MILLION, stream
from simulators.practice import practice_signer, with_lines
from simulators.report import whole
from simulators.scenario import find
from simulators.series import ABLE
from simulators.simulate import prepare_plan

Fault = TypeVar("Fault", LineFault, PlcFault, Mistake, LookFault)
MixScenario = Literal[
    "bench-inspections",
    "demo",
    "lines",
    "line-dense",
    "line-dws",
    "line-merge",
    "line-modbus",
    "line-plc",
    "line-transfer",
    "line-tunnel",
]
KNOWN: Final[tuple[MixScenario, ...]] = get_args(MixScenario)
WITHOUT_BELT: Final[tuple[MixScenario, ...]] = ("bench-inspections",)
SCENARIOS: Final[tuple[MixScenario, ...]] = tuple(one for one in KNOWN if one not in WITHOUT_BELT)
"""One of these is drawn where none is asked for."""
IN_SERIES: Final[tuple[MixScenario, ...]] = ("line-merge", "line-transfer")
"""Not every fault is simulated on their belts."""
OVER_BYTES: Final[tuple[MixScenario, ...]] = ("demo", "lines", "line-dense")
"""Those whose boards are run over bytes now and then."""
PLC_LEAST_PPM: Final = 1_000
PARCELS: Final = (30, 150)
LINES: Final = 4
USUAL_LEAST_PPM: Final = 100
"""A fault that no scenario of everyday has is drawn from this rate on."""
UNSEEN: Final[tuple[LineFault, ...]] = ("swapped",)
"""It leaves no trace at any sensor: what comes of it is no fault of the gateway (scenario `line-swap` counts it)."""
STOPS: Final[tuple[LineFault, ...]] = ("belt_stop", "belt_back")
"""Not together with an encoder that is dead: then nobody can know that a belt stands, and a beam that comes free and is
covered again has seen another parcel for all that anybody can tell."""
RATE_MAX_PPM: Final = 40_000
"""A fault that is on is drawn between its usual rate and this one; one that is usual more often, at that."""
OVER_BYTES_ONE_IN: Final = 8
"""Boards over bytes take several times longer."""
TEXT_MAX: Final = 2_000
"""Characters kept of what a failed run says."""
_NAMES: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|ni:///\S+|dec-\S+|\b[0-9A-Z]{20,}\b|\d+")


class Mix(BaseModel):
    """What one run is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    scenario: MixScenario
    lines: int = Field(ge=1, le=LINES)
    """Of scenario `lines`; the others have one."""
    over_bytes: bool
    parcels: tuple[int, ...] = Field(min_length=1)
    """Their numbers in the stream of this seed, ascending."""
    rates_ppm: dict[LineFault, int]
    """Faults that are on."""
    plc_ppm: dict[PlcFault, int] = {}
    """Those of a line that a controller drives."""
    mistake_ppm: dict[Mistake, int] = {}
    """Those of the operators of a hub without belts."""
    look_ppm: dict[LookFault, int] = {}
    """Those of somebody who looks into parcels."""

    @property
    def size(self) -> str:
        kinds = len(self.rates_ppm) + len(self.plc_ppm) + len(self.mistake_ppm) + len(self.look_ppm)
        return f"{len(self.parcels)} parcels, {kinds} kinds of fault"


class MixFault(Exception):  # noqa: N818  (the fault is the file's)
    """The file is no mix; the text names file, field and next step."""


class Failure(BaseModel):
    """Why a run has failed. `kind` is the same for the same fault of the gateway, whatever the parcel."""

    model_config = ConfigDict(frozen=True)

    kind: str
    text: str


class Outcome(BaseModel):
    """What came of one run; `report` as of `hub simulate`, None where the run did not reach its end."""

    model_config = ConfigDict(frozen=True)

    mix: Mix
    report: dict[str, Any] | None
    failure: Failure | None


def draw(seed: int, parcels: tuple[int, int] = PARCELS, scenarios: Sequence[MixScenario] = SCENARIOS) -> Mix:
    """The mix of this seed. `parcels`: the fewest and the most; `scenarios`: one of them is drawn."""
    rng = random.Random(f"swarm/{seed}")
    scenario = rng.choice(scenarios)
    lines = rng.randint(1, LINES)
    over_bytes = rng.randrange(OVER_BYTES_ONE_IN) == 0 and scenario in OVER_BYTES
    count = rng.randint(*parcels)
    rates: dict[LineFault, int] = {}
    plc: dict[PlcFault, int] = {}
    mistakes: dict[Mistake, int] = {}
    looks: dict[LookFault, int] = {}
    if scenario in WITHOUT_BELT:
        plan = find(scenario)
        for mistake, usual_ppm in plan.mistakes_ppm.items():
            _draw_rate(rng, mistakes, mistake, usual_ppm)
        for look_fault, usual_ppm in plan.looks_ppm.items():
            _draw_rate(rng, looks, look_fault, usual_ppm)
    elif scenario == "line-plc":
        for plc_fault in get_args(PlcFault):
            _draw_rate(rng, plc, plc_fault, PLC_LEAST_PPM)
    else:
        for fault in able(scenario):
            _draw_rate(rng, rates, fault, max(LINE_RATES_PPM[fault], USUAL_LEAST_PPM))
        if any(fault in rates for fault in STOPS):
            rates.pop("dead_encoder", None)
    return Mix(
        seed=seed, scenario=scenario, lines=lines if scenario == "lines" else 1, over_bytes=over_bytes,
        parcels=tuple(range(1, count + 1)), rates_ppm=rates, plc_ppm=plc,
        mistake_ppm=mistakes, look_ppm=looks,
    )  # fmt: skip


def able(scenario: MixScenario) -> tuple[LineFault, ...]:
    """What can go wrong on its belts, but for what no sensor can see."""
    if scenario == "line-plc" or scenario in WITHOUT_BELT:
        return ()
    may = ABLE if scenario in IN_SERIES else tuple(one for one in LINE_RATES_PPM if one != "transfer_slip")
    unseen = (*UNSEEN, "belt_back") if scenario == "line-modbus" else UNSEEN  # its counter knows no direction
    return tuple(fault for fault in may if fault not in unseen)


def _draw_rate(rng: random.Random, rates: dict[Fault, int], fault: Fault, least_ppm: int) -> None:
    """Off in half of the mixes, else anywhere between its least rate and the highest."""
    is_on, share = rng.random() < 0.5, rng.random()
    if is_on:
        span = math.log(max(RATE_MAX_PPM, least_ppm) / least_ppm)
        rates[fault] = round(least_ppm * math.exp(share * span))


def read_mix(file: Path) -> Mix:
    """Raises MixFault."""
    try:
        mix = Mix.model_validate_json(file.read_text())
    except OSError as refused:
        raise MixFault(
            f"{file}: {refused.strerror}; name a file that `hub campaign swarm` wrote"
        ) from refused
    except (ValidationError, UnicodeDecodeError) as fault:
        what = fault.errors()[0] if isinstance(fault, ValidationError) else {"loc": (), "msg": "no text"}
        place = ".".join(str(part) for part in what["loc"])
        raise MixFault(f"{file}: {place or 'the file'}: {what['msg']}; it was written otherwise") from None
    numbers = mix.parcels
    if list(numbers) != sorted(set(numbers)) or not 1 <= numbers[0] <= numbers[-1] <= MAX_PARCELS:
        raise MixFault(f"{file}: parcels: numbers from 1 to {MAX_PARCELS} are wanted, each once, ascending")
    rates = (mix.rates_ppm, mix.plc_ppm, mix.mistake_ppm, mix.look_ppm)
    if not all(0 <= ppm <= MILLION for kind in rates for ppm in kind.values()):
        raise MixFault(f"{file}: rates_ppm, plc_ppm, mistake_ppm, look_ppm: 0 to {MILLION} is wanted")
    unable = [fault for fault in mix.rates_ppm if fault not in (*able(mix.scenario), *UNSEEN)]
    if unable:
        raise MixFault(f"{file}: rates_ppm: {unable[0]} does not happen on {mix.scenario}; remove it")
    return mix


def run_mix(mix: Mix, record: Path | None = None) -> Outcome:
    """Runs it with all checkers. Whatever breaks in the run is its outcome. `record`: a trace of the inputs."""
    config = config_of(mix)
    wanted = frozenset(mix.parcels)
    plan = find(mix.scenario)
    parcels = [one for one in stream(mix.seed, mix.parcels[-1], plan.goods) if one.number in wanted]
    trace = None
    if record is not None:
        trace = TraceWriter(record, Start(config, entropy_of(mix.seed), (), {}, EDGE_VERSION))
    options = replace(plan.lines, rates_ppm=mix.rates_ppm, over_bytes=mix.over_bytes)
    simulation = prepare_plan(
        plan, config, parcels, mix.seed, network=plan.network, trace=trace, lines=options, plc_ppm=mix.plc_ppm,
        mistakes_ppm=mix.mistake_ppm if mix.scenario in WITHOUT_BELT else None, looks_ppm=mix.look_ppm,
    )  # fmt: skip
    digest = None
    try:
        report, details = simulation.run()
        digest = simulation.hub.digest
    except Exception as broken:  # noqa: BLE001 - whatever breaks is what a campaign looks for
        return Outcome(mix=mix, report=None, failure=failure_of(broken))
    finally:
        if trace is not None:
            trace.close(digest)
    return Outcome(mix=mix, report=report, failure=None if whole(report) else _wrong(report, details))


def config_of(mix: Mix) -> HubConfig:
    config = find(mix.scenario).config(practice_signer("coordinator"))
    return with_lines(config, mix.lines, benches=False) if mix.scenario == "lines" else config


def failure_of(broken: Exception) -> Failure:
    text = f"{type(broken).__name__}: {broken}"[:TEXT_MAX]
    match broken:
        case RuleBrokenError():
            kind = f"rule: {_NAMES.sub('#', str(broken))}"
        case RunStuckError():
            kind = "stuck"
        case _:
            frame = extract_tb(broken.__traceback__)[-1]
            kind = f"crash: {type(broken).__name__} in {Path(frame.filename).name}, {frame.name}"
            text = f"{text} ({Path(frame.filename).name}:{frame.lineno})"
    return Failure(kind=kind, text=text)


def _wrong(report: Mapping[str, Any], details: tuple[str, ...]) -> Failure:
    """The gravest fault of the truth names the kind."""
    wrong = [name for name, count in report["truth"].items() if count]
    kind = f"truth: {wrong[0]}" if wrong else "books: not everything is accounted for"
    text = next((line for line in details if wrong and line.startswith(wrong[0])), None)
    text = text or (details[0] if details else f"{report['parcels']}, {report['events']}")
    return Failure(kind=kind, text=text[:TEXT_MAX])
