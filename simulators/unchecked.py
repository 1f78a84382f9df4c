"""A decision that skips the wire: for the visits of a simulated run whose signatures are not checked."""

from typing import Any

from edge.core.decision import Conditions, Decision
from edge.wire.canonical import canonical
from edge.wire.signing import Signer
from edge.wire.utc import parse_rfc3339
from simulators.coordinator.sizes import dims_bands


def unchecked(data: dict[str, Any], coordinator: Signer) -> Decision:
    """The desk's answer as the core gets it: signed, but neither parsed nor verified, where this run does not check
    the visit's signatures."""
    body = canonical(data, plain=True)
    cond = data["cond"]
    mass = cond.get("mass_mg")
    until = cond.get("not_after")
    return Decision(
        dec=data["dec"], dec_seq=data["dec_seq"], visit=data["visit"], was=data["was"], answers=data["for"],
        action=data["action"], reasons=tuple(data["reasons"]), route=data["route"],
        authority=data["basis"]["authority"],
        conditions=Conditions(
            code=cond.get("code"),
            mass_mg=None if mass is None else (mass[0], mass[1]),
            not_after_us=None if until is None else parse_rfc3339(until),
            dims_um=dims_bands(cond),
        ),
        needs=tuple(data["needs"]), valid_from_us=parse_rfc3339(data["valid_from"]),
        valid_until_us=parse_rfc3339(data["valid_until"]), clock=data["clock"],
        wire=body.decode(), kid=coordinator.kid, sig=coordinator.sign(body),
        slack_us=data["slack_us"], tier=data["basis"]["tier"],
    )  # fmt: skip
