"""What must fit between badges, benches that inspect, and the commands that staff scan."""

from collections.abc import Iterator, Mapping

from hub_config.badges import COMMANDS
from hub_config.finding import Finding, show


def badge_findings(data: Mapping[str, object]) -> Iterator[Finding]:
    """Of the raw file, whatever else is wrong with it."""
    badges, benches = _tables(data.get("badges")), _tables(data.get("benches"))
    first: dict[object, int] = {}
    for number, badge in enumerate(badges):
        digest = badge.get("digest")
        if first.setdefault(digest, number) != number:
            what = f"it is the badge of badges[{first[digest]}] again"
            yield Finding(
                ("badges", number, "digest"), what, "one badge is one person's", "remove one of them"
            )
    for place, bench in enumerate(benches):
        if bench.get("inspects") is True and not badges:
            what = "nobody has a badge to say what was found"
            todo = "add [[badges]]; hub badge draws one"
            yield Finding(("benches", place, "inspects"), what, "a finding takes a badge", todo)
        for spot, bay in enumerate(_tables(bench.get("bays"))):
            if bay.get("barcode") in COMMANDS:
                where = ("benches", place, "bays", spot, "barcode")
                what = f"{show(str(bay['barcode']))} is a command that staff scan"
                yield Finding(
                    where, what, f"not one of {', '.join(COMMANDS)}", "give this bay another barcode"
                )


def _tables(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []
