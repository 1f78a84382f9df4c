"""A journal full of events that the coordinator has not seen, written by the journal itself: what a day without the
network leaves behind, without waiting for that day.

Six events a parcel; each parcel was held by the gateway alone and lies in its bay.
"""

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
"""Of `told_event`; the second diversion is the confirmed one."""
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
    began_us = clock.wall_time().utc_us - AGO_US
    group: list[tuple[int, Event]] = []
    try:
        for last in range(1, events // EVENTS_PER_PARCEL * EVENTS_PER_PARCEL + 1):
            group.append((last, _event(last, began_us)))
            if len(group) == GROUP:
                journal.append(group)
                group.clear()
                if journal.in_wal >= WRITE_BACK_EVENTS:
                    journal.write_back()
        journal.append(group)
        journal.write_back()
        return journal.last_seq
    finally:
        journal.close()


def _event(last: int, began_us: int) -> Event:
    """BENCHES parcels at a time, each step of all before the next."""
    turn, place = divmod(last - 1, BENCHES * EVENTS_PER_PARCEL)
    step, bench = divmod(place, BENCHES)
    event = told_event(STEPS[step], turn * BENCHES + bench, began_us, last)
    return event if step != 4 else replace(event, act=Act(LaneId("hold"), "H1", confirmed=False))
