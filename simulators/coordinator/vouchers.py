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
from hub_config.rule_book import RuleBook
from hub_config.rules import RulePack
from simulators.coordinator.declared import Declared, Manifest
from simulators.coordinator.judge import declaration, tier_of
from simulators.coordinator.parties import CUSTOMS, concerned
from simulators.coordinator.risks import rate_of
from simulators.coordinator.sampling import Sampler, consigned_name, voucher_id
from simulators.coordinator.sizes import sides_wanted
from simulators.coordinator.stamps import utc_text
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
        self, rules: RuleBook, hub: str, mode: str, sampler: Sampler, index_key: bytes,
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

    def issue(self, owners: Mapping[str, Owner], manifest: Manifest, now_us: int, book: VisitBook) -> Issued:
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
        self._number = max(self._number + 1, now_us // 1_000_000)  # it rises over restarts too
        return {
            "v": 1, "hub": self._hub, "mode": self._mode, "number": self._number, "issued": utc_text(now_us),
            "index_key": b64(self._index_key), "shards": [b64(sha256(shard).digest()) for shard in shards],
            "revoked": list(self._revoked),
        }  # fmt: skip

    def _voucher(
        self, code: str, owner: Owner, declared: Declared | None, now_us: int, book: VisitBook
    ) -> Data | None:
        pack = self._rules.in_force(now_us)
        if declared is None or pack is None or not clears_by_weight(declared, pack, now_us):
            return None
        consignment = declared.consignment or code
        if book.departed(code, consignment) is not None or book.failed(code, consignment):
            return None
        if any(seen is not None and seen.case for seen in (book.named(code), book.consigned(consignment))):
            return None  # somebody has to look at it first
        if any(answer.action != "release" for answer in book.answers(declared.consignment)):
            return None  # an authority wants it stopped
        draw, tier = book.draw(code), tier_of(declared, pack)
        day = utc_text(now_us)[:10] if draw is None else draw.day
        name = voucher_id(code, owner.line, day)
        if draw is None:
            draw = self._sampler.draw("voucher", name, day, rate_of(declared, pack, book))
            book.put_draw(code, draw)
            book.put_draw(consigned_name(consignment), draw)
        if draw.drawn or draw.of != name:
            return None  # a consignment is drawn once, by whatever name
        until_us = min(now_us + VALID_US, self._rules.until_us(now_us))
        sides = sides_wanted(declared.dims_um, pack)
        tolerance_mg = pack.tolerance_mg(declared.mass_mg)
        low_mg = max(0, declared.mass_mg - tolerance_mg)
        high_mg = min(declared.mass_mg + tolerance_mg, pack.mass_max_mg)
        return {
            "v": 1, "id": name, "hub": self._hub, "gw": owner.gateway, "line": owner.line, "mode": self._mode,
            "idx": b64(hmac.new(self._index_key, code.encode(), sha256).digest()),
            "action": "release", "reasons": [], "route": pack.free_route,
            "basis": {
                "authority": CUSTOMS, "rule": "voucher", "rule_pack": self._rules.digests[pack.id], "tier": tier.id,
                "sample": draw.told(),
            },
            "cond": {"mass_mg": [low_mg, high_mg]} | ({} if sides is None else {"dims_um": sides}),
            "valid_from": utc_text(now_us), "valid_until": utc_text(until_us),
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


def clears_by_weight(declared: Declared, pack: RulePack, now_us: int) -> bool:
    """Declared in full and in time, nobody else has a say, and nothing but its weight is left to be seen."""
    return (
        declared.filed_us <= now_us
        and 0 < declared.mass_mg <= pack.mass_max_mg
        and declared.value_minor > 0
        and not concerned(declared, pack)
        and tier_of(declared, pack).lane == pack.free_route
        and declaration(declared, pack) is None
    )


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
