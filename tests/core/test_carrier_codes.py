"""Places that accept numbers of carriers: which code names the parcel, and what is a misread."""

import pytest
from bench_driver import S10, BenchDriver, config, shown

from edge.core.gateway import Gateway
from hub_config.layout import Bench
from simulators.coordinator.judge import in_conflict, own_code

UPS = "1Z5R89390357567127"
UPS_B = "1Z879E930346834440"
FEDEX_34 = "1001921334250001000300779017972697"
FEDEX_12 = "986578788855"
BAD_UPS = "1Z5R89390357567128"


def carriers(**more: object) -> BenchDriver:
    entry = {"identifiers": ("s10", "sscc", "carrier"), **more}
    return BenchDriver(Gateway(config(**entry), b"0123456789abcdef")).start()


def codes(bench: BenchDriver) -> list[tuple[str, str, bool]]:
    return [(code.type, code.data, code.check_ok) for code in bench.events[-1].codes]


def test_a_carriers_number_names_the_parcel_where_the_place_accepts_it() -> None:
    bench = carriers().scan("1z 5r8 939 03 5756 712 7").weigh(500_000)

    assert bench.kinds[-1] == "measured"
    assert codes(bench) == [("carrier", UPS, True)]


def test_it_is_told_but_names_nothing_where_the_place_does_not(bench: BenchDriver) -> None:
    bench.scan(UPS).weigh(500_000)

    assert "measured" not in bench.kinds
    assert codes(bench) == [("carrier", UPS, True)]


def test_a_carriers_number_with_a_wrong_check_digit_is_a_misread_and_no_unknown_parcel() -> None:
    bench = carriers().scan(BAD_UPS).weigh(500_000).later(60)

    assert shown(bench)[3] == ("bad_check_digit",)
    assert codes(bench) == [("carrier", BAD_UPS, False)]


def test_a_number_that_others_fit_as_well_is_unknown_and_its_text_stays_here() -> None:
    bench = carriers().scan(FEDEX_12).later(0.3).scan(UPS).weigh(500_000)

    assert codes(bench) == [("unknown", FEDEX_12, True), ("carrier", UPS, True)]


def test_where_its_format_is_named_it_gives_way_to_a_sure_number() -> None:
    bench = carriers(weak_formats=("fedex-12",)).scan(FEDEX_12).later(0.3).scan(UPS).weigh(500_000)

    assert bench.kinds[-1] == "measured"
    assert bench.view is not None
    assert bench.view.code == UPS
    assert codes(bench) == [("carrier", FEDEX_12, True), ("carrier", UPS, True)]


def test_alone_it_names_the_parcel_there() -> None:
    bench = carriers(weak_formats=("fedex-12",)).scan(FEDEX_12).weigh(500_000)

    assert bench.kinds[-1] == "measured"


@pytest.mark.parametrize("second", [UPS_B, FEDEX_34])
def test_two_sure_numbers_of_carriers_are_two_labels(second: str) -> None:
    bench = carriers().scan(UPS).later(0.3).scan(second)

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("two_labels",))


def test_an_s10_number_goes_before_them_all() -> None:
    bench = carriers().scan(UPS).later(0.3).scan(S10).weigh(500_000)

    assert bench.view is not None
    assert bench.view.code == S10


def test_the_reference_coordinator_chooses_as_the_gateway_does() -> None:
    told = [{"type": "carrier", "data": data, "chk": True} for data in (FEDEX_12, UPS)]

    assert own_code({"codes": told}) == UPS
    assert not in_conflict({"codes": told})
    assert in_conflict({"codes": [*told, {"type": "carrier", "data": UPS_B, "chk": True}]})
    assert own_code({"codes": [{"type": "carrier", "data": BAD_UPS, "chk": False}]}) is None


def test_a_place_without_weak_formats_keeps_the_digest_of_its_configuration() -> None:
    entry = {
        "id": "b1", "name": "Bench 1", "scanners": ["s"], "scale": "w", "bays": [],
    }  # fmt: skip

    assert "weak_formats" not in Bench.model_validate(entry).model_dump(mode="json")
    named = Bench.model_validate({**entry, "weak_formats": ["dhl-express"]})
    assert named.model_dump(mode="json")["weak_formats"] == ["dhl-express"]
