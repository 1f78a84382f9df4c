"""How each parcel will move, known when it is set down: with its belts, and as slips and hands move it on them.

It comes no nearer to its neighbours than the gaps around it leave room for: hands that push one parcel against another
are the fault `touching`.
"""

from dataclasses import replace
from typing import Final

from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND
from simulators.bodies import Body, free_place_um, hands_place_um
from simulators.feeding import Feeding
from simulators.motion import NO_ROOM, Motion, Room, motion, moves_of, room
from simulators.overtaking import overtaking
from simulators.parcels import MILLION
from simulators.queueing import stands
from simulators.series import Series
from simulators.traffic import Traffic

FAR_NS: Final = 60 * SECOND
"""Where there is no neighbour: more than any hand moves it by."""


class Ways:
    def __init__(self, line: LineConfig, traffic: Traffic, feeding: Feeding, series: Series | None) -> None:
        """`series`: None for a line of one belt."""
        self._line = line
        self._traffic = traffic
        self._feeding = feeding
        self._series = series
        self._speed_um_s = line.belts[0].speed_mm_s * 1_000
        self._end_um = line.beam(line.end.beam).position_um
        self._creep_ppm = 0
        """Of the one set down last."""
        self._ahead_um = 0
        """The room ahead of that one, as `Room` has it."""

    def set_down(self, body: Body, before: Body | None, gap_behind_um: int | None) -> None:
        """Gives it its motion, behind the one before. Parcels that touch go as one."""
        plan, line = body.plan, self._line
        if "added" in plan.faults:
            body.appears_um = free_place_um(line, plan, self._feeding.beams(body.fed))
        if self._series is not None:
            body.starts = self._series.sets_down_at(body.starts, body.fed, plan.length_um)
            body.motion = self._carried(self._series, body, before, gap_behind_um)
            return
        before_ahead_um, self._ahead_um = self._ahead_um, 0
        if stands(line, body, before, gap_behind_um, self._speed_um_s):
            return
        if not body.touches:
            self._creep_ppm = plan.creep_ppm
        allowed = self._traffic.creep_ppm
        left = NO_ROOM
        free = before is None or before.stand is None
        if free and not body.touches and (gap_behind_um is None or gap_behind_um > 0):
            used_um = before.motion.used_behind if before is not None else 0
            ahead_um = room(line, plan.gap_um if before is not None else None, allowed)
            left = Room(max(0, ahead_um - used_um), room(line, gap_behind_um, allowed))
            self._ahead_um = left.ahead
            speeds_um_s = self._speed_um_s, self._speed_um_s * (MILLION + self._creep_ppm) // MILLION
            beams = self._feeding.beams(body.fed)
            over = overtaking(line, beams, body, before, before_ahead_um, speeds_um_s, allowed)
            if over is not None:
                self._ahead_um, body.motion = 0, over
                return
        at_um, hands_um = self.somewhere_um(body), self._hands_um(body)
        body.motion = motion(self._speed_um_s, plan, self._creep_ppm, at_um, hands_um, left)

    def somewhere_um(self, body: Body) -> int:
        """Of its front, between the first beam and the end."""
        return body.enters_um + body.plan.at_ppm * (self._end_um - body.enters_um) // MILLION

    def _hands_um(self, body: Body) -> int | None:
        """Where hands turn or push it."""
        if body.plan.hands not in ("turned", "pushed"):
            return None
        return hands_place_um(self._line, body.plan, self._feeding.beams(body.fed))

    def _carried(self, series: Series, body: Body, before: Body | None, gap_behind_um: int | None) -> Motion:
        """Over belts in series, where gaps are times."""
        plan, creep_ppm = body.plan, self._traffic.creep_ppm
        left = Room(FAR_NS, FAR_NS)
        if before is not None:
            ahead_ns = series.room_ns(before.plan, plan.gap_um, creep_ppm) - before.motion.used_behind
            left = replace(left, ahead=max(0, ahead_ns))
        if gap_behind_um is not None:
            left = replace(left, behind=series.room_ns(plan, gap_behind_um, creep_ppm))
        moves = moves_of(plan, self.somewhere_um(body), self._hands_um(body))
        return series.motion(body.starts, plan, body.parcel.number, body.fed, moves, left)
