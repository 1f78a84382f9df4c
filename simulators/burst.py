"""Scenarios of one bench in a rush: `kgl-coffee-burst` (flights) and `add-transit` (relief goods in an emergency).

Parcels come by the lorry load, part of them before their declarations, so the hold bay fills with parcels that are
released one filing at a time, while new ones wait at the bench. Each scenario runs twice with one seed: once the
operator brings back what the gateway calls (least slack first), once whatever lies there longest. The report compares
the two: who made the cut-off of its flight, and how long parcels stayed, by the owner of that time.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, TypeVar

from edge.core.priority import RELIEF, Moment
from hub_config.hub import HubConfig
from hub_config.names import MICROSECOND, SECOND, HubId, Instant
from hub_config.profiles import rules_file
from hub_config.rules import Procedure, load_rules
from simulators.coordinator.declared import Declared
from simulators.hub import UTC_AT_START_US, SimulatedHub
from simulators.parcels import MILLION, Parcel, stream
from simulators.practice import Ports, practice_signer, write_hub
from simulators.shift import ORDERS, Order, Shift, called_by
from simulators.simulate import SIGN_ONE_IN, Simulation

MINUTE_US: Final = 60 * 1_000_000
LORRY_NS: Final = 240 * SECOND
"""How long a lorry is unloaded."""
QUIET_NS: Final = 30 * SECOND
"""After the last filing: time for its decisions to come in."""

Wave = tuple[int, int]
"""Minute of the arrival, and its share of parcels in ppm."""
_T = TypeVar("_T")
Name = Literal["kgl-coffee-burst", "add-transit"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of goods: its share of parcels and how they are declared."""

    ppm: int
    procedure: Procedure
    goods: tuple[str, ...]
    value_times: int
    """Of the declared value of `simulators.parcels`."""
    late_ppm: int
    """Declared after they arrive."""
    onward: str | None = None
    relief: str | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    name: Name
    about: str
    hub: HubId
    utc_offset: str
    currency: str
    parcels: int
    pace: float
    """Of the operator: 6 is about five seconds a parcel."""
    lorries: tuple[Wave, ...]
    """The rest comes one by one within `minutes`."""
    minutes: int
    flights: tuple[Wave, ...]
    """Minute of each cut-off, and its share; the rest has none."""
    filings_min: tuple[int, ...]
    """Minutes at which late declarations come in, in batches."""
    kinds: tuple[Kind, ...]


COFFEE: Final = Burst(
    "kgl-coffee-burst", "One bench, 670 coffee parcels in an hour, flights that leave: by slack and by FIFO.",
    HubId("RW-KGL-1"), "+02:00", "RWF", parcels=670, pace=6.0,
    lorries=((5, 400_000), (25, 300_000)), minutes=60,
    flights=((38, 150_000), (53, 220_000), (69, 220_000), (110, 200_000)),
    filings_min=(30, 45, 60),
    kinds=(
        Kind(850_000, "export", ("roasted coffee", "green coffee beans"), 20, late_ppm=450_000),
        Kind(150_000, "export", ("woven basket", "tea", "cotton shirt"), 20, late_ppm=100_000),
    ),
)  # fmt: skip
TRANSIT: Final = Burst(
    "add-transit", "One bench, relief goods in transit under an emergency rule pack: by slack and by FIFO.",
    HubId("ET-ADD-1"), "+03:00", "ETB", parcels=400, pace=6.0,
    lorries=((3, 450_000), (15, 300_000)), minutes=35,
    flights=((27, 250_000), (39, 250_000)),
    filings_min=(20, 30),
    kinds=(
        Kind(
            350_000, "transit", ("water filter", "rapid test kit", "blanket", "wound dressing"), 200,
            late_ppm=500_000, onward="SS", relief="ET-RELIEF-2026-11",
        ),
        Kind(200_000, "transit", ("phone case", "toy blocks"), 200, late_ppm=400_000, onward="DJ"),
        Kind(450_000, "import", ("book", "desk lamp", "running shoes"), 10, late_ppm=400_000),
    ),
)  # fmt: skip
BURSTS: Final[Mapping[str, Burst]] = {burst.name: burst for burst in (COFFEE, TRANSIT)}


@dataclass(frozen=True, slots=True)
class Load:
    """The parcels of one run: what they are, when they come, and how they are declared."""

    parcels: tuple[Parcel, ...]
    arrives: Mapping[int, Instant]
    manifest: dict[str, Declared]
    cutoffs_us: Mapping[int, int]
    """By number, µs after the start."""
    filed_us: Mapping[int, int]
    """When each was declared, µs after the start; 0: in advance."""
    relief: frozenset[int]


def load_of(burst: Burst, seed: int, count: int) -> Load:
    rng = random.Random(f"{burst.name}/{seed}")
    parcels: list[Parcel] = []
    manifest: dict[str, Declared] = {}
    cutoffs_us: dict[int, int] = {}
    filings_us: dict[int, int] = {}
    relief: set[int] = set()
    arrives = sorted(_arrival_ns(burst, rng) for _ in range(count))
    for parcel in stream(seed, count):
        kind = _pick(burst.kinds, [kind.ppm for kind in burst.kinds], rng)
        flight = _pick((*burst.flights, None), [share for _, share in burst.flights], rng)
        cutoff_us = None if flight is None else flight[0] * MINUTE_US
        if cutoff_us is not None:
            cutoffs_us[parcel.number] = cutoff_us
        late = rng.randrange(MILLION) < kind.late_ppm
        filed_us = rng.choice(burst.filings_min) * MINUTE_US if late else 0
        filings_us[parcel.number] = filed_us
        if kind.procedure == "transit" and parcel.trouble == "over_value":
            parcel = replace(parcel, trouble="ok")  # noqa: PLW2901 - in transit no value is over the limit
        if kind.relief is not None:
            relief.add(parcel.number)
        parcels.append(parcel)
        told = parcel.declared
        if told is not None:
            goods = told.description if parcel.trouble == "prohibited" else rng.choice(kind.goods)
            manifest[told.code] = Declared(
                told.mass_mg, told.value_minor * kind.value_times, burst.currency, goods, kind.procedure,
                kind.onward, kind.relief, None if cutoff_us is None else UTC_AT_START_US + cutoff_us,
                UTC_AT_START_US + filed_us if filed_us else 0,
            )  # fmt: skip
    times = {parcel.number: Instant(at) for parcel, at in zip(parcels, arrives, strict=True)}
    return Load(tuple(parcels), times, manifest, cutoffs_us, filings_us, frozenset(relief))


def _arrival_ns(burst: Burst, rng: random.Random) -> int:
    lorry = _pick((*burst.lorries, None), [share for _, share in burst.lorries], rng)
    if lorry is None:
        return rng.randrange(burst.minutes * 60 * SECOND)
    return lorry[0] * 60 * SECOND + rng.randrange(LORRY_NS)


def _pick(choices: Sequence[_T], ppm: Sequence[int], rng: random.Random) -> _T:
    """By shares in ppm; the last choice takes what is left."""
    drawn = rng.randrange(MILLION)
    for choice, share in zip(choices, ppm, strict=False):
        if drawn < share:
            return choice
        drawn -= share
    return choices[-1]


def config_of(burst: Burst) -> HubConfig:
    """The bench of the example, in this hub."""
    with TemporaryDirectory(prefix="hub-simulate-") as folder:
        signer = practice_signer("coordinator")
        config = write_hub(Path(folder), (), signer, ports=Ports(Path("/nowhere")), scenario="bench").config
    hub = config.hub.model_copy(update={"id": burst.hub, "utc_offset": burst.utc_offset})
    return config.model_copy(update={"hub": hub})


def prepare_burst(burst: Burst, load: Load, seed: int, order: Order) -> Simulation:
    config, rules = config_of(burst), load_rules(rules_file(burst.hub))
    until = Instant(burst.filings_min[-1] * 60 * SECOND + QUIET_NS)

    def supply(hub: SimulatedHub, parcels: Sequence[Parcel]) -> Shift:
        def moment() -> Moment:
            return Moment(hub.world.now, UTC_AT_START_US + hub.world.now // MICROSECOND)

        called = called_by(hub.gateway, order, moment)
        return Shift(parcels, load.arrives, until=until, now=lambda: hub.world.now, called=called)

    bench = config.benches[0].id
    hub = SimulatedHub(
        config, {bench: load.parcels}, seed, rules, load.manifest,
        sign_one_in=SIGN_ONE_IN, supply=supply, pace=burst.pace,
    )  # fmt: skip
    return Simulation(hub, rules, load.manifest, burst.name, seed, over_bytes=False)


def simulate_burst(burst: Burst, seed: int, count: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Both orders; the report is that of the gateway's, with the comparison in `queue` and the faults of both."""
    started = time.perf_counter()
    load = load_of(burst, seed, count)
    reports: dict[Order, dict[str, Any]] = {}
    lines: tuple[str, ...] = ()
    for order in ORDERS:
        simulation = prepare_burst(burst, load, seed, order)
        reports[order], details = simulation.run()
        reports[order]["queue"] = served(simulation.hub, load)
        lines += details
    report = reports["slack"]
    report["truth"] = {name: sum(one["truth"][name] for one in reports.values()) for name in report["truth"]}
    report["queue"] = {order: one["queue"] for order, one in reports.items()}
    report["speed"]["both_wall_s"] = round(time.perf_counter() - started, 3)
    return report, lines


# What came of it -----------------------------------------------------------------------------------


def served(hub: SimulatedHub, load: Load) -> dict[str, Any]:
    """Of one run. Stays are of departed parcels, from lying on the floor of the hub: the gateway knows them only from
    their first scan on, the cut-off of a flight does not wait for that."""
    operator = hub.benches[0].bench.operator
    gone = {n: placed.at for n, placed in operator.placed.items() if placed.lane == "green"}
    number_of = {placed.visit: n for n, placed in operator.placed.items()}
    spans = {
        number_of[data["visit"]]: {span["owner"]: span["us"] for span in data["dwell"]}
        for data in hub.events
        if data["kind"] == "parcel.departed" and data["visit"] in number_of
    }
    made = {n for n, at in gone.items() if n in load.cutoffs_us and at // MICROSECOND <= load.cutoffs_us[n]}
    could = {n for n, cutoff in load.cutoffs_us.items() if n in gone and load.filed_us[n] < cutoff}
    held = {n for n in could if _was_held(n, spans)}
    owners = sorted({owner for one in spans.values() for owner in one})
    tiers = {"relief": load.relief, "standard": frozenset(gone) - load.relief}
    return {
        "departed": len(gone),
        "cut_off": {"with_flight": len(could), "made": len(made), "of_held": len(held), "held_made": len(held & made)},
        "by_flight": _by_flight(load, could, made),
        "dwell_s": {"all": quantiles_s([sum(one.values()) for one in spans.values()])}
        | {owner: quantiles_s([one.get(owner, 0) for one in spans.values()]) for owner in owners},
        "in_hub_s": {
            tier: quantiles_s([(gone[n] - load.arrives[n]) // MICROSECOND for n in gone if n in of])
            for tier, of in tiers.items()
        },
        "called_s": {
            tier: quantiles_s([spans[n].get("hub", 0) for n in spans if n in of and _was_held(n, spans)])
            for tier, of in tiers.items()
        },
        "rules": dict(sorted(_rules(hub).items())),
    }  # fmt: skip


def _was_held(number: int, spans: Mapping[int, Mapping[str, int]]) -> bool:
    return spans.get(number, {}).get("merchant", 0) > 0


def _by_flight(load: Load, could: set[int], made: set[int]) -> dict[str, list[int]]:
    """Minute of the cut-off: how many were declared before it and released, and how many of them in time."""
    flights = sorted(set(load.cutoffs_us.values()))
    of = {cutoff: {n for n in could if load.cutoffs_us[n] == cutoff} for cutoff in flights}
    return {str(cutoff // MINUTE_US): [len(of[cutoff]), len(of[cutoff] & made)] for cutoff in flights}


def _rules(hub: SimulatedHub) -> Counter[str]:
    """By which rule, and in which tier, parcels departed."""
    found: Counter[str] = Counter()
    for data in hub.events:
        if data["kind"] == "parcel.diverted" and data["act"]["lane"] == "green" and data.get("decision"):
            basis = data["decision"]["data"]["basis"]
            found[f"{basis['rule']} ({basis['tier']})"] += 1
    return found


def quantiles_s(samples_us: Sequence[int]) -> dict[str, float] | None:
    """p50, p90, p99 by the nearest-rank rule."""
    if not samples_us:
        return None
    ordered = sorted(samples_us)
    return {
        f"p{percent}": round(ordered[(len(ordered) * percent + 99) // 100 - 1] / 1e6, 1)
        for percent in (50, 90, 99)
    }


def table(report: Mapping[str, Any]) -> str:
    """The comparison, for people."""
    runs: Mapping[str, Any] = report["queue"]
    rows = [("", *runs)]
    both = list(runs.values())
    rows.append(("departed", *(str(one["departed"]) for one in both)))
    for label, of, part in (
        ("made the cut-off", "with_flight", "made"),
        ("  of those held first", "of_held", "held_made"),
    ):
        rows.append((label, *(f"{one['cut_off'][part]} of {one['cut_off'][of]}" for one in both)))
    for flight in both[0]["by_flight"]:
        shown = (one["by_flight"][flight] for one in both)
        rows.append((f"  flight at minute {flight}", *(f"{made} of {could}" for could, made in shown)))
    for owner in both[0]["dwell_s"]:
        rows.append((f"dwell, {owner}, s", *(_shown(one["dwell_s"].get(owner)) for one in both)))
    for tier in (RELIEF, "standard"):
        if both[0]["in_hub_s"][tier] is not None:
            rows.append((f"in the hub, {tier}, s", *(_shown(one["in_hub_s"][tier]) for one in both)))
            called = (_shown(one["called_s"][tier]) for one in both)
            rows.append((f"hub's own time, {tier} held first, s", *called))
    for rule in both[0]["rules"]:
        rows.append((f"released: {rule}", *(str(one["rules"].get(rule, 0)) for one in both)))
    wide = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    title = f"{report['scenario']}, seed {report['seed']}: p50 / p90 / p99"
    return "\n".join(
        [
            title,
            *("  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows),
        ]
    )


def _shown(quantiles: Mapping[str, float] | None) -> str:
    return "–" if quantiles is None else " / ".join(f"{value:.0f}" for value in quantiles.values())
