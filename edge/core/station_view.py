"""What a station's screen says, as a pure function of what the station knows."""

from typing import Final, NamedTuple

from edge.core.decision import Reason
from edge.core.parcel import Parcel
from edge.core.scale_watch import ScaleWatch
from edge.core.snapshot import BenchState, BenchView, Instruction, LastPlaced, Refusal
from hub_config.layout import Bench
from hub_config.names import Instant, LaneId, LineId, VisitId

JOURNAL: Final = "journal"


class Scene(NamedTuple):
    bench: Bench
    parcel: Parcel | None
    watch: ScaleWatch
    down: tuple[str, ...]
    refused: Refusal | None
    away: bool
    trouble: bool
    last: LastPlaced | None
    badge: bool = False
    """A command waits for the badge of who gave it."""
    may_begin: bool = False
    """The same label again begins an inspection."""


class Told(NamedTuple):
    """What the screen says of a scene; as long as it is the same, nothing is shown anew."""

    state: BenchState
    instruction: Instruction
    since: Instant | None
    """Of the parcel in work."""
    visit: VisitId | None
    code: str | None
    mass_mg: int | None
    lane: LaneId | None
    bay: str | None
    reasons: tuple[Reason, ...]
    refused: Refusal | None
    network_away: bool
    device: str | None
    last: LastPlaced | None


def told_of(scene: Scene) -> Told:
    state, instruction = _say(scene)
    parcel, fault = scene.parcel, state == "fault"
    device = _culprit(scene) if fault else None
    if parcel is None:
        return Told(
            state, instruction, None, None, None, None, None, None, (), scene.refused, scene.away, device, scene.last,
        )  # fmt: skip
    verdict = parcel.verdict if parcel.phase in ("placing", "placed") and not fault else None
    return Told(
        state, instruction, parcel.phase_at, parcel.visit, _shown_code(scene.bench, parcel),
        None if parcel.mass is None else parcel.mass.mg,
        None if verdict is None else verdict.bay.lane,
        None if verdict is None else verdict.bay.bay,
        () if verdict is None else verdict.reasons,
        scene.refused, scene.away, device, scene.last,
    )  # fmt: skip


def view_of(bench: LineId, told: Told, *, revision: int, at: Instant) -> BenchView:
    """`at`: since when it is said, while nothing is in work."""
    since = at if told.since is None else told.since
    return BenchView(
        bench, revision, told.state, told.instruction, since, told.visit, told.code, told.mass_mg, told.lane, told.bay,
        told.reasons, told.refused, told.network_away, told.device, told.last,
    )  # fmt: skip


def _culprit(scene: Scene) -> str:
    """What IT is to be called for: the journal where the disk refuses, else the device that is down."""
    return JOURNAL if scene.trouble else scene.down[0]


def _say(scene: Scene) -> tuple[BenchState, Instruction]:
    parcel = scene.parcel
    if scene.badge and not scene.trouble:
        return "inspect", "scan_badge"
    if scene.trouble or (_crippled(scene) and (parcel is None or parcel.phase == "measuring")):
        return "fault", "call_it"
    if parcel is None:
        uncleared = scene.watch.loaded and not scene.watch.zero_seen
        return "ready", "clear_scale" if uncleared else "scan_or_weigh"
    match parcel.phase:
        case "measuring":
            return _say_measuring(parcel, scene.watch)
        case "asking" | "recording":
            return "asking", "wait_decision"
        case "inspecting":
            return "inspect", "inspect_it"
        case "placing" | "placed":
            assert parcel.verdict is not None, "a parcel is placed by its verdict"
            if scene.may_begin:
                return parcel.verdict.state, "rescan_or_bay"
            return parcel.verdict.state, parcel.verdict.instruction


def _say_measuring(parcel: Parcel, watch: ScaleWatch) -> tuple[BenchState, Instruction]:
    if parcel.sizing:
        return "measuring", "hold_still"
    if parcel.mass is not None or parcel.overloaded:
        return ("ask" if parcel.misread() else "measuring"), "scan_label"
    if watch.loaded and not watch.zero_seen:
        return "ask", "clear_scale"
    return "measuring", "hold_still" if watch.loaded else "put_on_scale"


def _crippled(scene: Scene) -> bool:
    """Without its scale, or without any scanner, the bench can't work."""
    if not scene.down:
        return False
    if scene.bench.scale in scene.down:
        return True
    return all(scanner in scene.down for scanner in scene.bench.scanners)


def _shown_code(bench: Bench, parcel: Parcel) -> str | None:
    if not parcel.codes:
        return None
    own = parcel.own_code(bench.identifiers)
    return own if own is not None else parcel.codes[0].data
