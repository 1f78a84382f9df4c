"""The edition of the pages: what a screen was loaded from.

A gateway that comes back after an update or with another configuration tells another one, and the screens, which nobody
reloads by hand, begin anew (edge/web/static/stream.js)."""

import hashlib
import json
from pathlib import Path
from typing import Final

from edge.web.floor.layout import floor_layout
from hub_config.hub import HubConfig

DIGITS: Final = 16
PAGE_FOLDERS: Final = ("floor", "static", "station")


def edition_of(config: HubConfig, words: dict[str, str]) -> str:
    """`DIGITS` hex digits over the pages' files, their words, and what of the configuration they show."""
    told = hashlib.sha256()
    here = Path(__file__).parent
    for file in sorted(
        file for folder in PAGE_FOLDERS for file in (here / folder).iterdir() if file.is_file()
    ):
        told.update(f"{file.name} {file.stat().st_size}\n".encode() + file.read_bytes())
    benches = [bench.model_dump(mode="json") for bench in config.benches]
    told.update(json.dumps([words, floor_layout(config), benches]).encode())
    return told.hexdigest()[:DIGITS]
