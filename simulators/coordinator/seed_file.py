"""The seeds of the random checks on disk: the secret ones in one file, what everybody may know in another.

`seeds.json` (0600) holds the seed of every day; `sampling.json` is for publication: commitments at once, each seed when
its day (UTC) is over. A day's seed is made, and its commitment published, with the first look at the day before.
`hub audit sampling` reads the published file.
"""

import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from simulators.coordinator.sampling import SEED_BYTES, commitment
from simulators.coordinator.stamps import utc_text

SEEDS_FILE: Final = "seeds.json"
PUBLIC_FILE: Final = "sampling.json"
DAYS_MAX: Final = 4_000
"""Over ten years; past it the oldest day is dropped."""
DAY_US: Final = 86_400 * 1_000_000


class SeedFile:
    """Of one hub with one party. `now_us`: UTC."""

    def __init__(self, folder: Path, hub: str, now_us: Callable[[], int]) -> None:
        """Raises OSError, or ValueError for a file that holds something else."""
        self._folder = folder
        self._hub = hub
        self._now_us = now_us
        path = folder / SEEDS_FILE
        self._days: dict[str, dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}
        self._looked_at: str | None = None
        self._look()

    def of(self, day: str) -> Sequence[bytes]:
        self._look()
        if day not in self._days:
            self._make(day)
            self._write()
        return (_raw(self._days[day]["seed"]),)

    def _look(self) -> None:
        """At each new day: tomorrow's seed is made, yesterday's told."""
        now_us = self._now_us()
        today = utc_text(now_us)[:10]
        if today == self._looked_at:
            return
        for day in (today, utc_text(now_us + DAY_US)[:10]):
            if day not in self._days:
                self._make(day)
        self._write()
        self._looked_at = today

    def _make(self, day: str) -> None:
        if len(self._days) >= DAYS_MAX:
            del self._days[min(self._days)]
        seed = secrets.token_bytes(SEED_BYTES)
        self._days[day] = {"seed": _text(seed), "published": utc_text(self._now_us())}

    def _write(self) -> None:
        """The secret first: a commitment whose seed is lost could never be kept."""
        now = utc_text(self._now_us())
        _replace(self._folder / SEEDS_FILE, self._days, 0o600)
        public = [published(day, told, now) for day, told in sorted(self._days.items())]
        _replace(self._folder / PUBLIC_FILE, {"hub": self._hub, "days": public}, 0o644)


def published(day: str, told: dict[str, Any], now: str) -> dict[str, Any]:
    """What everybody may know of a day at this time."""
    entry = {"day": day, "published": told["published"], "commits": [commitment(_raw(told["seed"]))]}
    if now[:10] > day:
        entry |= {"seeds": [told["seed"]]}
    return entry


def _replace(path: Path, told: object, mode: int) -> None:
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as file:
        json.dump(told, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
