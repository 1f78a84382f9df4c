"""Options of `hub decode` (`--config key=value`), as a config file would give them to the driver."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from hub_config.values import Entry

METROLOGY: Final = {"regime": "none", "max_mg": 30_000_000, "min_mg": 0, "e_mg": 1_000, "mpe_mg": 1_000}
"""Of a scale whose frames are only shown."""
NOWHERE: Final = {"kind": "serial", "port": "decode"}

_WORDS: Final = {"yes": True, "true": True, "no": False, "false": False}

_C = TypeVar("_C", bound=Entry)


def config_of(
    model: type[_C], kind: str, options: Mapping[str, str], lists: Sequence[str], more: Mapping[str, Any]
) -> _C:  # fmt: skip
    """A device's config from options; lists are parted by commas. Raises ValueError in one sentence."""
    given = {key: _value(model, key, value, lists) for key, value in options.items()}
    fixed = {"kind": kind, "id": "decode", "attach": NOWHERE}
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
        return _WORDS.get(text, text)
    wants_int = known is not None and known.annotation in (int, int | None)
    return int(text) if wants_int and text.isdecimal() else text
