"""Label printers (docs/printer.md)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from hub_config.attach import Attach
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name

DOTS_PER_MM: Final = {203: 8, 300: 12, 600: 24}


class ZplPrinterConfig(DeviceEntry):
    """A label printer that takes ZPL II and answers `~HS`: Zebra's, and the many that speak it too."""

    kind: Literal["zpl-printer"]
    id: Annotated[DeviceId, device_name("print-1")]
    attach: Attach
    """TCP mostly, port 9100."""
    dpi: Literal[203, 300, 600] = 203
    width_um: Annotated[int, quantity("um", example="100 mm", low="50 mm", high="170 mm")] = Field(
        default=100_000, alias="width"
    )
    height_um: Annotated[int, quantity("um", example="60 mm", low="40 mm", high="300 mm")] = Field(
        default=60_000, alias="height"
    )
    """Of its labels."""
    poll_ms: Annotated[int, quantity("ms", example="2 s", low="500 ms", high="60 s")] = Field(
        default=2_000, alias="poll"
    )
    """Between two questions how it is."""
    answer_timeout_ms: Annotated[int, quantity("ms", example="3 s", low="500 ms", high="60 s")] = Field(
        default=3_000, alias="answer_timeout"
    )
    valid_ms: Annotated[int, quantity("ms", example="20 s", low="2 s", high="10 min")] = Field(
        default=20_000, alias="valid"
    )
    """A label that is not printed by then is not printed at all: it could end on another parcel."""

    @property
    def dots_per_mm(self) -> int:
        return DOTS_PER_MM[self.dpi]


PRINTER_KINDS: Final = ("zpl-printer",)
