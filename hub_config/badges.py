"""Who may say what an inspection has found: badges, by their digest alone, and the commands that staff scan.

A badge's text is HUBX and 24 random letters that no keyboard layout changes (103 bits, ST-10, SEC-14): `hub badge`
draws one. The config holds its SHA-256, so that nobody can print a badge from it; taken out, it is no longer known.
"""

import hashlib
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from hub_config.finding import Finding, refusal, show
from hub_config.layout import BARCODE_LETTERS, BARCODE_PREFIX
from hub_config.values import Entry

Role = Literal["customs", "security", "agency", "hub"]
"""Whose staff its holder is."""
BADGE_LETTERS: Final = 24
_BADGE: Final = re.compile(rf"{BARCODE_PREFIX}[{BARCODE_LETTERS}]{{{BADGE_LETTERS}}}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

PASSED: Final = "HUBXGOOD"
PUT_BACK: Final = "HUBXSTOP"
SPLIT: Final = "HUBXSPLIT"
FINDINGS: Final = {
    "HUBXPROHIB": "prohibited",
    "HUBXDNGRS": "dangerous_goods",
    "HUBXTORN": "damaged",
    "HUBXOTHER": "risk_profile",
}
"""What is scanned when an inspection finds something, and the reason code that it becomes; with PASSED five to choose
from (ST-20)."""
COMMANDS: Final = (PASSED, PUT_BACK, SPLIT, *FINDINGS)


def is_badge(text: str) -> bool:
    return _BADGE.fullmatch(text) is not None


def badge_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(value: str) -> str:
    if not _DIGEST.fullmatch(value):
        limit = "64 digits 0-9 a-f: the SHA-256 of a badge"
        raise refusal(Finding((), f"{show(value)} is no digest", limit, "draw a badge with: hub badge"))
    return value


class Badge(Entry):
    digest: Annotated[str, AfterValidator(_digest)]
    role: Role
