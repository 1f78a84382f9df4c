"""What the config of every bench scale says; each kind adds its own (`scales.py`, `request_scales.py`, …)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from hub_config.attach import Attach
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name

MassUnit = Literal["mg", "g", "kg", "t", "lb", "oz", "ct"]
ScaleMode = Literal["polled", "continuous", "print"]
"""`polled`: asked again and again; `continuous`: it sends by itself; `print`: only when somebody presses its key."""
UnaskedMode = Literal["continuous", "print"]
"""Of a scale that knows no request."""


class BenchScaleConfig(DeviceEntry):
    """What is said of every scale at a bench."""

    id: Annotated[DeviceId, device_name("scale-1")]
    attach: Attach
    mode: ScaleMode = "polled"
    poll_ms: Annotated[int, quantity("ms", example="100 ms", low="20 ms", high="10 s")] = Field(
        default=200, alias="poll"
    )
    answer_timeout_ms: Annotated[int, quantity("ms", example="500 ms", low="20 ms", high="10 s")] = Field(
        default=1_000, alias="answer_timeout"
    )
    """Polled: an answer is due within this. Continuous: after so long without a frame the scale is silent."""
    unit: MassUnit | None = None
    """Where the wire has none; without one a number is no weight."""
    metrology: Metrology

    @property
    def kind_name(self) -> str:
        """Of its protocol, as config and messages name it."""
        return str(getattr(self, "kind", "?"))

    @property
    def own(self) -> Mapping[str, object]:
        """What the frames of this scale say of themselves, where several scales share one line: keys of
        `hub decode` (`address`). A weight that says something else is another scale's."""
        return {}

    @property
    def asleep(self) -> str:
        """What its silence may mean besides, with what to do; empty for most."""
        return ""

    @property
    def drops_first(self) -> bool:
        """Of what comes unasked, the first frame after opening does not count: it may be stale, or the rest of a
        frame whose start was not seen and which nothing in it shows to be cut."""
        return False
