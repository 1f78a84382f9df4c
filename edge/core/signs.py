"""What a bench's scanners tell the operator's ear: the answer that the screen shows, once each time it is new.

Only scanners that are configured to (`signs = true`) and can be told. A sign is never waited for and never repeated:
the screen is what counts.
"""

from collections.abc import Sequence

from drivers.command import Sign, Signal
from edge.core.effects import Effect, Order, Show
from edge.core.snapshot import BenchView
from hub_config.hub import HubConfig
from hub_config.names import DeviceId, LineId, VisitId
from hub_config.readers import gives_signs


def sign_of(view: BenchView) -> Sign:
    if view.refused is not None:
        return "refused"
    if view.state == "release":
        return "release"
    return "hold" if view.state in ("hold", "inspect") else "off"


class Signs:
    def __init__(self, config: HubConfig) -> None:
        scanners = {
            bench.id: tuple(one for one in bench.scanners if gives_signs(config.device(one)))
            for bench in config.benches
        }
        self._scanners: dict[LineId, tuple[DeviceId, ...]] = {
            bench: those for bench, those in scanners.items() if those
        }
        self._given: dict[LineId, tuple[Sign, VisitId | None]] = dict.fromkeys(self._scanners, ("off", None))
        """By bench: the sign given last, and of which parcel."""

    def added(self, effects: list[Effect]) -> list[Effect]:
        """The effects of a step, and the signs that go with them."""
        if not self._scanners:
            return effects
        return [one for effect in effects for one in (effect, *self._with(effect))]

    def _with(self, effect: Effect) -> Sequence[Order]:
        if not isinstance(effect, Show) or effect.view.bench not in self._scanners:
            return ()
        view = effect.view
        sign = sign_of(view)
        now = (sign, None if sign == "off" else view.visit)
        if now == self._given[view.bench]:
            return ()
        self._given[view.bench] = now
        return [Order(Signal(scanner, sign)) for scanner in self._scanners[view.bench]]
