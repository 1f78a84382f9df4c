"""Parcels as they really are: labels, true mass, what was declared, and what is wrong with them.

Only the simulator knows these; the gateway sees what devices send, the coordinator the declarations (`manifest`).
Item numbers follow UPU S10 and SSCC of GS1; masses the published distribution (half below 0.5 kg, two thirds below
1 kg, 4 % above 5 kg). Shares of trouble are parts per million of all parcels.
"""

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from simulators.devices.dimensioner import Sides
from simulators.sizing import declared_sides, sides_of

Trouble = Literal[
    "ok",
    "two_labels",  # a second S10 of another item is stuck on it
    "torn",  # no code of the label can be read
    "bad_check",  # the S10 was misprinted: its check digit is wrong
    "undeclared",  # nobody declared it
    "over_value",  # declared above the value of the free lane
    "heavy",  # weighs much more than declared
    "over_limit",  # heavier than the scale and the limit of 30 kg
    "prohibited",  # its description names goods the lane excludes
    "reused",  # beside its own S10 it still has that of a parcel that came before, from which the box is
    "other_size",  # its sides are not the declared ones
    "copied",  # its only label is that of a parcel shortly before it
]
Marks = tuple[tuple[int, int], ...]
"""Quantiles: share in ppm and the value up to it. The first share is 0, the last a million."""
TROUBLE_PPM: Final[tuple[tuple[Trouble, int], ...]] = (
    ("two_labels", 5_000),
    ("torn", 10_000),
    ("bad_check", 5_000),
    ("undeclared", 16_000),
    ("over_value", 18_000),
    ("heavy", 16_000),
    ("over_limit", 2_000),
    ("prohibited", 8_000),
)
"""The rest, 92 %, is ok."""

MILLION: Final = 1_000_000
LIGHTEST_MG: Final = 30_000
HEAVIEST_MG: Final = 25_000_000
MASSES: Final[Marks] = (
    (0, LIGHTEST_MG), (500_000, 500_000), (660_000, 1_000_000), (960_000, 5_000_000), (MILLION, HEAVIEST_MG),
)  # fmt: skip
"""In mg; log-linear between."""
OVER_LIMIT_MG: Final = (31_000_000, 38_000_000)
DECLARED_WITHIN_MG: Final = 8_000
"""An honest declaration is this near to the truth."""
HEAVIER_BY_MG: Final = 400_000
"""A heavy parcel weighs at least this much more than declared."""
HEAVY_DECLARED_MAX_MG: Final = 15_000_000
"""So that the scale can still weigh it."""
FREE_VALUE_MINOR: Final = (1_500, 42_000)
OVER_VALUE_MINOR: Final = (60_000, 300_000)
CURRENCY: Final = "MYR"
COUNTRIES: Final = ("MY", "CN", "CN", "CN", "GB", "BE", "SG", "JP", "US")
SERVICES: Final = ("L", "L", "R", "C", "E", "H", "U")
GOODS: Final = (
    "cotton shirt", "phone case", "running shoes", "toy blocks", "desk lamp", "tea set", "book", "face cream",
    "kitchen scale", "bicycle light", "table cloth", "garden gloves",
)  # fmt: skip
PROHIBITED_GOODS: Final = ("tobacco", "e-cigarette", "liquor")
"""Words a rule pack excludes from the free lane."""
MAX_PARCELS: Final = 1_000_000
SERIAL_END: Final = 10**8
S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)


COPIED_WITHIN: Final = 6
"""A copied label is that of one of so many parcels before."""
REUSED_AFTER: Final = 64
"""A reused box comes so many parcels after the one whose number it still has."""


@dataclass(frozen=True, slots=True)
class Goods:
    """How parcels are made; shares are ppm of all parcels."""

    trouble_ppm: tuple[tuple[Trouble, int], ...] = TROUBLE_PPM
    sscc_ppm: int = 200_000
    ean_ppm: int = 250_000
    qr_ppm: int = 250_000
    masses: Marks = MASSES
    sized: bool = False
    """Their sides are known, and declared."""


USUAL: Final = Goods()


@dataclass(frozen=True, slots=True)
class LabelCode:
    """One printed code: what it says and the AIM identifier a scanner has for its symbology."""

    data: str
    aim: str


@dataclass(frozen=True, slots=True)
class Declared:
    code: str
    mass_mg: int
    value_minor: int
    currency: str
    description: str
    dims_um: Sides | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    number: int
    """1, 2, 3, … in order of arrival."""
    trouble: Trouble
    mass_mg: int
    items: tuple[LabelCode, ...]
    """Item numbers an operator aims at: one S10; two where a second label is on it; none where it is torn."""
    extras: tuple[LabelCode, ...]
    """Other codes that can be read: SSCC, the product's EAN, a QR."""
    declared: Declared | None
    sides_um: Sides | None = None
    """Along the belt, across it and up; None: only its length is ever looked at, and drawn with its plan."""

    @property
    def labels(self) -> tuple[LabelCode, ...]:
        return self.items + self.extras

    @property
    def releasable(self) -> bool:
        """Nothing is wrong with it: a free lane is right for it."""
        return self.trouble == "ok"


def stream(seed: int, n: int, goods: Goods = USUAL) -> list[Parcel]:
    """The first `n` parcels of this seed; a longer stream starts with the same ones."""
    return list(Flow(seed, n, goods))


class Flow:
    """The same parcels, each made when it is asked for."""

    def __init__(self, seed: int, n: int, goods: Goods = USUAL) -> None:
        if not 0 <= n <= MAX_PARCELS:
            raise ValueError(f"parcels: {n} asked for, limit {MAX_PARCELS}")
        self._seed = seed
        self._goods = goods
        self.numbers = range(1, n + 1)

    def __iter__(self) -> Iterator[Parcel]:
        rng = random.Random(self._seed)
        used = Serials()
        earlier: deque[str] = deque(maxlen=REUSED_AFTER)
        made: Iterator[Parcel] = (_parcel(rng, number, used, earlier, self._goods) for number in self.numbers)
        if "copied" in dict(self._goods.trouble_ppm):
            made = _copied(made)
        return (_sized(self._seed, parcel) for parcel in made) if self._goods.sized else made


class Serials:
    """Which serial numbers of eight digits are taken: a bit for each."""

    def __init__(self) -> None:
        self._taken = bytearray(SERIAL_END // 8)

    def take(self, serial: int) -> bool:
        """False if somebody has it."""
        place, bit = serial // 8, 1 << serial % 8
        free = not self._taken[place] & bit
        self._taken[place] |= bit
        return free


def _copied(made: Iterator[Parcel]) -> Iterator[Parcel]:
    """Puts the label of one before on each that has a copied one. What is in it weighs something else: by its label
    alone nobody could tell the two apart."""
    earlier: deque[Parcel] = deque(maxlen=COPIED_WITHIN)
    for parcel in made:
        if parcel.trouble == "copied" and earlier:
            other = earlier[parcel.number % len(earlier)]
            light = other.mass_mg < HEAVY_DECLARED_MAX_MG
            mass_mg = other.mass_mg + HEAVIER_BY_MG + other.mass_mg // 2 if light else other.mass_mg // 2
            yield replace(parcel, items=other.items, extras=(), declared=None, mass_mg=mass_mg)
            continue
        if parcel.trouble == "copied":
            parcel = replace(parcel, trouble="ok")  # noqa: PLW2901 - none before it has a good label
        if len(parcel.items) == 1 and parcel.trouble != "bad_check":
            earlier.append(parcel)
        yield parcel


def _sized(seed: int, parcel: Parcel) -> Parcel:
    sides, declared = sides_of(seed, parcel.number, parcel.mass_mg), parcel.declared
    if declared is not None:
        told = declared_sides(seed, parcel.number, sides, honest=parcel.trouble != "other_size")
        declared = replace(declared, dims_um=told)
    return replace(parcel, sides_um=sides, declared=declared)


def manifest(parcels: Sequence[Parcel]) -> dict[str, dict[str, str | int | list[int]]]:
    """What was declared in advance, ready for JSON: code to declaration, sorted by code."""
    declared = sorted((p.declared for p in parcels if p.declared is not None), key=lambda one: one.code)
    return {
        one.code: {
            "mass_mg": one.mass_mg,
            "value_minor": one.value_minor,
            "currency": one.currency,
            "description": one.description,
            **({} if one.dims_um is None else {"dims_um": list(one.dims_um)}),
        }
        for one in declared
    }


def s10_check_digit(serial: str) -> int:
    """Of eight digits: 47312482 → 9."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def gs1_check_digit(body: str) -> int:
    """Mod 10 from the right with weights 3, 1, 3, …; for EAN and SSCC."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def _parcel(
    rng: random.Random, number: int, used: Serials, earlier: deque[str], goods: Goods
) -> Parcel:  # fmt: skip
    """`earlier`: numbers of the parcels before it, the oldest first."""
    trouble = _trouble(rng, goods)
    code = _new_s10(rng, used)
    mass_mg = rng.randint(*OVER_LIMIT_MG) if trouble == "over_limit" else _mass_mg(rng, goods)
    if trouble == "heavy":
        mass_mg = min(mass_mg, HEAVY_DECLARED_MAX_MG)
    declared = _declared(rng, trouble, code, mass_mg)
    if trouble == "heavy":
        mass_mg += HEAVIER_BY_MG + mass_mg // 2
    parcel = Parcel(
        number=number,
        trouble=trouble,
        mass_mg=mass_mg,
        items=_items(rng, trouble, code, used, earlier),
        extras=() if trouble == "torn" else _extras(rng, goods),
        declared=declared,
    )
    earlier.append(code)
    return parcel


def _trouble(rng: random.Random, goods: Goods) -> Trouble:
    drawn = rng.randrange(MILLION)
    for trouble, share_ppm in goods.trouble_ppm:
        if drawn < share_ppm:
            return trouble
        drawn -= share_ppm
    return "ok"


def _mass_mg(rng: random.Random, goods: Goods) -> int:
    drawn = rng.randrange(MILLION)
    for (low_ppm, low_mg), (high_ppm, high_mg) in pairwise(goods.masses):
        if drawn < high_ppm:
            share = (drawn - low_ppm) / (high_ppm - low_ppm)
            return round(low_mg * math.pow(high_mg / low_mg, share))
    return goods.masses[-1][1]


def _declared(rng: random.Random, trouble: Trouble, code: str, mass_mg: int) -> Declared | None:
    value_minor = rng.randint(*(OVER_VALUE_MINOR if trouble == "over_value" else FREE_VALUE_MINOR))
    goods = rng.choice(PROHIBITED_GOODS if trouble == "prohibited" else GOODS)
    honest_mg = mass_mg + rng.randint(-DECLARED_WITHIN_MG, DECLARED_WITHIN_MG)
    if trouble == "undeclared":
        return None
    return Declared(code, max(honest_mg, LIGHTEST_MG // 2), value_minor, CURRENCY, goods)


def _items(
    rng: random.Random, trouble: Trouble, code: str, used: Serials, earlier: deque[str]
) -> tuple[LabelCode, ...]:
    match trouble:
        case "torn":
            return ()
        case "bad_check":
            wrong = (int(code[10]) + rng.randint(1, 9)) % 10
            return (LabelCode(f"{code[:10]}{wrong}{code[11:]}", "]C0"),)
        case "two_labels":
            return LabelCode(code, "]C0"), LabelCode(_new_s10(rng, used), "]C0")
        case "reused":
            other = earlier[0] if len(earlier) == REUSED_AFTER else _new_s10(rng, used)
            return LabelCode(code, "]C0"), LabelCode(other, "]C0")
        case _:
            return (LabelCode(code, "]C0"),)


def _extras(rng: random.Random, goods: Goods) -> tuple[LabelCode, ...]:
    extras: list[LabelCode] = []
    if rng.random() < goods.sscc_ppm / MILLION:
        body = f"3{rng.randrange(10**16):016d}"
        extras.append(LabelCode(f"00{body}{gs1_check_digit(body)}", "]C1"))
    if rng.random() < goods.ean_ppm / MILLION:
        body = f"6{rng.randrange(10**11):011d}"
        extras.append(LabelCode(f"{body}{gs1_check_digit(body)}", "]E0"))
    if rng.random() < goods.qr_ppm / MILLION:
        extras.append(LabelCode(f"https://shop.invalid/order/{rng.randrange(10**8):08d}", "]Q1"))
    return tuple(extras)


def _new_s10(rng: random.Random, used: Serials) -> str:
    """An item number that no parcel of this stream has, by its digits: a misprint can't make it another's."""
    while True:
        number = rng.randrange(SERIAL_END)
        service = rng.choice(SERVICES) + chr(ord("A") + rng.randrange(26))
        country = rng.choice(COUNTRIES)
        if used.take(number):
            serial = f"{number:08d}"
            return f"{service}{serial}{s10_check_digit(serial)}{country}"
