"""The coordinator as a process: events in, one transaction per batch, then answers (clearance contract §6, §7).

Every event is checked, stored at once whatever its seq, and confirmed to the broker only after the commit. Then the
decisions owed go out, and soon an `ack` through the gapless, chain-checked prefix. A gap that stays is asked for.
"""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from edge.rim import clock
from edge.rim.broker_link import STATE_EVERY, BrokerLink, Closed, Opened, Taken
from edge.rim.mailbox import Mailbox
from edge.rim.mqtt_client import Arrived, Delivered, FromBroker
from edge.rim.tls import BrokerIdentity
from edge.wire.verifier import Checked, Refused, kid, parse
from hub_config.broker import Address
from hub_config.names import SECOND, Instant
from simulators.coordinator.acks_due import ACK_EVERY, AcksDue, Log
from simulators.coordinator.arrivals import Arrivals, live_since
from simulators.coordinator.catchups import CatchUps
from simulators.coordinator.countersigning import Countersigning
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.examining import examined
from simulators.coordinator.full_disk import LOOK_EVERY, has_room, is_full
from simulators.coordinator.gaps import Gaps
from simulators.coordinator.gauges import Gauges
from simulators.coordinator.handed_in import HandedIn
from simulators.coordinator.intake import take_in
from simulators.coordinator.issuing import Issuing
from simulators.coordinator.judge import Data
from simulators.coordinator.letters import Letters
from simulators.coordinator.outgoing import Outgoing
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.profile import profile_of
from simulators.coordinator.requests import (
    Alerting,
    Answering,
    Filing,
    Outcome,
    Request,
    Seeding,
)
from simulators.coordinator.retention import Retention
from simulators.coordinator.store import Store

TAKEN_AT_ONCE: Final = 1_000
FULL_READ: Final = 16
"""Fewer come out of one read of the network only where that was all there is: then none looks again at once."""
NAK_AFTER: Final = 5 * SECOND
NAK_EXPIRY_S: Final = 60
IDLE: Final = 1 * SECOND

_log = logging.getLogger("hub.coordinator")


class Coordinator:
    """Owns store and link; `run` returns after `stop`, which any thread or signal may call."""

    def __init__(
        self, broker: Address, store: Store, desk: Desk, letters: Letters, name: str, session: str,
        gateways: Mapping[str, str], issuing: Issuing, nak_after: int = NAK_AFTER, *, others: tuple[Address, ...] = (),
        identity: BrokerIdentity | None = None, retention: Retention | None = None,
    ) -> None:  # fmt: skip
        """`gateways`: the public key of each gateway it listens to. `others`: further addresses of the broker.
        `retention`: None keeps everything."""
        self._issuing = issuing
        self._store = store
        self._countersigning = Countersigning(store, letters)
        self._desk = desk
        self._letters = letters
        self._gaps = Gaps(store, nak_after)
        self._retention = retention
        self._keys = {gateway: {kid(public): public} for gateway, public in gateways.items()}
        self._box: Mailbox[FromBroker | Request | None] = Mailbox()
        self._arrived = Arrivals()
        self._handed_in = HandedIn()
        self.gauges = Gauges()
        addresses = (broker, *others)
        self._link = BrokerLink(profile_of(letters, name, session, addresses, identity), self._box)
        self._out = Outgoing(self._link, store, letters, self.gauges)
        self._acks = AcksDue()
        self._sessions: dict[str, str] = {}
        self._catchups = CatchUps()
        self._state_due = Instant(0)
        self._stopping = False

    def run(self) -> None:
        self._issuing.begin()
        with self._store.written_back():
            while not self._stopping:
                try:
                    self._turn()
                except (sqlite3.OperationalError, OSError) as fault:
                    self._rest(fault)
        self._link.close(farewell=self._letters.will(self._link.session))
        if not self.gauges.disk_full:  # else they go out once more
            self._out.note_confirmed(clock.now(), ending=True)
        self._box.close()

    def close(self) -> None:
        """After `run`, and when nobody else reads the store any more: then SQLite leaves one whole file."""
        self._store.close()

    def _rest(self, fault: sqlite3.OperationalError | OSError) -> None:
        """Until there is room on the disk. As after a crash the broker gives again what was not confirmed."""
        if not is_full(fault):
            raise fault
        _log.error("no room on the disk (%s): nothing is taken or acknowledged; free some of it", fault)
        self.gauges.disk_full = True
        if self._link.drop("the coordinator's disk is full") is not None:
            self._closed()
        self.gauges.show(clock.now(), connected=False)
        self._sessions.clear()  # what a new one is owed was undone
        seen_at = clock.now()
        while not self._stopping:
            self._link.wait(LOOK_EVERY)
            self._take_all()
            self._handed_in.refuse()
            if clock.now() - seen_at >= LOOK_EVERY:
                if has_room(self._store):
                    self.gauges.disk_full = False
                    _log.warning("there is room on the disk again; going on")
                    return
                seen_at = clock.now()

    def _turn(self) -> None:
        self._link.tend(clock.now())
        if self._out.stalled(clock.now()) and self._link.drop("it confirms nothing") is not None:
            self._closed()
        batch = self._gather()
        if self._handed_in.serve(self._outcome):
            self._out.owe()
        self._speak()
        if batch:
            self._link.flush()
            self._process(batch)
            self._out.publish_owed()  # as soon as it is on disk
            self._link.flush()
        if self._retention is not None and self._retention.is_due(clock.now(), pause=not batch):
            self._retention.tend(clock.now(), clock.wall_time())
        for signed in self._countersigning.settle():
            self._acks.owe(signed, Instant(clock.now() + ACK_EVERY))

    def _speak(self) -> None:
        at = clock.now()
        if self._link.is_open:
            self._renew_state(at)
            # Acks first: one settles hundreds of events and lets the gateways go on.
            self._publish_acks(at)
            self._out.publish_owed()
            self._publish_vouchers(at)
            self._ask_for_gaps(at)
        self._out.note_confirmed(at)
        self.gauges.show(at, connected=self._link.is_open)

    def stop(self) -> None:
        self._box.put(None)

    def submit(self, request: Request) -> bool:
        """From any thread; False where too many wait. What becomes of it is told by its `reply`."""
        admitted = self._handed_in.admit()
        if admitted:
            self._box.put(request)
        return admitted

    def _gather(self) -> list[Arrived]:
        """Waits until something comes or is due, takes all that is there, and hands over one batch of the events.

        All of it: a broker may deliver many hundreds of events at once (Mosquitto 2.0.11 does, past the receive
        maximum), and its confirmations of our own answers stand behind them.
        """
        at = clock.now()
        due = [wake for wake in (self._link.wake_at, Instant(at + IDLE)) if wake is not None]
        acks = self._acks.wake_at() if self._out.has_room else ()
        if self._arrived.has_room:
            self._link.wait(0 if self._arrived else min([*due, *self._gaps.wake_at(), *acks]) - at)
            self._take_all()
        return self._arrived.next_batch(clock.now())

    def _take_all(self) -> None:
        while items := self._box.take(TAKEN_AT_ONCE):
            since = live_since(clock.wall_time().utc_us)
            for item in items:
                self._take(item, since)
            if len(items) < FULL_READ or not self._arrived.has_room:
                return
            self._link.wait(0)

    def _take(self, item: FromBroker | Request | None, since: bytes) -> None:
        """`since`: from when on an event is live."""
        if item is None:
            self._stopping = True
            return
        if not isinstance(item, FromBroker):
            self._handed_in.put(item)
            return
        match self._link.take(item):
            case None | Taken():  # it does not ask whether it is alone
                pass
            case Arrived() as arrived:
                self._arrived.put(arrived, since)
            case Opened(_, in_flight_max):
                self._opened(in_flight_max)
            case Closed():
                self._closed()
            case Delivered(mid, code):
                self._out.delivered(mid, code)
            case never:
                assert_never(never)

    def _closed(self) -> None:
        """What came over the lost connection can't be confirmed on the next; it comes again."""
        self._arrived.clear()
        self._out.closed()
        self._acks.clear()

    def _opened(self, in_flight_max: int) -> None:
        self._out.opened(in_flight_max)
        self._state_due = Instant(0)
        # The broker may have lost its store, and with it the retained acks.
        for gateway in self._store.gateways():
            self._acks.owe((gateway, self._store.present_epoch(gateway)), clock.now())
        self._issuing.changed(clock.now())

    # What is handed in

    def _outcome(self, request: Request) -> Outcome:
        match request:
            case Filing(declarations):
                return self.file(declarations)
            case Answering(answer):
                return self._hear(answer)
            case Alerting(kind, about):
                self._out.alert(kind, about)
                return Outcome(1, 0)
            case Seeding(given):
                return Outcome(self._issuing.take_seeds(given), 0)
            case never:
                assert_never(never)

    def file(self, declarations: Sequence[Declared]) -> Outcome:
        """Raises ManifestFault, and takes none then. From another thread use `submit`."""
        now_us = self._now()
        with self._store.transaction():
            outcome = take_in(declarations, self._store, self._desk, now_us)
            self._issuing.changed(clock.now())
        return outcome

    def _hear(self, answer: PartyAnswer) -> Outcome:
        with self._store.transaction():
            now_us, doubtful = self._now(), self._store.quarantined_gateways()
            decisions = self._desk.hear(answer, now_us, self._store, doubtful)
        self._issuing.changed(clock.now())
        return Outcome(1, len(decisions))

    def _now(self) -> int:
        """UTC µs; the store is told how sure."""
        wall = clock.wall_time()
        self._store.clock_unc_us = wall.unc_us
        return wall.utc_us

    # One batch

    def _process(self, batch: list[Arrived]) -> None:
        now_us, heard = self._now(), dict[Log, int]()
        with self._store.transaction():
            self._out.keep_confirmed()
            for message in batch:
                try:
                    origin = self._letters.origin(message.topic)
                    gateway = origin.gateway
                    if origin.kind == "state" and gateway in self._keys:
                        self._gateway_said(gateway, parse(message.payload), now_us)
                    elif origin.kind == "checkpoint" and gateway in self._keys:
                        (public,) = self._keys[gateway].values()
                        self._countersigning.take(gateway, parse(message.payload), public)
                    else:
                        event = examined(message, origin, self._letters, self._keys)
                        if self._store_and_answer(event, now_us, message.at):
                            log = gateway, event.data["epoch"]
                            heard[log] = heard.get(log, 0) + 1
                except Refused as fault:
                    self._store.count(f"rejected:{fault.reason}")
                    _log.warning("refused a message on %s: %s", message.topic, fault)
            at = clock.now()
            for gateway in dict.fromkeys(gateway for gateway, _ in heard):
                self._gaps.note(gateway, at)
        self._out.kept(at)
        self._link.confirm(batch)
        for log, events in heard.items():
            self._acks.heard(log, at, events)

    def _gateway_said(self, gateway: str, state: Data, now_us: int) -> None:
        """A new session is a new subscription: decisions that went out before it may have reached nobody."""
        self._catchups.said(gateway, state, clock.now())
        session = state.get("session")
        online = state.get("online") is True
        if online and isinstance(session, str) and session != self._sessions.get(gateway):
            self._sessions[gateway] = session
            self._store.owe_all_valid(gateway, now_us)
            self._out.owe()

    def _store_and_answer(self, event: Checked, now_us: int, arrived_at: Instant) -> bool:
        """False where it contradicts what is stored: no ack of it is due."""
        data = event.data
        gateway, epoch = data["gw"], data["epoch"]
        receipt = self._store.receive(event, now_us)
        if receipt == "tamper":
            _log.error("%s: two events for seq %d of epoch %d; quarantined", gateway, data["seq"], epoch)
            self._out.alert("tamper", {"gw": gateway, "epoch": epoch, "seq": data["seq"]})
            return False
        if receipt == "new":
            if data["seq"] == 1:
                self._issuing.changed(clock.now())  # vouchers older than a journal count for nothing there
            conflict = self._issuing.take(data)
            if conflict is not None:
                self._out.alert("offline_conflict", conflict.told())
            quarantined = self._store.quarantined(gateway)
            if self._desk.answer(data, event.id, now_us, self._store, quarantined) is not None:
                self.gauges.asked(event.id, arrived_at)
                self._out.owe()
            if data["kind"] == "parcel.departed" and not self._store.was_released(data["visit"]):
                # Offline by a voucher, or by a decision that was taken back meanwhile: customs has to know (§11).
                _log.error("%s: visit %s has left, and no release stands for it", gateway, data["visit"])
                self._store.count("conflict")
                self._out.alert("offline_conflict", _last_known(data))
        else:
            self._store.owe_again(event.id)
            self._out.owe()
        return True

    # What goes out

    def _publish_vouchers(self, at: Instant) -> None:
        while self._out.has_room and self._issuing.is_due(at):
            message = self._issuing.next_message(at, clock.wall_time().utc_us)
            if message is None or not self._out.send(*message, retain=True):
                return
            self._issuing.sent()

    def _renew_state(self, at: Instant) -> None:
        if at >= self._state_due:
            birth = self._letters.birth(self._link.session, clock.wall_time().utc_us)
            self._out.send(self._letters.state_topic, birth, retain=True)
            self._state_due = Instant(at + STATE_EVERY)

    def _publish_acks(self, at: Instant) -> None:
        for gateway, epoch in self._acks.due(at):
            if not self._out.has_room:
                return
            cursor = self._store.cursor(gateway, epoch)
            ckpt = self._countersigning.newest(gateway, epoch)
            ack = self._letters.ack(gateway, epoch, cursor.through_seq, cursor.last_id, ckpt)
            if self._out.send(self._letters.ack_topic(gateway), ack, retain=True):
                self._acks.told((gateway, epoch))

    def _ask_for_gaps(self, at: Instant) -> None:
        for gateway, gap in self._gaps.due(at):
            epoch, seq = gap.epoch, gap.next_seq
            if self._catchups.covers(gateway, seq, at):
                continue
            nak = self._letters.nak(gateway, epoch, seq)
            if self._out.send(self._letters.nak_topic(gateway), nak, expiry_s=NAK_EXPIRY_S):
                _log.warning("%s: asked for events from seq %d of epoch %d", gateway, seq, epoch)
                self._out.alert("gap", {"gw": gateway, "epoch": epoch, "seq": seq})


def _last_known(data: Data) -> Data:
    """Where a parcel was seen last."""
    return {name: data[name] for name in ("gw", "line", "visit", "t")} | {"act": data.get("act")}
