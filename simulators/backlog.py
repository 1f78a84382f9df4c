"""A journal full of events that the coordinator has not seen, written by the journal itself: what a day without the
network leaves behind, without waiting for that day.

Six events a parcel; each parcel was held by the gateway alone and lies in its bay.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from edge import __version__
from edge.core.event import Act, Event
from edge.rim import clock
from edge.rim.journal import JOURNAL_FILE, Journal
from edge.rim.keys import load_identity
from edge.wire.envelope import EventContext
from hub_config.names import GatewayId, HubId, LaneId
from simulators.practice import GATEWAY, HUB
from simulators.told_events import BENCHES, told_event

GROUP: Final = 100
WRITE_BACK_EVENTS: Final = 20_000
EVENTS_PER_PARCEL: Final = 6
STEPS: Final = (0, 1, 2, 3, 4, 4)
"""Of `told_event`."""
ORDERED: Final = 4
"""Place of the diversion that no sensor has seen yet; the next one has."""
AGO_US: Final = 86_400_000_000


def fill(data: Path, events: int) -> int:
    """Begins the journal in this data folder; returns how many events it holds, whole parcels of them."""
    identity = load_identity(data, "practice")

    def context(epoch: int) -> EventContext:
        return EventContext(
            HubId(HUB),
            GatewayId(GATEWAY),
            "practice",
            epoch,
            __version__,
            "0" * 64,
            {},
            identity.evidence_key,
        )

    journal = Journal(data / JOURNAL_FILE, context, identity.signer)
    group: list[tuple[int, Event]] = []
    try:
        for last, event in enumerate(_told(events // EVENTS_PER_PARCEL), start=1):
            group.append((last, event))
            if len(group) == GROUP:
                journal.append(group)
                group.clear()
                if journal.wal.events >= WRITE_BACK_EVENTS:
                    journal.wal.write_back()
        journal.append(group)
        journal.wal.write_back()
        return journal.last_seq
    finally:
        journal.close()


def _told(parcels: int) -> Iterator[Event]:
    """At as many benches as a gateway has, one parcel of each after the other."""
    began_us, last = clock.wall_time().utc_us - AGO_US, 0
    for first in range(0, parcels, BENCHES):
        for place, step in enumerate(STEPS):
            for number in range(first, min(parcels, first + BENCHES)):
                last += 1
                event = told_event(step, number, began_us, last)
                yield (
                    event
                    if place != ORDERED
                    else replace(event, act=Act(LaneId("hold"), "H1", confirmed=False))
                )
