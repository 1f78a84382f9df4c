"""Vouchers as the coordinator issues them: who gets one, and what it says (clearance contract §8, §11).

A voucher is for a parcel that was declared in full and whose release would need nothing but its weight. The draw for
inspection is made here, over the voucher's id, and is the draw of the consignment from then on: who is drawn gets no
voucher. Written from the contract once more: nothing of the gateway's own message code is used.
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from edge.wire.verifier import canonical
from hub_config.rules import RulePack
from simulators.coordinator.desk import AUTHORITY, TIER, Declared, in_force, utc_text
from simulators.coordinator.sampling import Sampler, voucher_id
from simulators.coordinator.visits import VisitBook

SHARD_BYTES_MAX: Final = 60_000
SHARDS_MAX: Final = 900
"""Digests that fit into one manifest. Past it no further voucher is issued: those parcels wait for an answer."""
VALID_US: Final = 86_400 * 1_000_000

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """The one line where a parcel's voucher is good."""

    gateway: str
    line: str


@dataclass(frozen=True, slots=True)
class Issued:
    """One issue: what is published, and the vouchers in it."""

    manifest: Data
    """Unsigned `data`."""
    shards: tuple[bytes, ...]
    vouchers: tuple[Data, ...]


class VoucherOffice:
    """`sign` gives kid and signature over canonical bytes. Number and revocations live here; it is one a hub."""

    def __init__(
        self, rules: RulePack, hub: str, mode: str, sampler: Sampler, index_key: bytes,
        sign: Callable[[bytes], tuple[str, str]],
    ) -> None:  # fmt: skip
        self._rules = rules
        self._hub = hub
        self._mode = mode
        self._sampler = sampler
        self._index_key = index_key
        self._sign = sign
        self._number = 0
        self._revoked: dict[str, None] = {}

    def issue(
        self, owners: Mapping[str, Owner], manifest: Mapping[str, Declared], now_us: int, book: VisitBook
    ) -> Issued:
        """`owners`: code to the line it is expected at. The new issue replaces the one before."""
        vouchers = [
            voucher
            for code, owner in owners.items()
            if (voucher := self._voucher(code, owner, manifest.get(code), now_us, book)) is not None
        ]
        shards = tuple(self._shards(vouchers))[:SHARDS_MAX]
        return Issued(self._manifest(shards, now_us), shards, tuple(vouchers))

    def name_of(self, code: str, owner: Owner, issued: str) -> str:
        """Id of the voucher that this code has, or would have, in an issue of that time."""
        return voucher_id(code, owner.line, issued[:10])

    def revoke(self, voucher: str) -> None:
        self._revoked[voucher] = None

    def is_revoked(self, voucher: str) -> bool:
        return voucher in self._revoked

    def again(self, shards: Sequence[bytes], now_us: int) -> Data:
        """A manifest for the shards of before, with what was revoked since."""
        return self._manifest(shards, now_us)

    def _manifest(self, shards: Sequence[bytes], now_us: int) -> Data:
        self._number += 1
        return {
            "v": 1, "hub": self._hub, "mode": self._mode, "number": self._number, "issued": utc_text(now_us),
            "index_key": b64(self._index_key), "shards": [b64(sha256(shard).digest()) for shard in shards],
            "revoked": list(self._revoked),
        }  # fmt: skip

    def _voucher(
        self, code: str, owner: Owner, declared: Declared | None, now_us: int, book: VisitBook
    ) -> Data | None:
        if declared is None or not clears_by_weight(declared, self._rules, now_us):
            return None
        if book.departed(code) is not None:
            return None
        day = utc_text(now_us)[:10]
        name = voucher_id(code, owner.line, day)
        rate_ppm = self._rules.sample_ppm(TIER)
        draw = book.draw(code)
        if draw is None:
            draw = self._sampler.draw("voucher", name, day, rate_ppm)
            book.put_draw(code, draw)
        if draw.drawn or draw.of != name:
            return None  # drawn once, by whatever name; a draw of another day is not stated as this one's
        tolerance_mg = self._rules.tolerance_mg(declared.mass_mg)
        return {
            "v": 1, "id": name, "hub": self._hub, "gw": owner.gateway, "line": owner.line, "mode": self._mode,
            "idx": b64(hmac.new(self._index_key, code.encode(), sha256).digest()),
            "action": "release", "reasons": [], "route": self._rules.free_route,
            "basis": {
                "authority": AUTHORITY, "rule": "voucher", "rule_pack": self._rules.digest(), "tier": TIER,
                "sample": draw.told(),
            },
            "cond": {"mass_mg": [max(0, declared.mass_mg - tolerance_mg),
                                 min(declared.mass_mg + tolerance_mg, self._rules.mass_max_mg)]},
            "valid_from": utc_text(now_us), "valid_until": utc_text(now_us + VALID_US),
            "revocations": len(self._revoked),
        }  # fmt: skip

    def _shards(self, vouchers: Iterable[Data]) -> Iterator[bytes]:
        head = {"v": 1, "hub": self._hub, "mode": self._mode}
        entries: list[Data] = []
        size = 0
        for voucher in vouchers:
            kid, sig = self._sign(canonical(voucher))
            entry = {"data": voucher, "kid": kid, "sig": sig}
            more = len(canonical(entry)) + 1
            if entries and size + more > SHARD_BYTES_MAX:
                yield canonical(head | {"vouchers": entries})
                entries, size = [], 0
            entries.append(entry)
            size += more
        if entries:
            yield canonical(head | {"vouchers": entries})


def clears_by_weight(declared: Declared, rules: RulePack, now_us: int) -> bool:
    """Declared in full, in time, and nothing but its weight is left to be seen: no other authority has a say in it."""
    words = declared.description.casefold()
    return (
        declared.filed_us <= now_us
        and in_force(rules, now_us)
        and declared.procedure == "import"
        and "import" in rules.procedures
        and declared.currency == rules.currency
        and 0 < declared.value_minor <= rules.value_max_minor
        and 0 < declared.mass_mg <= rules.mass_max_mg
        and not any(word.casefold() in words for word in rules.prohibited_words)
    )


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
