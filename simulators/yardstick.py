"""Which parcels of a bench or line a gateway that mixes nothing up would release, by what its devices delivered."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from edge.core.verdict import Exits
from hub_config.hub import HubConfig
from hub_config.lines import Line
from hub_config.names import MICROSECOND, DeviceId, Instant
from hub_config.rules import RulePack
from simulators.bench import Happened
from simulators.coordinator.declared import Declared
from simulators.coordinator.visits import MemoryBook
from simulators.hub import UTC_AT_START_US
from simulators.oracle import oracle_releases
from simulators.report import together

Data = Mapping[str, Any]
NOTHING: Final = together([])
"""Judged, before there is anything."""


class Yardstick:
    """Which parcels a gateway that mixes nothing up would release."""

    def __init__(
        self, config: HubConfig, rules: RulePack, manifest: Mapping[str, Declared], drawn: MemoryBook
    ) -> None:
        """`drawn`: who was drawn for inspection."""
        self._config = config
        self._drawn = drawn
        self._rules = rules
        self._manifest = manifest

    def released(self, happened: Iterable[Happened], place: Exits, scale: DeviceId, at: Instant) -> set[int]:
        u_mg = self._config.device(scale).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        now_us = UTC_AT_START_US + at // MICROSECOND
        sizer = place.dimensioner if isinstance(place, Line) else None
        u_um = 0 if sizer is None else self._config.device(sizer.device).u_um  # type: ignore[union-attr]  # a dimensioner
        return oracle_releases(
            tuple(happened),
            place,
            u_mg,
            self._rules,
            self._manifest,
            self._config.hub.id,
            now_us,
            self._drawn,
            u_um,
        )
