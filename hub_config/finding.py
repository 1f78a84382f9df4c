"""What is wrong with one place of a config, before it has a file and a line.

Models refuse values with a Finding inside pydantic's error; checks across parts yield Findings directly.
Its three parts answer: what is it, what is allowed, what shall I do?
"""

import json
from dataclasses import dataclass
from typing import Final

from pydantic_core import PydanticCustomError

KeyPath = tuple[str | int, ...]
"""Where in the file: keys of tables and numbers of array elements, from 0."""

REFUSED: Final = "hub_refused"
"""Type of the pydantic errors that carry Findings."""

SHOWN_CHARS: Final = 60
"""A longer value is cut in messages, so that a fault stays one line."""

MAX_INT_BITS: Final = 128
"""Python refuses to write integers of thousands of digits; a person reads far fewer."""


@dataclass(frozen=True, slots=True)
class Finding:
    path: KeyPath
    """Relative to the model that refuses; absolute once it has left the model."""
    what: str
    limit: str
    todo: str


def refusal(*findings: Finding) -> PydanticCustomError:
    """The error a validator raises; several findings of one table leave it together."""
    text = " | ".join(f"{found.what}; {found.limit}; {found.todo}" for found in findings)
    return PydanticCustomError(REFUSED, "{text}", {"text": text, "findings": findings})


def show(value: object) -> str:
    """A value as it would stand in the file, on one line, cut to a bound."""
    match value:
        case str():
            text = json.dumps(value, ensure_ascii=not value.isprintable())
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > MAX_INT_BITS:
            text = "a huge number"
        case list() | tuple():
            text = f"a list of {len(value)}"
        case dict():
            text = "a table"
        case _:
            text = str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words) if words else "none"


def value_at(data: object, path: KeyPath) -> object:
    """What the file has there; None where it has nothing."""
    for step in path:
        match data, step:
            case dict(), _ if step in data:
                data = data[step]
            case list(), int() if step < len(data):
                data = data[step]
            case _:
                return None
    return data
