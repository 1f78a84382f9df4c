"""A gateway's journal for the tests of this folder: its key, its context, events of parcels."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

from edge.core.event import Act, Code, Event, Kind, WallTime
from edge.rim.journal import Journal
from edge.wire.checkpoint import Countersigned, Log, checkpoint_body, cosign
from edge.wire.envelope import EventContext
from edge.wire.messages import Ack
from edge.wire.signing import Signer
from edge.wire.topics import Mode
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LaneId, LineId, VisitId

SIGNER: Final = Signer(SigningKey(bytes(range(32))))
OTHER: Final = Signer(SigningKey(bytes(range(1, 33))))
COORDINATOR: Final = Signer(SigningKey(bytes(range(2, 34))))
T_US: Final = 1_795_306_502_123_456


def contexts(
    gateway: str = "gw-03", hub: str = "MY-KUL-1", mode: Mode = "practice"
) -> Callable[[int], EventContext]:
    def context_for(epoch: int) -> EventContext:
        return EventContext(HubId(hub), GatewayId(gateway), mode, epoch, "0.1.0", "ab" * 32, {}, bytes(32))

    return context_for


def open_journal(
    folder: Path, signer: Signer = SIGNER, sign_one_in: int = 1, mode: Mode = "practice"
) -> Journal:
    return Journal(folder / "journal.db", contexts(mode=mode), signer, sign_one_in)


def visit(number: int) -> VisitId:
    return VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}")


def event(
    kind: Kind = "parcel.arrived", number: int = 1, t_us: int = 0, codes: Iterable[str] = (), lane: str = ""
) -> Event:
    return Event(
        kind=kind,
        line=LineId("bench-1"),
        visit=visit(number),
        at=Instant(1_000_000 * number),
        wall=WallTime(T_US + t_us, 1_500, "ntp"),
        codes=tuple(
            Code(code, code.encode(), "code128", "s10", True, DeviceId("scan-1"), 1) for code in codes
        ),
        act=Act(LaneId(lane), "B1", confirmed=True) if lane else None,
    )


def gateway_event() -> Event:
    wall = WallTime(T_US, 1_500, "ntp")
    return Event("device.changed", LineId("bench-1"), None, Instant(5), wall, note=(("device", "scale-1"),))


def numbered(events: Iterable[Event], first: int = 1) -> list[tuple[int, Event]]:
    return list(enumerate(events, start=first))


def parcels(count: int) -> list[tuple[int, Event]]:
    return numbered(event(number=number) for number in range(1, count + 1))


def countersigned(journal: Journal, size: int, root: bytes | None = None) -> Countersigned:
    """The coordinator's word on the newest checkpoint, or on another root of this size."""
    log = Log(journal.context.mode, journal.context.hub, journal.context.gateway, journal.epoch)
    found = journal._tree.root if root is None else root
    line = cosign(checkpoint_body(log, size, found), "co-1", COORDINATOR, T_US // 1_000_000)
    return Countersigned(size, found, line, COORDINATOR.kid, COORDINATOR.public_b64)


def acked(journal: Journal) -> Ack:
    """Of all events, with the newest checkpoint countersigned; there are none after it."""
    (last,) = journal.tail(1)
    return Ack(journal.epoch, last.seq, last.id, countersigned(journal, last.seq))
