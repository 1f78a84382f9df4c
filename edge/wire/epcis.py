"""Events of a gateway as EPCIS 2.0 (ISO/IEC 19987), by the table of the clearance contract §9. Off the hot path.

One event makes at most one EPCIS event, so `eventID` is our own `ni:` id. What the table has no row for (a divert, a
reweigh, lost track) is not exported; practice and drills never are. Kilograms and metres exist only here, made from
integers by shifting the point. A correction exports the event that was wrong once more, with its `errorDeclaration`,
and the corrective event after it: nothing is ever edited.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

EPCIS_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
DEFAULT_BASE: Final = "https://ehub.invalid"
"""What the URIs of hubs, devices and identifiers begin with, until the operator has a domain of its own for them."""
HELD_ACTIONS: Final = frozenset({"hold", "inspect", "screen", "info"})
OPERATOR: Final = "hub"
"""The authority that is not one: a hold by the hub itself is not one by customs."""
OWN_TYPES: Final = frozenset({"s10", "sscc", "carrier"})

_KG: Final = 6
"""From mg, by shifting the point."""
_M: Final = 6
"""From µm."""

Data = Mapping[str, Any]
Original = Callable[[str], Data | None]
"""The event with this id, for a correction."""


class EpcisExport:
    """`offset_at`: the hub's UTC offset (`+08:00`) at a time written like `data.t`."""

    def __init__(self, offset_at: Callable[[str], str], original: Original, base: str = DEFAULT_BASE) -> None:
        self._offset_at = offset_at
        self._original = original
        self._base = base

    def document(self, events: Iterable[tuple[str, Data]], created: str) -> dict[str, Any]:
        """A whole EPCIS document of these events (id and `data`), in order; `created` as `data.t` is written."""
        listed = [one for identity, data in events for one in self.events(identity, data)]
        return {
            "@context": [EPCIS_CONTEXT, {"ehub": f"{self._base}/ns/1/"}],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": created,
            "epcisBody": {"eventList": listed},
        }

    def events(self, identity: str, data: Data) -> Iterator[dict[str, Any]]:
        """The EPCIS events of one event: none, one, or for a correction two."""
        if data.get("mode") != "live" or data.get("visit") is None:
            return
        if data["kind"] != "parcel.corrected":
            yield from self._one(identity, data, str(data["kind"]))
            return
        wrong_id = corrected_id(data)
        wrong = None if wrong_id is None else self._original(wrong_id)
        if wrong is None or wrong_id is None:
            return  # what it corrects was never exported, or is past its retention
        for event in self._one(wrong_id, wrong, str(wrong["kind"])):
            yield event | {"errorDeclaration": self._error(identity, data)}
            yield from self._one(identity, {**wrong, **data}, str(wrong["kind"]))

    def _error(self, identity: str, data: Data) -> dict[str, Any]:
        return {
            "declarationTime": data["t"],
            "reason": "incorrect_data",
            "correctiveEventIDs": [identity],
        }

    def _one(self, identity: str, data: Data, kind: str) -> Iterator[dict[str, Any]]:
        if kind == "parcel.bagged":
            yield from self._bagged(identity, data)
            return
        step = self._step(data, kind)
        if step is None:
            return
        biz_step, disposition = step
        event = self._head("ObjectEvent", identity, data) | {
            "epcList": self._epcs(data),
            "action": "OBSERVE",
            "bizStep": biz_step,
            "disposition": disposition,
            "readPoint": {"id": self._read_point(data)},
            "bizLocation": {"id": self._hub(data)},
        }
        if kind in ("parcel.identified", "parcel.measured") and (sensors := self._sensors(data)):
            event["sensorElementList"] = sensors
        if kind == "parcel.decided":
            event |= self._decision(data)
        if kind == "parcel.departed":
            event |= _departure(data)
        yield event

    def _step(self, data: Data, kind: str) -> tuple[str, str] | None:
        """bizStep and disposition, or None where the contract's table has no row."""
        match kind:
            case "parcel.arrived":
                return "arriving", "in_progress"
            case "parcel.identified" | "parcel.measured":
                return "inspecting", "in_progress"
            case "parcel.presented":
                return f"{self._base}/bizstep/presenting_to_customs", "in_progress"
            case "parcel.inspected":
                passed = outcome_of(data) == "passed"
                return "inspecting", "conformant" if passed else "non_conformant"
            case "parcel.departed":
                return "departing", "in_transit"
            case "parcel.decided":
                return self._decided(data)
            case _:
                return None

    def _decided(self, data: Data) -> tuple[str, str] | None:
        decision = decision_of(data)
        if decision is None or decision["basis"].get("authority") == OPERATOR:
            held = decision is None or decision["action"] in HELD_ACTIONS
            return ("holding", "in_progress") if held else None
        match decision["action"]:
            case "release":
                return "holding", "available"
            case "return":
                return "shipping", "returned"
            case "refuse":
                return "holding", f"{self._base}/disp/in_customs_custody"
            case action if action in HELD_ACTIONS:
                return "holding", f"{self._base}/disp/held_by_customs"
            case _:
                return None

    def _decision(self, data: Data) -> dict[str, Any]:
        decision = decision_of(data)
        if decision is None:
            return {"ehub:reasons": list(data["flags"])}
        facts: dict[str, Any] = {
            "bizTransactionList": [
                {
                    "type": f"{self._base}/btt/clearance_decision",
                    "bizTransaction": f"urn:uuid:{decision['dec']}",
                }
            ],
            "ehub:authority": decision["basis"].get("authority", "customs"),
        }
        return facts | ({"ehub:reasons": decision["reasons"]} if decision["reasons"] else {})

    def _bagged(self, identity: str, data: Data) -> Iterator[dict[str, Any]]:
        bag = data.get("bag")
        if isinstance(bag, str):
            yield self._head("AggregationEvent", identity, data) | {
                "parentID": f"{self._base}/id/receptacle/{_path(bag)}",
                "childEPCs": [f"urn:uuid:{data['visit']}"],
                "action": "ADD",
                "bizStep": "packing",
                "disposition": "in_progress",
                "readPoint": {"id": self._read_point(data)},
                "bizLocation": {"id": self._hub(data)},
            }

    def _head(self, kind: str, identity: str, data: Data) -> dict[str, Any]:
        offset = self._offset_at(str(data["t"]))
        return {
            "type": kind, "eventID": identity, "eventTime": data["t"], "eventTimeZoneOffset": offset,
        }  # fmt: skip

    def _epcs(self, data: Data) -> list[str]:
        """The visit, and the parcel's own identifiers as URIs: a bare S10 number is none."""
        own = [
            f"{self._base}/id/{code['type']}/{_path(code['data'])}"
            for code in data.get("codes", ())
            if code.get("chk") is True and code.get("type") in OWN_TYPES
        ]
        return [f"urn:uuid:{data['visit']}", *dict.fromkeys(own)]

    def _hub(self, data: Data) -> str:
        return f"{self._base}/hub/{_path(data['hub'])}"

    def _read_point(self, data: Data) -> str:
        return f"{self._hub(data)}/line/{_path(data['line'])}/gw/{_path(data['gw'])}"

    def _sensors(self, data: Data) -> list[dict[str, Any]]:
        found = []
        if (mass := data.get("mass")) is not None:
            report = {"type": "Mass", "value": _shifted(mass["mg"], _KG), "uom": "KGM"}
            found.append(self._sensor(data, mass, [report | _doubt(mass["u_mg"], _KG)]))
        if (dims := data.get("dims")) is not None:
            axes = (("x", "l_um"), ("y", "w_um"), ("z", "h_um"))
            reports = [
                {"type": "Length", "component": axis, "value": _shifted(dims[key], _M), "uom": "MTR"}
                | _doubt(dims["u_um"], _M)
                for axis, key in axes
            ]
            found.append(self._sensor(data, dims, reports))
        return found

    def _sensor(self, data: Data, measured: Data, reports: list[dict[str, Any]]) -> dict[str, Any]:
        device = measured["dev"]
        facts = data["prov"]["dev"].get(device, {})
        metadata = {
            "time": data["t"],
            "deviceID": f"{self._base}/dev/{_path(device)}",
            "dataProcessingMethod": f"{self._base}/sw/edge/{_path(data['prov']['edge'])}",
        }
        if facts.get("cal"):
            metadata["deviceMetadata"] = f"{self._base}/cal/{_path(facts['cal'])}"
        if measured.get("rec") is not None:
            metadata["rawData"] = f"{self._base}/rec/{_path(device)}/{measured['rec']}"
        return {"sensorMetadata": metadata, "sensorReport": reports}


def outcome_of(data: Data) -> object:
    """What an inspection has found: passed or failed."""
    note = data.get("note")
    return note.get("outcome") if isinstance(note, dict) else None


def decision_of(data: Data) -> Data | None:
    """The decision, or the voucher, that this event is a copy of; None where the gateway holds by itself."""
    copy, voucher = data.get("decision"), data.get("voucher")
    if voucher is not None:
        return {"dec": voucher["data"]["id"], **voucher["data"]}
    return None if copy is None else copy["data"]


def corrected_id(data: Data) -> str | None:
    """Id of the event that a `parcel.corrected` corrects."""
    found = data.get("note", {}).get("corrects")
    return found if isinstance(found, str) else None


def _departure(data: Data) -> dict[str, Any]:
    stayed_us = sum(span["us"] for span in data.get("dwell", ()))
    lane = data.get("act", {}).get("lane")
    return {"ehub:dwellSeconds": stayed_us // 1_000_000} | ({"ehub:lane": lane} if lane else {})


def _shifted(number: int, places: int) -> float:
    """Exactly the decimal number when it is written again: under 2^53 / 10^6 nothing is lost."""
    return float(Decimal(number).scaleb(-places))


def _doubt(u: int, places: int) -> dict[str, Any]:
    """EPCIS has the standard deviation; ours is expanded, k=2."""
    expanded = Decimal(u).scaleb(-places)
    return {"sDev": float(expanded / 2), "ehub:expandedUncertainty": float(expanded)}


def _path(text: object) -> str:
    """As one part of a URI: text of labels and devices is data (contract §2 rule 6)."""
    safe = "-._~"
    return "".join(
        char if (char.isascii() and char.isalnum()) or char in safe else _escaped(char) for char in str(text)
    )


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())
