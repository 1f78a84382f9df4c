"""A PLC or WCS that tracks and diverts parcels itself, and the line that it drives (docs/plc-lines.md).

It tells the gateway by telegrams of fixed frames what it does with each track number; the layout of the frames is
declared here, as the integrator's interface list has it. The gateway answers with a destination.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from hub_config.attach import TcpAttach, TcpListenAttach
from hub_config.codes import NamingType, WeakFormat
from hub_config.finding import Finding, listed, refusal, show
from hub_config.layout import Exit, LineName
from hub_config.metrology import Metrology
from hub_config.names import DeviceId, LaneId
from hub_config.readers import NO_READ
from hub_config.record_grammar import Word
from hub_config.units import quantity
from hub_config.values import (
    DeviceEntry,
    Entry,
    Lane,
    LineLane,
    device_name,
    entries,
    is_absent,
    is_empty,
    text,
)

FIELDS_MAX: Final = 16
WIDTH_MAX: Final = 64
NUMBER_WIDTH_MAX: Final = 9
EXITS_MAX: Final = 32
READERS_MAX: Final = 8

Means = Literal["life", "inducted", "read", "weighed", "destination", "discharged"]
NEEDED: Final[dict[Means, tuple[str, ...]]] = {
    "life": (),
    "inducted": ("track_no",),
    "read": ("track_no", "code"),
    "weighed": ("track_no", "mass"),
    "destination": ("track_no", "lane"),
    "discharged": ("track_no", "lane", "result"),
}
"""What each telegram has to say; `sequence` and `skip` may stand in any."""
ALWAYS: Final = ("life", "inducted", "destination", "discharged")
NUMBERS: Final = ("track_no", "sequence")

_FIELD: Final = re.compile(r"([a-z_]{1,16}):([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    name: str
    width: int


def _field(value: str) -> str:
    found = _FIELD.fullmatch(value)
    if found is None or not 0 < int(found[2]) <= WIDTH_MAX:
        limit = f"name:width, up to {WIDTH_MAX} characters wide"
        raise refusal(Finding((), f"{show(value)} is no field", limit, 'write for example "track_no:6"'))
    return value


class Telegram(Entry):
    """One frame: `start`, its code, its fields one after the other, `end`."""

    means: Means
    code: Annotated[str, text(1, 8)]
    fields: Annotated[
        tuple[Annotated[str, AfterValidator(_field)], ...], Field(strict=False), entries(0, FIELDS_MAX)
    ] = ()

    @cached_property
    def specs(self) -> tuple[FieldSpec, ...]:
        parts = [field.partition(":") for field in self.fields]
        return tuple(FieldSpec(name, int(width)) for name, _, width in parts)

    def width_of(self, name: str) -> int:
        """0: it has no such field."""
        return next((one.width for one in self.specs if one.name == name), 0)

    @property
    def chars(self) -> int:
        """Without start and end."""
        return len(self.code) + sum(one.width for one in self.specs)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Telegram":
        needed = NEEDED[self.means]
        known = (*needed, "sequence", "skip")
        names = [one.name for one in self.specs]
        found = [
            Finding(
                ("fields",),
                f"{names.count(one)} fields are {one}",
                "exactly one is wanted",
                f"list {one} once",
            )
            for one in needed
            if names.count(one) != 1
        ]
        for place, one in enumerate(self.specs):
            if one.name not in known:
                what, limit = (
                    f"a {self.means} has no {show(one.name)}",
                    f"its fields are {listed(list(known))}",
                )
                found.append(
                    Finding(("fields", place), what, limit, f'write "skip:{one.width}" for what is not used')
                )
            elif one.name in NUMBERS and one.width > NUMBER_WIDTH_MAX:
                what = f"{one.name} is {one.width} digits wide"
                found.append(
                    Finding(("fields", place), what, f"at most {NUMBER_WIDTH_MAX}", "correct its width")
                )
        if names.count("sequence") > 1:
            what = f"{names.count('sequence')} fields are sequence"
            found.append(Finding(("fields",), what, "at most one", "list it once"))
        if found:
            raise refusal(*found)
        return self


def _layout(*rows: tuple[Means, str, tuple[str, ...]]) -> tuple[Telegram, ...]:
    return tuple(Telegram(means=means, code=code, fields=fields) for means, code, fields in rows)


USUAL: Final = _layout(
    ("life", "LF", ("sequence:4",)),
    ("inducted", "IN", ("sequence:4", "track_no:6")),
    ("read", "RD", ("sequence:4", "track_no:6", "code:30")),
    ("weighed", "WT", ("sequence:4", "track_no:6", "mass:8")),
    ("destination", "DS", ("sequence:4", "track_no:6", "lane:6")),
    ("discharged", "DC", ("sequence:4", "track_no:6", "lane:6", "result:4")),
)


class PlcWcsConfig(DeviceEntry):
    """The controller, as the gateway is connected with it."""

    kind: Literal["plc-wcs"]
    id: Annotated[DeviceId, device_name("plc-1")]
    attach: Annotated[TcpAttach | TcpListenAttach, Field(discriminator="kind")]
    start: Annotated[str, Field(min_length=1, max_length=4)] = "\x02"
    end: Annotated[str, Field(min_length=1, max_length=4)] = "\x03"
    telegrams: Annotated[tuple[Telegram, ...], Field(strict=False), entries(4, 6)] = USUAL
    life_ms: Annotated[int, quantity("ms", example="1 s", low="100 ms", high="10 s")] = Field(
        default=1_000, alias="life"
    )
    """Both sides say so often that they live. Three times as long without a word, and the other counts as gone."""
    confirmed: Annotated[tuple[Word, ...], Field(strict=False), entries(1, 8)] = ("OK",)
    """Results of a discharge that a sensor has seen; with any other the parcel is not where it was sent."""
    lost: Annotated[tuple[Word, ...], Field(strict=False), entries(0, 8)] = ("LOST",)
    """Results of a parcel that the controller has no trace of."""
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(0, 32)] = NO_READ
    unit: Literal["mg", "g", "kg"] = "g"
    """Of masses that it tells."""
    metrology: Metrology | None = Field(default=None, exclude_if=is_absent)
    """Of the scale whose weights it tells."""
    drives: bool = True
    """False: it is only listened to, and not a byte is sent (`hub run --shadow`)."""

    def telegram(self, means: Means) -> Telegram | None:
        return next((one for one in self.telegrams if one.means == means), None)

    @model_validator(mode="after")
    def _telegrams_differ(self) -> "PlcWcsConfig":
        found = [
            Finding(
                ("telegrams",),
                f"{count} telegrams mean {means}",
                "exactly one is wanted",
                f"declare {means} once",
            )
            for means in NEEDED
            if (count := sum(one.means == means for one in self.telegrams)) > 1
            or (not count and means in ALWAYS)
        ]
        codes = [one.code for one in self.telegrams]
        for place, code in enumerate(codes):
            if code in codes[:place]:
                found.append(Finding(("telegrams", place, "code"), f"code {show(code)} is there twice",
                                     "one telegram each", "correct one of them"))  # fmt: skip
            elif len(code) != len(codes[0]):
                what = f"code {show(code)} has {len(code)} characters"
                found.append(Finding(("telegrams", place, "code"), what, f"all have {len(codes[0])}",
                                     "write all codes in one width"))  # fmt: skip
        if self.metrology is not None and self.telegram("weighed") is None:
            what, limit = "it tells no weights", "metrology is a scale's"
            found.append(Finding(("metrology",), what, limit, "remove it, or declare the telegram weighed"))
        widths = {one.means: one.width_of("sequence") for one in self.telegrams if one.width_of("sequence")}
        if len(set(widths.values())) > 1:
            what = f"sequence is {listed([f'{width} wide in {means}' for means, width in widths.items()])}"
            found.append(Finding(("telegrams",), what, "one counter has one width", "correct the fields"))
        if found:
            raise refusal(*found)
        return self


class PlcReader(Entry):
    """A scanner or scale of the gateway's own beside the line: its readings come so long after the induction."""

    device: Annotated[DeviceId, device_name("scan-2")]
    earliest_ms: Annotated[int, quantity("ms", example="200 ms", low="0 ms", high="1 min")] = Field(
        default=0, alias="earliest"
    )
    latest_ms: Annotated[int, quantity("ms", example="900 ms", low="10 ms", high="1 min")] = Field(
        alias="latest"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "PlcReader":
        if self.latest_ms <= self.earliest_ms:
            what = f"latest is {self.latest_ms} ms"
            limit = f"after earliest, {self.earliest_ms} ms"
            raise refusal(Finding(("latest",), what, limit, "swap or correct the two"))
        return self


class PlcScale(PlcReader):
    numbered: bool = False
    """Its record numbers are the track numbers: then time says nothing."""


class PlcExit(Exit):
    """Where the line can let a parcel go, and what the controller calls it."""

    lane: LineLane
    code: Annotated[str, text(1, 16)]


class PlcLine(Entry):
    """A line whose parcels are the track numbers of a controller. Times count from the induction."""

    id: LineName
    name: Annotated[str, text(1, 40)]
    plc: Annotated[DeviceId, device_name("plc-1")]
    exits: Annotated[tuple[PlcExit, ...], Field(strict=False), entries(2, EXITS_MAX)]
    readers: Annotated[tuple[PlcReader, ...], Field(strict=False), entries(0, READERS_MAX)] = ()
    """The gateway's own; the controller's come as telegrams."""
    scale: PlcScale | None = Field(default=None, exclude_if=is_absent)
    """None: the controller tells the weights."""
    identifiers: Annotated[tuple[NamingType, ...], Field(strict=False), entries(1, 3)] = ("s10", "sscc")
    weak_formats: Annotated[tuple[WeakFormat, ...], Field(strict=False), entries(0, 10)] = Field(
        default=(), exclude_if=is_empty
    )
    """Formats that other numbers fit as well, and that are those of carriers here (docs/identifiers.md)."""
    free_lane: Lane = LaneId("green")
    fail_safe: Lane = LaneId("hold")
    """Where the controller lets everything go that it has no destination for."""
    measured_within_ms: Annotated[int, quantity("ms", example="2 s", low="50 ms", high="1 min")] = Field(
        default=2_000, alias="measured_within"
    )
    """By then code and weight must be there."""
    decide_within_ms: Annotated[int, quantity("ms", example="5 s", low="100 ms", high="5 min")] = Field(
        default=5_000, alias="decide_within"
    )
    """The controller takes a destination up to then."""
    discharged_within_ms: Annotated[int, quantity("ms", example="9 s", low="100 ms", high="5 min")] = Field(
        default=9_000, alias="discharged_within"
    )
    """By then a parcel has left the line that runs: a release must hold so long."""
    lost_after_ms: Annotated[int, quantity("ms", example="10 min", low="1 s", high="2 h")] = Field(
        default=600_000, alias="lost_after"
    )
    """One that has not been discharged by then is lost track of; longer than the line may stand with parcels on it."""

    @property
    def bays(self) -> Sequence[PlcExit]:
        return self.exits

    def exit_called(self, code: str) -> PlcExit | None:
        return next((one for one in self.exits if one.code == code), None)

    def exit_to(self, lane: LaneId) -> PlcExit | None:
        return next((one for one in self.exits if one.lane == lane), None)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        scale = () if self.scale is None else (self.scale.device,)
        return (self.plc, *(one.device for one in self.readers), *scale)

    @model_validator(mode="after")
    def _fits(self) -> "PlcLine":
        found = []
        for key, many in (("lane", [one.lane for one in self.exits]), ("bay", [one.bay for one in self.exits]),
                          ("code", [one.code for one in self.exits])):  # fmt: skip
            for place, value in enumerate(many):
                if value in many[:place]:
                    what = f"{key} {show(value)} is there twice"
                    found.append(Finding(("exits", place, key), what, "one exit each", "correct one of them"))
        for key, lane in (("free_lane", self.free_lane), ("fail_safe", self.fail_safe)):
            if self.exit_to(lane) is None:
                what = f"no exit of lane {show(lane)}"
                limit = f"exits lead to {listed([one.lane for one in self.exits])}"
                found.append(
                    Finding((key,), what, limit, f'add {{ lane = "{lane}", bay = "…", code = "…" }} to exits')
                )
        times = (
            self.measured_within_ms,
            self.decide_within_ms,
            self.discharged_within_ms,
            self.lost_after_ms,
        )
        names = ("measured_within", "decide_within", "discharged_within", "lost_after")
        for place in range(1, len(times)):
            if times[place] <= times[place - 1]:
                what, limit = (
                    f"{times[place]} ms is too early",
                    f"after {names[place - 1]}, {times[place - 1]} ms",
                )
                found.append(Finding((names[place],), what, limit, "correct one of the two"))
        latest = max(
            (one.latest_ms for one in (*self.readers, *((self.scale,) if self.scale else ()))), default=0
        )
        if latest > self.measured_within_ms:
            what, limit = (
                f"{self.measured_within_ms} ms is too early",
                f"readings come up to {latest} ms late",
            )
            found.append(Finding(("measured_within",), what, limit, "raise it"))
        if found:
            raise refusal(*found)
        return self
