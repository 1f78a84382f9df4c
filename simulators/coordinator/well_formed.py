"""Whether an event's optional fields are what the contract has there (§4): what is signed may still be nonsense.

The verifier looks at the fields that every event has. Everything else of an event is read by the desk and the accounts
as it stands, so one of another shape is refused here, before it is stored; and a visit that is no UUID, which no
gateway could be answered about. It is looked at on the way of every event, so by hand: the schema
(`edge/wire/event_schema.py`) says the same and takes ten times as long; a test holds the two together. Fields of later
versions are let through (§2 rule 5).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from edge.core.decision import REASONS
from edge.wire.event_body import CODE_CHARS_MAX, CODES_MAX

EPOCH_MAX: Final = 2**32 - 1
"""An epoch counts journals, one at a time (contract §1); room for a counter that is the second of its start."""
LISTED: Final = frozenset(REASONS)
JOINS: Final = ("visit.joined", "visit.split")
_VISIT: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII).fullmatch
_WORD: Final = re.compile("[A-Za-z0-9:_-]{1,64}", re.ASCII).fullmatch


def misfit(data: Mapping[str, Any]) -> str | None:
    """The first field that is not what the contract has there; None if all are."""
    if data["epoch"] > EPOCH_MAX:
        return "epoch"
    flags = data["flags"]
    if flags and not LISTED.issuperset(flags):
        return "flags"
    if data["visit"] is not None and _VISIT(data["visit"]) is None:
        return "visit"
    if data.get("codes", ()) is None:  # nothing read is no list at all
        return "codes"
    for name, fits in _FIELDS.items():
        value = data.get(name)
        if value is not None and not fits(value):
            return name
    if data.get("voucher") is not None and data.get("act") is None:
        return "act"
    if data["kind"] in JOINS and not _names_two(data.get("note")):
        return "note"
    return None


def _natural(value: object) -> bool:
    return type(value) is int and value >= 0


def _known(value: object) -> bool:
    return value is None or _natural(value)


def _text(value: object) -> bool:
    return type(value) is str and len(value) <= CODE_CHARS_MAX


def _codes(value: object) -> bool:
    return type(value) is list and len(value) <= CODES_MAX and all(map(_code, value))


def _code(code: object) -> bool:
    """Recognised, or its length and digest only."""
    if type(code) is not dict or not _text(code.get("sym")) or not _natural(code.get("reads")):
        return False
    if "data" in code:
        return _text(code["data"]) and _text(code.get("type")) and type(code.get("chk")) is bool
    return _natural(code.get("len")) and _text(code.get("dig"))


def _mass(mass: object) -> bool:
    if type(mass) is not dict:
        return False
    whole = type(mass.get("mg")) is int and type(mass.get("tare_mg")) is int
    return whole and _natural(mass.get("u_mg")) and _natural(mass.get("e_mg")) and _known(mass.get("rec"))


def _dims(dims: object) -> bool:
    if type(dims) is not dict:
        return False
    return all(_natural(dims.get(side)) for side in ("l_um", "w_um", "h_um", "u_um")) and _known(
        dims.get("rec")
    )


def _assoc(assoc: object) -> bool:
    if type(assoc) is not dict or not _natural(assoc.get("rivals")):
        return False
    p_ppm = assoc.get("p_ppm")
    return type(p_ppm) is int and 0 <= p_ppm <= 1_000_000


def _copy(copy: object) -> bool:
    """A decision or a voucher, as it was signed."""
    if type(copy) is not dict or type(copy.get("data")) is not dict:
        return False
    return _text(copy.get("kid")) and _text(copy.get("sig"))


def _voucher(copy: object) -> bool:
    return _copy(copy) and type(copy["data"].get("id")) is str  # type: ignore[index]  # it is a dict by now


def _act(act: object) -> bool:
    if type(act) is not dict or type(act.get("confirmed")) is not bool:
        return False
    return _text(act.get("lane")) and _text(act.get("bay"))


def _owner(value: object) -> bool:
    return type(value) is str and _WORD(value) is not None


def _dwell(spans: object) -> bool:
    return type(spans) is list and all(
        type(span) is dict and _owner(span.get("owner")) and _natural(span.get("us")) for span in spans
    )


def _note(note: object) -> bool:
    return type(note) is dict


def _names_two(note: object) -> bool:
    return type(note) is dict and type(note.get("from")) is str and type(note.get("into")) is str


_FIELDS: Final[Mapping[str, Callable[[object], bool]]] = {
    "codes": _codes, "mass": _mass, "dims": _dims, "assoc": _assoc, "decision": _copy, "voucher": _voucher,
    "act": _act, "clock": _owner, "dwell": _dwell, "note": _note,
}  # fmt: skip
