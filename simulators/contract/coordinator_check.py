"""Tries a coordinator: the kit is a gateway of its hub, whose key it knows, and says right and wrong things.

Every wrong event is one that the kit's own chain made and that was then changed in one respect; each is followed by
the right one for the same place, so that an `ack` says which of the two was taken. The kit's parcels are unknown to
everybody: a coordinator that releases one fails.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Concatenate, Final, ParamSpec, TypeVar

from nacl.signing import SigningKey

from edge.core.decision import Decision
from edge.rim.tls import BrokerIdentity
from edge.wire.canonical import WireError
from edge.wire.chain import Link
from edge.wire.messages import Ack, parse_ack, parse_decision, parse_nak, parse_state
from edge.wire.signing import Signer, TrustStore
from edge.wire.topics import Mode, Topics
from hub_config.names import GatewayId, HubId, LineId
from simulators.contract.kit_gateway import KitGateway, payload, spoilt
from simulators.contract.peer import Heard, Peer, PeerFault
from simulators.contract.table import NotSeen, Results, Wrong, need

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_S: Final = 5.0
QUIET_S: Final = 0.7
"""How long an `ack` that must not come is waited for; a coordinator acknowledges within a fraction of it."""
GAP_S: Final = 9.0
"""A gap is asked for when it is older than 5 s (contract §7)."""
RENEWED_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Tried:
    """Whose coordinator is tried, and as whom."""

    host: str
    port: int
    hub: HubId
    mode: Mode
    coordinator: str
    public: str
    """Of the coordinator, base64url."""
    gateway: GatewayId
    line: LineId
    signer: Signer
    """Of the kit: its public key is the gateway's in the coordinator's list."""
    quiet_s: float = QUIET_S
    identity: BrokerIdentity | None = None
    """The kit's certificate; None: a broker without TLS."""

    def peer(self, *topics: str) -> Peer:
        """A client of the kit, subscribed. Raises PeerFault."""
        return Peer(self.host, self.port, f"kit-{secrets.token_hex(6)}", topics, self.identity)


@dataclass(frozen=True, slots=True)
class _Trusted:
    public_key: str
    kid: str
    holder: str
    roles: tuple[str, ...]
    modes: tuple[str, ...]
    authorities: None = None


def trust_of(public: str, kid: str, holder: str, mode: Mode) -> TrustStore:
    return TrustStore([_Trusted(public, kid, holder, ("release", "hold", "ack"), (mode,))])


class CoordinatorCheck:
    def __init__(self, tried: Tried, kid: str) -> None:
        self._tried = tried
        self._address = tried.hub, tried.gateway, tried.mode
        self._trust = trust_of(tried.public, kid, tried.coordinator, tried.mode)
        self._topics = Topics(tried.mode, tried.hub, tried.gateway)
        self._state_topic = self._topics.state("coordinator", tried.coordinator)
        self._kit = KitGateway(tried.hub, tried.gateway, tried.mode, tried.line, tried.signer)
        self._other = Signer(SigningKey.generate())
        self._results = Results()

    def run(self) -> Results:
        """All that could be tried; what ended it early stands in the results."""
        topics = self._topics
        self._peer = self._tried.peer(topics.ack, topics.nak, topics.decision, self._state_topic)
        with self._results.as_far_as_it_goes(), closing(self._peer):
            self._state()
            self._exchange()
            self._refusals()
            self._order()
            self._epochs()
            self._fork()
        return self._results

    # What is tried ----------------------------------------------------------------------------------

    def _state(self) -> None:
        check = self._results.check
        with check("6", "its state is retained: online, with a session"):
            self._await(lambda: bool(self._heard(self._state_topic)), "no state")
            kept = self._kept(self._state_topic)
            need(self._parsed(parse_state, kept.payload).online, "it says that it is offline")
        with check("6", "its state is renewed within 3 s"):
            count = len(self._heard(self._state_topic))
            need(
                self._peer.wait(lambda: len(self._heard(self._state_topic)) > count, RENEWED_S + 1),
                "said once",
            )

    def _exchange(self) -> None:
        check = self._results.check
        with check("7", "a right event is acknowledged, signed"):
            self._take(self._kit.arrived())
        if not self._peer.heard():
            who = f"{self._tried.coordinator} of {self._tried.hub} in mode {self._tried.mode}"
            raise PeerFault(
                f"nobody answers as {who}; does it run, at this broker, and know this gateway's key?"
            )
        with check("6", "the ack is retained"):
            self._kept(self._topics.ack)
        with check("4", "an event without a parcel is acknowledged"):
            self._take(self._kit.without_parcel())
        with check("2", "an event of unknown kind, with unknown fields, is stored and acknowledged"):
            self._take(
                self._kit.changed(lambda data: data.update(kind="parcel.weather", colour={"deep": [1, 2]}))
            )
        measured = self._kit.measured()
        with check("5", "a measured parcel gets a signed decision that answers its event"):
            self._take(measured)
            answer = self._decision(measured)
            need(answer.dec_seq == 1, f"its dec_seq is {answer.dec_seq}")
        with check("5", "an unknown parcel is not released"):
            answer = self._decision(measured)
            need(answer.action != "release", "released")
        with check("5", "a parcel that the gateway doubts is not released"):
            doubted = self._kit.measured(flags=("assoc_low",))
            self._take(doubted)
            need(self._decision(doubted).action != "release", "released")
        with check("7", "an event that comes again gets the same decision, not a new one"):
            self._send(measured)
            self._await(lambda: len(self._decisions(measured)) > 1, "no decision on the second", NotSeen)
            need(len({one.dec for one in self._decisions(measured)}) == 1, "another decision")

    def _refusals(self) -> None:
        link = self._kit.measured()
        through = link.seq - 1
        for words, wrong in spoilt(link, self._other):
            with self._results.check("2, 5", f"refused: an event {words}"):
                self._send_raw(wrong)
                need(not self._moves_past(through), "acknowledged")
                need(not self._decisions(link), "decided on")
        for words, topic in (
            ("on the topic of another gateway", Topics(self._tried.mode, self._tried.hub, GatewayId("gw-of-nobody"))),
            ("on the topic of another line", None),
        ):  # fmt: skip
            with self._results.check("2, 6", f"refused: an event {words}"):
                line = LineId("line-of-nobody") if topic is None else self._kit.line
                self._peer.tell((topic or self._topics).event(line), payload(link))
                need(not self._moves_past(through), "acknowledged")
        with self._results.check("2, 5", "after all that, the right event is taken"):
            self._take(link)

    def _order(self) -> None:
        check = self._results.check
        first, second, third = self._kit.arrived(), self._kit.measured(), self._kit.arrived()
        with check("7", "past a gap it answers, and acknowledges nothing"):
            self._send(second)
            self._decision(second)
            need(not self._moves_past(first.seq - 1), "acknowledged over the gap")
        with check("7", "a gap older than 5 s is asked for"):
            self._await(lambda: bool(self._heard(self._topics.nak)), "no nak", seconds=GAP_S)
            nak = self._parsed(
                parse_nak, self._heard(self._topics.nak)[-1].payload, self._trust, *self._address
            )
            need(nak.from_seq == first.seq, f"it asks from seq {nak.from_seq}, {first.seq} is missing")
        with check("7", "once the gap is filled, the ack covers all of it"):
            self._send(third)
            self._send(first)
            self._until_acked(third)

    def _epochs(self) -> None:
        self._kit.begin(self._kit.epoch + 1)
        with self._results.check("1, 7", "a new epoch begins at seq 1 again"):
            self._take(self._kit.arrived())

    def _fork(self) -> None:
        last = self._kit.arrived()
        self._send(last)
        with self._results.check("7", "another event in the same place is not taken"):
            self._peer.wait(lambda: self._through() >= last.seq, ANSWER_S)
            self._send(self._kit.again(last))
            time.sleep(self._tried.quiet_s)
            acks = [
                ack for ack in self._acks() if ack.epoch == self._kit.epoch and ack.through_seq == last.seq
            ]
            need(all(ack.through_id == last.id for ack in acks), "its id was acknowledged")
        with self._results.check("7", "a gateway with two histories is quarantined: it gets holds only"):
            after = self._kit.measured()
            self._send(after)
            need(self._decision(after).action != "release", "released")

    def _kept(self, topic: str) -> Heard:
        """What a later subscriber is told at once."""
        late = self._tried.peer(topic)
        try:
            need(late.wait(lambda: bool(late.heard()), ANSWER_S), "a later subscriber hears none")
            need(late.heard()[0].retained, "not retained")
            return late.heard()[0]
        finally:
            late.close()

    # How it is judged -------------------------------------------------------------------------------

    def _send(self, link: Link) -> None:
        self._send_raw(payload(link), b'"visit":null' in link.body)

    def _send_raw(self, message: bytes, without_parcel: bool = False) -> None:
        line = LineId("gw") if without_parcel else self._kit.line
        self._peer.tell(self._topics.event(line), message)

    def _take(self, link: Link) -> None:
        self._send(link)
        self._until_acked(link)

    def _until_acked(self, link: Link) -> None:
        self._await(lambda: self._through() >= link.seq, f"no ack through seq {link.seq}")
        exact = [ack for ack in self._acks() if ack.epoch == self._kit.epoch and ack.through_seq == link.seq]
        need(all(ack.through_id == link.id for ack in exact), "the ack names another event")

    def _moves_past(self, through: int) -> bool:
        return self._peer.wait(lambda: self._through() > through, self._tried.quiet_s)

    def _through(self) -> int:
        return max((ack.through_seq for ack in self._acks() if ack.epoch == self._kit.epoch), default=0)

    def _acks(self) -> list[Ack]:
        return [
            self._parsed(parse_ack, one.payload, self._trust, *self._address)
            for one in self._heard(self._topics.ack)
        ]

    def _decision(self, link: Link) -> Decision:
        self._await(lambda: bool(self._decisions(link)), "no decision")
        return self._decisions(link)[0]

    def _decisions(self, link: Link) -> list[Decision]:
        answers = [one for one in self._heard(self._topics.decision) if one.data.get("for") == link.id]
        return [self._parsed(parse_decision, one.payload, self._trust, *self._address) for one in answers]

    def _heard(self, topic: str) -> list[Heard]:
        return self._peer.heard(topic)

    def _await(
        self,
        true: Callable[[], bool],
        instead: str,
        fault: type[Exception] = Wrong,
        seconds: float | None = None,
    ) -> None:
        """`seconds`: ANSWER_S where nothing else is said."""
        within = ANSWER_S if seconds is None else seconds
        if not self._peer.wait(true, within):
            raise fault(f"{instead} within {within:g} s")

    @staticmethod
    def _parsed(
        parse: Callable[Concatenate[bytes, P], T], message: bytes, *known: P.args, **more: P.kwargs
    ) -> T:
        """By the gateway's own reading: what it would refuse is wrong."""
        try:
            return parse(message, *known, **more)
        except WireError as refused:
            raise Wrong(f"a gateway refuses it: {refused.reason}: {refused.detail}") from refused
