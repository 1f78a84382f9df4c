"""Makes a failed run small: fewer lines, fewer parcels, fewer faults, as long as it still fails in the same way.

Each step is tried and kept only if the run still fails, so the result fails for certain. It ends when no single step is
left that does, or after so many tries.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from simulators.mixes import Mix

TRIES_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Shrunk:
    mix: Mix
    tries: int
    """Runs that it took."""
    minimal: bool
    """No single parcel or fault can be left out any more; False where the tries were used up."""


class _UsedUpError(Exception):
    """No try is left."""


class _Trial:
    """The smallest mix that has failed so far, and what was tried already."""

    def __init__(self, mix: Mix, fails: Callable[[Mix], bool], tries_max: int) -> None:
        self.mix = mix
        self.tries = 0
        self._fails = fails
        self._tries_max = tries_max
        self._held: set[str] = set()
        """Mixes that do not fail."""

    def keep(self, mix: Mix) -> bool:
        """Goes on with this one if it fails too."""
        name = mix.model_dump_json()
        if name in self._held:
            return False
        if self.tries == self._tries_max:
            raise _UsedUpError
        self.tries += 1
        if self._fails(mix):
            self.mix = mix
            return True
        self._held.add(name)
        return False


def smallest(mix: Mix, fails: Callable[[Mix], bool], tries_max: int = TRIES_MAX) -> Shrunk:
    """`mix` fails; `fails` says whether another one does in the same way."""
    trial = _Trial(mix, fails, tries_max)
    try:
        while True:
            before = trial.mix
            _cut_end(trial)
            for simpler in _simpler(trial):
                trial.keep(simpler)
            _leave_out_parcels(trial)
            if trial.mix == before:
                return Shrunk(trial.mix, trial.tries, minimal=True)
    except _UsedUpError:
        return Shrunk(trial.mix, trial.tries, minimal=False)


def _cut_end(trial: _Trial) -> None:
    """The shortest beginning of the stream that fails: what has not come yet changes nothing before it."""
    low, high = 0, len(trial.mix.parcels)
    while high - low > 1:
        middle = (low + high) // 2
        if trial.keep(_with(trial.mix, parcels=trial.mix.parcels[:middle])):
            high = middle
        else:
            low = middle


def _simpler(trial: _Trial) -> Iterator[Mix]:
    """One line, modelled boards, and without one fault after the other."""
    for lines in range(1, trial.mix.lines):
        if lines < trial.mix.lines:
            yield _with(trial.mix, lines=lines)
    if trial.mix.over_bytes:
        yield _with(trial.mix, over_bytes=False)
    for field in ("rates_ppm", "plc_ppm", "mistake_ppm", "look_ppm"):
        for fault in getattr(trial.mix, field):
            left = {name: ppm for name, ppm in getattr(trial.mix, field).items() if name != fault}
            yield _with(trial.mix, **{field: left})


def _leave_out_parcels(trial: _Trial) -> None:
    """Halves of them, quarters, and so on to single ones; the last first."""
    size = len(trial.mix.parcels) // 2
    while size >= 1:
        end = len(trial.mix.parcels)
        while end > 0:
            parcels = trial.mix.parcels
            left = parcels[: max(0, end - size)] + parcels[end:]
            if left:
                trial.keep(_with(trial.mix, parcels=left))
            end -= size
        size //= 2


def _with(mix: Mix, **changed: object) -> Mix:
    return mix.model_copy(update=changed)
