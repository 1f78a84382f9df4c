"""A device whose driver comes from outside this tree (docs/write-a-driver.md)."""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import Attach
from hub_config.finding import Finding, refusal
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name, is_absent, text

ExternalGives = Literal["codes", "weights", "sizes", "beams"]

EXTERNAL: Final = "external"
Setting = bool | int | str
"""No floats: a config has one canonical form."""


class ExternalConfig(DeviceEntry):
    kind: Literal["external"]
    id: Annotated[DeviceId, device_name("scale-1")]
    attach: Attach
    driver: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", max_length=200)]
    """`package:Session`, as an installed package names it in its entry points `ehub_edge.drivers`."""
    gives: ExternalGives
    """`codes`: it may stand where a scanner stands; `weights`: where a bench's scale stands; `sizes`: where a belt's
    dimensioner stands; `beams`: it is the board of a belt."""
    settings: dict[str, Setting | list[Setting]] = Field(default_factory=dict)
    """The driver's own; it says itself what is wrong with them."""
    metrology: Metrology | None = None
    valid_until: date | None = Field(default=None, exclude_if=is_absent)
    """Of what gives sizes: the last day of its calibration. What it measures after that is told of no parcel."""
    cal: Annotated[str, text(1, 64)] | None = Field(default=None, exclude_if=is_absent)
    """Number of that calibration's certificate."""
    lingers_ms: Annotated[int, quantity("ms", example="500 ms", low="0 ms", high="60 s")] | None = Field(
        default=None, alias="lingers", exclude_if=is_absent
    )
    """Of a board: so much longer than it was ordered an output may stay on, when the board or the way to it is lost."""

    @model_validator(mode="after")
    def _says_what_its_place_needs(self) -> "ExternalConfig":
        found = [
            Finding(
                (key,), f'a device that gives "{self.gives}" has no {key}', f"only of {gives}", "remove it"
            )
            for key, gives, value in (
                ("valid_until", "sizes", self.valid_until),
                ("cal", "sizes", self.cal),
                ("lingers", "beams", self.lingers_ms),
            )
            if value is not None and self.gives != gives
        ]
        if self.gives == "beams" and self.lingers_ms is None:
            limit = "how long an output stays on when nobody is there to switch it off"
            found.append(
                Finding(("lingers",), "it is missing", limit, 'look it up, and write for example "500 ms"')
            )
        if found:
            raise refusal(*found)
        return self

    @model_validator(mode="after")
    def _weights_have_metrology(self) -> "ExternalConfig":
        if self.gives == "weights" and self.metrology is None:
            todo = "add [devices.metrology] from the scale's plate and certificate"
            raise refusal(
                Finding(("metrology",), "it is missing", 'a device that gives "weights" has it', todo)
            )
        if self.gives != "weights" and self.metrology is not None:
            what = f"{self.gives} have no metrology"
            raise refusal(Finding(("metrology",), what, "only of weights", "remove it"))
        return self


def place_kind(gives: str) -> str:
    """The kind of device that places of a bench or line take it for."""
    return f"{EXTERNAL} ({gives})"
