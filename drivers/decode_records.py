"""Records of a belt's scale explained, for `hub decode`, by the grammar that the options declare."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from drivers.decode_config import METROLOGY, all_unescaped, config_of
from drivers.meanings import Meaning, known, without_leading_zeros
from drivers.reading import DeviceFault, WeightRead
from drivers.scales.mass import is_number
from drivers.scales.record_scale import RecordScale
from hub_config.names import Instant
from hub_config.scales import RecordScaleConfig

_LISTS: Final = ("fields", "good", "overload", "underload", "end")
GRAMMAR: Final = (*_LISTS, "start", "separator", "unit", "check")
"""Options of `record-scale`, named as in the configuration."""


def record_scale(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    scale = RecordScale(
        config_of(RecordScaleConfig, "record-scale", all_unescaped(options), _LISTS, {"metrology": METROLOGY})
    )
    for frame in frames:
        for reading in scale.receive(frame, Instant(0)):
            match reading:
                case WeightRead():
                    yield weight_meaning(reading)
                case DeviceFault(code=code, detail=detail):
                    yield {"kind": "error", "error": code, "detail": detail}
                case _:
                    raise AssertionError(f"a record scale does not give {reading}")


def weight_meaning(read: WeightRead) -> Meaning:
    flags = {"overload": read.overload or None, "underload": read.underload or None}
    value = without_leading_zeros(read.text) if is_number(read.text) else None
    shown = known({"value": value, "unit": read.unit, **flags})
    return {"kind": "weight", "record": read.record, **shown, "mass_mg": read.mass_mg}
