"""What `data` says of an event: the canonical bytes that are chained, hashed and signed (clearance contract §3, §4).

Whatever a label or a device says is data: bounded, and the text of an unrecognised symbol (labels carry names and
phone numbers in QR codes) never leaves the gateway: only its length and a keyed digest do.

Every object here names its keys in their order, so they need no sorting, and what many events repeat is written once.
"""

import re
from functools import lru_cache
from typing import Final

import orjson

from edge.core.decision import Decision
from edge.core.event import Code, Dims, Event, Mass
from edge.wire.canonical import NUL, JsonObject, canonical, in_order
from edge.wire.disclosure import event_salt, keyed_digest
from edge.wire.envelope import DATA_BYTES_MAX, DeviceProvenance, EventContext
from edge.wire.utc import rfc3339
from hub_config.names import MICROSECOND, DeviceId

CODE_CHARS_MAX: Final = 512
CODES_MAX: Final = 32
"""Codes told per event; a label sheet with more is told as the first 32 and a count of the rest (`codes_more`)."""
NOTE_ENTRIES_MAX: Final = 16
NOTE_CHARS_MAX: Final = 512
CODES_KEPT: Final = 1_024
"""Codes once written: those of the parcels in work, each told by several events."""
PROVENANCES_KEPT: Final = 1_024
"""Devices that made an event together, once written; past it all are written anew. None of them changes in a run."""

_TELLABLE: Final = re.compile(r"[\x20-\x7e\x1d]*")
"""Printable ASCII and GS, as every identifier we recognise; anything else goes out as a digest."""
_Told = dict[str, object]


class EventBodies:
    """Of one gateway run."""

    def __init__(self, context: EventContext) -> None:
        self._context = context
        self._key = context.evidence_key
        self._provenances: dict[tuple[DeviceId, ...], orjson.Fragment] = {}

    def body(self, event: Event, seq: int, prev: str) -> bytes:
        """The same arguments give the same bytes. Raises WireError for what can't be told."""
        out = in_order(self._told(event, seq, prev), DATA_BYTES_MAX)
        return canonical(orjson.loads(out), DATA_BYTES_MAX) if NUL in out else out

    def _told(self, event: Event, seq: int, prev: str) -> _Told:
        data: _Told = {}
        if event.act is not None:
            data["act"] = {"bay": event.act.bay, "confirmed": event.act.confirmed, "lane": event.act.lane}
        if event.assoc is not None:
            assoc = event.assoc
            data["assoc"] = {"method": assoc.method, "p_ppm": assoc.p_ppm, "rivals": assoc.rivals}
        if event.clock is not None:
            data["clock"] = event.clock
        if event.codes:
            data["codes"] = _codes(event.codes, self._key)
            if len(event.codes) > CODES_MAX:
                data["codes_more"] = len(event.codes) - CODES_MAX
        decision = event.decision
        if decision is not None and not decision.voucher:
            data["decision"] = _decision_copy(decision)
        if event.dims is not None:
            data["dims"] = _dims(event.dims)
        if event.dwell:
            data["dwell"] = [{"owner": span.owner, "us": span.us} for span in event.dwell]
        context, wall, visit = self._context, event.wall, event.visit
        data["epoch"] = context.epoch
        data["flags"] = [*event.flags]
        data["gw"] = context.gateway
        data["hub"] = context.hub
        data["kind"] = event.kind
        data["line"] = "gw" if visit is None else event.line
        if event.mass is not None:
            data["mass"] = _mass(event.mass)
        data["mode"] = context.mode
        data["mono_us"] = event.at // MICROSECOND
        if event.note:
            data["note"] = _note(event.note)
        if event.operator is not None:
            data["op"] = {"badge": event.operator.badge, "station": event.operator.station}
        data["prev"] = prev
        data["prov"] = self._provenance(event)
        data["salt"] = event_salt(self._key, prev)
        data["seq"] = seq
        data["t"] = rfc3339(wall.utc_us)
        data["t_src"] = wall.source
        data["t_unc_us"] = wall.unc_us
        data["v"] = 1
        data["visit"] = visit
        if decision is not None and decision.voucher:
            data["voucher"] = _decision_copy(decision)
        return data

    def _provenance(self, event: Event) -> orjson.Fragment:
        devices = [code.device for code in event.codes[:CODES_MAX]]
        devices += [measured.device for measured in (event.mass, event.dims) if measured is not None]
        together = tuple(devices)
        found = self._provenances.get(together)
        if found is None:
            if len(self._provenances) >= PROVENANCES_KEPT:
                self._provenances.clear()
            found = self._provenances[together] = self._facts_of(together)
        return found

    def _facts_of(self, devices: tuple[DeviceId, ...]) -> orjson.Fragment:
        known = self._context.devices
        told = {device: _facts(known[device]) for device in sorted({*devices} & {*known})}
        context = self._context
        return _written({"cfg": context.config_digest, "dev": told, "edge": context.edge_version})


def event_data(event: Event, context: EventContext, seq: int, prev: str) -> JsonObject:
    """`data` of the event, to be looked at."""
    data: JsonObject = orjson.loads(EventBodies(context).body(event, seq, prev))
    return data


def _written(told: _Told | list[object]) -> orjson.Fragment:
    return orjson.Fragment(in_order(told, DATA_BYTES_MAX))


@lru_cache(maxsize=CODES_KEPT)
def _codes(codes: tuple[Code, ...], evidence_key: bytes) -> orjson.Fragment:
    told: list[object] = [_code(code, evidence_key) for code in codes[:CODES_MAX]]
    return _written(told)


def _code(code: Code, evidence_key: bytes) -> _Told:
    if code.type == "unknown" or len(code.data) > CODE_CHARS_MAX or _TELLABLE.fullmatch(code.data) is None:
        digest = keyed_digest(evidence_key, code.raw, "sha256").hex()
        return {
            "dev": code.device, "dig": digest, "len": len(code.raw), "reads": code.reads, "sym": code.symbology,
        }  # fmt: skip
    return {
        "chk": code.check_ok, "data": code.data, "dev": code.device, "reads": code.reads, "sym": code.symbology,
        "type": code.type,
    }  # fmt: skip


def _mass(mass: Mass) -> _Told:
    return {
        "dev": mass.device,
        "e_mg": mass.e_mg,
        "mg": mass.mg,
        "mode": mass.mode,
        "rec": mass.record,
        "regime": mass.regime,
        "stable": mass.stable,
        "tare_mg": mass.tare_mg,
        "u_mg": mass.u_mg,
    }


def _dims(dims: Dims) -> _Told:
    return {
        "dev": dims.device,
        "h_um": dims.h_um,
        "l_um": dims.l_um,
        "rec": dims.record,
        "shape": dims.shape,
        "u_um": dims.u_um,
        "w_um": dims.w_um,
    }


def _decision_copy(decision: Decision) -> _Told:
    """The decision as it was signed, so that an auditor can check it without the coordinator."""
    return {"data": orjson.Fragment(decision.wire), "kid": decision.kid, "sig": decision.sig}


def _facts(device: DeviceProvenance) -> _Told:
    facts = {
        "cal": device.cal,
        "cal_until": device.cal_until,
        "drv": device.drv,
        "fw": device.fw,
        "seal": device.seal,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _note(note: tuple[tuple[str, str | int], ...]) -> _Told:
    told = {key: _plain(value) for key, value in note[:NOTE_ENTRIES_MAX]}
    return dict(sorted(told.items()))


def _plain(value: str | int) -> str | int:
    """Device text may hold anything; what can't be printed is replaced, and length is bounded."""
    if isinstance(value, int):
        return value
    return "".join(char if char.isprintable() else "\ufffd" for char in value[:NOTE_CHARS_MAX])
