"""Where a parcel stands in a jam: under a beam, or behind the one before it, while the belt runs on under both.

Somebody clears the jam and lets one after the other go, so that all of them are apart again.
"""

from typing import Final

from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND, Instant
from simulators.bodies import TOUCH_UM, Body, Stand
from simulators.motion import CLOSE_UM, Leg, Motion
from simulators.parcels import MILLION

INTO_UM: Final = 50_000
"""So far behind the beam its front stands, or half of its length."""
APART_UM: Final = 150_000
"""They are let go this far apart, or as near as they were fed."""


def stands(
    line: LineConfig, body: Body, before: Body | None, gap_behind_um: int | None, speed_um_s: int
) -> bool:
    """It stands in a jam, and its motion is no other then."""
    alone = not body.touches and (gap_behind_um is None or gap_behind_um > 0)
    queued = None if before is None else _queued(line, body, before, speed_um_s)
    jammed = queued is None and alone and body.plan.hands is None and "jammed" in body.plan.faults
    stand = body.stand = _jammed(line, body, speed_um_s) if jammed else queued
    if stand is None:
        return False
    body.appears_um = 0
    legs = (Leg(0, 0, speed_um_s), Leg(stand.um + 1, stand.until - body.starts, speed_um_s))
    body.motion = Motion(legs, body.plan.length_um, done=("jammed",) if jammed else ())
    return True


def feeds_at(line: LineConfig, body: Body, after_ns: int) -> Instant:
    """When the next one is fed: a feeder whose way is not free waits."""
    at, stand = Instant(body.starts + after_ns), body.stand
    full = stand is not None and stand.um < line.belt_beams[0].position_um + 2 * line.max_length_um
    return max(at, stand.until) if full and stand is not None else at


def _jammed(line: LineConfig, body: Body, speed_um_s: int) -> Stand:
    """Under one of the beams between the first and the last."""
    beams = line.belt_beams[1:-1]
    beam = beams[body.plan.at_ppm * len(beams) // MILLION]
    um = beam.position_um + min(INTO_UM, body.plan.length_um // 2)
    return Stand(um, Instant(body.starts + um * SECOND // speed_um_s + body.plan.jam_ns))


def _queued(line: LineConfig, body: Body, before: Body, speed_um_s: int) -> Stand | None:
    """Behind one that stands; None: that one is gone when it comes."""
    if before.stand is None:
        return None
    um = before.stand.um - before.motion.length_with_rear_at(before.stand.um) + TOUCH_UM
    gap_um = (
        0 if body.touches else max(line.min_gap_um + CLOSE_UM, min(APART_UM, body.plan.gap_um)) + TOUCH_UM
    )
    until = Instant(before.stand.until + gap_um * SECOND // speed_um_s)
    if um <= 0 or body.starts + um * SECOND // speed_um_s >= until:
        return None
    return Stand(um, until)
