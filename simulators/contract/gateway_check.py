"""Tries a gateway: the kit is its coordinator for a minute, and answers its parcels rightly and wrongly by turns.

The gateway trusts the kit's key as its coordinator's; parcels must pass it meanwhile (`hub demo` of another vendor, or
a line at night). Of all answers only a whole and valid release may let a parcel into the free lane.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from nacl.signing import SigningKey
from pydantic import ValidationError

from edge.rim import clock
from edge.wire.canonical import b64u
from edge.wire.event_schema import EventEnvelope
from edge.wire.messages import Ack, Nak, State, build_ack, build_decision, build_nak, build_state
from edge.wire.signing import Signer
from edge.wire.topics import Topics
from edge.wire.utc import rfc3339
from edge.wire.verifier import ChainCheck, Checked, Refused, examine
from simulators.contract.coordinator_check import RENEWED_S, Tried
from simulators.contract.peer import Heard
from simulators.contract.table import NotSeen, Results, need
from simulators.coordinator.stamps import uuid7

CLEARED_S: Final = 3.0
"""First everything is acknowledged: while a backlog drains, live events have their turn but once (contract §11)."""
WITHHELD_S: Final = 30.0
"""Then acks are withheld until one comes again, at the most so long: it comes again 10 s after its PUBACK (contract
§6), and a busy machine may take a while to get there."""
RESENT_S: Final = 9.0
"""What comes a second time so much later was sent again for want of an ack."""
VALID_US: Final = 30_000_000
BIRTH_EVERY_S: Final = 1.0
TURN_S: Final = 0.02
SETTLE_S: Final = 3.0

Data = dict[str, Any]


@dataclass(slots=True)
class _Visit:
    """One parcel, as its events tell it."""

    treatment: str | None = None
    dec: str = ""
    kinds: list[str] = field(default_factory=list)
    decided: list[Data] = field(default_factory=list)


class GatewayCheck:
    def __init__(self, tried: Tried, kid: str, seconds: float) -> None:
        self._tried = tried
        self._keys = {kid: tried.public}
        self._seconds = seconds
        self._topics = Topics(tried.mode, tried.hub, tried.gateway)
        self._forger = Signer(SigningKey.generate())
        self._results = Results()
        self._events: list[tuple[Heard, Checked]] = []
        self._bad: list[str] = []
        self._looked = 0
        self._visits: dict[str, _Visit] = {}
        self._answered: set[str] = set()
        self._turn = 0
        self._session = f"kit-{secrets.token_hex(4)}"

    def run(self) -> Results:
        t = self._topics
        self._peer = self._tried.peer(f"{t.root}/evt/+/{t.gateway}", t.own_state)
        with self._results.as_far_as_it_goes(), closing(self._peer):
            started = time.monotonic()
            self._watch(until=started + CLEARED_S, acks=True)
            self._watch(until=time.monotonic() + WITHHELD_S, acks=False, ends=self._came_again)
            nak = self._ask_again()
            # An ack that came at once would take the question back before it is answered.
            self._watch(until=time.monotonic() + SETTLE_S, acks=False)
            self._watch(until=max(started + self._seconds, time.monotonic() + SETTLE_S), acks=True)
            self._judge(nak)
            gone = build_state(State(False, self._session, None, None))
            self._peer.tell(self._state_topic, gone, retain=True)
        return self._results

    # A minute as its coordinator -----------------------------------------------------------------------

    @property
    def _state_topic(self) -> str:
        return self._topics.state("coordinator", self._tried.coordinator)

    def _watch(self, until: float, *, acks: bool, ends: Callable[[], bool] = lambda: False) -> None:
        born = 0.0
        while (now := time.monotonic()) < until and not ends():
            if now - born >= BIRTH_EVERY_S:
                state = State(True, self._session, clock.wall_time().utc_us, None)
                self._peer.tell(self._state_topic, build_state(state), retain=True)
                born = now
                if acks:
                    self._acknowledge()
            self._look()
            time.sleep(TURN_S)

    def _came_again(self) -> bool:
        """Not at once, as after a new connection or a coordinator's new session."""
        first: dict[str, float] = {}
        return any(one.at_s - first.setdefault(event.id, one.at_s) >= RESENT_S for one, event in self._events)

    def _look(self) -> None:
        heard = self._peer.heard()
        for one in heard[self._looked :]:
            if "/evt/" in one.topic:
                self._event(one)
        self._looked = len(heard)

    def _event(self, one: Heard) -> None:
        try:
            event = examine(one.payload, self._keys)
            EventEnvelope.model_validate_json(one.payload)
        except Refused as fault:
            self._bad.append(f"{one.topic}: {fault}")
            return
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            self._bad.append(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
            return
        data = event.data
        if one.topic != f"{self._topics.root}/evt/{data['line']}/{data['gw']}":
            self._bad.append(f"{one.topic} carries an event of {data['line']}, {data['gw']}")
        self._events.append((one, event))
        if data["visit"] is not None and event.id not in self._answered:
            self._answered.add(event.id)
            self._parcel(event)

    def _parcel(self, event: Checked) -> None:
        data = event.data
        visit = self._visits.setdefault(data["visit"], _Visit())
        visit.kinds.append(data["kind"])
        if data["kind"] == "parcel.decided":
            visit.decided.append(data)
        if data["kind"] == "parcel.measured" and not data["flags"] and visit.treatment is None:
            visit.treatment = list(ANSWERS)[self._turn % len(ANSWERS)]
            self._turn += 1
            visit.dec, answer = self._answer(visit.treatment, data, event.id)
            self._peer.tell(self._topics.decision, answer)

    def _answer(self, treatment: str, event: Data, identity: str) -> tuple[str, bytes]:
        now_us = clock.wall_time().utc_us
        own = [code["data"] for code in event.get("codes", ()) if code.get("chk")]
        data: Data = {
            "v": 1, "hub": self._tried.hub, "gw": self._tried.gateway, "mode": self._tried.mode,
            "dec": uuid7(now_us, secrets.token_bytes(10)), "dec_seq": 1, "visit": event["visit"], "was": None,
            "for": identity, "supersedes": None, "action": "release", "reasons": [], "route": "green",
            "basis": {"authority": "customs", "rule": "contract-kit", "rule_pack": "sha256:" + "0" * 64},
            "cond": {"code": own[0]} if own else {}, "needs": [], "valid_from": rfc3339(now_us),
            "valid_until": rfc3339(now_us + VALID_US), "clock": "hub", "slack_us": 0,
        }  # fmt: skip
        data |= ANSWERS[treatment](now_us)
        signer = self._forger if treatment in FORGED else self._tried.signer
        message = build_decision(data, self._tried.coordinator, signer)
        return str(data["dec"]), message

    def _acknowledge(self) -> None:
        chain, epoch = self._chain()
        if chain is not None:
            ack = Ack(epoch, chain.next_seq - 1, chain.last_id)
            message = build_ack(
                ack, self._tried.hub, self._tried.gateway, self._tried.mode, self._tried.signer
            )
            self._peer.tell(self._topics.ack, message, retain=True)

    def _chain(self) -> tuple[ChainCheck | None, int]:
        """The gapless run of the newest epoch, from the first event heard of it."""
        epoch = max((event.data["epoch"] for _, event in self._events), default=0)
        by_seq = {event.data["seq"]: event for _, event in self._events if event.data["epoch"] == epoch}
        if not by_seq:
            return None, 0
        first = by_seq[min(by_seq)]
        chain = ChainCheck(first.data["seq"], first.data["prev"])
        for seq in sorted(by_seq):
            if chain.feed(by_seq[seq].data, by_seq[seq].id) != "ok":
                break
        return chain, epoch

    def _ask_again(self) -> tuple[int, float] | None:
        _, epoch = self._chain()
        # Of the newest the PUBACK may be under way: what is in flight is not sent a second time.
        settled = time.monotonic() - SETTLE_S
        seqs = [e.data["seq"] for one, e in self._events if e.data["epoch"] == epoch and one.at_s < settled]
        if not seqs:
            return None
        seq = max(seqs)
        nak = build_nak(
            Nak(epoch, seq), self._tried.hub, self._tried.gateway, self._tried.mode, self._tried.signer
        )
        asked_s = time.monotonic()  # before it is told: on one machine the answer is there at once
        self._peer.tell(self._topics.nak, nak)
        return seq, asked_s

    # How it is judged ----------------------------------------------------------------------------------

    def _judge(self, nak: tuple[int, float] | None) -> None:
        check = self._results.check
        with check("6", "its state is retained, online, and renewed within 3 s"):
            births = self._peer.heard(self._topics.own_state)
            need(bool(births), "no state")
            need(births[0].data.get("online") is True, "it says that it is offline")
            gaps = [b.at_s - a.at_s for a, b in pairwise(births[1:])]
            need(bool(gaps) and max(gaps) <= RENEWED_S + 0.5, f"longest wait {max(gaps, default=0):.1f} s")
        with check("2, 3, 4", "every event is well formed, signed, and on its own topic"):
            _seen(bool(self._events or self._bad), "no event came")
            need(not self._bad, f"{len(self._bad)} are not; first: {self._bad[0] if self._bad else ''}")
        with check("1, 3", "seq has no gaps, and each event names the one before"):
            self._whole()
        self._sending(nak)
        with check("4", "a measurement says how sure its parts belong together"):
            measured = [e.data for _, e in self._events if e.data["kind"] == "parcel.measured"]
            _seen(bool(measured), "no parcel was measured")
            need(all("assoc" in data for data in measured), "assoc is missing")
        self._obedience()

    def _whole(self) -> None:
        chain, epoch = self._chain()
        _seen(chain is not None, "no event came")
        assert chain is not None
        last = max(e.data["seq"] for _, e in self._events if e.data["epoch"] == epoch)
        need(chain.next_seq == last + 1, f"seq {chain.next_seq} is missing or does not follow")

    def _sending(self, nak: tuple[int, float] | None) -> None:
        check = self._results.check
        with check("6", "what no ack covers within 10 s is sent again"):
            _seen(bool(self._events), "no event came")
            need(self._came_again(), f"nothing came twice within {WITHHELD_S:g} s without an ack")
        with check("6", "what a nak asks for comes again at once"):
            if nak is None:
                raise NotSeen("there was nothing to ask for")
            again = [one for one, e in self._events if e.data["seq"] == nak[0] and one.at_s >= nak[1]]
            need(bool(again) and again[0].at_s - nak[1] < SETTLE_S, f"seq {nak[0]} did not come")

    def _obedience(self) -> None:
        check = self._results.check
        for treatment in ANSWERS:
            visits = [visit for visit in self._visits.values() if visit.treatment == treatment]
            with check("5, 7", f"answered with {treatment}"):
                _seen(bool(visits), "no parcel came for it")
                for visit in visits:
                    self._obeyed(treatment, visit)
        with check("5", "whatever is not released has a reason"):
            held = [d for visit in self._visits.values() for d in visit.decided if not _released(d)]
            _seen(bool(held), "nothing was held")
            need(all(d["flags"] or d["decision"]["data"]["reasons"] for d in held), "one has none")
        with check("5", "none departs without a confirmed move before it"):
            gone = [v for v in self._visits.values() if "parcel.departed" in v.kinds]
            _seen(bool(gone), "none departed")
            order = all("parcel.diverted" in v.kinds[: v.kinds.index("parcel.departed")] for v in gone)
            need(order, "one departed before it was seen to move")

    def _obeyed(self, treatment: str, visit: _Visit) -> None:
        departed = "parcel.departed" in visit.kinds
        if treatment == RELEASE:
            need(any(_released(d) for d in visit.decided), "it was not obeyed")
        else:
            need(not departed, "the parcel was let into the free lane")
        if treatment in FORGED or treatment in ABSENT:
            copies = [d for d in visit.decided if _dec(d) == visit.dec]
            need(not copies, "it counts as absent, but was taken as the parcel's decision")


def _seen(true: bool, instead: str) -> None:
    if not true:
        raise NotSeen(instead)


def _released(decided: Data) -> bool:
    copy = decided.get("decision")
    return copy is not None and copy["data"]["action"] == "release" and decided["act"]["lane"] == "green"


def _dec(decided: Data) -> str | None:
    copy = decided.get("decision")
    return None if copy is None else str(copy["data"]["dec"])


RELEASE: Final = "a valid release"
FORGED: Final = frozenset({"a release by a key that it does not trust"})
ABSENT: Final = frozenset(
    {"a release of another hub", "a release of another mode", "a release that has run out"}
)
ANSWERS: Final[dict[str, Callable[[int], Data]]] = {
    RELEASE: lambda _now: {},
    "a release by a key that it does not trust": lambda _now: {},
    "a hold": lambda _now: {"action": "hold", "reasons": ["risk_profile"], "route": "hold"},
    "a release of another hub": lambda _now: {"hub": "ZZ-NOWHERE-1"},
    "a release of another mode": lambda _now: {"mode": "live"},
    "a release that has run out": lambda now: {
        "valid_from": rfc3339(now - 2 * VALID_US),
        "valid_until": rfc3339(now - VALID_US),
    },
    "a release whose code is another's": lambda _now: {"cond": {"code": "RR000000000ZZ"}},
    "a release that others have still to agree to": lambda _now: {"needs": ["agency:food"]},
    "a release that answers another event": lambda _now: {"for": "ni:///sha-256;" + b64u(bytes(32))},
}
"""In words, and what differs from a valid release."""
