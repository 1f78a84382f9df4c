"""Scale and dimensioner of a simulated belt: what stands under the beam of each, and what it records when that is free.

Bodies that touch cover a beam as one, so they are weighed and measured as one.
"""

import random
from typing import Final

from hub_config.lines import BeltScale
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.bodies import Body
from simulators.devices.dimensioner import Dimensioner, Sides
from simulators.devices.record_dimensioner import RecordDimensionerDevice
from simulators.devices.record_scale import RecordScaleDevice
from simulators.devices.scale_wire import Told
from simulators.sizing import Sizing, dims_plan
from simulators.traffic import Traffic

SCALE_MAX_MG: Final = 30_000_000
SCALE_STEP_MG: Final = 10_000


class UnderBeam:
    """What covers the beam that triggers a device."""

    def __init__(self, line: LineConfig, place: BeltScale) -> None:
        beam = line.beam(place.beam)
        self._channel, self.position_um = beam.channel, beam.position_um
        self._bodies: list[Body] = []

    def covered(self, body: Body, channel: int) -> None:
        if channel == self._channel:
            self._bodies.append(body)

    def freed(self, channel: int) -> list[Body]:
        """The beam of this channel sees nothing any more; returns what has left the device's beam by that."""
        if channel != self._channel:
            return []
        bodies, self._bodies = self._bodies, []
        return bodies


class Weigher:
    def __init__(self, line: LineConfig, traffic: Traffic, seed: int) -> None:
        self.under = UnderBeam(line, line.scale)
        self._record_ns = traffic.record_ns
        self._rng = random.Random(f"conveyor/{line.id}/{seed}")
        self.device = RecordScaleDevice()

    def record(self, bodies: list[Body], now: Instant) -> None:
        first = bodies[0]
        plan = first.plan
        mass_mg = sum(body.parcel.mass_mg for body in bodies) + plan.weight_error_mg
        shown = (2 * mass_mg + SCALE_STEP_MG) // (2 * SCALE_STEP_MG) * SCALE_STEP_MG
        over = shown > SCALE_MAX_MG
        delay_ns = self._rng.randint(*self._record_ns)
        if "late_record" in plan.faults:
            delay_ns = plan.late_record_ns
        if "record_jump" in plan.faults:
            self.device.skip_numbers(plan.jump)
        if "record_repeat" in plan.faults:
            self.device.repeat_number()
        lost = "lost_record" in plan.faults
        self.device.weigh(None if over else shown, now, delay_ns, lost=lost)
        if not lost and len(bodies) == 1:
            first.weights.append(Told(now, first.parcel.number, None if over else shown))


class Sizer:
    def __init__(self, line: LineConfig, sizing: Sizing, seed: int) -> None:
        assert line.dimensioner is not None, f"{line.id}: a line without a dimensioner sizes nothing"
        self.under = UnderBeam(line, line.dimensioner)
        self._sizing = sizing
        self._seed = seed
        self.device = RecordDimensionerDevice(Dimensioner())

    def record(self, bodies: list[Body], now: Instant) -> None:
        first = bodies[0]
        plan = dims_plan(self._seed, first.parcel.number, self._sizing)
        if "dims_jump" in plan.faults:
            self.device.skip_numbers(plan.jump)
        if "dims_repeat" in plan.faults:
            self.device.repeat_number()
        lost = "lost_dims" in plan.faults
        shown = self.device.pass_by(
            self._sides(bodies), now, plan.delay_ns, errors_um=plan.errors_um, soft="no_dims" in plan.faults, lost=lost
        )  # fmt: skip
        first.dims_faults = plan.faults
        for body in bodies:
            if shown is not None and not lost:
                body.sizes.append(shown)

    def _sides(self, bodies: list[Body]) -> Sides:
        """As they lie under it, one behind the other."""
        boxes = [body.parcel.sides_um for body in bodies]
        assert None not in boxes, "parcels of a line with a dimensioner have sides"
        length = sum(body.motion.length_with_rear_at(self.under.position_um) for body in bodies)
        return length, max(box[1] for box in boxes if box), max(box[2] for box in boxes if box)
