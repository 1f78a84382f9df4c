"""Declarations taken in while parcels wait for them: each filing is one transaction with what is decided anew."""

from collections.abc import Sequence

from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.requests import Outcome
from simulators.coordinator.store import Store


def take_in(declarations: Sequence[Declared], store: Store, desk: Desk, now_us: int) -> Outcome:
    """All or nothing, inside the caller's transaction; parcels that lie in a bay for want of one are decided anew.
    Raises ManifestFault."""
    taken, decided = store.file(declarations, now_us), 0
    codes = (code for declared in taken for code in declared.identifiers)
    for event in store.waiting(codes):
        data = store.event(event)
        if data is not None:
            doubtful = store.quarantined(data["gw"])
            decided += desk.reconsider(data, event, now_us, store, doubtful) is not None
    return Outcome(len(taken), decided)
