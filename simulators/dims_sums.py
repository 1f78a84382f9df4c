"""What became of the boxes that a line's dimensioner told, summed up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.bodies import Body


class DimsSums:
    def __init__(self) -> None:
        self.measured = 0
        """Parcels of which the dimensioner told a box."""
        self.asked = 0
        self.asked_with = 0
        """Visits that were asked about with one."""
        self.faults: Counter[str] = Counter()

    def hear(self, data: Mapping[str, Any]) -> None:
        """An event of the line."""
        if data["kind"] == "parcel.measured":
            self.asked += 1
            self.asked_with += "dims" in data

    def add(self, bodies: Sequence[Body]) -> None:
        """These are settled."""
        self.measured += sum(bool(body.sizes) for body in bodies)
        self.faults += Counter(fault for body in bodies for fault in body.dims_faults)


def dims_told(lines: Sequence[DimsSums]) -> dict[str, Any]:
    faults = sum((one.faults for one in lines), Counter[str]())
    return {
        "measured": sum(one.measured for one in lines),
        "asked": sum(one.asked for one in lines),
        "asked_with": sum(one.asked_with for one in lines),
        "faults": dict(sorted(faults.items())),
    }
