"""The rules of a practice hub in which hardly any parcel is drawn for inspection.

The coordinator process makes seeds of its own, so that no test can know who will be drawn; where a test says what
becomes of one parcel, that must not be left to chance.
"""

from pathlib import Path
from typing import Final

PROFILE: Final = Path(__file__).parents[1] / "hub_config" / "profiles" / "my-kul-1.rules.toml"
USUAL, RARE = "rate_ppm = 55_000", "rate_ppm = 20"


def rules_in(folder: Path) -> Path:
    text = PROFILE.read_text()
    assert USUAL in text, f"{PROFILE} has another rate now; correct USUAL"
    path = folder / "rules.toml"
    path.write_text(text.replace(USUAL, RARE))
    return path
