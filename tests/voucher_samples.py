"""Vouchers as the reference coordinator issues them, signed by a practice key; and a trust store that believes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from edge.wire.canonical import canonical
from edge.wire.signing import Signer, TrustStore
from hub_config.rule_book import RuleBook
from hub_config.rules import load_rules
from hub_config.tiers import STANDARD
from hub_config.trust import Trust
from simulators.coordinator.declared import Declared
from simulators.coordinator.issuing import Issuing
from simulators.coordinator.letters import Letters
from simulators.coordinator.sampling import DerivedSeeds, Sampler
from simulators.coordinator.seed_file import SeedFile
from simulators.coordinator.store import Store
from simulators.coordinator.visits import MemoryBook
from simulators.coordinator.vouchers import Issued, Owner, VoucherOffice

PACK = load_rules(Path(__file__).parents[1] / "hub_config" / "profiles" / "my-kul-1.rules.toml")
RULES = PACK.model_copy(update={"tiers": (STANDARD.model_copy(update={"rate_ppm": 20}),)})
"""So few are drawn that every parcel of these tests gets its voucher."""
KEY = Signer(SigningKey(bytes(range(2, 34))))
INDEX_KEY = bytes(range(32))
HUB, GATEWAY, LINE = "MY-KUL-1", "gw-01", "b1"
GOODS = Declared(mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt")
NOW_US = 1_795_305_600_000_000


def code_of(number: int) -> str:
    return f"RR{number:08}5MY"


def trust(*roles: str, modes: tuple[str, ...] = ("practice",)) -> TrustStore:
    entry: dict[str, Any] = {
        "kid": KEY.kid, "public_key": KEY.public_b64, "holder": "coordinator", "roles": roles or ("release",),
        "modes": modes,
    }  # fmt: skip
    return TrustStore([Trust(**entry)])


@dataclass(frozen=True)
class Published:
    manifest: bytes
    issued: Issued

    @property
    def shards(self) -> tuple[bytes, ...]:
        return self.issued.shards


def office() -> VoucherOffice:
    book, sampler = RuleBook((RULES,)), Sampler(DerivedSeeds(b"s"))
    return VoucherOffice(book, HUB, "practice", sampler, INDEX_KEY, lambda body: (KEY.kid, KEY.sign(body)))


def published(
    count: int, now_us: int = NOW_US, *, elsewhere: int = 0, by: VoucherOffice | None = None, line: str = LINE
) -> Published:
    """`count` vouchers of this gateway and `elsewhere` of another."""
    owners = {code_of(n): Owner(GATEWAY if n < count else "gw-02", line) for n in range(count + elsewhere)}
    issued = (by or office()).issue(owners, dict.fromkeys(owners, GOODS), now_us, MemoryBook())
    return Published(signed(issued.manifest), issued)


def signed(data: dict[str, Any], key: Signer = KEY) -> bytes:
    return canonical({"data": data, "ehubkid": key.kid, "ehubsig": key.sign(canonical(data))})


def issuing_of(store: Store, letters: Letters, seeds: SeedFile | None = None) -> Issuing:
    """As the coordinator process has it; of a hub where hardly anybody is drawn."""
    return Issuing(store, letters, RuleBook((RULES,)), Sampler(DerivedSeeds(b"s")), INDEX_KEY, seeds)
