"""The story of one parcel: every event of its visits, put into lines that people read (`hub why`).

Events are taken as the contract writes them, so a story from a journal and one from a replayed trace are the same, and
the text of an unknown symbol is in neither. What only a replay knows is added by `replayed.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.identifiers.choice import identify

Data = Mapping[str, Any]
"""`data` of an event."""

KG_MG: Final = 1_000_000
MM_UM: Final = 1_000
FIRST: Final = {"arrived": 0, "reading": 1, "refused": 1, "rival": 1}
"""Of entries of one instant: what was seen goes before what came of it."""
DIGEST_SHOWN: Final = 8
PART_MIN: Final = 4
"""Characters of a code that are looked for in others."""
NEAR_MAX: Final = 8
UNKNOWN: Final = "unknown"
_PRINTED: Final = re.compile(r"\((\d{2,4})\)")
"""An AI as it is printed under a label."""


@dataclass(slots=True)
class Entry:
    """One line of the story."""

    mono_us: int
    what: str
    text: str
    count: int = 1
    """How often in a row."""
    until_us: int = 0
    """The last time of those."""

    def as_json(self) -> dict[str, Any]:
        told = {"mono_us": self.mono_us, "what": self.what, "text": self.text}
        return told if self.count == 1 else told | {"count": self.count, "until_us": self.until_us}


@dataclass(slots=True)
class Story:
    """Of one parcel: its visit, and those it was joined to."""

    visits: tuple[str, ...]
    events: list[Data] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def line(self) -> str:
        return str(self.events[0]["line"])

    @property
    def began_us(self) -> int:
        return int(self.events[0]["mono_us"])

    @property
    def ended_us(self) -> int:
        return max(int(data["mono_us"]) for data in self.events)

    @property
    def dwell(self) -> Sequence[Mapping[str, Any]]:
        """µs by owner, as last told."""
        return next((data["dwell"] for data in reversed(self.events) if data.get("dwell")), ())

    @property
    def end(self) -> str:
        """Where it is, as far as the events say."""
        for data in reversed(self.events):
            match data["kind"]:
                case "parcel.lost_track":
                    return "lost track of"
                case "parcel.departed":
                    return f"departed by {_exit(data['act'])}"
                case "parcel.diverted" if data["act"]["confirmed"]:
                    return f"lies in {_exit(data['act'])}"
                case _:
                    pass
        return "still in work"

    def as_json(self) -> dict[str, Any]:
        return {
            "visits": list(self.visits), "line": self.line, "arrived": self.events[0]["t"], "end": self.end,
            "dwell": list(self.dwell), "outcome": outcome(self.events),
            "entries": [one.as_json() for one in self.entries],
        }  # fmt: skip


class Search:
    """Which visits a code, or a visit's id, is about. Events are given in their order, any that might tell of it."""

    def __init__(self, wanted: str) -> None:
        self._part: Final = wanted.strip().upper()
        scanned = identify(_PRINTED.sub(r"\1", wanted), None).value
        self.texts: Final = frozenset({wanted, self._part, scanned})
        """As it was typed, and as an event would tell it."""
        self.near: list[str] = []
        """Identifiers that it may be a part of, NEAR_MAX at the most: for whoever has typed a part."""
        self._found: dict[str, None] = {}
        self._joins: list[tuple[str, str]] = []

    def take(self, data: Data) -> None:
        visit = data["visit"]
        if visit is None:
            return
        told = [visit, *(code.get("data") for code in data.get("codes", ())), *_may_have(data)]
        if any(text in self.texts for text in told):
            self._found[visit] = None
        if len(self._part) >= PART_MIN and len(self.near) < NEAR_MAX:
            codes = (code["data"] for code in data.get("codes", ()) if code.get("type", UNKNOWN) != UNKNOWN)
            self.near += [one for one in dict.fromkeys(codes) if self._part in one and one not in self.near]
        if data["kind"] == "visit.joined":
            self._joins.append((data["note"]["from"], data["note"]["into"]))

    def visits(self) -> list[tuple[str, ...]]:
        """One tuple for each parcel."""
        return grouped(list(self._found), self._joins)


def grouped(found: Sequence[str], joins: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Visits that were joined are one parcel's."""
    groups = [[one] for one in found]
    for before, after in joins:
        touched = [group for group in groups if before in group or after in group]
        if not touched:
            continue
        merged = list(dict.fromkeys([before, *(visit for group in touched for visit in group), after]))
        groups = [group for group in groups if group not in touched] + [merged]
    return [tuple(group) for group in groups]


def story_of(visits: tuple[str, ...], events: Iterable[Data]) -> Story:
    """`events`: of these visits and of the gateway, in order."""
    story = Story(visits)
    told: set[str] = set()
    weighed: object = None
    sized: object = None
    around: list[Entry] = []
    for data in events:
        if data["visit"] is None:
            around.append(Entry(data["mono_us"], data["kind"], _note(data)))
            continue
        story.events.append(data)
        at = data["mono_us"]
        for code in data.get("codes", ()):
            if _key(code) not in told:
                told.add(_key(code))
                story.entries.append(Entry(at, "code", code_text(code)))
        if data.get("mass") is not None and data["mass"] != weighed:
            weighed = data["mass"]
            story.entries.append(Entry(at, "weight", mass_text(data["mass"])))
        if data.get("dims") is not None and data["dims"] != sized:
            sized = data["dims"]
            story.entries.append(Entry(at, "dimensions", dims_text(data["dims"])))
        story.entries.append(Entry(at, *_told(data)))
    story.entries += [one for one in around if story.began_us <= one.mono_us <= story.ended_us]
    story.entries = in_order(story.entries)
    return story


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (one.mono_us, FIRST.get(one.what, len(FIRST))))


def outcome(events: Iterable[Data]) -> list[dict[str, Any]]:
    """What became of the parcel, without times and ids: what an incident test holds on to."""
    told = []
    for data in events:
        one: dict[str, Any] = {"kind": data["kind"]}
        if data.get("codes"):
            one["codes"] = [code.get("data", f"{code.get('len')} bytes") for code in data["codes"]]
        if data["kind"] == "parcel.decided":
            decision = data.get("decision") or data.get("voucher")
            one["action"] = decision["data"]["action"] if decision is not None else None
            one["reasons"] = decision["data"]["reasons"] if decision is not None else data["flags"]
        if data.get("act") is not None:
            one["lane"], one["confirmed"] = data["act"]["lane"], data["act"]["confirmed"]
        told.append(one)
    return told


# Words ----------------------------------------------------------------------------------------------


def _told(data: Data) -> tuple[str, str]:
    match data["kind"]:
        case "parcel.arrived":
            return "arrived", f"on {data['line']}"
        case "parcel.identified":
            named = [code["data"] for code in data.get("codes", ()) if "data" in code and code.get("chk")]
            return "identified", " and ".join(named)
        case "parcel.measured":
            assoc = data.get("assoc")
            sure = (
                ""
                if assoc is None
                else f"; {assoc['method']}, p {assoc['p_ppm']} ppm, {assoc['rivals']} rivals"
            )
            flags = f"; {', '.join(data['flags'])}" if data["flags"] else ""
            return "asked", f"the coordinator{sure}{flags}"
        case "parcel.presented":
            return "presented", _presented(data)
        case "parcel.decided":
            return "decided", _decided(data)
        case "parcel.diverted" | "parcel.departed":
            return _moved(data), _exit(data["act"])
        case "parcel.lost_track":
            return "lost", "track of it" + (f": {', '.join(data['flags'])}" if data["flags"] else "")
        case "visit.joined" | "visit.split":
            return _renamed(data)
        case kind:
            return str(kind), _note(data)


def _moved(data: Data) -> str:
    if data["kind"] == "parcel.departed":
        return "departed"
    return "seen" if data["act"]["confirmed"] else "intent"


def _renamed(data: Data) -> tuple[str, str]:
    before, after = data["note"]["from"], data["note"]["into"]
    if data["kind"] == "visit.joined":
        return "joined", f"visit {before} goes on as {after}"
    return "split", f"another parcel than {before}: goes on as {after}"


def _presented(data: Data) -> str:
    note = data["note"]
    return f"to customs ({note['action']}, decision {note['dec']}); clock: {data['clock']}"


def _decided(data: Data) -> str:
    copy = data.get("decision") or data.get("voucher")
    way = f"to {_exit(data['act'])}; clock: {data['clock']}"
    if copy is None:
        doubt = "".join(f"; {code} may be its own, or another's" for code in _may_have(data))
        return f"hold by this gateway itself ({', '.join(data['flags'])}) {way}{doubt}"
    decision = copy["data"]
    reasons = f" ({', '.join(decision['reasons'])})" if decision["reasons"] else ""
    which = f"decision {decision['dec_seq']}" if "dec_seq" in decision else f"on voucher {decision['id']}"
    said = f"{decision['action']}{reasons} by {decision['basis']['authority']}, {which}"
    cond = decision.get("cond") or {}
    terms = [f"code {cond['code']}"] if cond.get("code") else []
    if cond.get("mass_mg"):
        low, high = cond["mass_mg"]
        terms.append(f"{low / KG_MG:.3f} to {high / KG_MG:.3f} kg")
    if cond.get("dims_um"):
        bands = (f"{low / MM_UM:g} to {high / MM_UM:g}" for low, high in cond["dims_um"])
        terms.append(f"{' x '.join(bands)} mm")
    terms.append(f"until {decision['valid_until']}")
    return f"{said}, {way}; holds for {', '.join(terms)}"


def code_text(code: Data) -> str:
    """As the event has it: an unknown symbol without its text."""
    by = f"by {code['dev']} ({code['sym']})"
    if "data" not in code:
        digest = f", digest {code['dig'][:DIGEST_SHOWN]}…" if "dig" in code else ""
        return f"an unknown symbol of {code['len']} bytes{digest} {by}: no identifier"
    wrong = "" if code["chk"] else ": its check digit is wrong, it names nothing"
    return f"{code['data']} {code['type']} {by}{wrong}"


def mass_text(mass: Data) -> str:
    record = "" if mass["rec"] is None else f", record {mass['rec']}"
    return f"{mass['mg'] / KG_MG:.3f} kg ± {mass['u_mg'] / KG_MG:.3f} kg by {mass['dev']}{record}"


def dims_text(dims: Data) -> str:
    sides = " x ".join(f"{dims[key] / MM_UM:g}" for key in ("l_um", "w_um", "h_um"))
    record = "" if dims["rec"] is None else f", record {dims['rec']}"
    return f"{sides} mm ± {dims['u_um'] / MM_UM:g} mm ({dims['shape']}) by {dims['dev']}{record}"


def _may_have(data: Data) -> list[str]:
    """Codes that a parcel was held with, as nobody was sure whose they are."""
    return str(data.get("note", {}).get("may_have", "")).split()


def _exit(act: Data) -> str:
    return f"{act['lane']} ({act['bay']})"


def _note(data: Data) -> str:
    parts = [f"{key} {value}" for key, value in data.get("note", {}).items()]
    return ", ".join([*parts, *data["flags"]])


def _key(code: Data) -> str:
    return str(code.get("data", code.get("dig", code.get("len"))))
