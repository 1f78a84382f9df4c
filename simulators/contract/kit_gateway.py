"""The kit's own gateway: a chain of events under a key that the coordinator knows, right ones and spoilt ones."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from edge.core.decision import Reason
from edge.core.event import Association, Code, Event, Kind, Mass, WallTime
from edge.rim import clock
from edge.wire.canonical import MESSAGE_BYTES_MAX, canonical, event_id
from edge.wire.chain import Chain, Link
from edge.wire.envelope import EventContext, event_payload
from edge.wire.signing import Signer
from edge.wire.topics import Mode
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LineId, VisitId

UNKNOWN_CODE: Final = "ZZ473124829MY"
"""An S10 number that nobody declares: no such service indicator exists."""
SCANNER, SCALE = DeviceId("kit-scanner"), DeviceId("kit-scale")


class KitGateway:
    def __init__(self, hub: HubId, gateway: GatewayId, mode: Mode, line: LineId, signer: Signer) -> None:
        self.line = line
        self.signer = signer
        self._hub, self._gateway, self._mode = hub, gateway, mode
        self._visits = 0
        self._started_us = clock.wall_time().utc_us
        self.begin(self._started_us // 1_000_000)

    def begin(self, epoch: int) -> None:
        """A new epoch; the first is the second of its start, so that no run of the kit repeats one."""
        self.epoch = epoch
        context = EventContext(
            self._hub, self._gateway, self._mode, epoch, "contract-kit", "0" * 64, {}, bytes(32)
        )
        self._chain = Chain(context, self.signer)

    def arrived(self) -> Link:
        return self._append("parcel.arrived", self._visit())

    def measured(self, flags: tuple[Reason, ...] = ()) -> Link:
        """A whole, plausible measurement of a parcel that nobody has declared."""
        code = Code(UNKNOWN_CODE, UNKNOWN_CODE.encode(), "code128", "s10", True, SCANNER, 3)
        mass = Mass(SCALE, 1_000_000, 5_000, 5_000, 0, True, "static", "nawi", None)
        return self._append(
            "parcel.measured", self._visit(), flags=flags, codes=(code,), mass=mass,
            assoc=Association("procedure", 999_999, 0),
        )  # fmt: skip

    def without_parcel(self) -> Link:
        return self._append("gateway.mode", None)

    def changed(self, change: Callable[[dict[str, Any]], None]) -> Link:
        """The next event with its data changed before it is hashed and signed: right in form, whatever it says."""
        head = self._chain.head
        link = self._append("parcel.arrived", self._visit())
        data = json.loads(link.body)
        change(data)
        body = canonical(data)
        changed = Link(link.seq, event_id(body), link.prev, body, self.signer.sign(body), self.signer.kid)
        self._chain.rewind(type(head)(head.next_seq + 1, changed.id))
        return changed

    def again(self, link: Link) -> Link:
        """Another event in the place of this one: a fork of the chain."""
        data = json.loads(link.body) | {"mono_us": 1}
        body = canonical(data)
        return Link(link.seq, event_id(body), link.prev, body, self.signer.sign(body), self.signer.kid)

    def _visit(self) -> VisitId:
        self._visits += 1
        made = self._started_us // 1000 << 80 | 7 << 76 | 2 << 62 | self._visits
        text = f"{made:032x}"
        return VisitId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")

    def _append(self, kind: Kind, visit: VisitId | None, **more: Any) -> Link:  # noqa: ANN401
        wall = clock.wall_time()
        line = self.line if visit is not None else LineId("gw")
        stamp = WallTime(wall.utc_us, wall.unc_us, wall.source)
        return self._chain.append(Event(kind, line, visit, Instant(clock.now()), stamp, **more))


def payload(link: Link) -> bytes:
    return event_payload(link.body, link.id, link.sig, link.kid)


def spoilt(link: Link, other: Signer) -> Iterator[tuple[str, bytes]]:
    """Every way to be refused, in words, and the payload: each is this event, changed in one respect."""
    right = json.loads(payload(link))

    def raw(text: str) -> bytes:
        return payload(link).replace(b'"mono_us":', f'"x":{text},"mono_us":'.encode(), 1)

    yield (
        "without a signature",
        canonical({k: v for k, v in right.items() if k not in ("ehubsig", "ehubkid")}),
    )
    yield (
        "signed by a key that is not the gateway's",
        canonical(right | {"ehubkid": other.kid, "ehubsig": other.sign(link.body)}),
    )
    yield "signed by that key under the gateway's kid", canonical(right | {"ehubsig": other.sign(link.body)})
    yield "with data changed after signing", canonical(right | {"data": right["data"] | {"mono_us": 7}})
    for attribute in ("subject", "sequence", "time", "type", "source"):
        yield f"whose {attribute} says something else than its data", canonical(right | {attribute: "other"})
    yield "with an id that is not its hash", canonical(right | {"id": event_id(b"other")})
    yield "with a fraction among its numbers", raw("1.5")
    yield "with an integer past 2^53", raw(str(2**53))
    yield "with a key twice", raw('1,"x":2')
    yield "nested a thousand deep", raw("[" * 1_000 + "]" * 1_000)
    yield "of more than 64 KiB", raw('"' + "x" * MESSAGE_BYTES_MAX + '"')
    yield "that is no JSON", b"\x00" * 64
    yield "that is empty", b""
