"""The script, first half: what the hub does with parcels. Each chapter is a function over the running hub that does one
thing to it and looks at what comes of it.

A chapter returns what it has shown, in one sentence, and raises ClaimFailed where the hub did not do what it claims.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from hub_config.i18n import texts
from hub_config.rules import load_rules
from simulators.practice import HUB, RULES, declarations
from simulators.tour.close_pair import ByTime, ClosePair, by_time, drawing_of
from simulators.tour.look import FREE_LANE, Look
from simulators.tour.play import ClaimFailed, Play, claim
from simulators.tour.stage import Drawing

STARTS_S: Final = 40.0
"""Until the hub runs and its first parcels have passed, on a busy computer."""
PASSES_S: Final = 30.0
"""Until a parcel that has entered has left."""
NOTICED_S: Final = 10.0
"""Until a device that was unplugged, or is back, is told of."""
WORDS: Final = texts("en")
SHOWN_LANES: Final = (FREE_LANE, "hold", "manual")
"""With or without a parcel; others once they have one."""


def flow(play: Play) -> str:
    """Until the close pair comes."""

    def drawn(found: Look) -> Drawing:
        lanes = dict.fromkeys(SHOWN_LANES, 0)
        for one in found.gone:
            lanes[one.lane] = lanes.get(one.lane, 0) + 1
        names = {lane: WORDS.get(f"lane.{lane}", lane) for lane in lanes}
        lines = tuple(f"{names[lane]:16} {count:4}" for lane, count in lanes.items())
        data = [{"lane": lane, "name": names[lane], "count": count} for lane, count in lanes.items()]
        return Drawing("flow", {"lanes": data}, lines)

    play.drawn = drawn
    found = play.until(
        lambda now: _is_down(now, play.pairs[0].first.number), STARTS_S, "the pair on the belt"
    )
    free = [one for one in found.gone if one.lane == FREE_LANE]
    claim(bool(free), "no parcel was released")
    claim(play.stage.truth.wrong_release == 0, "a parcel was released wrongly")
    return (
        f"{len(found.gone)} parcels have left, {len(free)} of them by the free lane, none of those wrongly."
    )


def _is_down(found: Look, number: int) -> bool:
    body = found.body(number)
    return body is not None and body.entered is not None


# Two parcels 60 mm apart ------------------------------------------------------------------------------


def close_pair(play: Play) -> str:
    """The first pair that the gateway has in sight; it has each, unless the computer is too busy for its board."""
    for pair in play.pairs:
        told = _one_pair(play, pair)
        if told is not None:
            return told
    raise ClaimFailed(f"of {len(play.pairs)} pairs the gateway told no rivals")


def _one_pair(play: Play, pair: ClosePair) -> str | None:
    """None: the gateway did not see it."""
    numbers = (pair.first.number, pair.second.number)
    items: dict[int, int] = {}
    claims: dict[str, dict[int, int]] = {}
    reasons: dict[int, str] = {}

    def noted(found: Look) -> Drawing:
        note_claims(found, numbers, items, claims)
        for number in numbers:
            body = found.body(number)
            if body is not None and body.item is not None and body.item["reasons"]:
                reasons[number] = str(body.item["reasons"][0])
        return _pair_drawing(play, pair, claims, reasons, found, ())

    play.drawn = noted
    play.until(lambda now: all(_has_left(now, one) for one in numbers), PASSES_S, "the end of the pair's way")
    theirs = _by_time(play, numbers)
    play.drawn = lambda found: _pair_drawing(play, pair, claims, reasons, found, theirs)
    found = play.look()
    hold = play.hub.hub.config.lines[0].end.lane
    lanes = [body.lane for number in numbers if (body := found.body(number)) is not None]
    claim(
        lanes == [hold, hold], f"the two parcels went to {' and '.join(map(str, lanes))}, not both to {hold}"
    )
    if not any(len(of) > 1 for of in claims.values()):
        return None
    wrong = sum(one.released and not one.right for one in theirs)
    sure = max((p_ppm for of in claims.values() for p_ppm in of.values()), default=0)
    return (
        f"Both held: the surest name had p = {sure / 1e6:.3f}, and 0.99999 is wanted. "
        f"By time, {wrong} of the two would have been released on the other one's clearance."
    )


def note_claims(
    found: Look, numbers: tuple[int, int], items: dict[int, int], claims: dict[str, dict[int, int]]
) -> None:
    """Adds to `claims`, of each code in doubt, p in ppm by parcel. The gateway counts its items by itself: `items`
    keeps which of them is which parcel, as one of the two may be out of its sight before the other."""
    pair = [one for one in found.bodies if one.number in numbers and one.item is not None]
    for body in pair:
        if body.item is not None:
            items[body.item["number"]] = body.number
    for body in pair:
        for doubt in body.item["in_doubt"] if body.item is not None else ():
            of = claims.setdefault(doubt["code"], {})
            of.update(
                (items[one["number"]], one["p_ppm"]) for one in doubt["claims"] if one["number"] in items
            )


def _has_left(found: Look, number: int) -> bool:
    body = found.body(number)
    return body is not None and body.lane is not None


def _by_time(play: Play, numbers: tuple[int, int]) -> tuple[ByTime, ...]:
    hub = play.hub
    assert hub.line is not None, "the tour's hub has a belt"
    conveyor = hub.line.conveyor
    bodies = hub.devices.ask(lambda: list(conveyor.bodies))
    u_mg = hub.hub.config.device(conveyor.line.scale.device).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
    told = by_time(
        bodies, numbers, conveyor.line, u_mg, load_rules(RULES), declarations(hub.parcels), HUB,
        time.time_ns() // 1_000,
    )  # fmt: skip
    return tuple(told)


def _pair_drawing(
    play: Play, pair: ClosePair, claims: Mapping[str, Mapping[int, int]], reasons: Mapping[int, str], found: Look,
    theirs: tuple[ByTime, ...],
) -> Drawing:  # fmt: skip
    data: dict[str, Any] = drawing_of(pair, play.hub.hub.config.lines[0], claims)
    ours, by_clock = [], []
    for number in (pair.first.number, pair.second.number):
        body = found.body(number)
        reason = reasons.get(number)
        ours.append({
            "number": number,
            "lane": None if body is None else body.lane,
            "reason": None if reason is None else WORDS[f"reason.{reason}"],
        })  # fmt: skip
    for one in theirs:
        by_clock.append(
            {"number": one.number, "codes": list(one.codes), "released": one.released, "right": one.right}
        )
    data |= {"ours": ours, "by_time": by_clock}
    return Drawing("pair", data, tuple(_pair_lines(data)))


def _pair_lines(data: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{data['gap_um'] // 1000} mm apart; the label of parcel {data['parcels'][0]['number']} can't be read"
    ]
    for one in data["claims"]:
        shares = ", ".join(f"parcel {number} p {p_ppm / 1e6:.3f}" for number, p_ppm in one["claims"])
        lines.append(f"code {one['code']}: {shares}")
    for one in data["ours"]:
        lines.append(
            f"here     parcel {one['number']}: {one['lane'] or 'on the belt'} {one['reason'] or ''}".rstrip()
        )
    for one in data["by_time"]:
        what = f"released as {', '.join(one['codes'])}" if one["released"] else "held"
        wrong = ": WRONG" if one["released"] and not one["right"] else ""
        lines.append(f"by time  parcel {one['number']}: {what}{wrong}")
    return lines


# The scale of the bench --------------------------------------------------------------------------------


def scale_unplugged(play: Play) -> str:
    hub = play.hub
    scale = hub.hub.config.benches[0].scale
    plugged = [True]

    def drawn(found: Look) -> Drawing:
        return _bench_drawing(found, scale, plugged=plugged[0])

    play.drawn = drawn
    hub.devices.unplug("scale")
    plugged[0] = False
    play.until(lambda now: _is_down_at_bench(now, scale), NOTICED_S, f"a word that {scale} is away")
    placed = _placed(play.look())
    found = play.read(5)
    claim(_is_down_at_bench(found, scale), f"the bench went on without {scale}")
    claim(_placed(found) == placed, "a parcel left the bench without a scale")
    hub.devices.replug("scale")
    plugged[0] = True
    play.until(lambda now: _placed(now) > placed, PASSES_S, "a parcel weighed by the scale that is back")
    return f"The station named {scale}, let no parcel go without a weight, and went on by itself."


def _is_down_at_bench(found: Look, device: str) -> bool:
    return found.bench is not None and found.bench["state"] == "fault" and found.bench["device"] == device


def _placed(found: Look) -> int:
    """Parcels that have left the bench: those of the belt are bodies."""
    belt = {one.number for one in found.bodies}
    return sum(one.number not in belt for one in found.gone)


def _bench_drawing(found: Look, scale: str, *, plugged: bool) -> Drawing:
    view = found.bench
    state = "fault" if view is None else str(view["state"])
    instruction = ""
    if view is not None:
        instruction = WORDS[f"instruction.{view['instruction']}"].format(
            bay=view["bay"] or "-", device=view["device"] or "-"
        )
    data = {
        "scale": scale, "plugged": plugged, "state": state, "word": WORDS[f"state.{state}"],
        "instruction": instruction, "placed": _placed(found),
    }  # fmt: skip
    cable = "plugged in" if plugged else "UNPLUGGED"
    lines = (f"{scale}: {cable}", f"the station says: {data['word']}. {instruction}")
    return Drawing("bench", data, lines)
