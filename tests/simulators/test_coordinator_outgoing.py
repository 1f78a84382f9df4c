"""What the broker has of the coordinator's decisions: nothing under way goes out twice, nothing refused is forgotten,
and what is confirmed is noted without a transaction for each.
"""

from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall, code, visit
from nacl.signing import SigningKey
from test_coordinator_desk import RULES_FILE
from voucher_samples import issuing_of

from edge.rim import clock
from edge.rim.broker_link import Closed
from edge.rim.outbox_window import PUBACK_TIMEOUT
from hub_config.names import Instant
from hub_config.rule_book import load_rule_book
from simulators.coordinator.desk import Desk
from simulators.coordinator.gauges import Gauges
from simulators.coordinator.letters import Letters
from simulators.coordinator.outgoing import CONFIRMED_MAX, NOTED_WITHIN, Outgoing
from simulators.coordinator.service import Coordinator
from simulators.coordinator.store import Store

NAME = "RR473124829MY"
REFUSED = 0x97


class Wire:
    """A link that is open, or not."""

    def __init__(self) -> None:
        self.is_open = True
        self.sent: list[bytes] = []

    def publish(self, _topic: str, payload: bytes, **_terms: Any) -> int | None:
        self.sent.append(payload)
        return len(self.sent) if self.is_open else None


def desk(tmp_path: Path, parcels: int) -> tuple[Hall, Wire, Outgoing]:
    """As many measured parcels as decisions owed."""
    hall, wire = Hall(tmp_path / "c.sqlite"), Wire()
    for number in range(parcels):
        hall.take(
            hall.event("parcel.measured", visit(number + 1), codes=[code(NAME)], mass={"mg": 1, "u_mg": 1})
        )
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    return hall, wire, Outgoing(wire, hall.store, letters, Gauges())  # type: ignore[arg-type]  # a link, as far as it is used


def test_a_decision_under_way_or_confirmed_is_not_sent_again(tmp_path: Path) -> None:
    hall, wire, out = desk(tmp_path, 2)
    out.publish_owed()
    out.owe()
    out.publish_owed()
    assert len(wire.sent) == 2

    out.delivered(1, 0)
    out.owe()
    out.publish_owed()

    assert len(wire.sent) == 2
    assert len(hall.store.owed()) == 2, "the store learns it with the next transaction"


def test_what_is_confirmed_is_noted_with_a_batch_or_soon_without_one(tmp_path: Path) -> None:
    hall, _, out = desk(tmp_path, 3)
    out.kept(Instant(0))
    out.publish_owed()
    out.delivered(1, 0)
    with hall.store.transaction():
        out.keep_confirmed()
    out.kept(Instant(1))
    assert len(hall.store.owed()) == 2

    out.delivered(2, 0)
    out.note_confirmed(Instant(NOTED_WITHIN))
    assert len(hall.store.owed()) == 2, "not yet"
    out.note_confirmed(Instant(NOTED_WITHIN + 1))
    assert len(hall.store.owed()) == 1

    out.delivered(3, 0)
    out.note_confirmed(Instant(NOTED_WITHIN + 2), ending=True)
    assert hall.store.owed() == []


def test_many_that_are_confirmed_do_not_wait(tmp_path: Path) -> None:
    hall, _, out = desk(tmp_path, CONFIRMED_MAX)
    out.kept(Instant(0))
    out.publish_owed()
    for mid in range(1, CONFIRMED_MAX):
        out.delivered(mid, 0)
    out.note_confirmed(Instant(1))
    assert len(hall.store.owed()) == CONFIRMED_MAX

    out.delivered(CONFIRMED_MAX, 0)
    out.note_confirmed(Instant(2))

    assert hall.store.owed() == []


def test_what_the_broker_refuses_goes_out_again_after_the_next_batch(tmp_path: Path) -> None:
    _, wire, out = desk(tmp_path, 1)
    out.publish_owed()
    out.delivered(1, REFUSED)
    out.publish_owed()
    assert len(wire.sent) == 1, "not at once, or a broker that refuses would be asked without end"

    out.kept(Instant(0))
    out.publish_owed()

    assert wire.sent == [wire.sent[0]] * 2


def test_a_broker_that_confirms_nothing_is_noticed(tmp_path: Path) -> None:
    """A cluster that has lost its majority answers pings: with every place taken no decision would ever go out."""
    _, _, out = desk(tmp_path, 2)
    began = clock.now()
    out.publish_owed()
    assert not out.stalled(Instant(began + PUBACK_TIMEOUT - 1))
    assert out.stalled(Instant(clock.now() + PUBACK_TIMEOUT))

    out.closed()
    assert not out.stalled(Instant(clock.now() + PUBACK_TIMEOUT))


def test_its_connection_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, letters = Store(tmp_path / "c.sqlite"), Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    desk_of = Desk(load_rule_book([RULES_FILE]), store, "MY-KUL-1", "practice", b"seed")
    issuing = issuing_of(store, letters)
    coordinator = Coordinator(("127.0.0.1", 1), store, desk_of, letters, "co-1", "s", {}, issuing)
    dropped: list[str] = []

    def drop(reason: str) -> Closed:
        dropped.append(reason)
        return Closed(reason)

    monkeypatch.setattr(coordinator._link, "drop", drop)
    monkeypatch.setattr(coordinator, "_gather", list)
    coordinator._out._in_flight[1] = 1, clock.now()
    coordinator._turn()
    assert dropped == []
    coordinator._out._in_flight[1] = 1, Instant(clock.now() - PUBACK_TIMEOUT)
    coordinator._turn()
    store.close()

    assert dropped == ["it confirms nothing"]
    assert not coordinator._out._in_flight


def test_without_a_connection_it_stays_owed(tmp_path: Path) -> None:
    _, wire, out = desk(tmp_path, 1)
    wire.is_open = False
    out.publish_owed()
    assert wire.sent == []

    wire.is_open = True
    out.opened(1)
    out.publish_owed()

    assert not out.has_room
    out.closed()
    assert out.has_room
