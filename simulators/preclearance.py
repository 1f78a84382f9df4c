"""Vouchers in a simulated hub: issued before the run, handed to the gateway, and looked at once events come.

The office is the reference coordinator's, the parsing the gateway's own. The checkers get what was issued, so that
they can judge a release without the coordinator by themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from edge.core.inputs import Input, ManifestArrived, ShardArrived, UsesKnown
from edge.core.offline_budget import DAY_US, DayCount
from edge.wire.canonical import canonical
from edge.wire.signing import TrustStore
from edge.wire.vouchers import parse_manifest, parse_shard
from hub_config.hub import HubConfig
from hub_config.names import Instant, LineId
from hub_config.rule_book import RuleBook
from hub_config.rules import RulePack
from hub_config.tiers import STANDARD
from simulators.checkers import Checkers
from simulators.coordinator.declared import Manifest
from simulators.coordinator.desk import Desk
from simulators.coordinator.reconcile import Conflict, Reconciler
from simulators.coordinator.sampling import DerivedSeeds, Sampler
from simulators.coordinator.visits import MemoryBook
from simulators.coordinator.vouchers import Owner, VoucherOffice
from simulators.parcels import Parcel
from simulators.practice import declaration, practice_signer

MODE: Final = "practice"


@dataclass(frozen=True, slots=True)
class OfflinePlan:
    """What a scenario says of vouchers."""

    vouchers: bool = False
    issued_before_us: int = 0
    """So long before the run begins."""
    sample_ppm: int = 0
    """Rate of the random checks; 0: the rule pack's own."""
    year_parcels: int = 0
    """Parcels of the year before the run: the budget is a share of all."""

    def rules(self, rules: RulePack) -> RulePack:
        if not self.sample_ppm:
            return rules
        tiers = tuple(
            tier.model_copy(update={"rate_ppm": self.sample_ppm}) if tier.id == STANDARD.id else tier
            for tier in rules.tiers
        )
        return rules.model_copy(update={"tiers": tiers})


NO_VOUCHERS: Final = OfflinePlan()


class Preclearance:
    """`coming`: who is expected at which bench or line, for the vouchers of `plan`."""

    def __init__(
        self, config: HubConfig, rules: RulePack, seed: int, plan: OfflinePlan = NO_VOUCHERS,
        coming: Sequence[tuple[LineId, Parcel]] = (),
    ) -> None:  # fmt: skip
        self._config = config
        self._plan = plan
        self._seed = seed
        self._coming = {
            parcel.declared.code: (Owner(config.gateway.id, line), declaration(parcel.declared))
            for line, parcel in coming
            if parcel.declared is not None
        }
        self._signer = coordinator = practice_signer("coordinator")
        self._sampler = Sampler(DerivedSeeds(f"seeds/{seed}".encode()))
        index_key = sha256(f"index/{seed}".encode()).digest()
        self._office = VoucherOffice(
            RuleBook((rules,)), config.hub.id, MODE, self._sampler, index_key,
            lambda body: (coordinator.kid, coordinator.sign(body)),
        )  # fmt: skip
        self._issued: dict[str, Owner] = {}
        """Whose each voucher is."""
        self.reconciler = Reconciler(self._issued)
        self.conflicts: list[Conflict] = []
        self.levels: dict[str, int] = {}
        """How often each level began."""

    def desk(self, rules: RulePack, manifest: Manifest) -> Desk:
        """Which makes its draws with the same seeds."""
        entropy = sha256(f"desk/{self._seed}".encode()).digest()
        return Desk(rules, manifest, self._config.hub.id, MODE, entropy, self._sampler)

    def issue(self, book: MemoryBook, start_us: int, checkers: Checkers) -> Iterator[Input]:
        """What the gateway gets at its start."""
        if not self._plan.vouchers:
            return
        owners = {code: owner for code, (owner, _) in self._coming.items()}
        manifest = {code: declared for code, (_, declared) in self._coming.items()}
        issued_us = start_us - self._plan.issued_before_us
        issued = self._office.issue(owners, manifest, issued_us, book)
        codes = {
            self._office.name_of(code, owner, issued.manifest["issued"]): code
            for code, owner in owners.items()
        }
        for voucher in issued.vouchers:
            self._issued[voucher["id"]] = Owner(voucher["gw"], voucher["line"])
            checkers.vouchers[voucher["id"]] = (codes[voucher["id"]], voucher)
        at, trust = Instant(0), TrustStore(self._config.trust)
        before = DayCount(start_us // DAY_US - 1, self._plan.year_parcels, 0)
        yield UsesKnown(at, (), (before,), issued_us - DAY_US)
        body = canonical(issued.manifest)
        signed = canonical(
            {"data": issued.manifest, "ehubkid": self._signer.kid, "ehubsig": self._signer.sign(body)}
        )
        hub, gateway = self._config.hub.id, self._config.gateway.id
        yield ManifestArrived(at, parse_manifest(signed, trust, hub, MODE))
        for shard in issued.shards:
            yield ShardArrived(at, parse_shard(shard, trust, hub, gateway, MODE))

    def take(self, data: Mapping[str, Any]) -> None:
        """An event has come to the coordinator."""
        if data["kind"] == "gateway.mode":
            level = str(data["note"]["level"])
            self.levels[level] = self.levels.get(level, 0) + 1
        conflict = self.reconciler.take(data)
        if conflict is not None:
            self.conflicts.append(conflict)
