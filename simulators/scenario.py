"""Scenarios: what `hub simulate NAME` runs, read from a file and checked against the hub that it runs on.

The shipped ones lie in `scenarios/`; anyone's own is named by its path. A scenario changes what happens to the hub,
never what the gateway does about it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, get_args

from edge.wire.signing import Signer
from hub_config.finding import Finding, listed, show
from hub_config.hub import HubConfig
from hub_config.lines import Line
from hub_config.load import ConfigFaults, Fault, load, read_model
from hub_config.names import MICROSECOND, SECOND
from hub_config.readers import is_triggered
from hub_config.rules import load_rules
from hub_config.values import nearest
from simulators.bodies import free_spans
from simulators.devices.plc import PlcFault
from simulators.feeding import on_the_way
from simulators.inspections import LookFault
from simulators.line_faults import LineFault, line_plan
from simulators.line_plant import LineOptions
from simulators.mistakes import Mistake
from simulators.motion import CLOSE_UM
from simulators.network import Network, Outage
from simulators.parcels import MASSES, MILLION, Goods, Trouble, stream
from simulators.practice import BENCH_ONE_IN, NO_PORTS, RULES, keyed, with_lines
from simulators.preclearance import OfflinePlan
from simulators.scenario_file import DimensionerEntry, FormEntry, ParcelsEntry, ScenarioFile, SightEntry
from simulators.series import ABLE
from simulators.sizing import Sizing
from simulators.traffic import BeltStop, Form, Gap, Sight, Traffic

FOLDER: Final = Path(__file__).parent / "scenarios"
SAMPLE: Final = 2_000
"""Parcels from which the offered rate is estimated."""
LONGEST_UM: Final = 480_000
"""Of the boxes that are drawn without forms."""


class ScenarioError(ValueError):
    """There is no such scenario, or it can't be run as asked."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One that can be run: its file, and what it says in the simulators' own values."""

    name: str
    file: Path
    about: str
    layout: Path
    rules: Path
    parcels: int
    """How many pass where nobody asks for another number."""
    lasts_ns: int | None
    goods: Goods
    lines: LineOptions
    mistakes_ppm: Mapping[Mistake, int]
    network: Network
    copies: int | None
    benches: bool
    offline: OfflinePlan
    plc_ppm: Mapping[PlcFault, int]
    looks_ppm: Mapping[LookFault, int]

    def config(self, coordinator: Signer) -> HubConfig:
        """The hub with this run's key. Raises ConfigFaults."""
        config = load(self.layout)  # its faults name the file as people know it
        with TemporaryDirectory(prefix="hub-simulate-") as folder:
            file = Path(folder) / "hub.toml"
            file.write_text(keyed(self.layout, coordinator).replace('"/dev/hub/', f'"{NO_PORTS.folder}/'))
            config = load(file)
        return with_lines(config, self.copies, benches=self.benches)

    def count(self, config: HubConfig, parcels: int | None, minutes: float | None) -> int:
        """Parcels of a run. Raises ScenarioError where minutes say nothing: a hub without lines has no feeder."""
        if parcels is not None:
            return parcels
        if minutes is None:
            return self.parcels
        if self.lasts_ns is not None:
            return max(1, round(self.parcels * minutes * 60 * SECOND / self.lasts_ns))
        if not config.lines:
            raise ScenarioError(f"scenario {self.name} has no line, so minutes give no number of parcels")
        per_h = sum(self.offered_per_h(line) for line in config.lines)
        if config.benches:
            per_h = per_h * BENCH_ONE_IN / (BENCH_ONE_IN - 1)
        return max(1, round(per_h * minutes / 60))

    def offered_per_h(self, line: Line) -> float:
        """By the feeder of one line, from a sample of its parcels."""
        plans = [line_plan(1, parcel, {}, self.lines.traffic) for parcel in stream(1, SAMPLE, self.goods)]
        pitch_mm = sum(plan.length_um + plan.gap_um for plan in plans) / len(plans) / 1_000
        return line.belts[0].speed_mm_s * 3_600 / pitch_mm

    def network_of(self, count: int, minutes: float | None) -> Network:
        """Outages as long, in proportion, as the run."""
        if self.lasts_ns is None:
            return self.network
        if minutes is not None:
            return self.network.scaled(round(minutes * 60_000), self.lasts_ns * 1_000 // SECOND)
        return self.network.scaled(count, self.parcels)


def shipped() -> dict[str, Path]:
    """Name to file."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def find(named: str | Path) -> Scenario:
    """A shipped one by its name, or any by its path. Raises ConfigFaults, or ScenarioError for an unknown name."""
    text = str(named)
    if text.endswith(".toml") or "/" in text:
        return read(Path(text))
    known = shipped()
    if text not in known:
        near = nearest(text, list(known))
        todo = f"did you mean {near}?" if near else "see hub simulate --list"
        raise ScenarioError(f"there is no scenario {show(text)}; {todo}")
    return read(known[text])


def read(path: Path) -> Scenario:
    """Raises ConfigFaults."""
    file = read_model(path, ScenarioFile, lambda _: [])
    layout = path.parent / file.layout
    if not layout.is_file():
        what = f"there is no file {show(str(layout))}"
        limit = "the configuration of a hub, named from the folder of this file"
        raise _refused(path, "layout", what, limit, "correct the path")
    if file.rules is not None:
        rules = path.parent / file.rules
        if not rules.is_file():
            what = f"there is no file {show(str(rules))}"
            limit = "a rule pack, named from the folder of this file"
            raise _refused(path, "rules", what, limit, "correct the path")
        load_rules(rules)  # its faults name the file as people know it
    config = load(layout)
    scenario = _scenario(path, layout, file, sized=any(line.dimensioner is not None for line in config.lines))
    for finding in _misfits(file, config):
        raise _refused(path, str(finding.path[0]), finding.what, finding.limit, finding.todo)
    return scenario


def _refused(path: Path, key: str, what: str, limit: str, todo: str) -> ConfigFaults:
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = (f"{key} ", f"{key}=", f"[{key}]", f"[{key}.")
    number = next((n for n, line in enumerate(lines, 1) if line.lstrip().startswith(starts)), 1)
    return ConfigFaults([Fault(str(path), number, key, what, limit, todo)])


def _scenario(path: Path, layout: Path, file: ScenarioFile, *, sized: bool) -> Scenario:
    rates: dict[LineFault, int] = {fault: file.fault_ppm.get(fault, 0) for fault in get_args(LineFault)}
    return Scenario(
        name=path.stem,
        file=path,
        about=file.about,
        layout=layout,
        rules=RULES if file.rules is None else path.parent / file.rules,
        parcels=file.parcels_default,
        lasts_ns=None if file.lasts_s is None else file.lasts_s * SECOND,
        goods=replace(_goods(file.parcels), sized=sized),
        lines=LineOptions(rates, traffic=_traffic(file)),
        mistakes_ppm=dict(file.mistake_ppm),
        network=Network(
            (file.network.message_from_us * MICROSECOND, file.network.message_to_us * MICROSECOND),
            file.network.stall_ppm,
            tuple(Outage(one.begins_s * SECOND, one.lasts_s * SECOND) for one in file.network.outages),
        ),
        copies=file.lines,
        benches=file.benches,
        offline=OfflinePlan(
            file.offline.vouchers, file.offline.issued_before_s * 1_000_000, file.offline.sample_ppm,
            file.offline.year_parcels,
        ),
        plc_ppm=dict(file.plc.fault_ppm),
        looks_ppm=dict(file.look_ppm),
    )  # fmt: skip


def _goods(parcels: ParcelsEntry) -> Goods:
    troubles: tuple[Trouble, ...] = get_args(Trouble)
    mass = parcels.mass
    return Goods(
        trouble_ppm=tuple(
            (trouble, parcels.trouble_ppm[trouble]) for trouble in troubles if trouble in parcels.trouble_ppm
        ),
        sscc_ppm=parcels.code_ppm.get("sscc", 0),
        ean_ppm=parcels.code_ppm.get("ean", 0),
        qr_ppm=parcels.code_ppm.get("qr", 0),
        masses=MASSES
        if mass is None
        else ((0, mass.least_mg), *((one.share_ppm, one.below_mg) for one in mass.marks)),
    )


def _traffic(file: ScenarioFile) -> Traffic:
    parcels, feeder, belt, scale = file.parcels, file.feeder, file.belt, file.scale
    return Traffic(
        forms=tuple(_form(one) for one in parcels.forms),
        gap=Gap(feeder.least_um, feeder.most_um, feeder.mean_um),
        label_ppm=(parcels.label_from_ppm, parcels.label_to_ppm),
        wander_um=file.readers.wander_um,
        faces=tuple(sorted(parcels.face_ppm.items())),
        askew_deg=parcels.askew_to_deg,
        sights=tuple(_sight(one) for one in file.readers.sights),
        sides_ppm=tuple((one.belt, one.share_ppm) for one in feeder.sides),
        creep_ppm=belt.creep_ppm,
        slip_um=(belt.slip_from_um, belt.slip_to_um),
        push_um=belt.push_um,
        belt_stop=None
        if belt.stop is None
        else BeltStop(belt.stop.belt, belt.stop.every_s * SECOND, belt.stop.lasts_s * SECOND),
        read_ns=file.readers.read_time_us * MICROSECOND,
        weight_error_mg=scale.error_mg,
        record_ns=(scale.record_from_us * MICROSECOND, scale.record_to_us * MICROSECOND),
        sizing=_sizing(file.dimensioner),
    )


def _sight(one: SightEntry) -> Sight:
    return Sight(tuple(one.faces), tuple((mark.to_deg, mark.read_ppm) for mark in one.rates))


def _sizing(one: DimensionerEntry) -> Sizing:
    record_ns = (one.record_from_us * MICROSECOND, one.record_to_us * MICROSECOND)
    return Sizing(one.error_um, record_ns, one.fault_ppm)


def _form(one: FormEntry) -> Form:
    lengths = ((0, one.least_um), *((mark.share_ppm, mark.below_um) for mark in one.marks))
    return Form(one.name, one.share_ppm, lengths, one.no_read_ppm)


# Against the layout --------------------------------------------------------------------------------


def _misfits(file: ScenarioFile, config: HubConfig) -> Iterator[Finding]:
    driven = config.plc_lines and file.lines is None
    if file.plc.fault_ppm and not driven:
        what, limit = "no line of the layout is driven by a controller", "[plc] says what such a one does"
        yield Finding(("plc",), what, limit, "remove [plc], or name another layout")
    if file.look_ppm and not any(bench.inspects for bench in config.benches):
        what, limit = "no bench of the layout inspects", "[look_ppm] says what goes wrong at such a one"
        yield Finding(("look_ppm",), what, limit, "remove [look_ppm], or name another layout")
    no_lines = not driven and (file.lines == 0 or not config.lines)
    if not file.lines and not (file.benches and config.benches) and no_lines:
        what, limit = "no bench and no line is left", "a hub has one of them at least"
        yield Finding(("lines",), what, limit, "raise lines, or let benches = true")
    if file.lines and not config.lines:
        what = f"the layout has no line that could be there {file.lines} times"
        yield Finding(("lines",), what, "lines copies its first one", "name another layout")
    if file.lines == 0:
        return
    for line in config.lines:
        yield from _line_misfits(file, line, config)


def _line_misfits(file: ScenarioFile, line: Line, config: HubConfig) -> Iterator[Finding]:
    yield from _series_misfits(file, line)
    yield from _side_misfits(file, line)
    yield from _reader_misfits(file, line, config)
    forms = file.parcels.forms
    longest = max((one.marks[-1].below_um for one in forms), default=LONGEST_UM)
    if longest > line.max_length_um:
        what = f"parcels are up to {_mm(longest)} long"
        limit = f"line {line.id} of the layout takes {_mm(line.max_length_um)}, its max_length"
        yield Finding(("parcels",), what, limit, "shorten them, or raise max_length")
    shortest = min((one.least_um for one in forms), default=None)
    if shortest is not None and shortest < line.min_length_um + CLOSE_UM:
        what = f"parcels are {_mm(shortest)} short"
        least = _mm(line.min_length_um + CLOSE_UM)
        limit = f"at least {least}: what is shorter than min_length is no parcel to line {line.id}"
        yield Finding(("parcels",), what, limit, "lengthen them, or lower min_length")
    nearest = line.min_gap_um + CLOSE_UM
    if file.feeder.least_um < nearest:
        what = f"gaps of {_mm(file.feeder.least_um)} are too small"
        limit = f"at least {_mm(nearest)}: nearer are one to the beams of line {line.id} (fault touching does that)"
        yield Finding(("feeder",), what, limit, "raise least")
    for key, place, to_us in (
        ("scale", line.scale, file.scale.record_to_us),
        ("dimensioner", line.dimensioner, file.dimensioner.record_to_us),
    ):
        if place is not None and to_us > place.latest_ms * 1_000:
            what = f"records may come later than the layout's {key} says"
            yield Finding((key,), what, f"at most latest, {place.latest_ms} ms", "lower record_to")
    yield from _hands_misfits(file, line, longest)


def _series_misfits(file: ScenarioFile, line: Line) -> Iterator[Finding]:
    """What is simulated of belts in series, and of one belt."""
    alone, stop = len(line.belts) == 1, file.belt.stop
    for fault, share in file.fault_ppm.items():
        if share and (fault == "transfer_slip" if alone else fault not in ABLE):
            what = f"{fault} does not happen on line {line.id}"
            limit = "it has one belt" if alone else f"on belts in series happen {', '.join(ABLE)}"
            yield Finding(("fault_ppm",), what, limit, f"remove {fault}, or name another layout")
    if stop is not None and (alone or stop.belt not in [belt.id for belt in line.belts]):
        what = f"line {line.id} has no belt {show(stop.belt)} in series"
        limit = f"its belts are {', '.join(belt.id for belt in line.belts)}"
        yield Finding(
            ("belt",), what, limit, "name one of several; one belt alone stops by the fault belt_stop"
        )


def _side_misfits(file: ScenarioFile, line: Line) -> Iterator[Finding]:
    """What comes by side belts, and what is simulated of them."""
    known = [side.id for side in line.sides]
    named = [one.belt for one in file.feeder.sides]
    for number, one in enumerate(file.feeder.sides):
        if one.belt not in known or one.belt in named[:number]:
            what = f"line {line.id} has no side belt {show(one.belt)}{' twice' if one.belt in known else ''}"
            limit = f"its side belts are {listed(known)}"
            yield Finding(("feeder", "sides", number, "belt"), what, limit, "name each once")
    total = sum(one.share_ppm for one in file.feeder.sides)
    if total > MILLION:
        yield Finding(
            ("feeder", "sides"), f"the shares are {total} together", f"at most {MILLION}", "lower some"
        )
    begins_um = min((belt.start_um for belt in line.all_belts[len(line.belts) :]), default=0)
    if begins_um < 0:
        what = f"a side belt of line {line.id} is longer than the way to its merge, by {_mm(-begins_um)}"
        yield Finding(("layout",), what, "simulated are shorter ones", "name another layout")
    stop, joined = file.belt.stop, max((line.joined_place(side) for side in line.sides), default=0)
    if stop is not None and stop.belt in [belt.id for belt in line.belts[:joined]]:
        what = f"belt {show(stop.belt)} stands while a side belt runs on, and both come to one merge"
        may = listed([belt.id for belt in line.belts[joined:]])
        limit = f"on line {line.id} those stand that are behind its merges: {may}"
        yield Finding(("belt", "stop", "belt"), what, limit, "name one of these")


def _reader_misfits(file: ScenarioFile, line: Line, config: HubConfig) -> Iterator[Finding]:
    for one in line.readers:
        if not is_triggered(config.device(one.device)):
            what = f"reader {one.device} of line {line.id} is no fixed reader"
            limit = "readers that are told to read are simulated here; a camera's pictures are in hub demo --camera"
            yield Finding(("layout",), what, limit, "name another layout")
    sights = file.readers.sights
    if sights and len(sights) != len(line.readers):
        what = f"{len(sights)} sights for the {len(line.readers)} readers of line {line.id}"
        yield Finding(
            ("readers",), what, "one for each reader of the layout, in its order", "add or remove some"
        )


def _hands_misfits(file: ScenarioFile, line: Line, longest_um: int) -> Iterator[Finding]:
    hands = [fault for fault in ("removed", "added") if file.fault_ppm.get(fault, 0)]
    ways = [on_the_way(line, place) for place in (0, *range(len(line.belts), len(line.all_belts)))]
    widest = min(max((high - low for low, high in free_spans(line, way)), default=0) for way in ways)
    if hands and widest <= longest_um:
        what = f"no hand reaches a parcel of {_mm(longest_um)} between two beams of line {line.id}"
        limit = f"the widest place is {_mm(widest)} long"
        yield Finding(("fault_ppm",), what, limit, f"shorten parcels, or remove {hands[0]}")


def _mm(um: int) -> str:
    return f"{um / 1_000:g} mm"
