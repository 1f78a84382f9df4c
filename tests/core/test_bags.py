"""A bag or container is opened at a bench: its label is scanned before the first parcel that comes out of it."""

from bench_driver import S10, SCANNER, BenchDriver

from drivers.identifiers.format import CodeType
from edge.core.bags import TOGETHER_NS, Bags
from edge.core.event import Code
from edge.core.ledger import Ledger
from hub_config.names import SECOND, Instant, LineId

S9 = "CNHGHAMYKULAACN60123004100123"


def code(data: str, of: CodeType) -> Code:
    return Code(data, data.encode(), "code128", of, True, SCANNER, 1)


def opened(*scans: tuple[str, CodeType, int]) -> list[tuple[str, ...]]:
    ledger = Ledger(b"entropy")
    bags = Bags(LineId("b1"), ledger)
    for data, of, at in scans:
        bags.open(code(data, of), Instant(at))
    return [tuple(one.data for one in effect.event.codes) for effect in ledger.take_effects()]


def test_a_bag_is_opened_by_its_label_and_the_next_parcel_comes_out_of_it(bench: BenchDriver) -> None:
    bench.scan(S9).later(3).measured().decide()

    assert bench.kinds[:3] == ["bag.opened", "arrived", "identified"]
    bag, parcel = [event for event in bench.events if event.visit is not None][:2]
    assert [(one.data, one.type) for one in bag.codes] == [(S9, "receptacle")]
    assert bag.line == parcel.line
    assert bag.visit not in (None, parcel.visit)
    assert bench.view.state == "release"
    assert bench.rejected() == {}


def test_a_bags_label_on_a_parcel_in_work_is_a_further_code_of_it(bench: BenchDriver) -> None:
    bench.scan(S10).later(1).scan(S9).later(0.2).weigh(500_000)

    assert "bag.opened" not in bench.kinds
    assert [one.type for one in bench.events[-1].codes] == ["s10", "receptacle"]


def test_a_waybill_and_its_bag_are_of_one_opening_if_scanned_one_after_the_other() -> None:
    late = 20 * SECOND + TOGETHER_NS + 1

    assert opened(("232", "mawb", 0), ("A", "receptacle", SECOND), ("B", "receptacle", 2 * SECOND)) == [
        ("232",), ("232", "A"), ("B",),
    ]  # fmt: skip
    assert opened(("A", "receptacle", 20 * SECOND), ("232", "mawb", late)) == [("A",), ("232",)]
