"""How long things take, as measured in the running gateway: bounded samples, quantiles on demand.

`reading_to_step`: a reading's last byte until the core takes it. `reading_to_puback`: until the broker has the event
it caused, the commit included. `event_to_decision`: from `parcel.measured` until its decision is back.
`order_margin`: how long before its diverter has to move an order goes out.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final, TypeVar

from drivers.command import SwitchOn
from drivers.reading import BarcodeRead, DimensionsRead, WeightRead
from edge.core.effects import Effect, Order, Record
from edge.core.inputs import Committed, DecisionArrived, Input
from hub_config.names import MILLISECOND, Instant

SAMPLES_MAX: Final = 10_000
OPEN_MAX: Final = 10_000
"""Events whose PUBACK or decision is still awaited; the oldest are forgotten past this."""

Key = TypeVar("Key", int, str)


class Metrics:
    """Written by the core thread and the uplink's; read by pages and reports. Appends are atomic."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[int]] = {
            name: deque(maxlen=SAMPLES_MAX)
            for name in ("reading_to_step", "reading_to_puback", "event_to_decision", "order_margin")
        }
        # A plain dict would look for its oldest entry among all the places of those forgotten before.
        self._caused_at: OrderedDict[int, Instant] = OrderedDict()
        self._asked_at: OrderedDict[str, Instant] = OrderedDict()
        self._seq_base = 0

    def start(self, next_seq: int) -> None:
        """Event number 1 of this run gets this sequence number."""
        self._seq_base = next_seq - 1

    def stepped(self, given: Input, effects: Iterable[Effect], at: Instant) -> None:
        match given:
            case BarcodeRead() | WeightRead() | DimensionsRead():
                self._samples["reading_to_step"].append(at - given.at)
            case DecisionArrived():
                asked_at = self._asked_at.pop(given.decision.answers, None)
                if asked_at is not None:
                    self._samples["event_to_decision"].append(given.at - asked_at)
            case Committed():
                for number, event_id in enumerate(given.ids, given.first):
                    _remember(self._asked_at, event_id, self._caused_at.get(number, given.at))
            case _:
                pass
        for effect in effects:
            if isinstance(effect, Record):
                _remember(self._caused_at, effect.number, effect.event.at)
            elif isinstance(effect, Order) and isinstance(effect.command, SwitchOn):
                self._samples["order_margin"].append(effect.command.at - at)

    def puback(self, seq: int, at: Instant) -> None:
        caused_at = self._caused_at.get(seq - self._seq_base)
        if caused_at is not None:
            self._samples["reading_to_puback"].append(at - caused_at)

    def latency_ms(self) -> dict[str, dict[str, float] | None]:
        """p50 and p99 of each in ms; None where nothing was measured."""
        return {
            name: quantiles_ms(samples.copy())
            for name, samples in self._samples.items()
            if name != "order_margin"
        }

    def order_margin_ms(self) -> dict[str, float] | None:
        """The tightest count here: least, p1, p50 and most."""
        return spread_ms(self._samples["order_margin"].copy())


def _remember(table: OrderedDict[Key, Instant], key: Key, at: Instant) -> None:
    table[key] = at
    if len(table) > OPEN_MAX:
        table.popitem(last=False)


def quantiles_ms(samples: Iterable[int]) -> dict[str, float] | None:
    """p50 and p99 of nanoseconds in ms, by the nearest-rank rule; None of nothing."""
    ordered = sorted(samples)
    if not ordered:
        return None
    n = len(ordered)
    return {f"p{p}": round(ordered[(n * p + 99) // 100 - 1] / MILLISECOND, 3) for p in (50, 99)}


def spread_ms(samples_ns: Iterable[int]) -> dict[str, float] | None:
    """Least, p1, p50 and most in ms; None of nothing."""
    ordered = sorted(samples_ns)
    if not ordered:
        return None
    n = len(ordered)
    places = {"min": 0, "p1": (n + 99) // 100 - 1, "p50": (n + 1) // 2 - 1, "max": n - 1}
    return {name: round(ordered[place] / MILLISECOND, 3) for name, place in places.items()}
