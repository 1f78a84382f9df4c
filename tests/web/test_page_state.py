"""The JSON that screens and the simulated operator read."""

import json
from dataclasses import fields, replace

from web_views import LINES, QUEUE, TRUTH, VIEWS, Says, hub

from edge.core.snapshot import BeltItem, BenchView, LaneView, LineView, Tally
from edge.web.state import page_state, released_share_ppm


def state(source: Says) -> dict[str, object]:
    return page_state(hub(), source.snapshot(), source.events(), source.truth(), revision=7)


def test_a_bench_has_the_keys_of_its_view_and_no_barcode() -> None:
    bench = json.loads(json.dumps(state(Says(view=VIEWS["hold"]))))["benches"][0]

    named = {field.name for field in fields(BenchView)} - {"since"} | {"since_ns"}
    assert set(bench) == named
    assert bench["reasons"] == ["no_declaration", "value_over_lane"]
    assert (bench["mass_mg"], bench["bay"], bench["lane"]) == (12_345_000, "H1", "hold")


def test_a_line_has_the_keys_of_its_view_with_its_parcels_and_lanes() -> None:
    (line,) = json.loads(json.dumps(state(Says(lines=(LINES["flow"],)))["lines"]))

    assert set(line) == {field.name for field in fields(LineView)} - {"at"} | {"at_ns", "devices_down"}
    assert line["at_ns"] == LINES["flow"].at
    for item in line["items"]:
        assert set(item) == {field.name for field in fields(BeltItem)}
    for lane in line["lanes"]:
        assert set(lane) == {field.name for field in fields(LaneView)}
    foremost = line["items"][0]
    assert (foremost["state"], foremost["lane"], foremost["ordered"]) == ("hold", "hold", False)
    assert foremost["reasons"] == ["no_declaration", "value_over_lane"]
    assert [item["dims_um"] for item in line["items"] if item["dims_um"]] == [[410_000, 250_400, 120_000]]


def test_the_hold_queue_is_in_its_order_with_whole_seconds() -> None:
    told = json.loads(json.dumps(state(Says(queue=QUEUE))))["queue"]

    assert (told["to_bring"], told["waiting"]) == (4, 23)
    assert [place["slack_s"] for place in told["places"][:2]] == [170 * 60, 12 * 60]
    assert [place["waits_for"] for place in told["places"]][3:] == [None, "merchant", "agency:fda", "customs"]


def test_a_gateway_without_lines_has_none() -> None:
    assert state(Says())["lines"] == []


def test_the_state_holds_both_balances_and_says_where_it_comes_from() -> None:
    told = state(Says())

    assert told["revision"] == 7
    assert (told["mode"], told["hub"], told["gateway"]) == ("practice", "MY-KUL-1", "gw-01")
    assert told["balance"] == {"read": 120, "journalled": 118, "rejected": {"no_read": 2}}
    assert told["events"] == {"journalled": 360, "acknowledged": 358, "pending": 2, "redelivered": 0}
    assert told["link"] == {"broker": True, "coordinator": True}
    assert told["dwell_s"] == {"p50": 4.1, "p90": 6.0, "p99": 9.0}


def test_a_real_gateway_has_no_truth_and_a_demo_has() -> None:
    assert state(Says())["truth"] is None
    assert state(Says(known={**TRUTH, "wrong_weight": None}))["truth"] == {**TRUTH, "wrong_weight": None}


def test_the_first_pass_share_counts_parcels_that_left_the_bench() -> None:
    assert state(Says())["share_ppm"] == 56 * 1_000_000 // 60
    assert released_share_ppm(Tally()) is None
    assert released_share_ppm(Tally(entered=1, at_bench=1)) is None
    assert released_share_ppm(Tally(entered=2, departed=2, first_pass=1)) == 500_000


def test_no_dwell_before_the_first_closed_visit() -> None:
    source = Says()
    early = replace(source.snapshot(), dwell_us=None)

    assert page_state(hub(), early, source.events(), None, 1)["dwell_s"] is None
