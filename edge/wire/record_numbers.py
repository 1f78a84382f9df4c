"""The record numbers that scales and dimensioners give (`mass.rec`, `dims.rec`; contract §4), and their gaps.

A verified scale keeps each weighing in its alibi memory under a number that rises by 1. Which numbers stand in the
journal's events, and which do not, is what an inspector compares with that memory: a number that is in no event was
weighed there and told of no parcel here. Read from the events, so it outlives restarts and anybody can do it again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

RECENT: Final = 256
"""Records of one device that are remembered: so far may events be out of its order, as parcels of a belt are."""
_VALUES: Final = {"mass": ("mg",), "dims": ("l_um", "w_um", "h_um")}


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are in no event, and the events (seq) with the numbers just outside: when it was."""

    first: int
    last: int
    after_seq: int
    before_seq: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(slots=True)
class Series:
    """Numbers of one device that rise; another series begins where they fall back, as after a memory was replaced."""

    device: str
    first: int
    last: int
    last_seq: int
    """The event that tells `last`."""
    records: int = 0
    gaps: list[Gap] = field(default_factory=list)
    _recent: dict[int, object] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        return sum(gap.count for gap in self.gaps)

    def takes(self, number: int, value: object, seq: int) -> bool:
        """False if the number can't be of this series: it falls back, or stands for another record already."""
        if number in self._recent:
            return self._recent[number] == value
        if number > self.last:
            if number > self.last + 1:
                self.gaps.append(Gap(self.last + 1, number - 1, self.last_seq, seq))
            self.last, self.last_seq = number, seq
        elif not self._fills(number):
            return False
        self.records += 1
        self._recent[number] = value
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return True

    def _fills(self, number: int) -> bool:
        """One told later than a higher one."""
        for place in range(len(self.gaps) - 1, -1, -1):
            gap = self.gaps[place]
            if gap.last < number or number <= self.last - RECENT:
                return False
            if gap.first <= number:
                parts = (replace(gap, last=number - 1), replace(gap, first=number + 1))
                self.gaps[place : place + 1] = [part for part in parts if part.count > 0]
                return True
        return False

    def as_json(self) -> dict[str, Any]:
        return {
            "device": self.device, "first": self.first, "last": self.last, "records": self.records,
            "missing": self.missing, "gaps": [asdict(gap) for gap in self.gaps],
        }  # fmt: skip


class RecordNumbers:
    """Folds the events of one journal, in their order, into the series of each device."""

    def __init__(self) -> None:
        self._series: dict[str, list[Series]] = {}

    def take(self, seq: int, data: Mapping[str, Any]) -> None:
        """Later events repeat what was measured, so only the measurement itself may begin a series."""
        for name, keys in _VALUES.items():
            measured = data.get(name)
            if measured is None or measured.get("rec") is None:
                continue
            device, number = str(measured["dev"]), int(measured["rec"])
            value = tuple(measured.get(key) for key in keys)
            series = self._series.setdefault(device, [])
            if data["kind"] == "parcel.measured":
                if not series or not series[-1].takes(number, value, seq):
                    series.append(Series(device, number, number - 1, seq))
                    series[-1].takes(number, value, seq)
            elif data["kind"] == "parcel.corrected" and series:
                series[-1].takes(number, value, seq)

    def series(self) -> list[Series]:
        """By device, oldest first."""
        return [one for device in sorted(self._series) for one in self._series[device]]


def numbers_text(all_series: list[Series]) -> str:
    """For a person: one line a series, its gaps below it."""
    lines = []
    for one in all_series:
        lines.append(
            f"{one.device}  records {one.first} to {one.last}: {one.records} in events, {one.missing} in none"
        )
        lines += [
            f"  {gap.first}{f' to {gap.last}' if gap.count > 1 else ''}"
            f"  between the events {gap.after_seq} and {gap.before_seq}"
            for gap in one.gaps
        ]
    return "\n".join(lines) or "no scale or dimensioner has told a record number"
