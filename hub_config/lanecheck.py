"""What the lanes of a bench and of a belt line have in common: only a release leads to the free lane, doubt never.

The layout rule is the architecture's §6.3: a parcel nobody decided about must have a fail-safe lane to go to.
"""

from collections.abc import Iterator
from typing import Final

from hub_config.finding import Finding, listed, show
from hub_config.spots import Spot
from hub_config.values import LANES

FREE_LANE: Final = "green"
"""The contract's only lane of a release (§5)."""
SAFE_LANES: Final = ("hold", "manual")


def free_and_safe_findings(free: Spot | None, safe: Spot | None, safe_key: str) -> Iterator[Finding]:
    """`safe_key`: the file's key of the fail-safe lane. A lane that doesn't exist has its own fault."""
    todo = f'write for example {safe_key} = "hold"'
    if free and safe and free.text == safe.text:
        what = f"the fail-safe lane is the free lane, {show(free.text)}"
        yield Finding(safe.path, what, "doubt must never lead to the free lane", todo)
    if free and free.text in LANES and free.text != FREE_LANE:
        what = f"the free lane is {show(free.text)}"
        yield Finding(free.path, what, f"a release names lane {FREE_LANE}", "remove this line")
    if safe and safe.text in LANES and safe.text not in SAFE_LANES and not (free and free.text == safe.text):
        what = f"the fail-safe lane is {show(safe.text)}"
        yield Finding(safe.path, what, f"doubt leads where staff look again: {listed(SAFE_LANES)}", todo)
