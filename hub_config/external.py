"""A device whose driver comes from outside this tree (docs/write-a-driver.md)."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import Attach
from hub_config.finding import Finding, refusal
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.values import Entry, device_name

ExternalGives = Literal["codes", "weights"]

EXTERNAL: Final = "external"
Setting = bool | int | str
"""No floats: a config has one canonical form."""


class ExternalConfig(Entry):
    kind: Literal["external"]
    id: Annotated[DeviceId, device_name("scale-1")]
    attach: Attach
    driver: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", max_length=200)]
    """`package:Session`, as an installed package names it in its entry points `ehub_edge.drivers`."""
    gives: ExternalGives
    """`codes`: it may stand where a scanner stands; `weights`: where a bench's scale stands."""
    settings: dict[str, Setting | list[Setting]] = Field(default_factory=dict)
    """The driver's own; it says itself what is wrong with them."""
    metrology: Metrology | None = None

    @model_validator(mode="after")
    def _weights_have_metrology(self) -> "ExternalConfig":
        if self.gives == "weights" and self.metrology is None:
            todo = "add [devices.metrology] from the scale's plate and certificate"
            raise refusal(
                Finding(("metrology",), "it is missing", 'a device that gives "weights" has it', todo)
            )
        if self.gives == "codes" and self.metrology is not None:
            raise refusal(Finding(("metrology",), "codes have no metrology", "only of weights", "remove it"))
        return self


def place_kind(gives: str) -> str:
    """The kind of device that places of a bench or line take it for."""
    return f"{EXTERNAL} ({gives})"
