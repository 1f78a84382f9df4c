"""Options of `hub decode` (`--config key=value`), as a config file would give them to the driver."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from hub_config.attach import HidAttach
from hub_config.values import Entry

METROLOGY: Final = {"regime": "none", "max_mg": 30_000_000, "min_mg": 0, "e_mg": 1_000, "mpe_mg": 1_000}
"""Of a scale whose frames are only shown."""
NOWHERE: Final = {"kind": "serial", "port": "decode"}
NO_HID: Final = {"kind": "hid", "port": "decode"}

YES_NO: Final = {
    "yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False,
}  # fmt: skip
"""As people write it, in any case."""

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([rnt\\]))")
_LETTERS: Final = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}

_C = TypeVar("_C", bound=Entry)


def unescaped(text: str) -> str:
    """Framing bytes as a command line can write them: `\\x02`, `\\u0002`, `\\r`, `\\n`, `\\t`."""
    return _ESCAPE.sub(
        lambda found: chr(int(found[1] or found[2], 16)) if found[3] is None else _LETTERS[found[3]], text
    )


def all_unescaped(options: Mapping[str, str]) -> dict[str, str]:
    return {key: unescaped(value) for key, value in options.items()}


def config_of(
    model: type[_C], kind: str, options: Mapping[str, str], lists: Sequence[str], more: Mapping[str, Any]
) -> _C:  # fmt: skip
    """A device's config from options; lists are parted by commas. Raises ValueError in one sentence."""
    given = {key: _value(model, key, value, lists) for key, value in options.items()}
    reports = model.model_fields["attach"].annotation is HidAttach
    fixed = {"kind": kind, "id": "decode", "attach": NO_HID if reports else NOWHERE}
    try:
        return model.model_validate({**fixed, **more, **given})
    except ValidationError as refused:
        first = refused.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "options"
        raise ValueError(f"{place}: {first['msg']}") from None


def _value(model: type[Entry], key: str, text: str, lists: Sequence[str]) -> object:
    if key in lists:
        return text.split(",")
    known = model.model_fields.get(key)
    if known is not None and known.annotation is bool:
        return YES_NO.get(text.lower(), text)
    wants_int = known is not None and known.annotation in (int, int | None)
    return int(text) if wants_int and text.isdecimal() else text
