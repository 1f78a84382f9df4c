"""One pull of a scanner's trigger may send a code twice: the second is no scan of its own (ST-14)."""

from typing import Final

from hub_config.names import MILLISECOND, Instant

SCANS_REMEMBERED_MAX: Final = 64


class FiredTwice:
    def __init__(self, same_code_ms: int) -> None:
        """`same_code_ms`: the same code within this is one scan."""
        self._same_ns = same_code_ms * MILLISECOND
        self._last: dict[str, Instant] = {}

    def tells(self, data: str, at: Instant) -> bool:
        """Takes a scan; True if it is the one before again."""
        last = self._last.pop(data, None)
        self._last[data] = at
        if len(self._last) > SCANS_REMEMBERED_MAX:
            del self._last[next(iter(self._last))]
        return last is not None and at - last < self._same_ns
