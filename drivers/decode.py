"""Bytes of one protocol explained, for `hub decode` and for whoever holds a recording next to a manual.

The keys are those of `meaning` in `tests/vectors/vectors.jsonl`; weights carry `mass_mg` besides. A stream protocol's
frames all go through one buffer, as they would on the wire; a code or label protocol takes one code per frame.
Each family has its file: `decode_scales.py`, `decode_scanners.py`, `decode_sizes.py`, `decode_labels.py`, ….
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Final

from drivers.decode_board import BOARD
from drivers.decode_config import YES_NO
from drivers.decode_labels import LABEL_OPTIONS, LABELS
from drivers.decode_modbus import MODBUS, MODBUS_OPTIONS
from drivers.decode_plc import PLC_OPTIONS, plc_wcs
from drivers.decode_printers import PRINTERS
from drivers.decode_records import GRAMMAR, record_scale
from drivers.decode_scales import scale_frames, scale_options
from drivers.decode_scanners import SCANNER_OPTIONS, SCANNERS
from drivers.decode_sics import mt_sics
from drivers.decode_sizes import SIZE_OPTIONS, SIZES
from drivers.meanings import Meaning
from drivers.scales.registry import EXPLAINED

Decoder = Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]

_YES_NO: Final = ("aim",)
_GRAMMAR: Final = "its frame is declared: --grammar FILE (docs/unknown-scale.md)"
_ELSEWHERE: Final[Mapping[str, str]] = {
    "scale-text": _GRAMMAR,
    "cas-pd-ii": _GRAMMAR,
    "and": "by its format: and-standard, and-csv, and-mt, and-nu, and-dp, and-kf, and-rs485",
    "modbus-io": "by its connection: modbus-tcp or modbus-rtu",
    "zpl-printer": "zpl-status for what it says, zpl for a label",
    "external": "a driver from outside is tried with hub driver check PACKAGE (docs/write-a-driver.md)",
}
"""Kinds of devices that are no protocol of that name, and what to ask for."""


def decode(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> list[Meaning]:
    """One meaning per reply or code, in order; several codes of one frame are one `stream`.

    `options`: of scanners `aim` (`yes` or `no`), of what sends records its grammar, of scales their configuration.
    Raises ValueError for an unknown protocol or option.
    """
    decoder = DECODERS.get(protocol)
    if decoder is None:
        if protocol in _ELSEWHERE:
            raise ValueError(f"{protocol} is a kind of device and no protocol; {_ELSEWHERE[protocol]}")
        near = get_close_matches(protocol.lower(), DECODERS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"protocol {protocol!r} is unknown{hint}; known: {', '.join(DECODERS)}")
    _check_options(protocol, options)
    meanings = list(decoder(frames, options))
    if not meanings and any(frames):
        return [
            {
                "kind": "error",
                "error": "incomplete",
                "detail": "nothing in these bytes is a frame or the start of one",
            }
        ]
    return meanings


def _check_options(protocol: str, options: Mapping[str, str]) -> None:
    allowed = OPTIONS.get(protocol, ())
    for key, value in options.items():
        if key not in allowed or (key in _YES_NO and value.lower() not in YES_NO):
            known = (f"{one}=yes and {one}=no" if one in _YES_NO else f"{one}=…" for one in allowed)
            raise ValueError(
                f"option {key}={value} is unknown for {protocol}; known: {', '.join(known) or 'none'}"
            )


DECODERS: Final[Mapping[str, Decoder]] = {
    "mt-sics": mt_sics,
    **{name: partial(scale_frames, name) for name in EXPLAINED},
    "record-scale": record_scale,
    **SCANNERS,
    **SIZES,
    **MODBUS,
    "plc-wcs": plc_wcs,
    **BOARD,
    **PRINTERS,
    **LABELS,
}
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "mt-sics": ("unit",),
    **{name: scale_options(name) for name in EXPLAINED},
    "record-scale": GRAMMAR,
    **SCANNER_OPTIONS,
    **SIZE_OPTIONS,
    **LABEL_OPTIONS,
    **MODBUS_OPTIONS,
    "plc-wcs": PLC_OPTIONS,
}
"""What `--config` takes, by protocol; the others take nothing."""
