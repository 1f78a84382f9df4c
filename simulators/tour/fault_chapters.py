"""The script, second half: what happens when parts of the hub die or lie, and what it answers to questions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.rim.journal import JOURNAL_FILE, JournalReader
from simulators.tour.look import FREE_LANE, BodyNow, Look
from simulators.tour.parcel_chapters import PASSES_S, STARTS_S
from simulators.tour.play import ClaimFailed, Play, Said, claim, names
from simulators.tour.stage import Drawing
from simulators.tour.tampered import Flip, copy_journal, flip_byte

HELD_WANTED: Final = 4
"""Parcels that have entered and left without a broker."""
ON_BELT_WANTED: Final = 4
CLEARED_BEFORE_UM: Final = 6_000_000
"""Two metres before the first diverter, which gets its order later."""
DRAINS_S: Final = 30.0
BACKLOG_POINTS_MAX: Final = 300
"""Of its curve; the oldest go."""
COMMAND_LINES: Final = 24
AROUND: Final = 3
"""Events shown before and behind the one that was flipped."""


# The broker -----------------------------------------------------------------------------------------


def broker_stopped(play: Play) -> str:
    hub, curve = play.hub, list[tuple[float, int]]()
    began, first = play.now(), _last_number(play.look())
    without: list[BodyNow] = []
    """Those that have left before the broker was back."""

    def drawn(found: Look) -> Drawing:
        pending = play.stage.truth.pending
        if pending is not None:
            curve.append((play.now() - began, pending))
            del curve[:-BACKLOG_POINTS_MAX]
        return _backlog_drawing(curve, without or _left(_after(found, first)), broker=bool(without))

    play.drawn = drawn
    hub.broker.stop()
    first = _last_number(play.look())
    play.until(
        lambda now: len(_left(_after(now, first))) >= HELD_WANTED, STARTS_S, "parcels without a broker"
    )
    found = play.read_until(12)
    entered = _left(_after(found, first))
    astray = [one.number for one in entered if one.lane == FREE_LANE]
    claim(not astray, f"released without a broker: {names(astray)}")
    hub.broker.restart()
    without = entered
    through = found.books.journalled or 0
    began_draining = play.now()
    play.until(lambda now: (now.books.acknowledged or 0) >= through, DRAINS_S, "the end of the backlog")
    took = play.now() - began_draining
    backlog = max(pending for _, pending in curve)
    claim(backlog > 0, "no backlog grew")
    return (
        f"{len(entered)} parcels entered and left without a broker: all to HOLD. "
        f"Up to {backlog} events waited on the disk, and were acknowledged {took:.1f} s after the broker was back."
    )


def _last_number(found: Look) -> int:
    return max((one.number for one in found.bodies if one.entered is not None), default=0)


def _after(found: Look, number: int) -> list[BodyNow]:
    return [one for one in found.bodies if one.number > number]


def _left(bodies: Sequence[BodyNow]) -> list[BodyNow]:
    return [one for one in bodies if one.lane is not None]


def _backlog_drawing(curve: Sequence[tuple[float, int]], left: Sequence[BodyNow], *, broker: bool) -> Drawing:
    held = sum(one.lane != FREE_LANE for one in left)
    pending = curve[-1][1] if curve else 0
    data = {
        "curve": [[round(at, 2), count] for at, count in curve], "pending": pending, "broker": broker,
        "held": held, "released": len(left) - held,
    }  # fmt: skip
    lines = (
        f"broker: {'running' if broker else 'STOPPED'}",
        f"backlog on the disk: {pending:5} events  {'#' * min(60, pending // 2)}",
        f"entered and left without a broker: {held} to HOLD, {data['released']} released",
    )
    return Drawing("backlog", data, lines)


# The gateway ----------------------------------------------------------------------------------------


def gateway_killed(play: Play) -> str:
    hub, dead = play.hub, [False]
    riding: tuple[int, ...] = ()

    def drawn(found: Look) -> Drawing:
        bodies = [one for one in found.bodies if one.number in riding]
        return _killed_drawing(bodies, running=not dead[0], seen=found.page is not None)

    play.drawn = drawn
    found = play.until(
        lambda now: now.linked and _is_busy(now), STARTS_S, "parcels on the belt with a release"
    )
    riding = tuple(one.number for one in found.on_belt)
    before = found.books.journalled or 0
    play.asked = next(
        str(one.item["code"]) for one in found.on_belt if one.item is not None and _is_cleared(one)
    )
    hub.kill_gateway()
    dead[0] = True
    play.until(lambda now: now.page is None, STARTS_S, "silent pages")
    play.read(2)
    hub.start_gateway()
    dead[0] = False
    play.until(lambda now: now.linked, STARTS_S, "the gateway's return")
    found = play.until(
        lambda now: all(one.lane is not None for one in now.bodies if one.number in riding),
        PASSES_S,
        "an empty belt",
    )
    found = play.read_until(14)
    gone = {one.number: one for one in found.bodies if one.number in riding}
    released = [number for number, one in gone.items() if one.lane == FREE_LANE]
    releasable = {one.number for one in hub.parcels if one.releasable}
    wrong = [number for number in released if number not in releasable]
    claim(not wrong and play.stage.truth.wrong_release == 0, f"released wrongly: {names(wrong)}")
    claim((found.books.journalled or 0) >= before, "the journal has lost events")
    return (
        f"{len(gone)} parcels were on the belt: {len(gone) - len(released)} to HOLD, "
        f"{len(released)} released, 0 wrongly. No event that was on the disk is gone."
    )


def _is_busy(found: Look) -> bool:
    return len(found.on_belt) >= ON_BELT_WANTED and any(_is_cleared(one) for one in found.on_belt)


def _is_cleared(one: BodyNow) -> bool:
    """A release has come for it, and no diverter has its order yet."""
    return one.item is not None and one.item["state"] == "release" and one.front_um < CLEARED_BEFORE_UM


def _killed_drawing(bodies: Sequence[BodyNow], *, running: bool, seen: bool) -> Drawing:
    told = [{"number": one.number, "code": one.code, "lane": one.lane, "bay": one.bay} for one in bodies]
    state = "killed" if not running else "running" if seen else "starting"
    lines = [f"gateway: {state.upper()}"]
    lines += [f"parcel {one.number:4} {one.code:14} {one.lane or 'on the belt'}" for one in bodies]
    return Drawing("killed", {"state": state, "parcels": told}, tuple(lines))


# The journal ----------------------------------------------------------------------------------------


def byte_flipped(play: Play) -> str:
    hub = play.hub
    file = copy_journal(hub.gateway_data, play.folder / "copy")
    whole = play.run("journal", "verify", "--data", str(file.parent))
    claim(whole.code == 0, f"the copy does not verify: {' '.join(whole.lines)}")
    play.stage.drawing = _journal_drawing(file, None, [("a copy of the journal", whole)])
    play.read(3)
    flip = flip_byte(file, _weighed_visit(file))
    play.stage.drawing = _journal_drawing(file, flip, [("a copy of the journal", whole)])
    found = play.run("journal", "verify", "--data", str(file.parent))
    play.stage.drawing = _journal_drawing(
        file, flip, [("a copy of the journal", whole), ("one byte flipped", found)]
    )
    said = " ".join(found.lines)
    claim(found.code != 0, f"the flipped byte was not noticed: {said}")
    claim(f"seq {flip.seq} " in f"{said} ", f"not the flipped event {flip.seq} was named: {said}")
    return f"`hub journal verify` names the event: seq {flip.seq}, of {whole.lines[0].split()[1]} events."


def _weighed_visit(file: Path) -> str:
    """Of the last event but a few that tells a weight."""
    reader = JournalReader(file)
    try:
        told = [row for row in reader.tail(200) if row.kind == "parcel.measured" and row.visit is not None]
    finally:
        reader.close()
    claim(bool(told), "the journal tells no weight")
    return str(told[len(told) // 2].visit)


def _journal_drawing(file: Path, flip: Flip | None, said: Sequence[tuple[str, Said]]) -> Drawing:
    verdicts = [{"what": what, "code": one.code, "lines": list(one.lines)} for what, one in said]
    event = None
    if flip is not None:
        around = flip.body[max(0, flip.at - 60) : flip.at + 40]
        event = {
            "seq": flip.seq, "before": flip.before, "after": flip.after, "offset": flip.offset,
            "text": around, "at": min(60, flip.at),
        }  # fmt: skip
    lines = [f"{JOURNAL_FILE}, {what}: {' '.join(one.lines)}" for what, one in said]
    if flip is not None:
        lines.insert(
            1, f"byte {flip.offset} of the copy: {flip.before!r} becomes {flip.after!r}, in event {flip.seq}"
        )
    return Drawing("journal", {"verdicts": verdicts, "event": event, "file": file.name}, tuple(lines))


# The question ---------------------------------------------------------------------------------------


def code_asked(play: Play) -> str:
    code = play.asked
    if code is None:
        raise ClaimFailed("no parcel with a release was on the belt when the gateway was killed")
    lane = next((one.lane for one in play.look().bodies if one.code == code), None)
    claim(lane not in (None, FREE_LANE), f"{code} does not lie in HOLD but in {lane}")
    told = play.run("why", code, "--data", str(play.hub.gateway_data))
    lines = told.lines[:COMMAND_LINES]
    play.drawn = None
    play.stage.drawing = Drawing("why", {"code": code, "lines": list(lines)}, (f"$ hub why {code}", *lines))
    claim(told.code == 0, f"no answer: {' '.join(told.lines)}")
    said = "\n".join(told.lines)
    claim("release by customs" in said and "lost_track" in said, f"the answer tells no story: {said}")
    return "The journal answers: cleared by customs, then out of sight while the gateway was down. So it was held."
