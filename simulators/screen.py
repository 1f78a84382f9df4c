"""What an operator reads from a station's screen: the fields of the bench view, as JSON has them."""

from collections.abc import Mapping
from typing import Final

View = Mapping[str, object]

BAY_SHOWN: Final = ("put_in_bay", "rescan_or_bay")
UNFINISHED: Final = (*BAY_SHOWN, "wait_decision")
"""While the screen says one of these for a visit, its parcel is not in a bay yet."""


def gist(view: View) -> tuple[object, ...]:
    """What a glance takes in; a change of it makes the operator react."""
    return tuple(view.get(key) for key in ("instruction", "state", "visit", "bay", "refused"))


def revision(view: View) -> int:
    number = view.get("revision", 0)
    return number if isinstance(number, int) else 0


def works(view: View) -> bool:
    """No device is down."""
    return view["instruction"] != "call_it"
