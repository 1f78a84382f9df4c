"""Whether the random checks of a hub were fair: every draw of its log made again (clearance contract §8).

Reads what is published: events, decisions, commitments and revealed seeds. It looks for draws that came out otherwise,
seeds that are not what was committed to, names that were changed for luck, sampled parcels that were let go, and
parcels that left without any draw. It shares nothing with the gateway.
"""

import json
import sqlite3
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge.wire.verifier import canonical, identity
from hub_config.rule_book import RuleBook
from simulators.audit_rates import check_rates, subjects_in
from simulators.audit_seeds import check_witness
from simulators.coordinator.sampling import commitments, draw_ppm, joint, voucher_id

FLOOR_PPM: Final = 1
"""A rate of nothing is no sampling (contract §8)."""
SHOWN_MAX: Final = 50

Data = Mapping[str, Any]


class AuditFault(ValueError):  # noqa: N818  (the fault is the file's)
    """A file can't be read as what it should be."""


@dataclass(slots=True)
class Log:
    """What was said, in order."""

    events: list[Data] = field(default_factory=list)
    decisions: dict[str, Data] = field(default_factory=dict)
    """By `dec`, each once."""
    inspected: list[tuple[str, int | None, Data]] = field(default_factory=list)
    """Id, UTC µs at which the coordinator stored it (None where only a gateway tells it), and event."""
    subjects: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    """By consignment, in the coordinator's own log: pseudonyms of merchant and route, of each version declared."""
    vouchers: dict[str, Data] = field(default_factory=dict)
    """By id: those that were used, and with the coordinator's own log all that were issued."""


@dataclass(frozen=True, slots=True)
class Day:
    day: str
    published: str
    commit: str
    seed: bytes | None
    """None: not revealed yet."""
    kept: bool = True
    """What was revealed is what was committed to."""
    missing: tuple[str, ...] = ()
    """Parties that had committed to a seed, and whose seed did not come."""


@dataclass(slots=True)
class Outcome:
    contradictions: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    """What can't be checked yet: the day's seed is not revealed."""
    abandoned: list[str] = field(default_factory=list)
    """Visits that were never measured: shown, because a name may be given up for a luckier one."""
    draws: int = 0
    """That the decisions and vouchers state;"""
    made_again: int = 0
    """so many of them could be made again, as their day's seed is known."""
    drawn: int = 0
    alone: list[str] = field(default_factory=list)
    """Days that were to have a joint seed, and were drawn without one of its parties."""
    without: int = 0
    """Decisions that stop a parcel and state no draw: it had no name."""


# Reading ------------------------------------------------------------------------------------------------


def _why(fault: Exception) -> str:
    """What a file is instead: its name is told beside it."""
    match fault:
        case OSError():
            return fault.strerror or str(fault)
        case KeyError():
            return f"{fault} is missing"
        case UnicodeDecodeError() | json.JSONDecodeError():
            return "it is no JSON"
        case _:
            return str(fault)


def read_log(path: Path) -> Log:
    """The export of a journal (`hub journal export`), or a file of events, one JSON object a line."""
    log = Log()
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                told = json.loads(line)
                if not isinstance(told, dict):
                    raise AuditFault(f"{path}:{number}: not a JSON object; name an export of a journal")
                data = told.get("data", told)
                if "journal" not in told and isinstance(data, dict):
                    _add(log, data)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise AuditFault(f"{path}: {_why(fault)}; name an export of a journal") from fault
    return log


def read_database(path: Path) -> Log:
    """The coordinator's own."""
    log = Log()
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            for text, stored_us in connection.execute("SELECT data, stored_us FROM events ORDER BY rowid"):
                _add(log, json.loads(text), stored_us)
            log.subjects = subjects_in(connection)
            for (text,) in connection.execute("SELECT data FROM decisions ORDER BY number"):
                decision = json.loads(text)
                log.decisions[decision["dec"]] = decision
            for (text,) in connection.execute("SELECT data FROM vouchers ORDER BY id"):
                voucher = json.loads(text)
                log.vouchers[voucher["id"]] = voucher
        finally:
            connection.close()
    except (sqlite3.Error, json.JSONDecodeError) as fault:
        raise AuditFault(f"{path}: {fault}; name the coordinator's database") from fault
    return log


def _add(log: Log, data: Data, stored_us: int | None = None) -> None:
    if "kind" not in data:
        raise AuditFault(f"an entry has no kind: {json.dumps(data)[:80]}; name an export of a journal")
    log.events.append(data)
    if data["kind"] == "parcel.inspected":
        log.inspected.append((identity(canonical(data)), stored_us, data))
    for name, found, key in (("decision", log.decisions, "dec"), ("voucher", log.vouchers, "id")):
        copy = data.get(name)
        if isinstance(copy, dict) and isinstance(copy.get("data"), dict):
            found.setdefault(copy["data"][key], copy["data"])


def read_seeds(path: Path) -> dict[str, Day]:
    """The published file: `{"hub": …, "days": [{"day", "published", "commits": […], "seeds": […]}]}`."""
    try:
        days = json.loads(path.read_bytes())["days"]
        return {one["day"]: _day(one) for one in days}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise AuditFault(
            f"{path}: {_why(fault)}; name the file of published commitments and seeds"
        ) from fault


def read_witness(path: Path, seeds: Path, outcome: Outcome) -> None:
    """Another party's own file against the published one. Raises AuditFault."""
    try:
        days = {one["day"]: one for one in json.loads(seeds.read_bytes())["days"]}
        check_witness(json.loads(path.read_bytes()), days, outcome)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise AuditFault(
            f"{path}: {_why(fault)}; name the file that the other party has published"
        ) from fault


def _day(told: Data) -> Day:
    seeds = told.get("seeds")
    raw = None if seeds is None else tuple(_seed(one) for one in seeds)
    commit, missing = ".".join(told["commits"]), tuple(one["party"] for one in told.get("missing", ()))
    if raw is None:
        return Day(told["day"], told["published"], commit, None, missing=missing)
    kept = commitments(raw) == commit
    return Day(told["day"], told["published"], commit, joint(raw), kept=kept, missing=missing)


def _seed(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except NotBase64 as fault:
        raise ValueError("a seed is not base64url") from fault


# Checking -----------------------------------------------------------------------------------------------


def audit(log: Log, days: Mapping[str, Day], rules: RuleBook | None = None) -> Outcome:
    """`rules`: the hub's rule packs; without them rates that findings have raised are not made again."""
    outcome = Outcome()
    check_rates(log, rules, outcome)
    outcome.contradictions += [
        f"day {day.day}: the revealed seed is not the one committed to"
        for day in days.values()
        if not day.kept
    ]
    outcome.alone += [
        f"day {day.day}: without the seed of {', '.join(day.missing)}" for day in days.values() if day.missing
    ]
    outcome.contradictions += _late_commitments(log, days)
    served = _inspections(log.events)
    codes, of_code = _codes(log.events), dict[str, str]()
    for decision in log.decisions.values():
        sample = decision["basis"].get("sample")
        what = f"decision {decision['dec']} on visit {decision['visit']}"
        if sample is None:
            outcome.without += 1
            if _frees(decision):
                outcome.contradictions.append(f"{what}: a release without a draw")
            continue
        _check_draw(sample, what, days, outcome)
        outcome.contradictions += _names_changed(
            decision["cond"].get("code") or codes.get(decision["visit"]), sample, what, of_code, log
        )
        if sample["drawn"] and _frees(decision) and decision["visit"] not in served:
            outcome.contradictions.append(f"{what}: drawn, never inspected, and released")
    for voucher in log.vouchers.values():
        sample = voucher["basis"]["sample"]
        _check_draw(sample, f"voucher {voucher['id']}", days, outcome)
        if sample["drawn"] or sample["of"] != voucher["id"]:
            outcome.contradictions.append(f"voucher {voucher['id']}: issued to a parcel that was drawn")
    outcome.contradictions += _skipped(log)
    outcome.abandoned += _abandoned(log.events)
    return outcome


def _frees(decision: Data) -> bool:
    """By itself: another party's release waits for customs."""
    return bool(decision["action"] == "release" and not decision["needs"])


def _check_draw(sample: Data, what: str, days: Mapping[str, Day], outcome: Outcome) -> None:
    outcome.draws += 1
    outcome.drawn += bool(sample["drawn"])
    day = days.get(sample["day"])
    if day is None:
        outcome.contradictions.append(f"{what}: nothing was ever committed to for {sample['day']}")
        return
    if sample["commit"] != day.commit:
        outcome.contradictions.append(f"{what}: states another commitment than was published for {day.day}")
    if sample["rate_ppm"] < FLOOR_PPM:
        outcome.contradictions.append(f"{what}: drawn at a rate of {sample['rate_ppm']} ppm")
    if day.seed is None:
        outcome.open.append(f"{what}: the seed of {day.day} is not revealed yet")
        return
    outcome.made_again += 1
    number = draw_ppm(day.seed, sample["of"])
    if (number < sample["rate_ppm"]) != sample["drawn"]:
        said = "drawn" if sample["drawn"] else "not drawn"
        outcome.contradictions.append(
            f"{what}: {sample['of']} draws {number} at {sample['rate_ppm']} ppm, and {said} was said"
        )


def _names_changed(
    code: str | None, sample: Data, what: str, of_code: dict[str, str], log: Log
) -> Iterator[str]:
    """A draw is over the consignment, its first visit or its voucher, and stays over that."""
    of = sample["of"]
    if code is not None and of_code.setdefault(code, of) != of:
        yield f"{what}: {code} was drawn over {of_code[code]} before, now over {of}"
    if sample["over"] == "visit":
        first = next((one for one in log.events if one.get("visit") == of), None)
        if first is None:
            yield f"{what}: drawn over visit {of}, which no event tells of"
    elif sample["over"] == "voucher" and code is not None:
        lines = {one["line"] for one in log.events} | {one["line"] for one in log.vouchers.values()}
        if of not in {voucher_id(code, line, sample["day"]) for line in sorted(lines)}:
            yield f"{what}: {of} is not the voucher id that {code} has on {sample['day']}"


def _late_commitments(log: Log, days: Mapping[str, Day]) -> Iterator[str]:
    """A commitment comes before anything is drawn with it."""
    first: dict[str, str] = {}
    for decision in log.decisions.values():
        sample = decision["basis"].get("sample")
        if sample is not None and sample["over"] != "voucher":
            first[sample["day"]] = min(first.get(sample["day"], "9"), decision["valid_from"])
    for day, used in sorted(first.items()):
        if day in days and days[day].published > used:
            yield f"day {day}: the commitment was published at {days[day].published}, the first draw was at {used}"


def _codes(events: Iterable[Data]) -> dict[str, str]:
    """The own identifier of each visit, as it was read."""
    found: dict[str, str] = {}
    for data in events:
        for wanted in ("s10", "sscc", "carrier"):
            for code in data.get("codes", ()):
                if data.get("visit") and code.get("type") == wanted and code.get("chk"):
                    found.setdefault(data["visit"], code["data"])
    return found


def _inspections(events: Iterable[Data]) -> set[str]:
    return {data["visit"] for data in events if data["kind"] == "parcel.inspected"}


def _skipped(log: Log) -> Iterator[str]:
    """Parcels that left, and no draw was ever made for them."""
    sampled = {
        name
        for one in log.decisions.values()
        if one["basis"].get("sample") is not None
        for name in (one["visit"], one["was"])
        if name is not None
    }
    vouched = {data["visit"] for data in log.events if data.get("voucher") is not None}
    for data in log.events:
        if data["kind"] == "parcel.departed" and data["visit"] not in sampled | vouched:
            yield f"visit {data['visit']} departed at {data['t']}, and no draw was made for it"


def _abandoned(events: Iterable[Data]) -> list[str]:
    arrived: dict[str, str] = {}
    measured: set[str] = set()
    for data in events:
        if data["kind"] == "parcel.arrived":
            arrived[data["visit"]] = f"visit {data['visit']}, arrived {data['t']} on {data['line']}"
        elif data["kind"] in ("parcel.measured", "parcel.diverted"):
            measured.add(data["visit"])
    return [told for visit, told in arrived.items() if visit not in measured]


# Telling ------------------------------------------------------------------------------------------------


def told(outcome: Outcome) -> Iterator[str]:
    """For people: what was checked, then every contradiction."""
    yield f"{outcome.draws} draws, {outcome.drawn} of them drawn; {outcome.made_again} made again"
    for name, lines in (
        ("not checkable yet", outcome.open), ("days without a party's seed", outcome.alone),
        ("abandoned visits", outcome.abandoned),
    ):  # fmt: skip
        yield f"{name}: {len(lines)}"
        yield from (f"  {line}" for line in lines[:SHOWN_MAX])
        if len(lines) > SHOWN_MAX:
            yield f"  and {len(lines) - SHOWN_MAX} more"
    yield f"contradictions: {len(outcome.contradictions)}"
    yield from (f"  {line}" for line in outcome.contradictions)
