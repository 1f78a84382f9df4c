"""The model of a scenario file: every field with its unit, its limits and its default (docs/scenarios.md).

A share is in parts per million, a quantity is written with its unit. Whatever a file leaves out does not happen.
"""

from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from hub_config.finding import Finding, listed, refusal, show
from hub_config.lines import READERS_MAX, SIDES_MAX
from hub_config.units import quantity
from hub_config.values import Entry, entries, name, nearest, text, whole
from simulators.devices.plc import PlcFault
from simulators.inspections import LookFault
from simulators.line_faults import LineFault
from simulators.mistakes import Mistake
from simulators.parcels import MAX_PARCELS, MILLION, Trouble
from simulators.sizing import ERROR_UM, DimsFault
from simulators.traffic import ASKEW_MAX_DEG, Face

FORMS_MAX: Final = 16
MARKS_MAX: Final = 32
OUTAGES_MAX: Final = 100
LINES_MAX: Final = 64
YEAR_MAX: Final = 1_000_000_000

Code = Literal["sscc", "ean", "qr"]
Share = Annotated[int, whole(0, MILLION)]


def _shares(known: tuple[str, ...]) -> BeforeValidator:
    """A table of shares in ppm by name."""

    def read(value: object) -> dict[str, int]:
        if not isinstance(value, dict):
            what, todo = f"{show(value)} is no table", "write its keys under a [header], or in { … }"
            raise refusal(Finding((), what, "shares in ppm, by name", todo))
        found = [finding for key, share in value.items() for finding in _wrong(key, share)]
        if found:
            raise refusal(*found)
        return value

    def _wrong(key: str, share: object) -> list[Finding]:
        if key not in known:
            near = nearest(key, known)
            todo = f"did you mean {show(near)}?" if near else "remove it"
            return [Finding((key,), f"unknown key {show(key)}", f"keys here are {listed(known)}", todo)]
        if type(share) is not int or not 0 <= share <= MILLION:
            limit = f"a whole number of ppm from 0 to {MILLION}"
            return [Finding((key,), f"{show(share)} is no share", limit, "write for example 10_000 for 1 %")]
        return []

    return BeforeValidator(read)


def _length(example: str, low: str = "0 mm", high: str = "5 m") -> BeforeValidator:
    return quantity("um", example=example, low=low, high=high)


def _time(example: str, low: str = "0 ms", high: str = "10 s") -> BeforeValidator:
    return quantity("us", example=example, low=low, high=high)


def _refuse(key: str, what: str, limit: str, todo: str) -> None:
    raise refusal(Finding((key,), what, limit, todo))


def _ordered(key: str, low: int, high: int, least: str) -> None:
    if high < low:
        _refuse(key, f"{key} is below {least}", f"at least {least}", "swap or correct the two")


def _rising(marks: list[tuple[int, int]], least: int) -> None:
    """Shares and values rise up to all of them."""
    before = (0, least)
    for number, (share, value) in enumerate(marks):
        if share <= before[0] or value < before[1]:
            what, limit = "this mark is not above the one before it", "shares and values rise"
            raise refusal(Finding(("marks", number), what, limit, "sort them"))
        before = (share, value)
    if before[0] != MILLION:
        what, limit = f"the last share is {before[0]}", f"the last mark is that of all, {MILLION}"
        raise refusal(Finding(("marks", len(marks) - 1, "share_ppm"), what, limit, "add the last one"))


class LengthMark(Entry):
    share_ppm: Annotated[int, whole(1, MILLION)]
    """So many of all are below."""
    below_um: Annotated[int, _length("250 mm")] = Field(alias="below")


class MassMark(Entry):
    share_ppm: Annotated[int, whole(1, MILLION)]
    below_mg: Annotated[int, quantity("mg", example="500 g", low="1 g", high="100 kg")] = Field(alias="below")


class FormEntry(Entry):
    """A kind of parcel with its sizes."""

    name: Annotated[str, name("polybag")]
    share_ppm: Share
    least_um: Annotated[int, _length("120 mm", low="30 mm")] = Field(alias="least")
    marks: Annotated[tuple[LengthMark, ...], Field(strict=False), entries(1, MARKS_MAX)]
    no_read_ppm: Share = 0

    @model_validator(mode="after")
    def _rises(self) -> "FormEntry":
        _rising([(one.share_ppm, one.below_um) for one in self.marks], self.least_um)
        return self


class MassEntry(Entry):
    least_mg: Annotated[int, quantity("mg", example="30 g", low="1 g", high="30 kg")] = Field(alias="least")
    marks: Annotated[tuple[MassMark, ...], Field(strict=False), entries(1, MARKS_MAX)]

    @model_validator(mode="after")
    def _rises(self) -> "MassEntry":
        _rising([(one.share_ppm, one.below_mg) for one in self.marks], self.least_mg)
        return self


class ParcelsEntry(Entry):
    trouble_ppm: Annotated[dict[Trouble, int], _shares(get_args(Trouble)[1:])] = Field(default={})
    code_ppm: Annotated[dict[Code, int], _shares(get_args(Code))] = Field(default={})
    """Further codes on a label, beside its S10."""
    mass: MassEntry | None = None
    """None: the published distribution, 30 g to 25 kg."""
    forms: Annotated[tuple[FormEntry, ...], Field(strict=False), entries(0, FORMS_MAX)] = ()
    """None: boxes, longer ones heavier, 120 to 480 mm."""
    label_from_ppm: Share = 250_000
    label_to_ppm: Share = 750_000
    """Of its length, behind its front."""
    face_ppm: Annotated[dict[Face, int], _shares(get_args(Face))] = Field(default={})
    """On which face a label lies; the rest on top. Those in front or at the rear are at that end."""
    askew_to_deg: Annotated[int, whole(0, ASKEW_MAX_DEG)] = 0

    @model_validator(mode="after")
    def _fits(self) -> "ParcelsEntry":
        total = sum(self.trouble_ppm.values())
        if total > MILLION:
            _refuse("trouble_ppm", f"the shares are {total} together", f"at most {MILLION}", "lower some")
        faces = sum(self.face_ppm.values())
        if faces > MILLION:
            _refuse("face_ppm", f"the shares are {faces} together", f"at most {MILLION}", "lower some")
        if self.forms and sum(one.share_ppm for one in self.forms) != MILLION:
            total = sum(one.share_ppm for one in self.forms)
            _refuse("forms", f"the shares are {total} together", f"exactly {MILLION}", "correct them")
        _ordered("label_to_ppm", self.label_from_ppm, self.label_to_ppm, "label_from_ppm")
        return self


class SideEntry(Entry):
    """Parcels that come by a side belt of the layout."""

    belt: Annotated[str, name("side")]
    share_ppm: Share


class FeederEntry(Entry):
    least_um: Annotated[int, _length("500 mm", low="1 mm", high="100 m")] = Field(500_000, alias="least")
    most_um: Annotated[int, _length("1100 mm", low="1 mm", high="100 m")] = Field(1_100_000, alias="most")
    mean_um: Annotated[int, _length("600 mm", low="1 mm", high="100 m")] | None = Field(None, alias="mean")
    """None: every gap between the two is as likely. Else they fall off from the least one, around this mean."""
    sides: Annotated[tuple[SideEntry, ...], Field(strict=False), entries(0, SIDES_MAX)] = ()
    """The rest is set down on the first belt."""

    @model_validator(mode="after")
    def _fits(self) -> "FeederEntry":
        _ordered("most", self.least_um, self.most_um, "least")
        if self.mean_um is not None:
            _ordered("mean", self.least_um, self.mean_um, "least")
            _ordered("most", self.mean_um, self.most_um, "mean")
        return self


class RateMark(Entry):
    to_deg: Annotated[int, whole(0, ASKEW_MAX_DEG)]
    """Of labels that lie askew by up to this."""
    read_ppm: Share


class SightEntry(Entry):
    """What one reader of the layout sees."""

    faces: Annotated[tuple[Face, ...], Field(strict=False), entries(1, len(get_args(Face)))]
    rates: Annotated[tuple[RateMark, ...], Field(strict=False), entries(1, MARKS_MAX)]
    """Labels that lie more askew than the last mark says are not read."""

    @model_validator(mode="after")
    def _rises(self) -> "SightEntry":
        angles = [one.to_deg for one in self.rates]
        if angles != sorted(set(angles)):
            _refuse("rates", f"the angles are {listed(tuple(map(str, angles)))}", "they rise", "sort them")
        return self


class ReaderEntry(Entry):
    read_time_us: Annotated[int, _time("30 ms", low="1 ms", high="1 s")] = Field(30_000, alias="read_time")
    wander_um: Annotated[int, _length("10 mm", high="100 mm")] = Field(0, alias="wander")
    sights: Annotated[tuple[SightEntry, ...], Field(strict=False), entries(0, READERS_MAX)] = ()
    """One for each reader of the layout, in its order. None: each sees every label."""


class ScaleEntry(Entry):
    error_mg: Annotated[int, quantity("mg", example="9 g", low="0 mg", high="1 kg")] = Field(
        9_000, alias="error"
    )
    record_from_us: Annotated[int, _time("60 ms")] = Field(60_000, alias="record_from")
    record_to_us: Annotated[int, _time("220 ms")] = Field(220_000, alias="record_to")

    @model_validator(mode="after")
    def _fits(self) -> "ScaleEntry":
        _ordered("record_to", self.record_from_us, self.record_to_us, "record_from")
        return self


class DimensionerEntry(Entry):
    """Of a layout whose lines have one: then parcels have sides, and declare them."""

    error_um: Annotated[int, _length("3 mm", high="100 mm")] = Field(ERROR_UM, alias="error")
    record_from_us: Annotated[int, _time("80 ms")] = Field(80_000, alias="record_from")
    record_to_us: Annotated[int, _time("260 ms")] = Field(260_000, alias="record_to")
    fault_ppm: Annotated[dict[DimsFault, int], _shares(get_args(DimsFault))] = Field(default={})

    @model_validator(mode="after")
    def _fits(self) -> "DimensionerEntry":
        _ordered("record_to", self.record_from_us, self.record_to_us, "record_from")
        return self


class BeltStopEntry(Entry):
    belt: Annotated[str, name("sort")]
    every_s: Annotated[int, quantity("s", example="60 s", low="2 s", high="1 h")] = Field(alias="every")
    lasts_s: Annotated[int, quantity("s", example="5 s", low="1 s", high="1 h")] = Field(alias="lasts")

    @model_validator(mode="after")
    def _fits(self) -> "BeltStopEntry":
        _ordered("every", self.lasts_s + 1, self.every_s, "what it lasts and 1 s")
        return self


class BeltEntry(Entry):
    creep_ppm: Annotated[int, whole(0, 20_000)] = 0
    slip_from_um: Annotated[int, _length("5 mm", high="300 mm")] = Field(5_000, alias="slip_from")
    slip_to_um: Annotated[int, _length("60 mm", high="300 mm")] = Field(60_000, alias="slip_to")
    push_um: Annotated[int, _length("300 mm", high="300 mm")] = Field(300_000, alias="push")
    stop: BeltStopEntry | None = None
    """Of one belt of several in series."""

    @model_validator(mode="after")
    def _fits(self) -> "BeltEntry":
        _ordered("slip_to", self.slip_from_um, self.slip_to_um, "slip_from")
        return self


class OutageEntry(Entry):
    begins_s: Annotated[int, quantity("s", example="10 min", low="0 s", high="1000 h")] = Field(
        0, alias="begins"
    )
    lasts_s: Annotated[int, quantity("s", example="24 h", low="1 s", high="1000 h")] = Field(alias="lasts")


class NetworkEntry(Entry):
    message_from_us: Annotated[int, _time("3 ms")] = Field(3_000, alias="message_from")
    message_to_us: Annotated[int, _time("12 ms")] = Field(12_000, alias="message_to")
    stall_ppm: Share = 2_000
    outages: Annotated[tuple[OutageEntry, ...], Field(strict=False), entries(0, OUTAGES_MAX)] = ()

    @model_validator(mode="after")
    def _fits(self) -> "NetworkEntry":
        _ordered("message_to", self.message_from_us, self.message_to_us, "message_from")
        free_s = 0
        for number, one in enumerate(self.outages):
            if one.begins_s < free_s:
                limit = "outages come one after the other"
                what = "this outage begins before the one above it ends"
                raise refusal(Finding(("outages", number, "begins"), what, limit, "let it begin later"))
            free_s = one.begins_s + one.lasts_s
        return self


class OfflineEntry(Entry):
    vouchers: bool = False
    """Parcels that are declared in full got vouchers before the run."""
    issued_before_s: Annotated[int, quantity("s", example="10 min", low="0 s", high="48 h")] = Field(
        0, alias="issued_before"
    )
    sample_ppm: Share = 0
    """Rate of the random checks; 0: the rule pack's own."""
    year_parcels: Annotated[int, whole(0, YEAR_MAX)] = 0
    """Parcels of the year before: what is released without the coordinator is capped by a share of all."""


class PlcEntry(Entry):
    """Of a layout with a line that a controller drives."""

    fault_ppm: Annotated[dict[PlcFault, int], _shares(get_args(PlcFault))] = Field(default={})


class ScenarioFile(Entry):
    about: Annotated[str, text(1, 300)]
    """One sentence for `hub simulate --list`."""
    layout: Annotated[str, text(1, 200)]
    """Configuration file of the hub, beside this file or named from its folder."""
    rules: Annotated[str, text(1, 200)] | None = None
    """Rule pack of the coordinator, named from the folder of this file; None: that of the practice hub."""
    lines: Annotated[int, whole(0, LINES_MAX)] | None = None
    """So many copies of the layout's first line; None: its lines as they are."""
    benches: bool = True
    """False: without those of the layout."""
    parcels_default: Annotated[int, whole(1, MAX_PARCELS)] = 200
    lasts_s: Annotated[int, quantity("s", example="24 h", low="1 s", high="1000 h")] | None = Field(
        None, alias="lasts"
    )
    """What `parcels_default` parcels take: a run of fewer has shorter outages in proportion."""
    parcels: ParcelsEntry = ParcelsEntry()
    feeder: FeederEntry = FeederEntry()
    readers: ReaderEntry = ReaderEntry()
    scale: ScaleEntry = ScaleEntry()
    dimensioner: DimensionerEntry = DimensionerEntry()
    belt: BeltEntry = BeltEntry()
    fault_ppm: Annotated[dict[LineFault, int], _shares(get_args(LineFault))] = Field(default={})
    mistake_ppm: Annotated[dict[Mistake, int], _shares(get_args(Mistake))] = Field(default={})
    """Of the operators at benches."""
    look_ppm: Annotated[dict[LookFault, int], _shares(get_args(LookFault))] = Field(default={})
    """Of each time that somebody looks into a parcel, at a layout with a bench that inspects."""
    network: NetworkEntry = NetworkEntry()
    offline: OfflineEntry = OfflineEntry()
    plc: PlcEntry = PlcEntry()

    @model_validator(mode="after")
    def _says_how_long(self) -> "ScenarioFile":
        if self.network.outages and self.lasts_s is None:
            what = "the key lasts is missing"
            limit = "outages are scaled with the length of a run"
            raise refusal(Finding(("lasts",), what, limit, 'add for example lasts = "24 h"'))
        return self
