"""The page state: what every screen is sent, as plain JSON values.

One state serves all screens of a gateway; a station picks its own bench out of it, the floor shows all. The keys of
a bench and of a line are the fields of `edge.core.snapshot.BenchView` and `LineView`, because the simulated operator
and the reports read the same JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from edge.core.association import Assignment
from edge.core.priority import Place, Queue
from edge.core.snapshot import (
    Balance,
    BeltItem,
    BenchView,
    EventFigures,
    LaneView,
    LineView,
    OfflineView,
    Snapshot,
    Tally,
)
from hub_config.hub import HubConfig

MICROSECONDS_PER_S: Final = 1_000_000
PPM: Final = 1_000_000

PageState = dict[str, object]


def page_state(
    config: HubConfig,
    snapshot: Snapshot,
    events: EventFigures,
    truth: Mapping[str, int | None] | None,
    revision: int,
) -> PageState:
    """`truth` is what only a simulator knows; None on a real gateway, and the page then shows no verdicts on it."""
    return {
        "revision": revision,
        "at_ns": snapshot.at,
        "mode": config.hub.mode,
        "hub": config.hub.id,
        "gateway": config.gateway.id,
        "benches": [bench_state(view) for view in snapshot.benches],
        "plc_lines": [asdict(view) for view in snapshot.plc_lines],
        "printers": [asdict(view) for view in snapshot.printers],
        "lines": [line_state(view) for view in snapshot.lines],
        "balance": _balance(snapshot.balance),
        "events": {
            "journalled": events.journalled,
            "acknowledged": events.acknowledged,
            "pending": events.pending,
            "redelivered": events.redelivered,
        },
        "link": {"broker": events.broker, "coordinator": events.coordinator},
        "devices_down": list(snapshot.devices_down),
        "rejected_messages": dict(snapshot.rejected_messages),
        "tally": _tally(snapshot.tally),
        "share_ppm": released_share_ppm(snapshot.tally),
        "dwell_s": _dwell(snapshot.dwell_us),
        "queue": _queue(snapshot.queue),
        "offline": _offline(snapshot.offline),
        "truth": None if truth is None else dict(truth),
    }


def released_share_ppm(tally: Tally) -> int | None:
    """Released at first pass, of the parcels that have left the bench; None before the first has."""
    left = tally.entered - tally.at_bench
    return tally.first_pass * PPM // left if left > 0 else None


def bench_state(view: BenchView) -> PageState:
    """One station's part of the page state."""
    return {
        "bench": view.bench,
        "revision": view.revision,
        "state": view.state,
        "instruction": view.instruction,
        "since_ns": view.since,
        "visit": view.visit,
        "code": view.code,
        "mass_mg": view.mass_mg,
        "lane": view.lane,
        "bay": view.bay,
        "reasons": list(view.reasons),
        "refused": view.refused,
        "network_away": view.network_away,
        "device": view.device,
        "last": None
        if view.last is None
        else {"visit": view.last.visit, "code": view.last.code, "bay": view.last.bay},
    }


def line_state(view: LineView) -> PageState:
    """One line's part of the page state; `at_ns` is the instant of its positions."""
    return {
        "line": view.line,
        "at_ns": view.at,
        "state": view.state,
        "speed_um_s": view.speed_um_s,
        "board": view.board,
        "items": [_item(item) for item in view.items],
        "lanes": [_lane(lane) for lane in view.lanes],
        "devices_down": list(view.devices_down),
        "wrong": [list(one) for one in view.wrong],
        "network_away": view.network_away,
        "trouble": view.trouble,
    }


def _item(item: BeltItem) -> PageState:
    return {
        "visit": item.visit,
        "number": item.number,
        "state": item.state,
        "front_um": item.front_um,
        "rear_um": item.rear_um,
        "code": item.code,
        "mass_mg": item.mass_mg,
        "dims_um": None if item.dims_um is None else list(item.dims_um),
        "lane": item.lane,
        "reasons": list(item.reasons),
        "ordered": item.ordered,
        "in_doubt": [_doubt(one) for one in item.in_doubt],
    }


def _doubt(one: Assignment) -> PageState:
    """Whose a code may be, the likeliest first."""
    claims = [{"number": claim.key, "p_ppm": claim.p_ppm} for claim in one.claims if claim.p_ppm > 0]
    return {"code": one.code, "claims": claims}


def _lane(view: LaneView) -> PageState:
    return {
        "lane": view.lane,
        "bay": view.bay,
        "count": view.count,
        "code": view.code,
        "reasons": list(view.reasons),
    }


def _balance(balance: Balance) -> PageState:
    return {"read": balance.read, "journalled": balance.journalled, "rejected": dict(balance.rejected)}


def _tally(tally: Tally) -> PageState:
    return {
        "entered": tally.entered,
        "at_bench": tally.at_bench,
        "departed": tally.departed,
        "first_pass": tally.first_pass,
        "held": tally.held,
        "inspected": tally.inspected,
        "returned": tally.returned,
        "lost_track": tally.lost_track,
    }


def _queue(queue: Queue) -> PageState:
    return {
        "to_bring": queue.to_bring,
        "waiting": queue.waiting,
        "places": [_place(place) for place in queue.places],
    }


def _offline(view: OfflineView) -> PageState:
    return {
        "level": view.level,
        "why": view.why,
        "vouchers": view.vouchers,
        "released_today": view.released_today,
        "parcels_today": view.parcels_today,
        "released_year": view.released_year,
        "parcels_year": view.parcels_year,
        "cap_year_ppm": view.cap_year_ppm,
    }


def _place(place: Place) -> PageState:
    return {
        "visit": place.visit,
        "code": place.code,
        "bay": place.bay,
        "reason": place.reason,
        "tier": place.tier,
        "slack_s": place.slack_us // MICROSECONDS_PER_S,
        "cause": place.cause,
        "waited_s": place.waited_us // MICROSECONDS_PER_S,
        "waits_for": place.waits_for,
    }


def _dwell(dwell_us: tuple[int, int, int] | None) -> PageState | None:
    if dwell_us is None:
        return None
    p50, p90, p99 = (us / MICROSECONDS_PER_S for us in dwell_us)
    return {"p50": p50, "p90": p90, "p99": p99}
