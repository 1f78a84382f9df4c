"""Random checks that can be proved fair: seeds, their commitments, and the draw (clearance contract §8).

Per hub and day (UTC) there is a seed of 32 bytes; two parties may each give one, then the day's seed is their XOR. The
commitment is published before the day, the seed after it. A draw is made once per consignment and sticks until the
parcel has been inspected; the decision states it with all that anyone needs to recompute it. Pure: the seed is given.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

SEED_BYTES: Final = 32
PARTIES_MAX: Final = 4
DAYS_KEPT: Final = 4
"""Days whose seeds are kept joined: draws are of today, or of the day that has just begun or ended."""
COMMIT_DOMAIN: Final = b"ehub-seed-v1\0"
SAMPLE_DOMAIN: Final = b"ehub-sample-v1\0"
VOUCHER_DOMAIN: Final = b"ehub-voucher-v1\0"
MILLION: Final = 1_000_000

Over = Literal["consignment", "visit", "voucher"]
"""Which name a draw was made over."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What inspections have found of a merchant or a route, and what that adds to a rate."""

    of: str
    """`merchant:` or `route:` and a pseudonym."""
    ppm: int
    last: str | None
    """Id of the inspection counted last; none yet: None."""


@dataclass(frozen=True, slots=True)
class Rate:
    base_ppm: int
    """By the tier, or the floor."""
    raised: tuple[Raised, ...] | None = None
    """None: the rule pack has no rule for findings."""

    @property
    def ppm(self) -> int:
        return min(MILLION, self.base_ppm + sum(one.ppm for one in self.raised or ()))


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw, as decisions state it (`basis.sample`)."""

    over: Over
    of: str
    day: str
    """Whose seed it was made with: the day of the draw, YYYY-MM-DD."""
    commit: str
    """Commitments of that day's seeds, joined by a dot: it binds the log to them."""
    rate: Rate
    drawn: bool
    inspected: bool = False

    @property
    def due(self) -> bool:
        """The parcel is to be inspected, and has not been yet."""
        return self.drawn and not self.inspected

    def told(self) -> dict[str, Any]:
        told = {
            "day": self.day, "drawn": self.drawn, "rate_ppm": self.rate.ppm, "over": self.over, "of": self.of,
            "commit": self.commit,
        }  # fmt: skip
        if self.rate.raised is not None:
            told["base_ppm"] = self.rate.base_ppm
            told["raised"] = [{"of": one.of, "ppm": one.ppm, "last": one.last} for one in self.rate.raised]
        return told


class Seeds(Protocol):
    """The secret seeds, one or more a day. They never leave the coordinator before their day is over."""

    def of(self, day: str) -> tuple[bytes, ...]: ...


class DerivedSeeds:
    """Of simulated runs: every day's seed follows from one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, day: str) -> tuple[bytes, ...]:
        return (sha256(self._secret + day.encode()).digest(),)


class Sampler:
    def __init__(self, seeds: Seeds) -> None:
        self._seeds = seeds

    def draw(self, over: Over, of: str, day: str, rate: Rate) -> Draw:
        seeds = self._seeds.of(day)
        return Draw(over, of, day, commitments(seeds), rate, draw_ppm(joint(seeds), of) < rate.ppm)


def commitment(seed: bytes) -> str:
    return _b64(sha256(COMMIT_DOMAIN + seed).digest())


@lru_cache(DAYS_KEPT)
def commitments(seeds: tuple[bytes, ...]) -> str:
    return ".".join(commitment(seed) for seed in seeds)


@lru_cache(DAYS_KEPT)
def joint(seeds: tuple[bytes, ...]) -> bytes:
    """The day's seed from those of its parties. Raises ValueError for a seed that is none."""
    if not 1 <= len(seeds) <= PARTIES_MAX:
        raise ValueError(f"a day has 1 to {PARTIES_MAX} seeds, not {len(seeds)}")
    for seed in seeds:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
    return reduce(lambda one, other: bytes(a ^ b for a, b in zip(one, other, strict=True)), seeds)


def consigned_name(consignment: str) -> str:
    """Under which the draw of a consignment stands. A merchant chooses its id: it must not be able to name another
    parcel's code or visit, of which it knows that it was not drawn."""
    return f"consignment:{consignment}"


def draw_ppm(seed: bytes, name: str) -> int:
    """0 to 999,999; sampled if below the rate."""
    digest = hmac.new(seed, SAMPLE_DOMAIN + name.encode(), sha256).digest()
    return int.from_bytes(digest[:8], "big") * MILLION >> 64


def voucher_id(consignment: str, line: str, day: str) -> str:
    """UUID (RFC 9562 §5.8). It follows from what it is for, so that nobody can try ids until one is not drawn."""
    digest = sha256(VOUCHER_DOMAIN + "\0".join((consignment, line, day)).encode()).digest()
    number = int.from_bytes(digest[:16], "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def draw_from(told: Mapping[str, Any], *, inspected: bool = False) -> Draw:
    """Back from what was told or stored. Raises KeyError."""
    raised = told.get("raised")
    parts = None if raised is None else tuple(Raised(one["of"], one["ppm"], one["last"]) for one in raised)
    rate = Rate(told["rate_ppm"] if parts is None else told["base_ppm"], parts)
    return Draw(told["over"], told["of"], told["day"], told["commit"], rate, told["drawn"], inspected)


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
