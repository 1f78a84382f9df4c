"""Whether rates follow from what inspections found: each that a draw states is made again (clearance contract §8).

A draw says what the tier asks (`base_ppm`), and for the merchant and the route, under pseudonyms, what findings add and
which inspection was counted last. Inspections of a pseudonym are those of the visits whose decisions name it.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from hub_config.rule_book import RuleBook
from simulators.coordinator.declared import Declared
from simulators.coordinator.risks import failed_by, subjects, weighed
from simulators.coordinator.sampling import MILLION
from simulators.coordinator.stamps import parse_utc

Data = Mapping[str, Any]
Inspected = Sequence[tuple[str, int | None, Data]]
"""Id, when the coordinator stored it if that is known, and the event; in the order of the log."""


class Verdicts(Protocol):
    contradictions: list[str]
    open: list[str]


class _History:
    """Of one merchant or route: each inspection, and what it adds to a rate from then on."""

    def __init__(self) -> None:
        self.after: dict[str | None, int] = {None: 0}
        self.stored: list[tuple[str, int | None]] = []


class Told(Protocol):
    """What `audit.py` has read of a log."""

    inspected: list[tuple[str, int | None, Data]]
    decisions: dict[str, Data]
    vouchers: dict[str, Data]
    subjects: dict[str, list[tuple[str, ...]]]


def subjects_in(connection: sqlite3.Connection) -> dict[str, list[tuple[str, ...]]]:
    """From a coordinator's own declarations: whose pseudonyms a draw for each consignment has to state."""
    key = connection.execute("SELECT value FROM facts WHERE name = 'subject_key'").fetchone()
    found: dict[str, list[tuple[str, ...]]] = {}
    if key is not None:
        for consignment, text in connection.execute(
            "SELECT consignment, data FROM declarations ORDER BY number"
        ):
            names = subjects(Declared(**json.loads(text)), bytes.fromhex(key[0]))
            found.setdefault(consignment, []).append(names)
    return found


def check_rates(log: Told, rules: RuleBook | None, found: Verdicts) -> None:
    said = [(f"decision {one['dec']}", one, one["basis"].get("sample")) for one in log.decisions.values()]
    said += [(f"voucher {one['id']}", one, one["basis"]["sample"]) for one in log.vouchers.values()]
    told = [(what, one, sample) for what, one, sample in said if sample is not None and "raised" in sample]
    histories = _histories(log.inspected, [(one, sample) for _, one, sample in told], rules)
    checked: dict[str, None] = {}
    for what, one, sample in sorted(told, key=lambda entry: str(entry[1].get("valid_from"))):
        names = tuple(part["of"] for part in sample["raised"])
        wanted = log.subjects.get(one["basis"].get("declaration", ""))
        if wanted is not None and names not in wanted:
            found.contradictions.append(
                f"{what}: its rate leaves out the merchant or the route that was declared"
            )
        if sample["rate_ppm"] != min(
            MILLION, sample["base_ppm"] + sum(part["ppm"] for part in sample["raised"])
        ):
            found.contradictions.append(
                f"{what}: {sample['rate_ppm']} ppm is not the sum of what it was made of"
            )
        if sample["of"] in checked:
            continue  # a draw is made once, and stated again by every later decision
        checked[sample["of"]] = None
        if rules is None:
            found.open.append(f"{what}: its rate is not made again without the rule packs (--rules)")
            continue
        for part in sample["raised"]:
            _check_part(what, one, part, histories.get(part["of"], _History()), found)


def _histories(
    inspected: Inspected, told: Iterable[tuple[Data, Data]], rules: RuleBook | None
) -> dict[str, _History]:
    of_visit: dict[str, tuple[str, ...]] = {}
    for one, sample in told:
        subjects = tuple(part["of"] for part in sample["raised"])
        for visit in (one.get("visit"), one.get("was")):
            if visit is not None:
                of_visit.setdefault(visit, subjects)
    histories: dict[str, _History] = {}
    for event, stored_us, data in inspected:
        pack = None if rules is None else rules.in_force(parse_utc(data["t"]))
        failed = failed_by(data)
        if pack is None or pack.findings is None or failed is None:
            continue
        for subject in of_visit.get(data["visit"], ()):
            history = histories.setdefault(subject, _History())
            before = history.after[history.stored[-1][0]] if history.stored else 0
            history.after[event] = weighed(subject, before, pack.findings, failed=failed)
            history.stored.append((event, stored_us))
    return histories


def _check_part(what: str, one: Data, part: Data, history: _History, found: Verdicts) -> None:
    last = part["last"]
    if last not in history.after:
        found.open.append(f"{what}: the inspection {last} of {part['of']} is not in this log")
        return
    if part["ppm"] != history.after[last]:
        found.contradictions.append(
            f"{what}: {part['of']} adds {history.after[last]} ppm after {last or 'no inspection'}, not {part['ppm']}"
        )
    drawn_us = parse_utc(one["valid_from"])
    ids = [event for event, _ in history.stored]
    for event, stored_us in history.stored[ids.index(last) + 1 if last in ids else 0 :]:
        if stored_us is not None and stored_us < drawn_us:
            found.contradictions.append(
                f"{what}: the inspection {event} of {part['of']} was known and not counted"
            )
