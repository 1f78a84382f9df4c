"""The label of a held parcel: at most one a decision, never waited for, and never for a parcel that is gone."""

from collections.abc import Sequence

from bench_driver import GREEN, HOLD, S10, S10_B, SCANNER, BenchDriver, config

from drivers.command import PrintLabel
from drivers.reading import DeviceDown, DeviceUp, OrderAnswered, PrinterChanged, PrinterTrouble
from edge.core.effects import Effect, Order
from edge.core.gateway import Gateway
from edge.core.inputs import Input
from edge.core.snapshot import PrinterView
from hub_config.attach import TcpAttach
from hub_config.layout import PRINT_AGAIN
from hub_config.names import DeviceId, LineId
from hub_config.printers import ZplPrinterConfig

PRINTER = DeviceId("print-1")
SCANS_APART_S = 2.5


class Printing(BenchDriver):
    """A bench with a printer that has said it is well; the labels that were ordered."""

    def __init__(self, *, well: bool = True) -> None:
        hub = config(printer=PRINTER)
        attach = TcpAttach(kind="tcp", host="127.0.0.1", port=9_100)
        printer = ZplPrinterConfig(kind="zpl-printer", id=PRINTER, attach=attach)
        with_printer = hub.model_copy(update={"devices": (*hub.devices, printer)})
        super().__init__(Gateway(with_printer, b"0123456789abcdef"))
        self.labels: list[PrintLabel] = []
        step = self.gateway.step

        def heard(given: Input) -> list[Effect]:
            effects = step(given)
            self.labels += [
                one.command
                for one in effects
                if isinstance(one, Order) and isinstance(one.command, PrintLabel)
            ]
            return effects

        self.gateway.step = heard  # type: ignore[method-assign]  # a tap on the effects
        self.start()
        if well:
            self.give(DeviceUp(PRINTER, self.at, None))
            self.printer(None)

    def printer(self, trouble: PrinterTrouble | None) -> None:
        self.give(PrinterChanged(PRINTER, self.at, trouble))

    def answer(self, detail: str = "printed") -> None:
        last = self.labels[-1].number
        self.give(OrderAnswered(PRINTER, self.at, last, detail == "printed", detail))

    @property
    def seen(self) -> PrinterView:
        (view,) = self.gateway.snapshot().printers
        return view

    def held(self, code: str = S10) -> "Printing":
        self.measured(code)
        self.decide("hold", "hold", ("no_declaration",)).later(0.5)
        return self


def texts(labels: Sequence[PrintLabel]) -> list[tuple[str, str, str | None]]:
    return [(one.title, one.bay, one.code) for one in labels]


def test_a_parcel_that_is_held_has_one_label_with_bay_code_and_reason() -> None:
    bench = Printing().held()

    assert texts(bench.labels) == [("HOLD", "H1", S10)]
    practice, reason, where = bench.labels[0].lines
    assert practice == "PRACTICE, NOT A REAL DECISION"
    assert reason == "no declaration"
    assert where == f"Bench 1 {str(bench.events[-1].visit)[-12:]}"
    bench.later(2).device(SCANNER, up=False).device(SCANNER, up=True).later(3)
    assert len(bench.labels) == 1


def test_a_release_has_none() -> None:
    bench = Printing()
    bench.measured()
    bench.decide("release").later(0.5).scan(GREEN).weigh(0)

    assert bench.labels == []
    assert not bench.seen.missing


def test_another_decision_about_the_same_parcel_is_another_label() -> None:
    bench = Printing().held()
    bench.decide("inspect", "xray", ("risk_profile",), dec_seq=2).later(0.5)

    assert texts(bench.labels) == [("HOLD", "H1", S10), ("INSPECT", "X1", S10)]


def test_the_next_parcel_has_its_own() -> None:
    bench = Printing().held()
    bench.answer()
    bench.later(SCANS_APART_S).scan(HOLD).weigh(0).later(1)
    bench.held(S10_B)

    assert texts(bench.labels) == [("HOLD", "H1", S10), ("HOLD", "H1", S10_B)]
    assert (bench.seen.asked, bench.seen.printed, bench.seen.not_printed) == (2, 1, 0)


def test_one_that_a_second_scan_may_free_is_labelled_on_demand_alone() -> None:
    bench = Printing()
    bench.scan(S10).weigh(500_000, stable=False).weigh(0).later(1)
    assert bench.view is not None
    assert bench.view.instruction == "rescan_or_bay"
    assert bench.labels == []

    bench.scan(PRINT_AGAIN)

    assert texts(bench.labels) == [("STAFF", "H1", S10)]


def test_a_printer_that_is_away_holds_up_nothing_and_is_shown() -> None:
    bench = Printing(well=False).held()
    assert bench.labels == []
    assert bench.view is not None
    assert bench.view.state == "hold"
    assert (bench.seen.does, bench.seen.missing, bench.seen.not_printed) == ("down", True, 1)
    assert bench.gateway.snapshot().devices_down == (PRINTER,)

    bench.later(SCANS_APART_S).scan(HOLD).weigh(0).later(1)
    bench.printer(None)

    assert bench.labels == []  # the parcel is gone
    assert not bench.seen.missing
    assert bench.kinds[-1] == "diverted"


def test_a_label_that_waits_for_the_printer_comes_when_it_is_well() -> None:
    bench = Printing()
    bench.printer("paper_out")
    bench.held()
    assert bench.labels == []
    assert (bench.seen.does, bench.seen.missing) == ("paper_out", True)

    bench.printer("paused")
    bench.printer(None)

    assert texts(bench.labels) == [("HOLD", "H1", S10)]
    assert (bench.seen.missing, bench.seen.not_printed) == (False, 1)


def test_one_that_was_lost_on_its_way_is_not_sent_again_by_itself() -> None:
    bench = Printing().held()
    bench.give(DeviceDown(PRINTER, bench.at, "unplugged"))
    bench.printer(None)
    assert len(bench.labels) == 1
    assert bench.seen.missing

    bench.later(SCANS_APART_S).scan(PRINT_AGAIN)
    bench.answer()

    assert len(bench.labels) == 2
    assert (bench.seen.missing, bench.seen.asked, bench.seen.printed) == (False, 2, 1)


def test_what_the_printer_refuses_is_shown_until_the_parcel_is_gone() -> None:
    bench = Printing().held()
    bench.answer("too_late")
    assert bench.seen.missing
    bench.later(SCANS_APART_S).scan(HOLD).weigh(0).later(1)

    assert not bench.seen.missing
    assert bench.seen.not_printed == 1


def test_printing_again_is_counted_as_a_command_and_changes_nothing_else() -> None:
    bench = Printing().held()
    before, view = len(bench.events), bench.view
    bench.scan(PRINT_AGAIN)

    assert len(bench.labels) == 2
    assert (len(bench.events), bench.view) == (before, view)
    assert bench.rejected()["command"] == 1


def test_a_trigger_that_fires_twice_prints_one_label() -> None:
    bench = Printing().held()
    bench.scan(PRINT_AGAIN).later(0.3).scan(PRINT_AGAIN).later(0.3).scan(PRINT_AGAIN)
    assert len(bench.labels) == 2
    bench.later(SCANS_APART_S).scan(PRINT_AGAIN)

    assert len(bench.labels) == 3
    assert bench.rejected()["command"] == 4


def test_without_a_parcel_to_label_the_command_is_refused_like_any_other() -> None:
    bench = Printing()
    bench.scan(PRINT_AGAIN)

    assert bench.labels == []
    assert bench.view is not None
    assert bench.view.refused == "unknown_code"


def test_a_bench_without_a_printer_has_no_view_of_one() -> None:
    assert BenchDriver().gateway.snapshot().printers == ()
    assert LineId("b1") == Printing().seen.bench
