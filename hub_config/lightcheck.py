"""What must fit between stack lights and the rest: whose they are, and that nothing else has their outputs."""

from collections.abc import Iterator, Mapping, Sequence

from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.stack_lights import LAMPS

Table = Mapping[str, object]


def light_findings(data: Table) -> Iterator[Finding]:
    """Of the raw file; what can't be read has its own fault already."""
    lines, devices = _tables(data.get("lines")), _tables(data.get("devices"))
    shown = [_text(one, "id") for one in (*_tables(data.get("benches")), *lines)]
    boards = [board for line in lines for board in _boards(line)]
    outputs = {_text(one, "id"): one.get("outputs", 0) for one in devices if one.get("kind") == "modbus-io"}
    taken: dict[tuple[str, object], str] = {
        (_text(line, "board"), one.get("channel")): f"diverter {one.get('id')}"
        for line in lines
        for one in _tables(line.get("diverters"))
    }
    for number, light in enumerate(_tables(data.get("stack_lights"))):
        path: KeyPath = ("stack_lights", number)
        of, board = _text(light, "of"), _text(light, "board")
        if of and of not in shown:
            limit = f"benches and belt lines are {listed(shown)}"
            yield Finding(
                (*path, "of"), f"there is no bench or belt line {show(of)}", limit, "correct the name"
            )
        if board and board not in boards:
            what, limit = f"{show(board)} is no board of a line", f"boards are {listed(boards)}"
            yield Finding(
                (*path, "board"), what, limit, "name the board of a line: its outputs have a safe level"
            )
            continue
        yield from _channel_findings(light, path, board, taken, outputs.get(board))


def _channel_findings(
    light: Table, path: KeyPath, board: str, taken: dict[tuple[str, object], str], outputs: object
) -> Iterator[Finding]:
    for lamp in LAMPS:
        channel = light.get(lamp)
        if type(channel) is not int:
            continue
        user = taken.get((board, channel))
        if user is not None:
            what, limit = f"output {channel} of {board} is that of {user}", "one use each"
            yield Finding((*path, lamp), what, limit, "choose another output, and wire the lamp to it")
        elif isinstance(outputs, int) and channel >= outputs:
            what, limit = f"output {channel} is none of {board}", f"it has outputs = {outputs}"
            yield Finding((*path, lamp), what, limit, "raise outputs of the block, or correct the channel")
        taken[board, channel] = f"{lamp} of {light.get('of')}"


def _boards(line: Table) -> Iterator[str]:
    for table in (line, *_tables(line.get("belts")), *_tables(line.get("sides"))):
        if _text(table, "board"):
            yield _text(table, "board")


def _tables(value: object) -> Sequence[Table]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(table: Table, key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
