"""What a merchant has declared before its parcel comes, and how a declaration is read from JSON (pre-arrival data).

A declaration is of one consignment: one parcel, which may carry several identifiers. Whatever of them is read at a
scanner finds it. Amounts are integers with the unit in their names (contract §2 rule 4).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from typing import Any, Final, Literal, Protocol, TypeGuard, get_args

from hub_config.rules import Procedure
from hub_config.tiers import PARTY
from hub_config.value import value

DECLARATIONS_MAX: Final = 200_000
"""In one file or request; a large hub's day is some hundred thousand, in several files."""
IDENTIFIERS_MAX: Final = 16
TEXT_CHARS_MAX: Final = 512

SizeClass = Literal["micro", "small", "medium", "large"]
"""Of the merchant, by turnover; parity is told by it (contract §10)."""


class ManifestFault(ValueError):  # noqa: N818 - of what was handed in, in one sentence
    """A declaration that can't be taken: which one, which field, what is wanted. Nothing of its file is."""


@value
class Declared:
    """One parcel as its merchant declared it."""

    mass_mg: int
    value_minor: int
    currency: str
    description: str
    procedure: Procedure = "import"
    onward: str | None = None
    """Country of destination, in transit."""
    relief: str | None = None
    """Reference of the emergency that it is sent for."""
    cutoff_us: int | None = None
    """UTC µs: the last moment at which its flight takes it."""
    filed_us: int = 0
    """UTC µs at which the declaration came in; until then it does not exist."""
    consignment: str = ""
    """Its own id, by which authorities answer and amendments are filed; the first identifier where none is told."""
    identifiers: tuple[str, ...] = ()
    """Everything its label may be read as: S10, SSCC, carrier's number."""
    mawb: str | None = None
    """Master air waybill."""
    receptacle: str | None = None
    """Bag or ULD that it is to arrive in."""
    merchant: str | None = None
    size_class: SizeClass | None = None
    platform: str | None = None
    carrier: str | None = None
    dims_um: tuple[int, int, int] | None = field(default=None)
    """Length, width, height, in any order."""
    expected: str | None = None
    """Gateway and line where it is to come, as `gw-01/l1`: only there may it leave on a voucher."""
    parties: tuple[str, ...] = ()
    """Who must agree besides customs, as declared; the rule pack may add to it."""
    origin: str | None = None
    """Country it was sent from."""


class Manifest(Protocol):
    """Declarations by any identifier; a dictionary is one."""

    def get(self, code: str, /) -> Declared | None: ...


_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]").search
_TEXTS: Final = ("currency", "description", "onward", "origin", "relief", "consignment", "mawb", "receptacle",
                 "merchant", "platform", "carrier", "expected")  # fmt: skip
_COUNTS: Final = ("mass_mg", "value_minor", "cutoff_us", "filed_us")
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "procedure": get_args(Procedure),
    "size_class": get_args(SizeClass),
}
_FIELDS: Final = tuple(one.name for one in fields(Declared))
_WANTED: Final = ("mass_mg", "value_minor", "currency", "description")


def is_text(value: object, most: int = TEXT_CHARS_MAX) -> TypeGuard[str]:
    """1 to `most` characters that can be written in a message: no NUL, no half of a surrogate pair (contract §2)."""
    return isinstance(value, str) and 1 <= len(value) <= most and _UNWRITABLE(value) is None


def declarations_of(told: object) -> list[Declared]:
    """Of a list of declarations, or of an object from identifier to declaration. Raises ManifestFault."""
    pairs: Iterable[tuple[str | None, object]]
    if isinstance(told, dict):
        pairs = told.items()
    elif isinstance(told, list):
        pairs = ((None, one) for one in told)
    else:
        raise ManifestFault(
            "a manifest is a list of declarations, or an object from identifier to declaration"
        )
    found: list[Declared] = []
    for number, (code, one) in enumerate(pairs, 1):
        if number > DECLARATIONS_MAX:
            raise ManifestFault(f"more than {DECLARATIONS_MAX} declarations; send them in several files")
        found.append(
            _declared(f"declaration {number}" if code is None else f"declaration of {code}", code, one)
        )
    _check_unique(found)
    return found


def by_code(declarations: Iterable[Declared]) -> dict[str, Declared]:
    return {code: declared for declared in declarations for code in declared.identifiers}


def _declared(where: str, code: str | None, told: object) -> Declared:
    if not isinstance(told, dict):
        raise ManifestFault(f"{where}: an object is wanted, not {str(told)[:40]!r}")
    values: dict[str, Any] = dict(told)
    for name in values:
        if name not in _FIELDS:
            raise ManifestFault(f"{where}: unknown field {str(name)[:40]!r}; known are {', '.join(_FIELDS)}")
    for name in _WANTED:
        if name not in values:
            raise ManifestFault(f"{where}: {name} is missing")
    _check_plain(where, values)
    identifiers = _list(where, values, "identifiers", IDENTIFIERS_MAX)
    if code is not None and code not in identifiers:
        identifiers = (code, *identifiers)
    if not identifiers:
        raise ManifestFault(f"{where}: identifiers is empty; name what its label can be read as")
    values["identifiers"] = identifiers
    values["parties"] = _list(where, values, "parties", IDENTIFIERS_MAX)
    for party in values["parties"]:
        if not PARTY.fullmatch(party):  # nobody could ever answer for it
            raise ManifestFault(
                f"{where}: {party[:40]!r} is no party; agency:CODE or aviation-security is wanted"
            )
    values["consignment"] = values.get("consignment") or identifiers[0]
    if values.get("dims_um") is not None:
        values["dims_um"] = _dims(where, values["dims_um"])
    return Declared(**values)


def _check_plain(where: str, values: Mapping[str, Any]) -> None:
    for name in _COUNTS:
        value, least = values.get(name, 0), 1 if name == "mass_mg" else 0
        if value is None and name == "cutoff_us":
            continue
        if type(value) is not int or not least <= value < 2**53:
            raise ManifestFault(f"{where}: {name} is {str(value)[:40]}; an integer from {least} is wanted")
    for name in _TEXTS:
        value = values.get(name)
        if value is None and name not in _WANTED:
            continue
        if not is_text(value):
            wanted = f"a text of 1 to {TEXT_CHARS_MAX} characters is wanted, without NUL and half characters"
            raise ManifestFault(f"{where}: {name} is {str(value)[:40]!r}; {wanted}")
    for name, allowed in _CHOICES.items():
        value = values.get(name)
        if name in values and value not in allowed and not (value is None and name == "size_class"):
            raise ManifestFault(
                f"{where}: {name} is {str(value)[:40]!r}; one of {', '.join(allowed)} is wanted"
            )


def _list(where: str, values: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    told = values.get(name, ())
    texts = isinstance(told, list | tuple) and all(map(is_text, told))
    if not texts or len(told) > most:
        raise ManifestFault(f"{where}: {name} is a list of at most {most} texts")
    return tuple(dict.fromkeys(told))


def _dims(where: str, told: object) -> tuple[int, int, int]:
    if (
        isinstance(told, list | tuple)
        and len(told) == 3
        and all(type(one) is int and 0 < one < 2**53 for one in told)
    ):
        length, width, height = told
        return length, width, height
    raise ManifestFault(f"{where}: dims_um is three integers from 1: length, width, height")


def _check_unique(found: Iterable[Declared]) -> None:
    """One identifier, one parcel: two consignments under one would each be released for the other. And one consignment,
    one declaration: of two weights in one file nobody can say which is meant."""
    owner: dict[str, str] = {}
    told: dict[str, Declared] = {}
    for declared in found:
        if told.setdefault(declared.consignment, declared) != declared:
            raise ManifestFault(
                f"consignment {declared.consignment} stands here twice, and not the same; correct one of them (an "
                "amendment comes in a file of its own, a second parcel under a consignment of its own)"
            )
        for code in declared.identifiers:
            if owner.setdefault(code, declared.consignment) != declared.consignment:
                other = owner[code]
                raise ManifestFault(
                    f"{code} is declared for consignments {other} and {declared.consignment}; correct one of them"
                )
