"""One format of identifier: what a file of this folder makes of a text, and what it says of one that does not fit.

A text comes normalised: no AIM identifier, no blanks (labels print them, codes hold none), upper case.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from hub_config.value import value

CodeType = Literal["s10", "sscc", "gs1dl", "carrier", "receptacle", "mawb", "unknown"]
"""What events call it (clearance contract §4). Of `unknown` no text leaves the gateway."""

Fault = Literal["check_digit", "country"]
Unfit = Literal["format", "prefix"]
MISFITS_KEPT: Final = 1_024
"""Answers once given: a code that is tried in every format is told by most that it has another length."""


@value
class Found:
    """The text has the shape of the format."""

    value: str
    """The identifier itself: of a code that holds more, the part that a manifest names."""
    parts: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    """Why it must not be used: it was misread or misprinted."""
    detail: str = ""
    """Of the fault: what is there and what is wanted."""
    weak: bool = False
    """Its shape says little, other numbers have it too: it is taken for one only where a place names the format."""


@value
class Misfit:
    """The text has another shape."""

    error: Unfit
    """`prefix`: as long as it should be, but it begins with something else."""
    detail: str


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    """As `hub decode --protocol` takes it."""
    type: CodeType
    parse: Callable[[str], Found | Misfit]
    chars: Collection[int]
    """Of every text that fits; of another length none does."""


def normalise(text: str) -> str:
    """Of a text that is not ASCII nothing is made: upper case would turn some letters into others."""
    return text.replace(" ", "").upper() if text.isascii() else text


def checked(
    value: str, parts: Mapping[str, str], check: str, wanted: str, *, weak: bool = False
) -> Found:  # fmt: skip
    """`check`: the character that is there, `wanted`: the one that the others give."""
    if check == wanted:
        return Found(value, parts, weak=weak)
    return Found(value, parts, "check_digit", f"check digit {check}, computed {wanted}", weak)


def misfit(text: str, wanted: str) -> Misfit:
    return _misfit(len(text), wanted)


@lru_cache(MISFITS_KEPT)
def _misfit(chars: int, wanted: str) -> Misfit:
    return Misfit("format", f"{chars} characters; wanted: {wanted}")
