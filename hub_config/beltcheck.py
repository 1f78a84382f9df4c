"""Whether the places along a belt can work: in order, on the belt, and with time for the coordinator's answer.

A parcel enters at the first beam, is read and weighed, is looked at once more, and then is diverted or runs to the
end. Distances follow conveyor-io §4 and the deadline of the clearance contract §5. Of one valid line only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hub_config.finding import Finding, KeyPath, show
from hub_config.lines import Diverter, Line
from hub_config.names import MILLISECOND
from hub_config.units import as_text

LANE_BEAM_MAX_UM: Final = 20_000_000
"""A beam further behind its diverter belongs to some other place: the push would long have been given up."""

_ENTERS: Final = "a parcel enters at the first beam, then is read and weighed"
_MEASURED: Final = "a parcel is read and weighed before it is diverted"
_LAST: Final = "the end beam is the last thing on the belt"
_LISTED: Final = "the beams of a belt are listed in their order"


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    near_um: int
    far_um: int
    """The same, but for a reader, which sees a window."""
    path: KeyPath

    @property
    def place(self) -> str:
        if self.near_um == self.far_um:
            return f"at {_mm(self.near_um)}"
        return f"from {_mm(self.near_um)} to {_mm(self.far_um)}"

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"


@dataclass(frozen=True, slots=True)
class _Order:
    before: _Part
    after: _Part
    why: str

    @property
    def broken(self) -> bool:
        return self.before.far_um >= self.after.near_um


class _Places:
    """The parts of one line with their paths in the file; beams as listed there, without those inside lanes."""

    def __init__(self, line: Line, path: KeyPath) -> None:
        inside = {one.beam for one in line.diverters}
        beams = {
            beam.id: _part("beam", beam.id, beam.position_um, 0, (*path, "beams", number))
            for number, beam in enumerate(line.beams)
        }
        self.lane_beams = [beams[one.beam] for one in line.diverters]
        self.beams = [part for beam, part in beams.items() if beam not in inside]
        self.end = beams[line.end.beam]
        triggers = [line.scale.beam, *([] if line.dimensioner is None else [line.dimensioner.beam])]
        self.triggers = [beams[beam] for beam in dict.fromkeys(triggers)]
        """Of scale and dimensioner."""
        self.readers = [
            _part("reader", one.device, one.position_um, one.window_um, (*path, "readers", number))
            for number, one in enumerate(line.readers)
        ]
        self.diverters = [
            _part("diverter", one.id, one.position_um, 0, (*path, "diverters", number))
            for number, one in enumerate(line.diverters)
        ]

    @property
    def on_belt(self) -> list[_Part]:
        return [*self.beams, *self.readers, *self.diverters]

    def orders(self) -> Iterator[_Order]:
        """What comes before what."""
        for part in self.on_belt:
            if part is not self.end:
                yield _Order(part, self.end, _LAST)
        listed = [beam for beam in self.beams if beam is not self.end]
        entry = listed[0]
        yield from (_Order(entry, part, _ENTERS) for part in self.readers)
        if entry in self.triggers:
            yield _Order(entry, entry, _ENTERS)
        for part in (*self.readers, *self.triggers):
            yield from (_Order(part, diverter, _MEASURED) for diverter in self.diverters)
        for number, beam in enumerate(listed):
            why = _LISTED if number else _ENTERS
            yield from (_Order(beam, later, why) for later in listed[number + 1 :])


def limit_findings(line: Line, path: KeyPath) -> Iterator[Finding]:
    """Limits of a line that contradict each other."""
    if line.min_length_um >= line.max_length_um:
        limit = f"below max_length, {_mm(line.max_length_um)}"
        yield _too_high((*path, "min_length"), _mm(line.min_length_um), limit, "swap or correct them")
    needed = min(line.gap_needed_um(one) for one in line.diverters)
    if line.min_gap_um >= needed:
        limit = f"below the gap that a diverter needs, {_mm(needed)}"
        todo = "lower min_gap: two parcels this far apart would be taken for one"
        yield _too_high((*path, "min_gap"), _mm(line.min_gap_um), limit, todo)
    for key, one in (("scale", line.scale), ("dimensioner", line.dimensioner)):
        if one is not None and one.earliest_ms >= one.latest_ms:
            limit, earliest = f"below latest, {as_text(one.latest_ms, 'ms')}", as_text(one.earliest_ms, "ms")
            yield _too_high((*path, key, "earliest"), earliest, limit, "swap or correct earliest and latest")


def belt_findings(line: Line, path: KeyPath) -> list[Finding]:
    """Of a line whose beams are all there. What is misplaced is not calculated with: no knock-on faults."""
    places = _Places(line, path)
    found = [*_extent_findings(line, places, path), *_same_place_findings(places.beams)]
    found += _order_findings(list(places.orders()), {finding.path for finding in found})
    found += _lane_beam_findings(line, places, {finding.path for finding in found})
    if found:
        return found
    looks = [*_last_look_findings(line, places, path)] or [*_late_beam_findings(line, places)]
    return [*_deadline_findings(line, places), *looks]


def _extent_findings(line: Line, places: _Places, path: KeyPath) -> Iterator[Finding]:
    """Everything lies on the belt. If much does not, the belt's length is the faulty number."""
    length = line.belt.length_um
    past = [part for part in places.on_belt if part.far_um > length]
    if len(past) > 1:
        last = max(past, key=lambda part: part.far_um)
        what = f"the belt ends at {_mm(length)}, before {len(past)} of its parts"
        todo = "correct the length, or the positions"
        yield Finding((*path, "belts", 0, "length"), what, f"the last is {last}", todo)
    for part in places.on_belt:
        if part.near_um < 0 or (part in past and len(past) == 1):
            yield Finding(part.path, *_past(part, length))


def _past(part: _Part, length_um: int) -> tuple[str, str, str]:
    limit = f"the belt is from 0 mm to {_mm(length_um)}"
    if part.near_um == part.far_um:
        return f"{part} is past the end of the belt", limit, "correct the position, or the length of the belt"
    return f"the window of {part} reaches past the belt", limit, "correct the position, or narrow the window"


def _same_place_findings(beams: Sequence[_Part]) -> Iterator[Finding]:
    first: dict[int, _Part] = {}
    for beam in beams:
        other = first.setdefault(beam.near_um, beam)
        if other is not beam:
            what = f"{beam} is where {other.name} is"
            yield Finding(beam.path, what, "one place on the belt each", "correct one of the positions")


def _order_findings(orders: list[_Order], doubted: set[KeyPath]) -> Iterator[Finding]:
    """One finding a misplaced part: always the part that disagrees with most others is the misplaced one."""
    broken = [
        order for order in orders if order.broken and not {order.before.path, order.after.path} & doubted
    ]
    while broken:
        parts = [part for order in broken for part in (order.after, order.before)]
        counts = Counter(part.path for part in parts)
        worst = max(parts, key=lambda part: counts[part.path])
        mine = [order for order in broken if worst in (order.before, order.after)]
        order = next((one for one in mine if one.before is not one.after), mine[0])
        if order.before is order.after:
            what = f"no beam is before {worst}"
        elif worst is order.after:
            what = f"{worst} is not behind {order.before}"
        else:
            what = f"{worst} is not before {order.after}"
        yield Finding(worst.path, what, order.why, "correct one of the positions")
        broken = [order for order in broken if order not in mine]


def _lane_beam_findings(line: Line, places: _Places, doubted: set[KeyPath]) -> Iterator[Finding]:
    for one, part, beam in zip(line.diverters, places.diverters, places.lane_beams, strict=True):
        if part.path in doubted:
            continue
        way = beam.near_um - one.position_um
        if way <= 0:
            what, limit = f"{beam} is not behind {part}", f"it is the beam inside lane {show(one.lane)}"
        elif way > LANE_BEAM_MAX_UM:
            what, limit = f"{beam} is {_mm(way)} behind {part}", f"at most {_mm(LANE_BEAM_MAX_UM)}"
        else:
            continue
        todo = "count its position from where the belt begins, through the diverter, into the lane"
        yield Finding(beam.path, what, limit, todo)


def _deadline_findings(line: Line, places: _Places) -> Iterator[Finding]:
    for one, part in zip(line.diverters, places.diverters, strict=True):
        time_ns = line.answer_time_ns(one)
        if time_ns >= 0:
            continue
        seconds = time_ns // (10 * MILLISECOND) / 100
        what = f"the coordinator would have {seconds:.2f} s for its decision at {part.name}"
        limit = (
            f"a parcel is measured when its front is at {_mm(line.measured_by_um)},"
            f" and its point of no return is at {_mm(line.no_return_um(one))}"
        )
        todo = "move the diverter down the belt, slow the belt, or shorten order_lead"
        yield Finding(part.path, what, limit, todo)


def _late_beam_findings(line: Line, places: _Places) -> Iterator[Finding]:
    """The last beam before a point of no return must have seen the parcel, which may come later than expected."""
    for one, part in zip(line.diverters, places.diverters, strict=True):
        point = line.no_return_um(one)
        for beam in places.beams:
            if point - line.tolerance_um < beam.near_um <= point:
                what = (
                    f"{beam} is only {_mm(point - beam.near_um)} before the point of no return of {part.name}"
                )
                limit = (
                    f"a parcel may come {_mm(line.tolerance_um)} late (tolerance), and would run to the end"
                )
                yield Finding(beam.path, what, limit, f"move the beam to {_mm(point - line.tolerance_um)}")


def _last_look_findings(line: Line, places: _Places, path: KeyPath) -> Iterator[Finding]:
    """A parcel and the gaps around it are seen once more, after it was measured and before it is diverted.

    Said of the diverter that needs it soonest: a beam that serves this one serves all.
    """
    timely = [one for one in line.diverters if line.answer_time_ns(one) >= 0]
    if not timely:
        return
    soonest = min(timely, key=lambda one: _look_by_um(line, one))
    behind = max(part.far_um for part in (*places.readers, *places.triggers))
    latest = _look_by_um(line, soonest)
    if any(behind < beam.near_um <= latest for beam in places.beams):
        return
    what = f"no beam sees a parcel once more before diverter {show(soonest.id)}"
    if latest > behind:
        limit = f"one is wanted behind {_mm(behind)}, where it is measured, and up to {_mm(latest)}"
        todo = "move or add a beam there, or move the diverter down the belt"
    else:
        limit = (
            f"it would have to be behind {_mm(behind)}, where a parcel is measured, but up to {_mm(latest)}"
        )
        todo = "move the diverter down the belt"
    yield Finding((*path, "beams"), what, limit, todo)


def _look_by_um(line: Line, diverter: Diverter) -> int:
    """A beam up to here has seen the rear of the longest parcel, and the gap behind it, before the point of no
    return."""
    return line.no_return_um(diverter) - line.max_length_um - line.gap_needed_um(diverter)


def _part(noun: str, name: str, at_um: int, window_um: int, path: KeyPath) -> _Part:
    return _Part(f"{noun} {show(name)}", at_um - window_um, at_um + window_um, (*path, "position"))


def _mm(um: int) -> str:
    return f"{Decimal(um) / 1000:f} mm"


def _too_high(path: KeyPath, said: str, limit: str, todo: str) -> Finding:
    return Finding(path, f'"{said}" is too high', limit, todo)
