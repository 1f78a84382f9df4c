"""The label that goes on a parcel which is held: printed at its bench when the screen says so, once each decision.

It names the bay, the code that was read and the reasons, so that a parcel in the hold bay speaks for itself; the code
is printed as a barcode too, since the carrier's own may be the one that hardly reads. The parcel waits for no label:
what a printer does changes no decision, and a label that is not printed is shown, counted, and asked for again by the
scan of `PRINT_AGAIN`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.command import PrintLabel
from drivers.reading import BarcodeRead, DeviceDown, OrderAnswered, PrinterChanged, Reading
from edge.core.effects import Effect, Order, Show
from edge.core.snapshot import BenchState, BenchView, PrinterDoes, PrinterView
from hub_config.hub import HubConfig
from hub_config.layout import PRINT_AGAIN, Bench
from hub_config.names import MILLISECOND, DeviceId, Instant, LineId, VisitId

TITLES: Final[dict[BenchState, str]] = {"hold": "HOLD", "inspect": "INSPECT", "ask": "STAFF"}
"""States in which a parcel is on its way to a bay that is not free."""
REASONS_MAX: Final = 3
VISIT_CHARS: Final = 12
"""The end of a visit's id, which differs from that of any other."""

_Key = tuple[VisitId | None, str, str, tuple[str, ...]]


@dataclass(slots=True)
class _Desk:
    """A bench and its printer."""

    bench: Bench
    printer: DeviceId
    does: PrinterDoes = "down"
    """Until it has said that it is well."""
    view: BenchView | None = None
    """On its screen."""
    given: _Key | None = None
    """Of the label that was ordered last."""
    ordered: int | None = None
    """The number of that order, until it is answered."""
    again_at: Instant | None = None
    """When `PRINT_AGAIN` was scanned last."""
    asked: int = 0
    printed: int = 0
    not_printed: int = 0
    missing: bool = False
    """The label of the parcel on the screen was not printed."""


class Labels:
    def __init__(self, config: HubConfig) -> None:
        self._practice = config.hub.mode != "live"
        desks = [_Desk(bench, bench.printer) for bench in config.benches if bench.printer is not None]
        self._benches: dict[LineId, _Desk] = {desk.bench.id: desk for desk in desks}
        self._printers: dict[DeviceId, _Desk] = {desk.printer: desk for desk in desks}
        self._scanners: dict[DeviceId, _Desk] = {
            scanner: desk for desk in desks for scanner in desk.bench.scanners
        }
        self._number = 0

    # What goes out ----------------------------------------------------------------------------------

    def added(self, effects: list[Effect]) -> list[Effect]:
        """The effects of a step, and the labels that go with them."""
        if not self._benches:
            return effects
        return [one for effect in effects for one in (effect, *self._with(effect))]

    def _with(self, effect: Effect) -> Sequence[Order]:
        desk = self._benches.get(effect.view.bench) if isinstance(effect, Show) else None
        if not isinstance(effect, Show) or desk is None:
            return ()
        view = desk.view = effect.view
        if view.state not in TITLES:
            desk.missing = False
        # Where a second scan may still free it, a label would be one too many: it is printed on demand alone.
        wanted = view.instruction == "put_in_bay" and view.state in TITLES
        return self._order(desk, view) if wanted and _key(view) != desk.given else ()

    def again(self, read: BarcodeRead) -> Sequence[Order] | None:
        """Somebody has scanned `PRINT_AGAIN` while a parcel is on its way to a bay that is not free. None: it means
        nothing here and now."""
        desk = self._scanners.get(read.device) if read.data == PRINT_AGAIN else None
        view = None if desk is None else desk.view
        if desk is None or view is None or view.state not in TITLES or view.bay is None:
            return None
        before, desk.again_at = desk.again_at, read.at
        if before is not None and read.at - before < desk.bench.same_code_ms * MILLISECOND:
            return ()  # one pull of the trigger that fired twice (ST-14)
        return self._order(desk, view)

    def _order(self, desk: _Desk, view: BenchView) -> Sequence[Order]:
        if desk.does != "prints":  # it comes when the printer is well, if the parcel is still here
            desk.not_printed += not desk.missing
            desk.given, desk.missing = None, True
            return ()
        self._number += 1
        desk.given, desk.ordered, desk.missing = _key(view), self._number, False
        desk.asked += 1
        lines = [reason.replace("_", " ") for reason in view.reasons[:REASONS_MAX]]
        lines.append(f"{desk.bench.name} {(view.visit or '')[-VISIT_CHARS:]}".strip())
        if self._practice:
            lines.insert(0, "PRACTICE, NOT A REAL DECISION")
        bay, title = view.bay or "", TITLES[view.state]
        return [Order(PrintLabel(desk.printer, self._number, title, bay, view.code, tuple(lines)))]

    # What comes back --------------------------------------------------------------------------------

    def hear(self, reading: Reading) -> Sequence[Order]:
        """Of a printer: and the label that waited for it."""
        desk = self._printers.get(reading.device)
        if desk is None:
            return ()
        match reading:
            case PrinterChanged(_, _, trouble):
                desk.does = "prints" if trouble is None else trouble
                view = desk.view
                waits = desk.missing and desk.given is None and view is not None and view.state in TITLES
                return self._order(desk, view) if waits and view is not None and trouble is None else ()
            case DeviceDown():
                desk.does = "down"
                if (
                    desk.ordered is not None
                ):  # whether it came out nobody knows: it is not printed by itself again
                    self._missed(desk)
            case OrderAnswered(_, _, number, accepted) if number == desk.ordered:
                if accepted:
                    desk.ordered = None
                    desk.printed += 1
                else:
                    self._missed(desk)
            case _:
                pass
        return ()

    @staticmethod
    def _missed(desk: _Desk) -> None:
        desk.ordered = None
        desk.not_printed += 1
        desk.missing = desk.view is not None and desk.view.state in TITLES

    # What there is to see ---------------------------------------------------------------------------

    @property
    def down(self) -> tuple[str, ...]:
        return tuple(desk.printer for desk in self._benches.values() if desk.does != "prints")

    def views(self) -> tuple[PrinterView, ...]:
        return tuple(
            PrinterView(
                desk.bench.id,
                desk.printer,
                desk.does,
                desk.missing,
                desk.asked,
                desk.printed,
                desk.not_printed,
            )
            for desk in self._benches.values()
        )


def _key(view: BenchView) -> _Key:
    """What makes a label another one: a decision that says the same of the same parcel needs no second."""
    return view.visit, view.state, view.bay or "", view.reasons
