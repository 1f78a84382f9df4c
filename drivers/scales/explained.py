"""How `hub decode` reads the frames of one protocol name: which config, which settings, which commands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drivers.scales.told import Told
from hub_config.bench_scale import BenchScaleConfig


@dataclass(frozen=True, slots=True)
class Explained:
    """How `hub decode` reads the frames of one protocol name."""

    config: type[BenchScaleConfig]
    kind: str
    parse_command: Callable[[bytes], Told | None] = lambda _sent: None
    """Of one whole frame of a host."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the name of the protocol says."""
