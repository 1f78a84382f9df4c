"""Values the tests of this folder share: the contract's key and golden texts, one gateway, one event of each shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

from edge.core.event import Act, Association, Code, DwellSpan, Event, Mass, WallTime
from edge.wire.envelope import DeviceProvenance, EventContext
from edge.wire.signing import Signer, TrustStore
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LaneId, LineId, VisitId

GOLDEN: Final = Path(__file__).parent / "golden"
EVENT_BYTES: Final = (GOLDEN / "event.json").read_bytes()
DECISION_BYTES: Final = (GOLDEN / "decision.json").read_bytes()

SIGNER: Final = Signer(SigningKey(bytes(range(32))))
OTHER: Final = Signer(SigningKey(bytes(range(1, 33))))
HUB: Final = HubId("MY-KUL-1")
GATEWAY: Final = GatewayId("gw-03")
VISIT: Final = VisitId("01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f")
T_US: Final = 1_795_306_502_123_456  # 2026-11-22T00:15:02.123456Z


@dataclass(frozen=True)
class Key:
    kid: str
    public_key: str
    holder: str
    roles: tuple[str, ...]
    modes: tuple[str, ...]
    authorities: tuple[str, ...] | None = None


def key(signer: Signer, roles: Sequence[str] = ("release", "ack"), modes: Sequence[str] = ("live",)) -> Key:
    return Key(signer.kid, signer.public_b64, "coordinator", tuple(roles), tuple(modes))


def trust(*keys: Key) -> TrustStore:
    return TrustStore(keys or (key(SIGNER),))


CONTEXT: Final = EventContext(
    hub=HUB,
    gateway=GATEWAY,
    mode="live",
    epoch=7,
    edge_version="0.1.0",
    config_digest="ab" * 32,
    devices={DeviceId("scale-1"): DeviceProvenance(fw="3.12", cal="c-2026-03", cal_until="2027-03-01")},
    evidence_key=b"evidence key of 32 bytes, for te",
)


def code(data: str = "RR473124829MY", kind: str = "s10", raw: bytes | None = None) -> Code:
    return Code(data, raw or data.encode(), "code128", kind, True, DeviceId("scan-1"), 1)  # type: ignore[arg-type]


MASS: Final = Mass(DeviceId("scale-1"), 1_234_500, 5_000, 5_000, 0, True, "static", "nawi", 88_213)


def measured(visit: VisitId = VISIT, at: int = 987_654_321_000, codes: Sequence[Code] = (code(),)) -> Event:
    return Event(
        kind="parcel.measured",
        line=LineId("bench-1"),
        visit=visit,
        at=Instant(at),
        wall=WallTime(T_US, 1_500, "ntp"),
        codes=tuple(codes),
        mass=MASS,
        assoc=Association("bench", 999_999, 0),
    )


def departed(visit: VisitId = VISIT) -> Event:
    return Event(
        kind="parcel.departed",
        line=LineId("bench-1"),
        visit=visit,
        at=Instant(2_000_000),
        wall=WallTime(T_US, 1_500, "ntp"),
        act=Act(LaneId("green"), "G1", confirmed=True),
        clock="hub",
        dwell=(DwellSpan("hub", 9_000_000), DwellSpan("customs", 1_000_000)),
    )


def device_changed(reason: str = "port is gone") -> Event:
    return Event(
        kind="device.changed",
        line=LineId("bench-1"),
        visit=None,
        at=Instant(3_000_000),
        wall=WallTime(T_US, 1_500, "ntp"),
        note=(("device", "scale-1"), ("to", "down"), ("reason", reason)),
    )
