"""Signed events of a gateway for the coordinator's tests, made by the gateway's own chain."""

from nacl.signing import SigningKey

from edge.core.event import Code, Event, Mass, WallTime
from edge.wire.chain import Chain, Link
from edge.wire.envelope import EventContext, event_payload
from edge.wire.signing import Signer
from edge.wire.verifier import Checked, examine
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LineId, VisitId

SIGNER = Signer(SigningKey(bytes(range(1, 33))))
KEYS = {SIGNER.kid: SIGNER.public_b64}
CODE = "RR473124829MY"


def context(epoch: int = 1, gateway: str = "gw-01") -> EventContext:
    return EventContext(
        HubId("MY-KUL-1"), GatewayId(gateway), "practice", epoch, "0.1.0", "0" * 64, {}, b"e" * 32
    )


def visit(number: int) -> VisitId:
    return VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}")


def measured(number: int, code: str = CODE, mass_mg: int = 1_000_000) -> Event:
    return Event(
        kind="parcel.measured",
        line=LineId("b1"),
        visit=visit(number),
        at=Instant(number * 1_000_000),
        wall=WallTime(1_795_306_502_000_000 + number, 1_500, "ntp"),
        codes=(Code(code, code.encode(), "code128", "s10", True, DeviceId("scan-1"), 1),),
        mass=Mass(DeviceId("scale-1"), mass_mg, 5_000, 5_000, 0, True, "static", "nawi", None),
    )


def gateway_event(number: int) -> Event:
    return Event(
        kind="gateway.mode",
        line=LineId("gw"),
        visit=None,
        at=Instant(number),
        wall=WallTime(1_795_306_502_000_000 + number, 1_500, "ntp"),
    )


def links(count: int, epoch: int = 1, mass_mg: int = 1_000_000) -> list[Link]:
    chain = Chain(context(epoch), SIGNER)
    return [chain.append(measured(number, mass_mg=mass_mg)) for number in range(1, count + 1)]


def payload(link: Link) -> bytes:
    return event_payload(link.body, link.id, link.sig, link.kid)


def checked(link: Link) -> Checked:
    return examine(payload(link), KEYS)
