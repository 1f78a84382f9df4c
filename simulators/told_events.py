"""Events as a gateway tells them, signed and chained, without a gateway: six a parcel, of which one asks.

For measuring a coordinator (`bench/coordinator.py`). Nobody declared these parcels, so every answer is a hold.
"""

from collections.abc import Iterator
from typing import Final

from drivers.identifiers.format import CodeType
from edge.core.event import Act, Association, Code, DwellSpan, Event, Kind, Mass, WallTime
from edge.wire.chain import Chain
from edge.wire.envelope import EventContext, event_payload
from edge.wire.signing import Signer
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LaneId, LineId, VisitId
from simulators.parcels import s10_check_digit
from simulators.practice import GATEWAY, HUB

BENCHES: Final = 32
EVENT_US: Final = 2_000_000
"""Between two events of one parcel."""
S10: Final[CodeType] = "s10"
KINDS: Final[tuple[Kind, ...]] = (
    "parcel.arrived", "parcel.identified", "parcel.measured", "parcel.decided", "parcel.diverted", "parcel.corrected",
)  # fmt: skip
ASKING: Final = "parcel.measured"


def payloads(parcels: int, signer: Signer, began_us: int) -> Iterator[tuple[str, str, bytes]]:
    """Kind, id and payload of each event, in order; at as many benches as a gateway has, one after the other."""
    context = EventContext(HubId(HUB), GatewayId(GATEWAY), "practice", 1, "0.0.0", "0" * 64, {}, b"e" * 32)
    chain, last = Chain(context, signer), 0
    for first in range(0, parcels, BENCHES):
        some = range(first, min(parcels, first + BENCHES))
        for step in range(6):
            for number in some:
                last += 1
                link = chain.append(told_event(step, number, began_us, last))
                yield KINDS[step], link.id, event_payload(link.body, link.id, link.sig, link.kid)


def told_event(step: int, number: int, began_us: int, last: int) -> Event:
    """Of parcel `number` the event with index `step`; `last` counts the events of all parcels."""
    digits = f"{number:08}"
    name = f"RR{digits}{s10_check_digit(digits)}MY"
    code = Code(name, b"x", "code128", S10, check_ok=True, device=DeviceId("scan-1"), reads=1)
    mass = Mass(DeviceId("scale-1"), 1_234_500, 5_000, 5_000, 0, True, "static", "nawi", None)
    at_us = began_us + number // BENCHES * 6 * EVENT_US + step * EVENT_US
    held = step in (3, 4)
    return Event(
        KINDS[step],
        LineId(f"b{number % BENCHES}"),
        VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}"),
        Instant(last * 1_000),
        WallTime(at_us, 1_500, "ntp"),
        flags=("decision_late",) if step == 3 else (),
        codes=(code,) if step else (),
        mass=mass if step > 1 else None,
        assoc=Association("bench-one-at-a-time", 999_990, 0) if step == 2 else None,
        act=Act(LaneId("hold"), "H1", confirmed=step == 4) if held else None,
        clock="hub" if step in (0, 3) else None,
        dwell=(DwellSpan("hub", step * EVENT_US),) if held else (),
        note=(("corrects", "nothing"), ("what", "late_code")) if step == 5 else (),
    )
