"""The report of a run: what the gateway says became of each parcel, beside what really did.

Counts are of physical parcels, matched by the visit that the station's screen showed when the operator scanned the
bay. `truth` compares with what only the simulator knows; the facts come from the events as the coordinator holds them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.identifiers.choice import identify
from edge.core.verdict import Exits
from hub_config.lines import Line
from simulators.bench import Happened
from simulators.parcels import Parcel
from simulators.verdict_text import of_parcel, of_stranger

Data = Mapping[str, Any]

CLASS_OF_LANE: Final = {
    "green": "departed",
    "hold": "held",
    "xray": "inspected",
    "manual": "inspected",
    "return": "returned",
    "custody": "returned",
}
TRUTHS: Final = ("wrong_release", "wrong_identity", "wrong_weight", "unaccounted")
CLASSES: Final = ("departed", "held", "inspected", "returned", "lost_track")


@dataclass(slots=True)
class VisitFacts:
    """What the events tell of one visit."""

    codes: list[str] = field(default_factory=list)
    masses: list[tuple[int, int]] = field(default_factory=list)
    """mg and u_mg of each weight told."""
    placed_masses: int = 0
    """Those of them that were told when it was put into its bay last."""
    dims: list[tuple[int, int, int]] = field(default_factory=list)
    """Length, width and height, in µm, of each box told."""
    release: Data | None = None
    """The release decision that stood last."""
    reasons: tuple[str, ...] = ()
    own: str | None = None
    lane: str | None = None
    """Where it was confirmed to be put."""
    sent: str | None = None
    """Where a belt was ordered to divert it."""
    until_seen: tuple[int, Data] | None = None
    """A release that was taken back, and when."""
    departed: bool = False
    departed_at: str | None = None
    lost: bool = False
    joined: bool = False
    """It goes on under an older visit."""
    last_us: int = field(default=0, repr=False)
    """Its latest event, by the gateway's clock."""


def facts_of(events: Iterable[Data]) -> dict[str, VisitFacts]:
    visits: dict[str, VisitFacts] = {}
    for data in events:
        take(visits, data)
    return visits


def take(visits: dict[str, VisitFacts], data: Data) -> None:
    """One event more."""
    visit = data["visit"]
    if visit is not None:
        facts = visits.get(visit)
        if facts is None:
            facts = visits[visit] = VisitFacts()
        _take(facts, data)
        if data["kind"] == "visit.split":
            _split(facts, visits.setdefault(data["note"]["into"], VisitFacts()))


def _split(older: VisitFacts, own: VisitFacts) -> None:
    """What was weighed since the older parcel was put into its bay is the other's."""
    own.masses += older.masses[older.placed_masses :]
    del older.masses[older.placed_masses :]
    own.joined = False


def _take(facts: VisitFacts, data: Data) -> None:
    facts.last_us = data["mono_us"]
    mass = data.get("mass")
    if mass is not None:
        facts.masses.append((mass["mg"], mass["u_mg"]))
    dims = data.get("dims")
    if dims is not None:
        facts.dims.append((dims["l_um"], dims["w_um"], dims["h_um"]))
    facts.codes = [code["data"] for code in data.get("codes", ()) if "data" in code and code.get("chk")]
    match data["kind"]:
        case "parcel.decided":
            decision = data.get("decision")
            told = decision["data"] if decision is not None else None
            if facts.release is not None:
                facts.until_seen = (data["mono_us"], facts.release)
            facts.release = told if told is not None and told["action"] == "release" else None
            facts.own = (
                told["cond"].get("code") if facts.release is not None and told is not None else facts.own
            )
            if data.get("voucher") is not None:  # no code stands in it: the parcel's own is what was read
                facts.release, facts.own = data["voucher"]["data"], _own(data)
            facts.reasons = tuple(data["flags"] or (told["reasons"] if told is not None else ()))
        case "parcel.diverted" if not data["act"]["confirmed"]:
            facts.sent = data["act"]["lane"]
        case "parcel.diverted":
            facts.lane, facts.lost = data["act"]["lane"], False
            facts.placed_masses = len(facts.masses)
            if facts.until_seen is not None and facts.until_seen[0] != data["mono_us"]:
                facts.until_seen = None  # before it was seen there
        case "parcel.departed":
            facts.departed, facts.departed_at = True, data["t"]
        case "parcel.lost_track":
            facts.lost = True
        case "visit.joined":
            facts.joined = True
        case _:
            pass


def _own(data: Data) -> str | None:
    named = [code for code in data.get("codes", ()) if code.get("chk")]
    best = [code["data"] for kind in ("s10", "sscc", "carrier") for code in named if code["type"] == kind]
    return best[0] if best else None


@dataclass(frozen=True, slots=True)
class Judged:
    """The run against the truth."""

    parcels: dict[str, int]
    truth: dict[str, int]
    lost_by_cause: dict[str, int]
    details: tuple[str, ...]
    """One line for each fault of `truth`."""
    causes: Mapping[int, str] = field(default_factory=dict)
    """Of each releasable parcel, by its number, that was not released."""


def judge(
    parcels: Sequence[Parcel],
    happened: Sequence[Happened],
    events: Iterable[Data],
    place: Exits,
    oracle: set[int],
    *,
    unwatched: Set[int] = frozenset(),
) -> Judged:
    """Of one bench or line, all of it. `unwatched`: as for `judge_parcels`."""
    visits = facts_of(data for data in events if data["line"] == place.id)
    judged = judge_parcels(parcels, happened, visits, place, oracle, unwatched=unwatched)
    claimed = claims(happened)
    return together(
        [judged, judge_strangers({name: one for name, one in visits.items() if name not in claimed})]
    )


def claims(happened: Iterable[Happened]) -> set[str]:
    """Visits under which these parcels were known."""
    names = (
        (one.placed.visit if one.placed is not None else None, one.taken, *one.known_as) for one in happened
    )
    return {name for some in names for name in some if name}


def judge_strangers(visits: Mapping[str, VisitFacts]) -> Judged:
    """Visits under which no parcel was known."""
    truth: Counter[str] = Counter()
    details: list[str] = []
    for visit, facts in visits.items():
        if not (facts.lost or facts.joined):
            truth["wrong_release" if facts.departed else "unaccounted"] += 1
            details.append(of_stranger(visit, facts))
    return _judged(Counter(), truth, Counter(), details, {})


def judge_parcels(
    parcels: Sequence[Parcel],
    happened: Sequence[Happened],
    visits: Mapping[str, VisitFacts],
    place: Exits,
    oracle: set[int],
    *,
    unwatched: Set[int] = frozenset(),
) -> Judged:
    """`visits`: of this bench or line. `unwatched`: parcels that passed while the gateway knew that it saw nothing; in
    the fail-safe lane, where everything goes then, or in somebody's hands they need no account."""
    places: Counter[str] = Counter()
    truth: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    details: list[str] = []
    causes: dict[int, str] = {}
    for parcel, one in zip(parcels, happened, strict=True):
        visit = (one.placed.visit if one.placed is not None else one.taken) or ""
        facts = visits.get(visit)
        unseen = facts is None and parcel.number in unwatched
        where = _place(facts) if not unseen else _place_of_unseen(one, place)
        places[where or "lost_track"] += 1
        before = visits.get(one.taken) if one.taken is not None and one.taken != visit else None
        for fault in (
            ()
            if unseen and (where is not None or one.placed is None)
            else _faults(parcel, one, facts, before, place)
        ):
            truth[fault] += 1
            details.append(of_parcel(fault, parcel, one, facts))
        if parcel.number in oracle and where != "departed":
            cause = facts.reasons[0] if facts is not None and facts.reasons else "unfinished"
            lost[cause] += 1
            causes[parcel.number] = cause
    places["entered"] = len(parcels)
    if isinstance(place, Line) and place.dimensioner is not None:
        truth["wrong_dims"] += 0  # of other places nothing is said of boxes
    return _judged(places, truth, lost, details, causes)


def _judged(
    parcels: Counter[str], truth: Counter[str], lost: Counter[str], details: Iterable[str],
    causes: Mapping[int, str],
) -> Judged:  # fmt: skip
    return Judged(
        {name: parcels[name] for name in ("entered", *CLASSES)},
        {name: truth[name] for name in (*TRUTHS, *(["wrong_dims"] if "wrong_dims" in truth else []))},
        dict(sorted(lost.items())),
        tuple(details),
        causes,
    )


def together(parts: Sequence[Judged]) -> Judged:
    """Of several benches and lines: one hub."""
    parcels: Counter[str] = Counter()
    truth: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for part in parts:
        parcels.update(part.parcels)
        truth.update(part.truth)
        lost.update(part.lost_by_cause)
    details = (line for part in parts for line in part.details)
    causes = {number: cause for part in parts for number, cause in part.causes.items()}
    return _judged(parcels, truth, lost, details, causes)


def _place(facts: VisitFacts | None) -> str | None:
    if facts is None or facts.lane is None or facts.lost:
        return None
    return CLASS_OF_LANE[facts.lane]


def _place_of_unseen(one: Happened, place: Exits) -> str | None:
    lane = one.placed.lane if one.placed is not None else None
    return CLASS_OF_LANE[lane] if lane is not None and lane == place.fail_safe else None


def _faults(
    parcel: Parcel, one: Happened, facts: VisitFacts | None, before: VisitFacts | None, place: Exits
) -> list[str]:
    """`before`: of the visit that it had before it was lost track of, if it left under another."""
    faults: list[str] = []
    in_free_lane = one.placed is not None and one.placed.lane == place.free_lane
    sent = before is not None and before.lost and _released_in_time(parcel, one, before)
    good = parcel.releasable if one.found is None else one.found == "passed"
    rightly = good and (sent or (facts is not None and _released_in_time(parcel, one, facts)))
    if in_free_lane and not rightly:
        faults.append("wrong_release")
    if facts is None or not _accounted(one, facts):
        faults.append("unaccounted")
    if facts is not None and _misnamed(parcel, one, facts):
        faults.append("wrong_identity")
    mass_mg = parcel.mass_mg + sum(other.mass_mg for other in one.beside)
    once_mg = mass_mg + sum(other.mass_mg for other in one.once_beside)
    if facts is not None and any(
        min(abs(mg - mass_mg), abs(mg - once_mg)) > u_mg for mg, u_mg in facts.masses
    ):
        faults.append("wrong_weight")
    if facts is not None and any(box not in one.sizes for box in facts.dims):
        faults.append("wrong_dims")
    return faults


def _accounted(one: Happened, facts: VisitFacts) -> bool:
    """The gateway says that it lies where it lies, or that it does not know."""
    if facts.lost:
        return True
    return one.placed is not None and facts.lane == one.placed.lane


def _released_in_time(parcel: Parcel, one: Happened, facts: VisitFacts) -> bool:
    """It departed under a release that was its own and valid then; or it was lost track of after it was sent there, be
    it when its lane saw it: where that alone speaks against it, its diverter had moved for it under its release."""
    seen_in_doubt = facts.until_seen is not None and facts.lane is not None and facts.lane == facts.sent
    if facts.release is None and not seen_in_doubt:
        return False
    if one.beside and facts.own not in _names(parcel):
        return False
    if facts.lost:
        return facts.sent is not None
    if not facts.departed or facts.departed_at is None:
        return False
    release = facts.release or {}
    return bool(release and release["valid_from"] <= facts.departed_at <= release["valid_until"])


def _names(parcel: Parcel) -> set[str]:
    return {identify(code.data, code.aim).value for code in parcel.labels}


def _misnamed(parcel: Parcel, one: Happened, facts: VisitFacts) -> bool:
    """It was released under a name that is not on it, or measured with none but strangers' names."""
    own = _names(parcel).union(*(_names(other) for other in (*one.beside, *one.once_beside)))
    if facts.own is not None and facts.own not in own:
        return True
    return bool(facts.codes) and not own & set(facts.codes)


def release_shares(judged: Judged, oracle: int) -> dict[str, object]:
    """`oracle`: how many parcels a gateway that mixes nothing up would have released."""
    entered = judged.parcels["entered"]
    return {
        "share": round(judged.parcels["departed"] / entered, 6) if entered else None,
        "oracle_share": round(oracle / entered, 6) if entered else None,
        "lost_by_cause": judged.lost_by_cause,
    }


def whole(report: Mapping[str, Any]) -> bool:
    """All is accounted for: nothing wrong, nothing pending, nothing doubled, the chain unbroken."""
    events = report["events"]
    return (
        all(count == 0 for count in report["truth"].values())
        and events["pending"] == 0
        and events["duplicates"] == 0
        and events["chain"] == "ok"
        and sum(report["parcels"][name] for name in CLASSES) == report["parcels"]["entered"]
    )
