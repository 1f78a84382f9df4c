"""Whether belts in series can hand parcels over: end to end, each with its board, its hand-over beam and its own parts.

The next belt has a parcel for itself once more than the half of it lies there: so far behind the transfer its hand-over
beam stands, and no beam or view reaches into the stretch in which both belts may have it. Of one valid line only.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from hub_config.finding import Finding, KeyPath, show
from hub_config.lines import Belt, Line
from hub_config.units import as_text

HAND_OVER_MAX_UM: Final = 1_000_000
"""A hand-over beam stands at the most so far behind the first place that it can have."""


def series_findings(line: Line, path: KeyPath) -> list[Finding]:
    """None for a line of one belt, but for what only belts in series have."""
    found = [*_end_to_end(line, path), *_boards(line, path)]
    if found or len(line.belts) == 1:
        return found
    found = [*_hand_over_beams(line, path), *_between(line, path)]
    return found or [*_on_one_belt(line, path)]


def _end_to_end(line: Line, path: KeyPath) -> Iterator[Finding]:
    ends_um = 0
    for number, belt in enumerate(line.belts):
        if belt.start_um != ends_um:
            where = (*path, "belts", number, "start")
            before = f"belt {show(line.belts[number - 1].id)} ends at" if number else "the line begins at"
            kind = "a gap" if belt.start_um > ends_um else "an overlap"
            by = _mm(abs(belt.start_um - ends_um))
            what = f"belt {show(belt.id)} begins at {_mm(belt.start_um)}: {kind} of {by}"
            yield Finding(
                where,
                what,
                f"{before} {_mm(ends_um)}",
                f'write "{_mm(ends_um)}", or correct a length',
            )
        ends_um = belt.end_um


def _boards(line: Line, path: KeyPath) -> Iterator[Finding]:
    """Each encoder has its board: a board counts one encoder, and stamps beams with its count."""
    first: dict[str, str] = {}
    for number, belt in enumerate(line.belts):
        where = (*path, "belts", number, "board")
        last = number + 1 == len(line.belts)
        if last and belt.board not in (None, line.board):
            what = f"the last belt, {show(belt.id)}, has board {show(belt.board)}"
            limit = f"it is the line's own, {show(line.board)}, which switches the diverters"
            yield Finding(where, what, limit, "remove it here, or name it at the line")
            continue
        board = line.board_of(belt)
        if board in first:
            what = f"belt {show(belt.id)} has the board of belt {show(first[board])}, {show(board)}"
            yield Finding(where, what, "a board a belt: it counts one encoder", "name another board here")
        first.setdefault(board, belt.id)


def _hand_over_beams(line: Line, path: KeyPath) -> Iterator[Finding]:
    for number, belt in enumerate(line.belts[1:], 1):
        low_um = _has_it_um(line, belt)
        beams = line.beams_on(number)
        near = f"from {_mm(low_um)} to {_mm(low_um + HAND_OVER_MAX_UM)}"
        if not beams or beams[0].position_um > low_um + HAND_OVER_MAX_UM:
            first = (
                f"its first is {show(beams[0].id)} at {_mm(beams[0].position_um)}"
                if beams
                else "it has no beam"
            )
            what = f"belt {show(belt.id)} has no hand-over beam: {first}"
            todo = "add a beam there: it must see a parcel soon after it has gone over"
            yield Finding(
                (*path, "belts", number), what, f"the first beam of a belt in series is {near}", todo
            )


def _between(line: Line, path: KeyPath) -> Iterator[Finding]:
    """Where both belts may have a parcel nothing can say where it is."""
    half_um = line.max_length_um // 2
    for before, belt in pairwise(line.belts):
        low_um, high_um = belt.start_um - half_um - belt.takes_over_um, _has_it_um(line, belt)
        limit = (
            f"nothing from {_mm(low_um)} to {_mm(high_um)}, half of max_length and the slip beside the transfer"
            f" from belt {show(before.id)} to {show(belt.id)}"
        )
        parts = [
            (f"beam {show(one.id)}", one.position_um, 0, (*path, "beams", line.beams.index(one), "position"))
            for one in line.belt_beams
        ]
        parts += [
            (
                f"the view of {show(one.device)}",
                one.position_um,
                one.window_um,
                (*path, "readers", n, "position"),
            )
            for n, one in enumerate(line.readers)
        ]
        parts += [
            (f"diverter {show(one.id)}", one.position_um, 0, (*path, "diverters", n, "position"))
            for n, one in enumerate(line.diverters)
        ]
        for name, um, window_um, where in parts:
            if low_um < um + window_um and um - window_um < high_um:
                yield Finding(
                    where, f"{name} is on a transfer, at {_mm(um)}", limit, "move it along the line"
                )


def _on_one_belt(line: Line, path: KeyPath) -> Iterator[Finding]:
    """Readers and scale on one belt, with time to tell; the diverters on the last."""
    place, last = line.reading_place, len(line.belts) - 1
    reading = line.belts[place]
    for number, one in enumerate(line.readers):
        if line.belt_place(one.position_um) != place:
            what = f"reader {show(one.device)} is on belt {show(line.belts[line.belt_place(one.position_um)].id)}"
            limit = f"readers stand over the belt of the scale, {show(reading.id)}"
            yield Finding((*path, "readers", number, "position"), what, limit, "move it, or the scale's beam")
    if (
        line.dimensioner is not None
        and line.belt_place(line.beam(line.dimensioner.beam).position_um) != place
    ):
        limit = f"it stands on the belt of the scale, {show(reading.id)}"
        yield Finding(
            (*path, "dimensioner", "beam"), "the dimensioner is on another belt", limit, "name a beam there"
        )
    for number, diverter in enumerate(line.diverters):
        if line.belt_place(diverter.position_um) != last:
            belt = line.belts[line.belt_place(diverter.position_um)]
            what = f"diverter {show(diverter.id)} is on belt {show(belt.id)}"
            limit = f"diverters are on the last belt, {show(line.belt.id)}, from {_mm(line.belt.start_um)}"
            yield Finding((*path, "diverters", number, "position"), what, limit, "move it down the line")
    if place == last:
        return
    behind = line.belts[place + 1]
    leaves_um = behind.start_um + line.max_length_um // 2 - behind.takes_over_um
    if line.measured_by_um > leaves_um:
        what = f"a parcel may leave belt {show(reading.id)} before it is read and weighed"
        limit = (
            f"the longest leaves it when its front is at {_mm(leaves_um)}, and is measured at"
            f" {_mm(line.measured_by_um)}"
        )
        todo = f"lengthen belt {show(reading.id)}, or move readers and scale up the line"
        yield Finding((*path, "belts", place, "length"), what, limit, todo)


def _has_it_um(line: Line, belt: Belt) -> int:
    """From there on a front is that of a parcel which this belt alone carries."""
    return belt.start_um + line.max_length_um // 2 + belt.takes_over_um


def _mm(um: int) -> str:
    return as_text(um, "um") if um % 1_000 else f"{um // 1_000} mm"
