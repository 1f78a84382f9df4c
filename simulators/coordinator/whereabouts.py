"""Which visit an event is about, and where that parcel is now: what a later answer depends on (clearance contract §1).

A visit that is joined to an older one takes along what stops it, so that no join frees a parcel.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulators.coordinator.judge import EDGE_FLAGS, ONE_PLACE, doubts, in_conflict, own_code
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import PLACE_OF_LANE, WAITING, Place, Visit, VisitBook


def visit_of(data: Mapping[str, Any], book: VisitBook) -> Visit:
    """The visit that the event is about: its own, the older one that it is joined to, or a new one."""
    visit = book.visit(data["visit"])
    if visit is None:
        root = book.root(data["visit"])
        visit = None if root == data["visit"] else book.visit(root)
        if visit is None:
            visit = Visit(root, opened_us=parse_utc(data["t"]), gw=data["gw"], epoch=data.get("epoch", 0))
            book.put(visit)
    return visit


def noted(data: Mapping[str, Any], visit: Visit, book: VisitBook) -> Visit:
    """The visit after an event that asks for no decision; the same object where nothing has changed."""
    match data["kind"]:
        case "parcel.departed":
            return replace(visit, place="departed")
        case "parcel.lost_track" if not visit.departed:
            return replace(visit, place="lost_track")
        case "parcel.diverted" if not visit.departed:
            return _moved(data, visit)
        case "parcel.identified" | "parcel.arrived" if visit.place in WAITING:
            return replace(visit, place="open", gw=data["gw"], epoch=data.get("epoch", 0))
        case "parcel.inspected":
            return _inspected(data, visit)
        case "visit.joined" | "visit.split":
            return _renamed(data, visit, book)
    return visit


def _moved(data: Mapping[str, Any], visit: Visit) -> Visit:
    act = data.get("act")
    if not isinstance(act, dict) or act.get("confirmed") is not True:
        return visit
    lane = str(act.get("lane"))
    place: Place = PLACE_OF_LANE.get(lane, visit.place)
    return replace(visit, place=place, lane=lane, gw=data["gw"], epoch=data.get("epoch", 0))


def _inspected(data: Mapping[str, Any], visit: Visit) -> Visit:
    """An outcome closes the case: what has passed stops nothing again, what has failed goes nowhere."""
    note = data.get("note")
    outcome = note.get("outcome") if isinstance(note, dict) else None
    if outcome == "passed":
        passed = tuple(dict.fromkeys((*visit.passed, *visit.case)))
        return replace(visit, case=(), passed=passed)
    return replace(visit, case=(), failed=True) if outcome == "failed" else visit


def _renamed(data: Mapping[str, Any], visit: Visit, book: VisitBook) -> Visit:
    """The gateway goes on under another id."""
    note = data.get("note")
    if not isinstance(note, dict) or not all(isinstance(note.get(end), str) for end in ("from", "into")):
        return visit
    if data["kind"] == "visit.split":
        return _split(data, visit, note["into"], book)
    if book.root(note["into"]) != note["from"]:
        book.join(note["from"], book.root(note["into"]), told=True)
    return book.visit(visit.id) or visit


def _split(data: Mapping[str, Any], older: Visit, own: str, book: VisitBook) -> Visit:
    """Two parcels bear one name: which of them is the declared one nobody knows until each has been looked at. What is
    decided about the one that goes on under its own id counts on from what it was told under the older."""
    if own == older.id:
        return older
    book.split(own)
    before = book.visit(own) or Visit(own, opened_us=parse_utc(data["t"]), decided=older.decided)
    book.put(replace(_to_be_looked_at(before), gw=data["gw"], epoch=data.get("epoch", 0)))
    return _to_be_looked_at(older)


def _to_be_looked_at(visit: Visit) -> Visit:
    return visit if ONE_PLACE in visit.case else replace(visit, case=(*visit.case, ONE_PLACE))


def is_answered(data: Mapping[str, Any], visit: Visit, book: VisitBook) -> bool:
    """The same gateway has measured it again since, and has its answer to that: this one comes late, out of a backlog,
    and what it shows is over."""
    last = None if visit.measured is None else book.event(visit.measured)
    if last is None or (last["gw"], last.get("epoch", 0)) != (data["gw"], data.get("epoch", 0)):
        return False
    return bool(last.get("seq", 0) > data.get("seq", 0))


def recognised(
    data: Mapping[str, Any], visit: Visit, consignment: str, book: VisitBook
) -> tuple[Visit, Visit | None]:
    """The visit that this measurement belongs to, and another that claims to be the same parcel somewhere else.

    A parcel in a bay comes back by a scan, at whatever gateway (contract §1). One whose gateway has begun a new journal
    since has lost it; one with an open case, or that has failed, is looked for, wherever it went. A parcel that is in
    work at another gateway at this moment can't be here, nor one of the same consignment under another number.
    """
    code = own_code(data)
    if code is None or doubts(data) or in_conflict(data) or not _is_unknown(visit, book):
        return visit, None
    older, other = visit, book.named(code, but=visit.id)
    if other is not None:
        forgotten = other.gw == data["gw"] and data.get("epoch", 0) > other.epoch
        if other.place in WAITING or (other.place == "open" and forgotten) or _is_wanted(other):
            book.join(visit.id, other.id, told=False)
            older = replace(book.visit(other.id) or other, place="open")
        elif other.place == "open" and other.gw != data["gw"]:
            return visit, other
    for twin in book.bearers(consignment) if consignment else ():
        here = older is visit and twin.code != code and twin.place in ("open", *WAITING)
        if twin.id not in (visit.id, older.id) and (here or _is_wanted(twin)):
            return older, twin
    return older, None


def _is_wanted(visit: Visit) -> bool:
    """It has gone where nobody works on it, and may not go on from there."""
    return visit.place not in ("open", "departed") and (bool(visit.case) or visit.failed)


def _is_unknown(visit: Visit, book: VisitBook) -> bool:
    """Nothing undoubted has been measured of it yet."""
    if visit.code is None:
        return True
    if visit.measured is None or ONE_PLACE in (*visit.case, *visit.passed):
        return False
    last = book.decision(visit.measured)
    return last is not None and last["basis"]["rule"] == EDGE_FLAGS
