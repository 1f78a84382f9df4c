"""The wire of a simulated controller: telegrams of fixed frames, as its interface list (the configuration) has them.

Made from the layout alone: a telegram is taken apart by a pattern, and put together by format.
"""

import re
from typing import Final

from hub_config.plc import Means, PlcWcsConfig

HELD_MAX: Final = 4_096
"""Bytes that wait for the rest of a telegram; older ones are dropped."""


class PlcWire:
    def __init__(self, layout: PlcWcsConfig) -> None:
        self._layout = layout
        self._held = b""
        self._count = 0
        patterns = []
        for one in layout.telegrams:
            fields = "".join(
                f"(?P<{one.means}_{place}_{field.name}>.{{{field.width}}})"
                for place, field in enumerate(one.specs)
            )
            patterns.append(f"(?P<{one.means}>{re.escape(one.code)}{fields})")
        text = f"{re.escape(layout.start)}(?:{'|'.join(patterns)}){re.escape(layout.end)}"
        self._pattern = re.compile(text.encode("latin-1"))

    def hear(self, data: bytes) -> list[tuple[str, dict[str, str]]]:
        """What the host has sent: the meaning of each telegram and its fields."""
        self._held = (self._held + data)[-HELD_MAX:]
        told: list[tuple[str, dict[str, str]]] = []
        while (found := self._pattern.search(self._held)) is not None:
            groups = {name: text for name, text in found.groupdict().items() if text is not None}
            means = next(one.means for one in self._layout.telegrams if one.means in groups)
            fields = {
                name.split("_", 2)[2]: text.decode("latin-1").strip()
                for name, text in groups.items()
                if name != means
            }
            told.append((means, fields))
            self._held = self._held[found.end() :]
        return told

    def say(self, means: Means, *, number: int = 0, lane: str = "", result: str = "", code: str = "",
            grams: int | None = None) -> bytes:  # fmt: skip
        """One telegram. `grams` None: the field is blank."""
        said = next(one for one in self._layout.telegrams if one.means == means)
        self._count += 1
        written = said.code
        for field in said.specs:
            width = field.width
            match field.name:
                case "sequence":
                    written += str(self._count % 10**width).zfill(width)
                case "track_no":
                    written += str(number).zfill(width)
                case "mass":
                    written += " " * width if grams is None else str(grams).rjust(width)
                case "lane":
                    written += lane[:width] + " " * (width - len(lane))
                case "result":
                    written += result[:width] + " " * (width - len(result))
                case "code":
                    written += code[:width] + " " * (width - len(code))
                case _:
                    written += " " * width
        return f"{self._layout.start}{written}{self._layout.end}".encode("latin-1")
