"""Telegrams of a controller explained, for `hub decode`, in the usual layout or the one that options declare.

An option named after a telegram is its code and its fields: `--config "inducted=IN sequence:4 track_no:6"`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, get_args

from drivers.conveyors.plc_telegrams import Frame, Frames
from drivers.decode_config import config_of
from drivers.meanings import Meaning, garbled, known, without_leading_zeros
from drivers.scales.mass import is_number, mass_mg
from hub_config.plc import USUAL, Means, PlcWcsConfig

_MEANS: Final[tuple[str, ...]] = get_args(Means)
PLC_OPTIONS: Final = ("start", "end", "unit", "confirmed", "no_read", *_MEANS)
_LISTS: Final = ("confirmed", "no_read")
_NOWHERE: Final = {"kind": "tcp", "host": "decode", "port": 1}


def plc_wcs(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    layout = {one.means: {"means": one.means, "code": one.code, "fields": list(one.fields)} for one in USUAL}
    for means, text in options.items():
        if means in _MEANS:
            code, *fields = text.split()
            layout[means] = {"means": means, "code": code, "fields": fields}  # type: ignore[index]  # one of them
    telegrams = list(layout.values())
    plain = {key: value for key, value in options.items() if key not in _MEANS}
    config = config_of(PlcWcsConfig, "plc-wcs", plain, _LISTS, {"attach": _NOWHERE, "telegrams": telegrams})
    stream = Frames(config)
    understood = False
    for data in frames:
        for one in stream.feed(data):
            understood = True
            yield _meaning(one, config) if isinstance(one, Frame) else garbled(one.head)
    if not understood and (rest := stream.held_bytes or sum(map(len, frames))):
        detail = f"{rest} bytes in which no telegram of this layout ends"
        yield {"kind": "error", "error": "incomplete", "detail": detail}


def _meaning(frame: Frame, config: PlcWcsConfig) -> Meaning:
    named = frame.named
    numbers = {name: int(named[name]) for name in ("sequence", "track_no") if name in named}
    meaning: Meaning = {"kind": frame.means, **numbers}
    match frame.means:
        case "read":
            code = named["code"]
            if not code.strip("?") or code in config.no_read:
                return {**meaning, "no_read": True}
            return {**meaning, "code": code}
        case "weighed":
            text = named["mass"]
            mass = mass_mg(text, config.unit) if is_number(text) else None
            value = without_leading_zeros(text) if is_number(text) else None
            invalid = True if mass is None else None
            return known({**meaning, "value": value, "unit": config.unit, "invalid": invalid}) | {
                "mass_mg": mass
            }
        case "destination":
            return {**meaning, "lane": named["lane"]}
        case "discharged":
            confirmed = named["result"] in config.confirmed
            return {**meaning, "lane": named["lane"], "result": named["result"], "confirmed": confirmed}
        case "life" | "inducted":
            return meaning
