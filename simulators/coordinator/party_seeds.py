"""The other party of the random checks: its own seeds, in its own folder, on its own computer (contract §8).

Three steps a day: commit to the days to come; look at the coordinator's published file, note its commitment, and only
then hand in the seed of tomorrow; publish the seed when its day is over. What it has noted makes it a witness: the
coordinator can't exchange its own seed afterwards (`hub audit sampling --witness`).
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulators.coordinator.sampling import SEED_BYTES, commitment
from simulators.coordinator.seed_file import DAY_US, DAYS_MAX, SeedFault, replace_file
from simulators.coordinator.stamps import utc_text

Told = dict[str, Any]
AHEAD_DAYS: Final = 7


class PartySeeds:
    """Of one party at one hub. `now_us`: UTC."""

    def __init__(self, folder: Path, party: str) -> None:
        """Raises OSError, or ValueError for a file that holds something else."""
        self._party = party
        self._secret = folder / f"{party}-seeds.json"
        self._public = folder / f"{party}.json"
        self._days: dict[str, Told] = json.loads(self._secret.read_bytes()) if self._secret.exists() else {}

    def commitments(self, now_us: int) -> list[Told]:
        """To be handed in and published: of the days to come, made where there are none."""
        days = [utc_text(now_us + number * DAY_US)[:10] for number in range(1, AHEAD_DAYS + 1)]
        for day in days:
            if day not in self._days:
                if len(self._days) >= DAYS_MAX:
                    del self._days[min(self._days)]
                seed = urlsafe_b64encode(secrets.token_bytes(SEED_BYTES)).rstrip(b"=").decode()
                self._days[day] = {"seed": seed}
        self._write(now_us)
        return [{"party": self._party, "day": day, "commit": _commit(self._days[day])} for day in days]

    def reveal(self, published: Mapping[str, Any], now_us: int) -> Told:
        """Tomorrow's seed, for the coordinator alone. `published`: its file of commitments. Raises SeedFault."""
        day = utc_text(now_us + DAY_US)[:10]
        told = self._days.get(day)
        if told is None:
            raise SeedFault(f"there is no seed for {day} yet; commit first")
        entry = next((one for one in published.get("days", ()) if one.get("day") == day), None)
        commits = [] if entry is None else list(entry.get("commits", ()))
        others = [one for one in commits if one != _commit(told)]
        if _commit(told) not in commits or not others:
            raise SeedFault(
                f"the published file does not hold both commitments for {day}: hand in ours and fetch the file again; "
                "a seed is told only when the other side is bound"
            )
        if told.setdefault("theirs", others) != others:
            raise SeedFault(
                f"the other commitments for {day} have changed since they were noted: {told['theirs']}"
            )
        self._write(now_us)
        return {"party": self._party, "day": day, "seed": told["seed"]}

    def _write(self, now_us: int) -> None:
        """`theirs` in a day says that this party's seed was handed in for it."""
        today = utc_text(now_us)[:10]
        public = [
            {"day": day, "commit": _commit(told)}
            | ({"theirs": told["theirs"]} if "theirs" in told else {})
            | ({"seed": told["seed"]} if day < today else {})
            for day, told in sorted(self._days.items())
        ]
        replace_file(self._secret, self._days, 0o600)
        replace_file(self._public, {"party": self._party, "days": public}, 0o644)


def _commit(told: Mapping[str, Any]) -> str:
    text = told["seed"]
    return commitment(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
