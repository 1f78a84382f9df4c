"""What reconciliation has to remember, in the coordinator's database: whose each voucher is, who used it first, and
which conflicts were told. It is asked one voucher or visit at a time, so that a start needs none of it in memory,
however many vouchers were ever issued. Written inside the store's transactions, with the event that it follows from.
"""

import json
from typing import Any

from simulators.coordinator.reconcile import Conflict, Reconciler
from simulators.coordinator.store import Store
from simulators.coordinator.vouchers import Owner

FACT = "voucher_uses"
"""Whether the uses that an older version has stored are in the table."""


class IssuedVouchers:
    """The table `vouchers`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, voucher: str, /) -> Owner | None:
        row = self._store.first("SELECT data FROM vouchers WHERE id = ?", voucher)
        if row is None:
            return None
        told = json.loads(row[0])
        return Owner(told["gw"], told["line"])


class FirstUses:
    """The table `voucher_uses`; its rows go with their voucher (`expiry.py`), so they are no more than those."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def setdefault(self, voucher: str, visit: str, /) -> str:
        row = self._store.first("SELECT visit FROM voucher_uses WHERE voucher = ?", voucher)
        if row is not None:
            return str(row[0])
        self._store.connection.execute("INSERT INTO voucher_uses VALUES(?, ?)", (voucher, visit))
        return visit


class ToldConflicts:
    """The table `conflicts`, by visit; no more than `ALERTS_MAX` are put there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        row = self._store.first("SELECT count(*) FROM conflicts")
        return 0 if row is None else int(row[0])

    def get(self, visit: str, /) -> Conflict | None:
        row = self._store.first("SELECT told FROM conflicts WHERE visit = ?", visit)
        return None if row is None else Conflict(**json.loads(row[0]))

    def __setitem__(self, visit: str, conflict: Conflict) -> None:
        told: dict[str, Any] = {
            name: said for name, said in conflict.told().items() if name not in ("v", "kind")
        }
        values = (visit, json.dumps(told, sort_keys=True))
        self._store.connection.execute("INSERT OR REPLACE INTO conflicts VALUES(?, ?)", values)


class AnsweredStops:
    """The table `answers`: the latest of each party by then. What a party has lifted since stops nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def stands(self, code: str, at_us: int, /) -> bool:
        return self._store.first(_STOPPED, code, at_us) is not None


_STOPPED = """
SELECT 1 FROM answers AS told WHERE consignment = (
    SELECT consignment FROM declarations JOIN declared_codes USING(number) WHERE code = ?1
) AND heard_us < ?2 AND action <> 'release' AND NOT EXISTS(
    SELECT 1 FROM answers AS later WHERE later.consignment = told.consignment AND later.party = told.party
    AND later.number > told.number AND later.heard_us < ?2
) LIMIT 1
"""


def stored_reconciler(store: Store) -> Reconciler:
    return Reconciler(
        IssuedVouchers(store),
        stops=AnsweredStops(store),
        used=FirstUses(store),
        conflicts=ToldConflicts(store),
    )


def take_over(store: Store, reconciler: Reconciler) -> None:
    """Once in a file that an older version has written: goes through its events for what they say of vouchers."""
    if store.whole_fact(FACT) is not None:
        return
    with store.transaction():
        for data in store.uses():
            reconciler.take(data)
        store.set_whole_fact(FACT, 1)
