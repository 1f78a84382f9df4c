"""GS1 Serial Shipping Container Code: 18 digits, the last one a mod-10 check digit.

Printed as AI (00) in GS1-128; some labels carry the 18 digits alone. General Specifications §3.3.1.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.identifiers.check_digits import mod10_ok

_SHAPE: Final = re.compile(r"[0-9]{18}")


@dataclass(frozen=True, slots=True)
class Sscc:
    digits: str
    check_ok: bool


def parse_sscc(text: str) -> Sscc | None:
    """The 18 digits without an AI. None for anything else."""
    if _SHAPE.fullmatch(text) is None:
        return None
    return Sscc(text, mod10_ok(text))
