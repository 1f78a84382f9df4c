"""Declarations that come in after their parcels: when, and which parcels wait for them."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from simulators.coordinator.declared import Declared

WANTED: Final = "no_declaration"


class Filings:
    def __init__(self, manifest: Mapping[str, Declared]) -> None:
        self._late = {code for code, declared in manifest.items() if declared.filed_us}
        filed = sorted((declared.filed_us, code) for code, declared in manifest.items() if declared.filed_us)
        self.batches: tuple[tuple[int, tuple[str, ...]], ...] = tuple(
            (at_us, tuple(code for _, code in batch)) for at_us, batch in groupby(filed, lambda one: one[0])
        )
        """UTC µs, and the codes that are declared then."""

    def awaited(self, data: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
        """Codes of a measured parcel for which the answer was that a declaration is missing which will come."""
        if WANTED in answer["reasons"]:
            yield from (
                code["data"] for code in data["codes"] if code.get("chk") and code["data"] in self._late
            )
