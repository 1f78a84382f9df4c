"""What is said of parcels and readings when it is asked whose a reading is: plain values in belt offsets.

Offset + travel of the belt = position. A parcel is an interval whose place is known with an error that grows with the
belt's travel; a reading says between which offsets its label was, as its stamp allows; a look says what a device
surely looked at, so that its silence counts too. `Priors` are what is believed before anything is read.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, Literal

from hub_config.value import value

PPM: Final = 1_000_000
FLOOR_PPM: Final = 999_990
"""As sure as this is `joined` (contract §4: under the floor the visit may only be held)."""
CLUTTER_SPAN_UM: Final = 300_000
"""`Priors.clutter_ppm` is for this much belt: a parcel's length."""

Stamp = Literal["trigger", "exposure", "arrival"]


@dataclass(frozen=True, slots=True)
class Priors:
    """What is believed of a line before anything is read, in parts per million. All of it errs towards doubt."""

    miss_ppm: int = 20_000
    """A parcel that has passed every reader, and no identifier of it was read."""
    look_miss_ppm: int = 10_000
    """A look that surely covered a label which another look has read, and did not tell it."""
    second_ppm: int = 50_000
    """A parcel has one more identifier than one."""
    clutter_ppm: int = 100
    """A label of something that nobody follows lies on `CLUTTER_SPAN_UM` of belt."""
    common_ppm: int = 20
    """The belt's travel is grossly wrong for all alike."""
    wide_ppm: int = 20_000
    """Share of the core that is `WIDE_TIMES` as wide."""
    margin_um: int = 5_000
    """The middle of a code is this far from either end of its parcel."""
    longest_um: int = 700_000
    """Length of a parcel whose rear nobody has seen yet."""
    floor_ppm: int = FLOOR_PPM


PRIORS: Final = Priors()
"""When something has just been read."""
CONFIRMED: Final = Priors(clutter_ppm=20, common_ppm=1)
"""Once later beams have seen all parcels in reach where they should be, and nothing else."""


@value
class Candidate:
    """A parcel whose the reading may be, where it is believed to have been at that time."""

    key: int
    front_um: int
    rear_um: int | None
    """None while it still covers its first beam."""
    sigma_um: int
    gross_ppm: int
    """Chance that it was anywhere near but there: see `Drift`."""
    looked: bool = False
    """It has passed every reader, and what they had to say has come: no code of its own means that it was missed."""
    labels: int = 0
    """Identifiers that are its own already and are not in this evidence."""


@value
class Evidence:
    """One reading of a code: its label was between these belt offsets."""

    code: str
    device: str
    stamp: Stamp
    lo_um: int
    hi_um: int
    sigma_um: int = 2_000
    """Of either end: window, pixel, clock."""
    identifier: bool = True
    """A parcel normally has one. False for the further codes of a label."""


@value
class Look:
    """A stretch of belt that a device surely looked at, and all the codes that it told of it."""

    device: str
    lo_um: int
    hi_um: int
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """How the error of a parcel's place grows with the belt's travel since a beam saw it."""

    edge_um: int = 3_000
    """Of the edge itself: sensor, count, clock."""
    slip_ppm: int = 10_000
    """Of the travel."""
    gross_ppm_per_m: int = 50
    """Hands and lost counts, for each metre."""
    confirmed_gross_ppm: int = 1
    """A later beam has seen it where it should be: a hand would have had to put it back."""

    def spread(self, since_um: int, until_um: int | None = None) -> tuple[int, int]:
        """`sigma_um` and `gross_ppm` after so much travel since the last beam; `until_um`: travel from the reading
        to the next beam, once that has seen it where it was expected (the nearer beam then holds it)."""
        way_um = since_um if until_um is None else min(since_um, until_um)
        slip_um = way_um * self.slip_ppm // PPM
        sigma_um = ceil(sqrt(self.edge_um * self.edge_um + slip_um * slip_um))
        if until_um is not None:
            return sigma_um, self.confirmed_gross_ppm
        return sigma_um, self.confirmed_gross_ppm + since_um * self.gross_ppm_per_m // 1_000_000


def seen_between(
    code: str, device: str, stamp: Stamp, position_um: int, window_um: int, first_um: int, last_um: int,
    *, sigma_um: int = 2_000, identifier: bool = True,
) -> Evidence:  # fmt: skip
    """A label seen at `position_um` ± `window_um` while the belt's travel was between `first_um` and `last_um`.

    trigger: travel from its on to its off and the device's latency; arrival: travel between the longest and the
    shortest delay before the last byte; exposure: the travel of one instant, the code's own place, a window of 0.
    The window is less by what the reader needs to see of a label's way. A reader that tells a label as soon as it comes
    into view is described by the place where it comes into view."""
    lo_um, hi_um = position_um - window_um - last_um, position_um + window_um - first_um
    return Evidence(code, device, stamp, lo_um, hi_um, sigma_um, identifier)
