"""The rules of a hub in which hardly any parcel is drawn for inspection.

The coordinator process makes seeds of its own, so that no test can know who will be drawn; where a test says what
becomes of one parcel, that must not be left to chance.
"""

import re
from pathlib import Path
from typing import Final

PROFILE: Final = Path(__file__).parents[1] / "hub_config" / "profiles" / "my-kul-1.rules.toml"
RARE: Final = "rate_ppm = 20"
_USUAL = re.compile(r"rate_ppm = [0-9_]+")


def rules_in(folder: Path, profile: Path = PROFILE) -> Path:
    """A profile that states no rate has the least one anyway."""
    path = folder / "rules.toml"
    path.write_text(_USUAL.sub(RARE, profile.read_text()))
    return path
