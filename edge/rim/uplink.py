"""The gateway's end of the event path: journalled events out, decisions and acknowledgements in.

Follows the clearance contract §6 and §7. Nothing is published before it is committed, and only the coordinator's
own `ack` settles it; what to send is the outbox window's to say, the rows stay in the journal. All that comes in is
checked before it becomes an input of the core; what fails becomes `MessageRejected` and is counted, never acted on.

One thread owns everything here and speaks to the broker itself; the others only put values in its mailbox.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from edge.core.effects import Alert
from edge.core.inputs import DecisionArrived, LinkChanged, MessageRejected
from edge.rim import clock
from edge.rim.broker_link import STATE_EVERY, BrokerLink, Closed, Happening, Opened, Taken
from edge.rim.bulletins import Bulletins
from edge.rim.it_desk import ItDesk
from edge.rim.journal_rows import JournalReader, Stored
from edge.rim.mailbox import Mailbox
from edge.rim.mqtt_client import Arrived, Delivered, FromBroker, Profile, Version
from edge.rim.outbox import AGAIN_EVERY, Outbox
from edge.rim.outbox_window import OutboxWindow
from edge.rim.preclearing import Preclearing
from edge.rim.settlement import Refusal
from edge.rim.tls import BrokerIdentity
from edge.rim.unheard import Unheard
from edge.rim.uplink_ends import AckSink, CoreSink, PubackSink, UplinkFigures
from edge.wire.canonical import WireError
from edge.wire.health import Health
from edge.wire.messages import Ack, Nak, State, build_state, parse_ack, parse_decision, parse_nak, parse_state
from edge.wire.published import Publications
from edge.wire.signing import TrustStore
from edge.wire.topics import Mode, Topics
from hub_config.hub import HubConfig
from hub_config.names import MILLISECOND, SECOND, GatewayId, HubId, Instant

IDLE: Final = 1 * SECOND
"""The longest wait with nothing due."""
TURN_MAX: Final = 200
"""Items taken from the mailbox between two looks at what may be sent."""
COMPARE: Final = 300 * MILLISECOND
"""So long after connecting the coordinator's retained ack is waited for: what it says of this journal is heard before
anything goes out, so that a journal with a lost end sends nothing under numbers that are taken."""
STOP_TIMEOUT_S: Final = 2.0

_log = logging.getLogger("hub.uplink")


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of these decisions is on disk."""

    decisions: tuple[str, ...]


ForUplink = FromBroker | tuple[Stored, ...] | bytes | Alert | _Heard | _Stop


class Uplink:
    """`committed`, `heard`, `stop` and `figures` may be called from any thread."""

    def __init__(
        self, config: HubConfig, reader: Callable[[], JournalReader], trust: TrustStore, topics: Topics,
        preclearing: Preclearing, core: CoreSink, acks: AckSink, session: str, metrics: PubackSink | None = None,
        health: Callable[[], Health] | None = None, *, it_desk: ItDesk | None = None,
    ) -> None:  # fmt: skip
        """`reader` is called in the uplink's thread, until it succeeds. `session` names this run ([A-Za-z0-9_-])."""
        self._config = config
        self._outbox = Outbox(reader, acks)
        self._trust = trust
        self._topics = topics
        self._preclearing = preclearing
        self._it_desk = it_desk
        self._core = core
        self._session = session
        self._metrics = metrics
        self._bulletins = Bulletins(topics, health)
        self._box: Mailbox[ForUplink] = Mailbox()
        self._link = BrokerLink(self._profile(), self._box)
        self._unheard = Unheard()
        self._sent: dict[int, int] = {}
        """mid → seq of this connection's publications without PUBACK."""
        self._state_due = Instant(0)
        self._said_catchup = False
        self._coordinator = False
        self._coordinator_session: str | None = None
        self._rejected: Counter[str] = Counter()
        self._version: Version | None = None
        self._told_rejected: tuple[tuple[str, int], ...] = ()
        """Of `_rejected`, sorted: for other threads."""
        self._send_from = Instant(0)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self.failed = threading.Event()
        """A mistake of ours ended the thread; the events stay in the journal."""
        self.taken_by: str | None = None
        """Session of another gateway that runs under our name: the uplink has ended without using it."""
        self._looked = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Says goodbye to the hub if it is connected; returns within `STOP_TIMEOUT_S`."""
        self._box.put(_Stop())
        self._thread.join(STOP_TIMEOUT_S)

    def looked(self, timeout_s: float) -> None:
        """Returns once it is known whether another runs under our name, or can't be known before the broker is back."""
        self._looked.wait(timeout_s)

    def committed(self, rows: Sequence[Stored]) -> None:
        """Rows that the writer has just committed, in order; they go out at once if they are next."""
        self._box.put(tuple(rows))

    def heard(self, decisions: Sequence[str]) -> None:
        """What came of them is on disk: the broker may forget them."""
        self._box.put(_Heard(tuple(decisions)))

    def checkpoint(self, message: bytes) -> None:
        """The newest of this gateway: published retained, and again to every broker connected to later."""
        self._box.put(message)

    def alert(self, alert: Alert) -> None:
        """For whoever is there to hear; the fact itself is in the events."""
        self._box.put(alert)

    @property
    def trouble(self) -> str | None:
        """Why events are not read from the journal, in a sentence; None while they are."""
        return self._outbox.trouble

    @property
    def _window(self) -> OutboxWindow:
        return self._outbox.window

    def figures(self) -> UplinkFigures:
        window = self._window
        return UplinkFigures(
            self._link.is_open, self._coordinator, self._version, window.acknowledged, window.redelivered,
            window.pubacks, window.catchup, window.refusals, self._told_rejected,
        )  # fmt: skip

    def _profile(self) -> Profile:
        broker, topics = self._config.broker, self._topics
        vouchers = (topics.manifest, topics.shards)
        orders = () if self._it_desk is None else self._it_desk.subscriptions
        return Profile(
            addresses=broker.addresses,
            keepalive_s=broker.keepalive_s,
            client_id=topics.client_id,
            subscriptions=(topics.decision, topics.ack, topics.nak, self._coordinator_topic, *vouchers,
                           *orders),
            will_topic=topics.own_state,
            session=self._session,
            will=lambda session: build_state(State(online=False, session=session, t_us=None, catchup=None)),
            identity=None if broker.tls is None else BrokerIdentity(broker.tls, topics.gateway),
            alone=True, manual_ack=True,
        )  # fmt: skip

    @property
    def _coordinator_topic(self) -> str:
        return self._topics.state("coordinator", self._config.coordinator.id)

    # The thread

    def _run(self) -> None:
        try:
            while not (opened := self._outbox.open(clock.now())) and not self._stopping:
                self._wait_for_disk()
            if opened:
                self._publications = Publications(self._topics, self._outbox.epoch)
            while not self._stopping:
                self._turn()
            self._link.close(farewell=self._state(online=False))
            self._box.close()
            if opened:
                self._outbox.close()
        except Exception:
            _log.critical(
                "the uplink failed; events stay in the journal, decisions do not arrive", exc_info=True
            )
            self.failed.set()
            raise

    def _wait_for_disk(self) -> None:
        """Nobody is connected to before it is known where the journal ends."""
        self._link.wait(AGAIN_EVERY)
        for item in self._box.take(TURN_MAX):
            if not isinstance(item, tuple):  # rows lie in the journal
                self._take(item)

    def _turn(self) -> None:
        at = clock.now()
        self._link.tend(at)
        if self._link.has_looked:
            self._looked.set()
        if self._window.stalled(at):
            self._happened(self._link.drop("it confirms nothing"))
        self._renew_state(at)
        self._bulletins.tell(self._link, at, halted=self._outbox.halted)
        self._send(at)
        self._preclearing.tend(self._outbox.reader, self._outbox.epoch, lambda: clock.wall_time().utc_us, at)
        if self._it_desk is not None:
            self._it_desk.tend(self._link, at)
        self._receive(clock.now())

    def _renew_state(self, at: Instant) -> None:
        """Also as soon as catching up begins or ends, before the gap it makes or leaves is noticed."""
        catching_up = self._window.catchup is not None
        if self._link.is_open and (at >= self._state_due or catching_up != self._said_catchup):
            self._link.publish(self._topics.own_state, self._state(online=True), retain=True)
            self._state_due = Instant(at + STATE_EVERY)
            self._said_catchup = catching_up

    def _receive(self, at: Instant) -> None:
        not_before = max(self._send_from, self._outbox.again_at)
        next_sending = not_before if at < not_before else self._window.wake_at(at)
        answer = None if self._it_desk is None else self._it_desk.wake_at(at)
        wakes = (self._link.wake_at, next_sending, answer, self._preclearing.wake_at(Instant(at + IDLE)))
        self._link.wait(min(wake for wake in wakes if wake is not None) - at)
        for item in self._box.take(TURN_MAX):
            self._take(item)

    def _take(self, item: ForUplink) -> None:
        match item:
            case _Heard(decisions):
                self._confirm([one for dec in decisions for one in self._unheard.heard(dec)])
            case FromBroker():
                self._happened(self._link.take(item))
            case bytes() | Alert():
                self._bulletins.take(item)
            case _Stop():
                self._stopping = True
            case rows:
                self._outbox.committed(rows)

    def _happened(self, happening: Happening | None) -> None:
        match happening:
            case None:
                pass
            case Taken(session):
                self.taken_by = session
                self._looked.set()
                self._stopping = True
            case Opened(version, in_flight_max):
                self._version = version
                self._sent.clear()
                self._state_due = Instant(0)
                self._bulletins.opened()
                self._send_from = Instant(clock.now() + COMPARE)
                self._window.opened(in_flight_max)
                self._tell_link()
            case Closed():
                self._sent.clear()
                self._outbox.connection_ended()
                self._unheard.forget()
                # Nobody can say any more; its retained state comes again with the next connection.
                self._coordinator = False
                self._tell_link()
            case Delivered():
                self._delivered(happening)
            case Arrived():
                self._arrived(happening)
            case _:
                assert_never(happening)

    # Events out

    def _send(self, at: Instant) -> None:
        self._refuse(self._outbox.compare(at))
        if at < self._send_from:
            return
        while (row := self._outbox.next(at)) is not None:
            told = self._publications
            mid = self._link.publish(told.topic(row), told.payload(row), event=True)
            if mid is None:  # the connection is ending; `Closed` is on its way
                return
            self._sent[mid] = row.seq
            self._window.sent(row.seq, at)

    def _delivered(self, puback: Delivered) -> None:
        seq = self._sent.pop(puback.mid, None)
        if seq is None:  # our own state
            return
        if self._window.delivered(seq, puback.at, puback.code):
            if self._metrics is not None:
                self._metrics.puback(seq, puback.at)
        elif self._window.refusals == 1:
            _log.error(
                "broker refused an event with code 0x%02x; it stays in the journal and is sent again",
                puback.code,
            )

    def _state(self, online: bool) -> bytes:
        catchup = self._window.catchup if online else None
        return build_state(State(online, self._link.session, clock.wall_time().utc_us, catchup))

    # Decisions, acknowledgements and the coordinator's state in

    def _arrived(self, message: Arrived) -> None:
        try:
            if message.topic == self._topics.decision:
                decision = parse_decision(message.payload, self._trust, *self._address)
                self._core.put(DecisionArrived(message.at, decision))
                self._confirm(self._unheard.arrived(decision.dec, message, self._link.session))
                return
            if message.topic == self._topics.ack:
                self._settle(parse_ack(message.payload, self._trust, *self._address), message)
            elif message.topic == self._topics.nak:
                self._settle(parse_nak(message.payload, self._trust, *self._address), message)
            elif message.topic == self._coordinator_topic:
                self._coordinator_said(parse_state(message.payload))
            elif not self._taken(message):
                self._reject(message, "unknown_topic", "not subscribed")
        except WireError as fault:
            self._reject(message, fault.reason, fault.detail)
        self._link.confirm((message,))

    def _taken(self, message: Arrived) -> bool:
        """By one of those who read further topics."""
        if self._preclearing.arrived(message.topic, message.payload, message.at):
            return True
        desk = self._it_desk
        return desk is not None and desk.arrived(message.topic, message.payload, message.at)

    def _confirm(self, messages: Sequence[tuple[str, Arrived]]) -> None:
        """PUBACK, where the connection by which it came is still up; else it comes again."""
        for session, message in messages:
            if session == self._link.session:
                self._link.confirm((message,))

    @property
    def _address(self) -> tuple[HubId, GatewayId, Mode]:
        return self._topics.hub, self._topics.gateway, self._topics.mode

    def _settle(self, told: Ack | Nak, message: Arrived) -> None:
        if isinstance(told, Ack) and told.epoch == self._outbox.epoch:
            self._send_from = Instant(0)
        self._refuse(self._outbox.hear(told, message))

    def _refuse(self, refused: Sequence[Refusal]) -> None:
        for one in refused:
            self._reject(one.message, one.reason, one.detail)

    def _coordinator_said(self, state: State) -> None:
        if not state.online and state.session != self._coordinator_session:
            return  # the late will of a session that another has followed
        if state.online and state.session != self._coordinator_session:
            # A new connection of its own, perhaps to a broker that lost its store: what was published before it
            # may have reached nobody. Also at our start, as it may have come to the broker after us.
            self._window.coordinator_restarted()
        if state.online:
            self._coordinator_session = state.session
        if state.online != self._coordinator:
            self._coordinator = state.online
            level = logging.INFO if state.online else logging.WARNING
            now = "online" if state.online else "gone; parcels go to the fail-safe lane"
            _log.log(level, "coordinator %s is %s", self._config.coordinator.id, now)
            self._tell_link()

    def _reject(self, message: Arrived, reason: str, detail: str) -> None:
        self._rejected[reason] += 1
        self._told_rejected = tuple(sorted(self._rejected.items()))
        self._core.put(MessageRejected(message.at, message.topic, reason, detail))

    def _tell_link(self) -> None:
        self._core.put(LinkChanged(clock.now(), broker=self._link.is_open, coordinator=self._coordinator))
