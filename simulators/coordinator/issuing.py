"""When the coordinator process issues vouchers, and what it says of their use (clearance contract §6, §11).

A new issue replaces the one before: it goes out when the coordinator starts or the broker is new, when declarations or
other authorities' words have changed who may have one, and every few hours. The manifest goes first, so that a gateway
knows each shard as it comes. What is used without the coordinator is looked at as its events come.
"""

import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edge.rim.whole_file import write_whole
from hub_config.names import SECOND, Instant
from hub_config.rule_book import RuleBook
from simulators.coordinator.data_folder import is_kept
from simulators.coordinator.letters import Letters
from simulators.coordinator.reconcile import Conflict
from simulators.coordinator.sampling import Sampler
from simulators.coordinator.seed_file import SeedFault, SeedFile
from simulators.coordinator.store import Store
from simulators.coordinator.voucher_records import stored_reconciler, take_over
from simulators.coordinator.vouchers import Owner, VoucherOffice

ISSUE_EVERY: Final = 6 * 3_600 * SECOND
SETTLE: Final = 1 * SECOND
"""Changes that come together make one issue."""
KEY_FILE: Final = "voucher-index.key"
KEY_BYTES: Final = 32

Message = tuple[str, bytes]
"""Topic and payload, to be retained."""


class Issuing:
    """The coordinator's thread's. `begin` before anything else."""

    def __init__(
        self, store: Store, letters: Letters, rules: RuleBook, sampler: Sampler, index_key: bytes,
        seeds: SeedFile | None = None,
    ) -> None:  # fmt: skip
        """`seeds`: those of `sampler`, to which other parties may add theirs."""
        self._store = store
        self._seeds = seeds
        self._letters = letters
        self._office = VoucherOffice(rules, letters.hub, letters.mode, sampler, index_key, letters.signed_by)
        self._reconciler = stored_reconciler(store)
        self._due: Instant | None = None
        self._waiting: deque[Message] = deque()

    def begin(self) -> None:
        """What was issued and used before this process stands in the store."""
        take_over(self._store, self._reconciler)

    def changed(self, at: Instant) -> None:
        """Who may have a voucher may be others now, or the broker may have lost those it had."""
        self._due = Instant(at + SETTLE)

    def take_seeds(self, given: Sequence[tuple[str, str, str | None, str | None]]) -> int:
        """What another party hands in for the random checks of days to come. Raises SeedFault."""
        if self._seeds is None:
            raise SeedFault("this coordinator keeps no seeds of its own")
        for party, day, commit, seed in given:
            self._seeds.take(party, day, commit=commit, seed=seed)
        return len(given)

    def take(self, data: Mapping[str, Any]) -> Conflict | None:
        return self._reconciler.take(data)

    def is_due(self, at: Instant) -> bool:
        """Something is to be issued, or to be published."""
        return bool(self._waiting) or (self._due is not None and at >= self._due)

    def next_message(self, at: Instant, now_us: int) -> Message | None:
        """What is to be published now; `sent` once it is with the broker."""
        if self._due is not None and at >= self._due:
            self._due = Instant(at + ISSUE_EVERY)
            self._issue(now_us)
        return self._waiting[0] if self._waiting else None

    def sent(self) -> None:
        self._waiting.popleft()

    def _issue(self, now_us: int) -> None:
        owners: dict[str, Owner] = {}
        for code, declared in self._store.expected():
            gateway, _, line = (declared.expected or "").partition("/")
            owners[code] = Owner(gateway, line)
        self._waiting.clear()
        with self._store.transaction():
            issued = self._office.issue(owners, self._store, now_us, self._store)
            self._store.keep_vouchers(issued.vouchers)
        self._waiting.append((self._letters.manifest_topic, self._letters.manifest(issued.manifest)))
        self._waiting += (
            (self._letters.shard_topic(number), shard) for number, shard in enumerate(issued.shards)
        )


def index_key(folder: Path) -> bytes:
    """With which codes are looked up among the vouchers; made at the first start (0600). Raises OSError, ValueError."""
    path = folder / KEY_FILE
    if not is_kept(path):
        write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")
    key = bytes.fromhex(path.read_text("ascii").strip())
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} does not hold {2 * KEY_BYTES} hex digits; restore it, or move it away")
    return key
