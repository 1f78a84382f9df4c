"""The plain values of a config: names, texts, whole numbers, lanes, modes. Each says its own limit when it refuses."""

import re
from difflib import get_close_matches
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from hub_config.finding import Finding, listed, refusal, show
from hub_config.names import LaneId

Mode = Literal["live", "practice", "replay"]

LANES: Final = ("green", "hold", "xray", "manual", "return", "custody")
"""The logical lanes of the clearance contract §5."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""What fits into MQTT topics and client ids everywhere (contract §6)."""


class Entry(BaseModel):
    """A table of a config file: frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True
    )


def is_absent(value: object) -> bool:
    """For a key that came later: where a file leaves it out, digests stay as they were before there was one."""
    return value is None


def is_true(value: object) -> bool:
    """The same for a switch that is on by default."""
    return value is True


def is_nothing(value: object) -> bool:
    """The same for a quantity whose default is 0."""
    return value == 0


def is_left_out(value: object) -> bool:
    """The same for a choice that is made by naming it."""
    return value is False


def is_empty(value: object) -> bool:
    """The same for a list that may be left out."""
    return value == ()


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str | None:
    """The known word that was probably meant."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else None


def is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def name(example: str) -> AfterValidator:
    """The name of a hub, gateway, bench or device."""

    def fits(value: str) -> str:
        if not is_name(value):
            limit = "1 to 32 of the characters A-Z a-z 0-9 _ -"
            raise refusal(Finding((), f"{show(value)} is no name", limit, f'write for example "{example}"'))
        return value

    return AfterValidator(fits)


def device_name(example: str) -> AfterValidator:
    """The name of a device: it is a key in the provenance of events, and keys are lower case (contract §2 rule 3)."""

    def fits(value: str) -> str:
        if not is_name(value) or value != value.lower():
            limit = "1 to 32 of the characters a-z 0-9 _ -"
            raise refusal(
                Finding((), f"{show(value)} is no name of a device", limit, f'write for example "{example}"')
            )
        return value

    return AfterValidator(fits)


def _lane(value: LaneId) -> LaneId:
    if value not in LANES:
        near = nearest(value, LANES)
        todo = f"did you mean {show(near)}?" if near else "choose one of these"
        raise refusal(Finding((), f"there is no lane {show(value)}", f"lanes are {listed(LANES)}", todo))
    return value


Lane = Annotated[LaneId, AfterValidator(_lane)]
RECIRCULATE: Final = "recirculate"
"""The lane that leads back to the start of a line; no decision's route, so no bench has it."""


def _line_lane(value: LaneId) -> LaneId:
    return value if value == RECIRCULATE else _lane(value)


LineLane = Annotated[LaneId, AfterValidator(_line_lane)]


def whole(low: int, high: int) -> BeforeValidator:
    """A whole number from `low` to `high`."""

    def read(value: object) -> int:
        limit = f"a whole number from {low} to {high}"
        if not isinstance(value, int) or isinstance(value, bool):
            raise refusal(Finding((), f"{show(value)} is no whole number", limit, "write it without quotes"))
        if not low <= value <= high:
            size = "low" if value < low else "high"
            raise refusal(Finding((), f"{show(value)} is too {size}", limit, "choose a number in this range"))
        return value

    return BeforeValidator(read)


def decimal(low: float, high: float) -> AfterValidator:
    """A number with decimals from `low` to `high`, for what is not measured or counted by the gateway."""

    def within(value: float) -> float:
        if not low <= value <= high:  # also refuses nan
            limit = f"a number from {low:g} to {high:g}"
            raise refusal(
                Finding((), f"{show(value)} is out of range", limit, "choose a number in this range")
            )
        return value

    return AfterValidator(within)


def text(low: int, high: int) -> AfterValidator:
    """One printable line of `low` to `high` characters."""

    def within(value: str) -> str:
        limit = f"one printable line of {low} to {high} characters"
        if not low <= len(value.strip()) or len(value) > high or not value.isprintable():
            what = f"{show(value)} is {'empty' if not value.strip() else 'no such text'}"
            raise refusal(Finding((), what, limit, "write a short text"))
        return value

    return AfterValidator(within)


def entries(low: int, high: int) -> AfterValidator:
    """A list of `low` to `high` entries. Not pydantic's own bound: that one counts faulty entries as missing."""

    def within(value: tuple[object, ...]) -> tuple[object, ...]:
        if not low <= len(value) <= high:
            what = f"{len(value)} entries are too {'few' if len(value) < low else 'many'}"
            raise refusal(Finding((), what, f"{low} to {high}", "add or remove entries"))
        return value

    return AfterValidator(within)


class DeviceEntry(Entry):
    """What every kind of device may say of itself."""

    firmware: Annotated[str, text(1, 64)] | None = Field(default=None, exclude_if=is_absent)
    """As its menu or label says it: told with every event that the device has a part in (`prov.dev.fw`)."""
