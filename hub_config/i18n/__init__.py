"""The words people see, one TOML file a language. Keys are `section.name`; English is complete, others may lag."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

FALLBACK: Final = "en"
_FOLDER: Final = Path(__file__).parent


def languages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def texts(lang: str) -> Mapping[str, str]:
    """All texts of a language; what it lacks, and what is asked of an unknown language, is English."""
    found = _read(FALLBACK)
    if lang in languages():
        found |= _read(lang)
    return MappingProxyType(found)


def _read(lang: str) -> dict[str, str]:
    sections = tomllib.loads((_FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": str(text) for section, keys in sections.items() for key, text in keys.items()}
