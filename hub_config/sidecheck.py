"""Whether side belts can bring parcels to a line: where they join, what stands over them, and how it is wired.

A side belt hands over as a belt in series does, where one of those begins: so that one has a hand-over beam already
(`seriescheck`), which sees the parcels of both. Whose a code is must be asked behind it, where all of them are on one
belt. Of one line that is valid without its side belts.
"""

from collections.abc import Iterator, Mapping

from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.lines import Beam, Line, SideBelt
from hub_config.outline import DeviceSpots
from hub_config.units import as_text


def side_findings(line: Line, path: KeyPath, devices: Mapping[str, DeviceSpots]) -> list[Finding]:
    found = [*_names(line, path), *_joints(line, path)]
    for number, side in enumerate(line.sides):
        where = (*path, "sides", number)
        found += [*_beams(line, side, where), *_inputs(side, where, devices.get(side.board))]
    return found


def _names(line: Line, path: KeyPath) -> Iterator[Finding]:
    """Belts and beams are told apart by their ids, beams also by their channels, on whichever board."""
    belts = {belt.id for belt in line.belts}
    beams = {beam.id for beam in line.beams}
    channels = {beam.channel for beam in line.beams}
    for number, side in enumerate(line.sides):
        where = (*path, "sides", number)
        if side.id in belts:
            what = f"{show(side.id)} is another belt of this line too"
            yield Finding((*where, "id"), what, "one id each", "give this belt another id")
        belts.add(side.id)
        for place, beam in enumerate(side.beams):
            if beam.id in beams:
                what = f"{show(beam.id)} is another beam of this line too"
                yield Finding(
                    (*where, "beams", place, "id"), what, "one id each", "give this beam another id"
                )
            if beam.channel in channels:
                what = f"channel {beam.channel} is another beam's of this line too"
                limit = "a line knows its beams by their channels, on whichever board"
                yield Finding(
                    (*where, "beams", place, "channel"), what, limit, "wire this beam to another channel"
                )
            beams.add(beam.id)
            channels.add(beam.channel)


def _joints(line: Line, path: KeyPath) -> Iterator[Finding]:
    """At the begin of a belt in series, and before anything is read."""
    may = [belt.id for belt in line.belts[1 : line.reading_place + 1]]
    for number, side in enumerate(line.sides):
        if side.joins in may:
            continue
        known = [belt.id for belt in line.belts]
        what = f"side belt {show(side.id)} joins {show(side.joins)}"
        if not may:
            limit = "a side belt joins where one belt takes over from another, before anything is read: here none does"
            todo = "let the belt of readers and scale begin behind the merge, as a belt of its own in series"
        else:
            told = "" if side.joins in known else f"; the belts of this line are {listed(known)}"
            limit = f"it joins one that takes over from another, up to the belt of readers and scale{told}"
            todo = f"write {listed(may)}"
        yield Finding((*path, "sides", number, "joins"), what, limit, todo)


def _beams(line: Line, side: SideBelt, where: KeyPath) -> Iterator[Finding]:
    """In their order, and before the stretch in which the next belt may have the parcel."""
    free_um = side.length_um - line.max_length_um // 2 - side.slip_um
    before: Beam | None = None
    for place, beam in enumerate(side.beams):
        path = (*where, "beams", place, "position")
        if before is not None and beam.position_um <= before.position_um:
            what = f"beam {show(beam.id)} is not behind beam {show(before.id)}"
            yield Finding(
                path, what, "the beams of a belt are listed in their order", "correct one of the positions"
            )
        if beam.position_um > free_um:
            what = (
                f"beam {show(beam.id)} is on a transfer, at {_mm(beam.position_um)} of belt {show(side.id)}"
            )
            limit = f"nothing behind {_mm(free_um)}: half of max_length and the slip before its end"
            yield Finding(path, what, limit, "move it up the belt, or lengthen that")
        before = beam


def _inputs(side: SideBelt, where: KeyPath, board: DeviceSpots | None) -> Iterator[Finding]:
    if board is None or board.inputs is None:
        return  # told where the board is named
    usable = [str(channel) for channel, use in sorted(board.inputs.items()) if use == "beam"]
    for place, beam in enumerate(side.beams):
        if board.inputs.get(beam.channel) != "beam":
            what = f"channel {beam.channel} is no input of {show(side.board)} for a beam"
            limit = f"its inputs for beams are {listed(usable)}"
            todo = "correct the channel, or the inputs of the board"
            yield Finding((*where, "beams", place, "channel"), what, limit, todo)


def _mm(um: int) -> str:
    return as_text(um, "um") if um % 1_000 else f"{um // 1_000} mm"
