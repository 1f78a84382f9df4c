"""The seeds of the random checks on disk: the secret ones in one file, what everybody may know in another.

`seeds.json` (0600) holds the seed of every day; `sampling.json` is for publication: commitments at once, each seed when
its day (UTC) is over. A day's seed is made, and its commitment published, with the first look at the day before.

Other parties may give a seed as well; the day's seed is then the XOR of all (contract §8). Each party hands in its
commitment, and once ours stands beside it in the published file, its seed, both before the day begins: so none chooses
its seed knowing another's. A party whose seed has not come by then is `missing`: that day is drawn with the others'
alone, and the published file says so for good. `hub audit sampling` reads that file.
"""

import json
import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from simulators.coordinator.sampling import PARTIES_MAX, SEED_BYTES, commitment
from simulators.coordinator.stamps import parse_utc, utc_text

SEEDS_FILE: Final = "seeds.json"
PUBLIC_FILE: Final = "sampling.json"
OWN_PARTY: Final = "customs"
DAYS_MAX: Final = 4_000
"""Over ten years; past it the oldest day is dropped."""
AHEAD_DAYS_MAX: Final = 31
"""How far ahead another party may commit."""
GIVEN_MAX: Final = 100
"""Handed in at one time."""
DAY_US: Final = 86_400 * 1_000_000
_PARTY: Final = re.compile("[a-z0-9-]{1,40}")
_COMMITMENT: Final = re.compile("[A-Za-z0-9_-]{43}")


class SeedFault(ValueError):  # noqa: N818 - of what was handed in, in one sentence
    """A commitment or a seed that can't be taken: why, and what is wanted."""


class SeedFile:
    """Of one hub, with the parties that take part. `now_us`: UTC."""

    def __init__(self, folder: Path, hub: str, now_us: Callable[[], int]) -> None:
        """Raises OSError, or ValueError for a file that holds something else."""
        self._folder = folder
        self._hub = hub
        self._now_us = now_us
        path = folder / SEEDS_FILE
        self._days: dict[str, dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}
        self._looked_at: str | None = None
        self._look()

    def of(self, day: str) -> tuple[bytes, ...]:
        """Ours first, then those that came in time, by name of their party."""
        if day != self._looked_at:  # today's is asked for with every draw
            self._look()
        if day not in self._days:
            self._make(day)
            self._write()
        told = self._days[day]
        return tuple(
            _raw(text) for text in (told["seed"], *(one["seed"] for _, one in _others(told, given=True)))
        )

    def take(self, party: str, day: str, *, commit: str | None = None, seed: str | None = None) -> None:
        """What another party hands in: first its commitment, then its seed. The same again changes nothing.
        Raises SeedFault."""
        self._look()
        if not _PARTY.fullmatch(party) or party == OWN_PARTY:
            raise SeedFault(f"{party[:40]!r} is no other party; a-z 0-9 - are wanted, and not {OWN_PARTY}")
        self._check_day(day)
        if (commit is None) == (seed is None):
            raise SeedFault("either commit or seed is wanted, not both and not none")
        if commit is not None:
            self._commit(party, day, commit)
        elif seed is not None:
            self._reveal(party, day, seed)
        self._write()

    def _check_day(self, day: str) -> None:
        now_us = self._now_us()
        try:
            begins_us = parse_utc(f"{day}T00:00:00.000000Z")
        except ValueError:
            raise SeedFault(f"{day[:40]!r} is no day; write it like 2026-11-23") from None
        if begins_us <= now_us:
            raise SeedFault(
                f"{day} has begun (UTC): what comes now could have been chosen knowing who is drawn"
            )
        if begins_us - now_us > AHEAD_DAYS_MAX * DAY_US:
            raise SeedFault(f"{day} is more than {AHEAD_DAYS_MAX} days ahead; hand it in later")

    def _commit(self, party: str, day: str, commit: str) -> None:
        if not _COMMITMENT.fullmatch(commit):
            raise SeedFault("a commitment is 43 characters of base64url, SHA-256 of the seed (contract §8)")
        if day not in self._days:
            self._make(day)
        others = self._days[day].setdefault("others", {})
        if party in others:
            if others[party]["commit"] != commit:
                raise SeedFault(f"{party} has committed to another seed for {day}; a commitment stands")
            return
        if len(others) + 1 >= PARTIES_MAX:
            raise SeedFault(f"{day} has {PARTIES_MAX} parties already, and no more are allowed")
        if commit in self._commitments(day):
            raise SeedFault(f"this is the commitment of another party for {day}; it would take its seed away")
        others[party] = {"commit": commit, "published": utc_text(self._now_us())}

    def _commitments(self, day: str) -> list[str]:
        told = self._days[day]
        return [commitment(_raw(told["seed"])), *(one["commit"] for _, one in _others(told))]

    def _reveal(self, party: str, day: str, seed: str) -> None:
        told = self._days.get(day, {}).get("others", {}).get(party)
        if told is None:
            raise SeedFault(f"{party} has not committed to a seed for {day}; its commitment comes first")
        try:
            raw = _raw(seed)
        except (NotBase64, ValueError):
            raw = b""
        if len(raw) != SEED_BYTES or commitment(raw) != told["commit"]:
            raise SeedFault(f"this is not the seed that {party} has committed to for {day}")
        told["seed"] = _text(raw)

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
        replace_file(self._folder / SEEDS_FILE, self._days, 0o600)
        public = [published(day, told, now) for day, told in sorted(self._days.items())]
        replace_file(self._folder / PUBLIC_FILE, {"hub": self._hub, "days": public}, 0o644)


def seeds_of(told: object) -> tuple[tuple[str, str, str | None, str | None], ...]:
    """Of one object `{party, day, commit}` or `{party, day, seed}`, or a list of them. Raises SeedFault."""
    given: list[tuple[str, str, str | None, str | None]] = []
    for one in told if isinstance(told, list) else [told]:
        values = (
            [one.get(name) for name in ("party", "day", "commit", "seed")] if isinstance(one, dict) else []
        )
        if len(given) >= GIVEN_MAX or not all(value is None or isinstance(value, str) for value in values):
            raise SeedFault(f"at most {GIVEN_MAX} objects of texts party, day and commit or seed are wanted")
        party, day, commit, seed = values or (None, None, None, None)
        if party is None or day is None:
            raise SeedFault("party and day are wanted, and commit or seed")
        given.append((party, day, commit, seed))
    return tuple(given)


def published(day: str, told: dict[str, Any], now: str) -> dict[str, Any]:
    """What everybody may know of a day at this time."""
    others = _others(told, given=now[:10] >= day)
    entry: dict[str, Any] = {
        "day": day,
        "published": max(told["published"], *(one["published"] for _, one in others), ""),
        "commits": [commitment(_raw(told["seed"])), *(one["commit"] for _, one in others)],
    }
    if told.get("others"):
        entry["parties"] = [OWN_PARTY, *(party for party, _ in others)]
        missing = [
            {"party": party, "commit": one["commit"]}
            for party, one in _others(told)
            if party not in entry["parties"]
        ]
        entry |= {"missing": missing} if missing else {}
    if now[:10] > day:
        entry |= {"seeds": [told["seed"], *(one["seed"] for _, one in others)]}
    return entry


def _others(told: dict[str, Any], *, given: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """Other parties by name; `given`: only those whose seed has come."""
    others: dict[str, dict[str, Any]] = told.get("others", {})
    return [(party, others[party]) for party in sorted(others) if not given or "seed" in others[party]]


def replace_file(path: Path, told: object, mode: int) -> None:
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
