"""Stack lights: lamps and a buzzer at a bench or belt line, on outputs of a line's board (docs/stack-light.md)."""

from typing import Annotated, Final

from pydantic import Field, model_validator

from hub_config.finding import Finding, refusal
from hub_config.names import DeviceId, LineId
from hub_config.values import Entry, device_name, is_absent, name, whole

Channel = Annotated[int, whole(0, 31)] | None
LAMPS: Final = ("green", "amber", "red", "blue", "buzzer")


class StackLight(Entry):
    """Each lamp by its output; one that is not named is not there."""

    of: Annotated[LineId, name("l1")]
    """The bench or belt line whose state it shows."""
    board: Annotated[DeviceId, device_name("io-1")]
    """Of a line of this gateway; its safe level is dark."""
    green: Channel = Field(default=None, exclude_if=is_absent)
    amber: Channel = Field(default=None, exclude_if=is_absent)
    red: Channel = Field(default=None, exclude_if=is_absent)
    blue: Channel = Field(default=None, exclude_if=is_absent)
    buzzer: Channel = Field(default=None, exclude_if=is_absent)

    @model_validator(mode="after")
    def _shines(self) -> "StackLight":
        if not any(self.channel(lamp) is not None for lamp in LAMPS[:4]):
            what, limit = "it has no lamp", "green, amber, red and blue are outputs of its board"
            raise refusal(Finding((), what, limit, "write for example green = 4, amber = 5, red = 6"))
        return self

    def channel(self, lamp: str) -> int | None:
        found: dict[str, int | None] = {
            "green": self.green, "amber": self.amber, "red": self.red, "blue": self.blue, "buzzer": self.buzzer,
        }  # fmt: skip
        return found[lamp]
