"""What must fit between a belt line and a board that is polled: how far the belt goes between two looks, its coils."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from hub_config.finding import Finding, KeyPath, show
from hub_config.lines import Line
from hub_config.modbus import ModbusIoConfig
from hub_config.outline import LineSpots
from hub_config.units import FROM_FILE, as_text


def modbus_findings(line: LineSpots, tables: Mapping[str, Mapping[str, object]]) -> Iterator[Finding]:
    """`tables`: of the file's devices by id."""
    try:
        whole = Line.model_validate(line.table, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError:
        return
    belts = [(("belts", place), one.speed_mm_s, whole.board_of(one)) for place, one in enumerate(whole.belts)]
    belts += [(("sides", place), one.speed_mm_s, one.board) for place, one in enumerate(whole.sides)]
    for path, speed_mm_s, name in belts:
        block = _block(tables.get(name, {}))
        if block is None:
            continue
        # An edge lies anywhere between two polls, and a little more (conveyor-io §3).
        blind_um = 2 * speed_mm_s * block.poll_ms
        least_um = min(whole.tolerance_um, 2 * whole.min_gap_um, 2 * whole.min_length_um)
        if blind_um > least_um:
            what = f"in two polls of {show(name)} the belt comes {as_text(blind_um, 'um')} far"
            limit = f"at most {as_text(least_um, 'um')}: tolerance, and twice min_gap and min_length"
            yield Finding((*line.path, *path, "speed"), what, limit, "poll more often, or raise tolerance")
        yield from _late_findings(whole, block, speed_mm_s, (*line.path, *path, "speed"))
    yield from _output_findings(whole, line, _block(tables.get(whole.board, {})))


def _late_findings(whole: Line, block: ModbusIoConfig, speed_mm_s: int, path: KeyPath) -> Iterator[Finding]:
    """Of a longer patience than the usual: an edge is then known to half of it, and without counters what came and went
    meanwhile is not seen at all."""
    if block.lost_after_ms is None:
        return
    way_um, least_um, named = speed_mm_s * block.lost_after_ms, 2 * whole.tolerance_um, "twice tolerance"
    if not block.counts_every_beam:
        least_um = min(least_um, whole.min_gap_um, whole.min_length_um)
        named += ", min_gap and min_length: not every beam is counted"
    if way_um > least_um:
        what = f"in the lost_after of {show(block.id)} the belt comes {as_text(way_um, 'um')} far"
        limit = f"at most {as_text(least_um, 'um')}: {named}"
        yield Finding(
            path, what, limit, "shorten lost_after, or raise those if no gap and no parcel is as short"
        )


def _output_findings(whole: Line, line: LineSpots, block: ModbusIoConfig | None) -> Iterator[Finding]:
    for number, diverter in enumerate(whole.diverters):
        if block is not None and diverter.channel >= block.outputs:
            what = f"channel {diverter.channel} is no output of {show(block.id)}"
            limit = f"it has {block.outputs} outputs, counted from 0"
            path = (*line.path, "diverters", number, "channel")
            yield Finding(path, what, limit, "correct it, or raise outputs")


def _block(table: Mapping[str, object]) -> ModbusIoConfig | None:
    if table.get("kind") != "modbus-io":
        return None
    try:
        return ModbusIoConfig.model_validate(table, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError:
        return None  # it has faults of its own
