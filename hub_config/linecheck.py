"""What must fit between the parts of one belt line: names, channels, lanes. Places along the belt are `beltcheck`'s.

With every output at its safe level a parcel runs to the belt's end: so the end is the fail-safe lane, and what leads
anywhere else has a diverter (architecture §6.3).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import ValidationError

from hub_config.beltcheck import belt_findings, limit_findings
from hub_config.finding import Finding, listed, show
from hub_config.lanecheck import FREE_LANE, SAFE_LANES, free_and_safe_findings
from hub_config.lines import Line
from hub_config.outline import DeviceSpots, LineSpots
from hub_config.seriescheck import series_findings
from hub_config.sidecheck import side_findings
from hub_config.spots import Spot, absent, twice
from hub_config.units import FROM_FILE
from hub_config.values import LANES, RECIRCULATE

LATE_LANES: Final = (RECIRCULATE, *SAFE_LANES)
"""Of a late decision (contract §5, deadline): once more, or where staff look."""
LINE_LANES: Final = (*LANES, RECIRCULATE)


def line_findings(line: LineSpots, devices: Mapping[str, DeviceSpots]) -> Iterator[Finding]:
    yield from twice(line.identifiers, "rank", "remove it here")
    whole = _by_itself(line)
    yield from _board_findings(line, whole, devices)
    yield from _lane_findings(line)
    named = [*_id_findings(line), *_beam_findings(line)]
    yield from named
    if whole is not None:
        yield from limit_findings(whole, line.path)
        if not named:
            in_series = series_findings(whole, line.path) or side_findings(whole, line.path, devices)
            yield from in_series or belt_findings(whole, line.path)


def _by_itself(line: LineSpots) -> Line | None:
    """None: it has faults of its own, which the whole file's model tells."""
    try:
        return Line.model_validate(line.table, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError:
        return None


def _board_findings(
    line: LineSpots, whole: Line | None, devices: Mapping[str, DeviceSpots]
) -> Iterator[Finding]:
    """Every channel is wired to one thing, and a beam's to an input that the board reads as a beam."""
    beams = [beam.channel for beam in line.beams or ()]
    yield from twice(beams, "beam a channel", "correct one of them")
    diverted = (diverter.channel for diverter in line.diverters or ())
    yield from twice(diverted, "diverter a channel", "correct one of them")
    names = [line.board.text if line.board else None] * len(beams)
    if line.belt_boards:
        names = [None if whole is None else _board_of(whole, beam) for beam in range(len(beams))]
    for channel, name in zip(beams, names, strict=True):
        board = devices.get(name) if name is not None else None
        if channel is None or board is None or board.id is None or board.inputs is None:
            continue
        inputs = board.inputs
        usable = [str(channel) for channel in sorted(inputs) if inputs[channel] == "beam"]
        if inputs.get(channel.number) not in (None, "encoder"):
            continue
        shown, limit = show(board.id.text), f"its inputs for beams are {listed(usable)}"
        if channel.number in inputs:
            what, todo = f"channel {channel.number} of {shown} is its encoder", "correct the channel"
        else:
            what = f"channel {channel.number} is no input of {shown}"
            todo = "correct the channel, or add it to the inputs of the board"
        yield Finding(channel.path, what, limit, todo)


def _board_of(line: Line, number: int) -> str:
    """Of a beam by its number in the file; those inside lanes are wired to the line's own."""
    beam = line.beams[number]
    belt = line.belts[line.belt_place(beam.position_um)]
    return line.board if belt is line.belt or beam not in line.belt_beams else line.board_of(belt)


def _id_findings(line: LineSpots) -> Iterator[Finding]:
    yield from twice((beam.id for beam in line.beams or ()), "id", "give this beam another id")
    yield from twice((one.id for one in line.diverters or ()), "id", "give this diverter another id")


def _beam_findings(line: LineSpots) -> Iterator[Finding]:
    """Scale and end have a beam of the belt each, the dimensioner has one too, which may be the scale's; every diverter
    has one inside its lane."""
    if line.beams is None or any(beam.id is None for beam in line.beams):
        return
    known = [beam.id.text for beam in line.beams if beam.id]
    diverters = line.diverters or ()
    inside = {one.beam.text: one for one in diverters if one.beam}
    belt_uses = (
        (line.scale_beam, "the scale's trigger"),
        (line.dimensioner_beam, "the dimensioner's trigger"),
        (line.end_beam, "the belt's end"),
    )
    for spot in (*(spot for spot, _ in belt_uses), *(one.beam for one in diverters)):
        if spot and spot.text not in known:
            yield absent(spot, "beam", known, "add it to the beams of this line")
    for spot, noun in belt_uses:
        if spot and spot.text in known and spot.text in inside:
            taker = inside[spot.text]
            owner = f"diverter {show(taker.id.text)}" if taker.id else "a diverter"
            what = f"{show(spot.text)} is the beam inside the lane of {owner}"
            todo = "name another beam here, or at the diverter"
            yield Finding(spot.path, what, f"{noun} is a beam on the belt", todo)
    on_belt = (spot for spot in (line.end_beam, line.scale_beam) if spot and spot.text in known)
    yield from twice(on_belt, "use a beam", "name another beam here")
    on_end = (spot for spot in (line.end_beam, line.dimensioner_beam) if spot and spot.text in known)
    yield from twice(on_end, "use a beam", "name another beam here")
    in_lanes = (one.beam for one in diverters if one.beam and one.beam.text in known)
    yield from twice(in_lanes, "lane a beam", "name the beam inside the lane of this diverter")


def _lane_findings(line: LineSpots) -> Iterator[Finding]:
    free, end, late = line.free_lane, line.end_lane, line.late_lane
    yield from free_and_safe_findings(free, end, "lane")
    ends_safe = end is not None and end.text in SAFE_LANES
    exits = [one.lane for one in line.diverters or ()]
    chutes = [*exits, end] if ends_safe else exits
    yield from twice(chutes, "chute a lane", "give this one another lane, or remove it")
    bays = [*(one.bay for one in line.diverters or ()), line.end_bay]
    yield from twice(bays, "name", "give this bay another name")
    lanes = [lane.text for lane in exits if lane]
    # With a lane that can't be read, the missing lane may be the misspelt one.
    all_read = line.diverters is not None and len(lanes) == len(exits) and set(lanes) <= set(LINE_LANES)
    if all_read and free and free.text == FREE_LANE and FREE_LANE not in lanes:
        what = f"no diverter leads to the free lane {show(free.text)}"
        limit = f"diverters lead to {listed(lanes)}; the belt's end is for doubt"
        yield Finding((*line.path, "diverters"), what, limit, f'add a diverter with lane = "{free.text}"')
    if late:
        yield from _late_findings(late, free, [*lanes, end.text] if all_read and end else None)


def _late_findings(late: Spot, free: Spot | None, lanes: list[str] | None) -> Iterator[Finding]:
    if free and late.text == free.text:
        what = f"late_lane is the free lane, {show(late.text)}"
        limit = "doubt must never lead to the free lane"
    elif late.text in LINE_LANES and late.text not in LATE_LANES:
        what = f"late_lane is {show(late.text)}"
        limit = f"a late decision leads where a parcel is looked at again: {listed(LATE_LANES)}"
    elif late.text in LINE_LANES and lanes is not None and late.text not in lanes:
        what, limit = (
            f"nothing leads to late_lane {show(late.text)}",
            f"lanes of this line are {listed(lanes)}",
        )
        todo = f'add a diverter with lane = "{late.text}", or remove this line'
        yield Finding(late.path, what, limit, todo)
        return
    else:
        return
    yield Finding(late.path, what, limit, "remove this line: the fail-safe lane then is for late ones too")
