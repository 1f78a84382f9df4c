"""What a scale needs that its protocol does not send: a unit."""

from collections.abc import Iterator, Mapping

from hub_config.finding import Finding, show


def unit_findings(devices: object) -> Iterator[Finding]:
    """`devices`: as in the file. A scale without a unit on the wire and in the file has numbers, and no weights."""
    for place, table in enumerate(devices if isinstance(devices, list) else ()):
        if isinstance(table, dict) and "unit" not in table and _sends_none(table):
            what = f"a scale of kind {show(str(table['kind']))} that is set so sends no unit"
            limit = "without one its numbers are no weights"
            yield Finding(("devices", place), what, limit, 'write for example unit = "kg"')


def _sends_none(table: Mapping[str, object]) -> bool:
    match table.get("kind"):
        case "toledo-8217" | "cas-10":
            return True
        case "and":
            return table.get("format") == "nu"
        case "mt-continuous":
            return table.get("unit_from") == "config"
        case _:
            return False
