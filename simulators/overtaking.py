"""Hands that lift a parcel over the one before it: from then on it goes ahead of that one.

Both lie between two beams meanwhile, so no sensor sees it pass; it comes to the next beam out of its turn. Where the
one before has not room enough ahead of it, nothing happens.
"""

from collections.abc import Sequence
from typing import Final

from hub_config.lines import Beam
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, SECOND
from simulators.bodies import Body, free_spans, place_in
from simulators.motion import CLOSE_UM, MOVE_NS, Leg, Motion
from simulators.parcels import MILLION

CHATTER_NS: Final = 40 * MILLISECOND
"""It is put down so far from its neighbours that a beam which bounces still parts them."""


def overtaking(
    line: LineConfig, beams: Sequence[Beam], body: Body, before: Body | None, ahead_um: int,
    speeds_um_s: tuple[int, int], creep_ppm: int,
) -> Motion | None:  # fmt: skip
    """`ahead_um`: what `room` leaves ahead of the one before; `speeds_um_s`: of the belt, and of this parcel on it;
    `creep_ppm`: of any parcel, at the most. None: it can't be done, and it goes with the belt."""
    if "overtaken" not in body.plan.faults or before is None or not (_is_free(body) and _is_free(before)):
        return None
    belt_um_s, speed_um_s = speeds_um_s
    apart_um = line.min_gap_um + CLOSE_UM + CHATTER_NS * belt_um_s // SECOND
    apart_um += 2 * creep_ppm * line.belt.length_um // MILLION
    slack_um = ahead_um - body.plan.length_um - apart_um - CHATTER_NS * belt_um_s // SECOND
    if slack_um < 0 or len(before.motion.legs) > 1:
        return None
    pitch_um = (body.starts - before.starts) * belt_um_s // SECOND
    on_um = pitch_um + apart_um + slack_um // 2 + body.plan.length_um
    way_um = on_um + speed_um_s * MOVE_NS // SECOND
    spans = [(low + body.plan.length_um, high - way_um) for low, high in free_spans(line, beams)]
    at_um = place_in([(low, high) for low, high in spans if low < high], body.plan.at_ppm)
    if at_um is None:
        return None
    begins_ns = at_um * SECOND // speed_um_s
    legs = (
        Leg(0, 0, speed_um_s),
        Leg(at_um, begins_ns, way_um * SECOND // MOVE_NS),
        Leg(at_um + way_um, begins_ns + MOVE_NS, speed_um_s),
    )
    return Motion(legs, body.plan.length_um, done=("overtaken",))


def _is_free(body: Body) -> bool:
    """Nothing else moves it."""
    others = ("slipped", "swapped", "jammed")
    still = body.plan.hands is None and not any(fault in body.plan.faults for fault in others)
    return still and not body.touches and body.stand is None
