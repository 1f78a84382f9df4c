"""A value of which a run makes very many: a dataclass that nobody may change, as mypy sees to.

`@dataclass(frozen=True)` guards every field at run time as well, and that makes such a value take four times as long to
make. Where that is of no account, that one is the rule.
"""

from dataclasses import dataclass, field
from inspect import unwrap
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Compared, hashed and shown by its fields."""
    made = dataclass(slots=True, unsafe_hash=True)(cls)
    made.__repr__ = unwrap(made.__repr__)  # type: ignore[method-assign]  # the guard is for what may hold itself
    return made
