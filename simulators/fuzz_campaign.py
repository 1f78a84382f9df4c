"""`hub campaign fuzz`: every parser on millions of bytes that no device should send, repeatable by its seed.

For each: nothing raises; what it keeps stays bounded; nothing wrong is told (`fuzz_judges`); after any garbage the
second of two like frames is understood, or the next frame, or the first of a new connection (`fuzz_subjects`); and of a
protocol with a checksum no frame with one wrong bit gives a reading.
"""

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from simulators.fuzz_bytes import Noise
from simulators.fuzz_judges import Window, wrong
from simulators.fuzz_subjects import Subject, Wrong, subjects

BYTES: Final = 10_000_000
"""Per parser."""
BLOCK_BYTES: Final = 16_384
"""Between two looks at what is kept and whether frames are still found."""
WINDOW_BYTES: Final = 3 * BLOCK_BYTES
KEPT_MAX_BYTES: Final = 131_072
"""Of everything a parser keeps, its counters and tables included: twice the longest line any of them allows."""
FAULTS_SHOWN_MAX: Final = 5
"""Of each parser; the report counts all."""
SHOWN_BYTES: Final = 400
DEPTH_MAX: Final = 5
_SUMMED: Final = ("wrong", "raised", "resyncs", "not_back", "flips")
VECTORS: Final = Path(__file__).resolve().parents[1] / "tests" / "vectors"
"""In a checkout; an installed package has none, and then only noise is tried."""


@dataclass(slots=True)
class Tried:
    """What came of one parser."""

    name: str
    fed: int = 0
    """Bytes."""
    seconds: float = 0.0
    """Of processor."""
    frames: int = 0
    """Understood."""
    garbled: int = 0
    wrong: int = 0
    raised: int = 0
    kept_max: int = 0
    """Bytes."""
    back: str = ""
    resyncs: int = 0
    not_back: int = 0
    flips: int = 0
    """Frames of a checked protocol with one bit wrong."""
    vectors: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.wrong or self.raised or self.not_back or self.kept_max > KEPT_MAX_BYTES)

    def fault(self, what: str, sent: bytes) -> None:
        if len(self.faults) < FAULTS_SHOWN_MAX:
            self.faults.append(f"{what}; after … {sent[-SHOWN_BYTES:].hex(' ')}")


def run(names: Sequence[str], size: int, seed: int, jobs: int) -> Iterator[Tried]:
    """The parsers of these names, in the order of the tables; all, if none is named."""
    wanted = [one.name for one in subjects() if not names or one.name in names]
    one = partial(try_one, size=size, seed=seed)
    if jobs == 1:
        yield from map(one, wanted)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(one, wanted)


def try_one(name: str, size: int, seed: int) -> Tried:
    subject = next(one for one in subjects() if one.name == name)
    return _Trial(subject, size, random.Random(f"{seed} {name}")).run()


def as_json(tried: Iterable[Tried], size: int, seed: int) -> dict[str, Any]:
    all_tried = list(tried)
    bad = [one.name for one in all_tried if not one.good]
    again = f" --protocols {','.join(bad)}" if bad else ""
    return {
        "seed": seed, "bytes_each": size, "vectors": sum(one.vectors for one in all_tried),
        "bytes": sum(one.fed for one in all_tried), "frames": sum(one.frames for one in all_tried),
        **{key: sum(getattr(one, key) for one in all_tried) for key in _SUMMED},
        "kept_max": max((one.kept_max for one in all_tried), default=0), "failed": bad,
        "again": f"hub campaign fuzz{again} --bytes {size} --seed {seed}",
        "parsers": {one.name: _row(one) for one in all_tried},
    }  # fmt: skip


def _row(one: Tried) -> dict[str, Any]:
    row = asdict(one)
    del row["name"]
    row["bytes"] = row.pop("fed")
    speed = round(one.fed / one.seconds / 1e6, 2) if one.seconds else 0.0
    return row | {"seconds": round(one.seconds, 2), "mb_per_s": speed}


def vectors_of(protocols: Sequence[str]) -> list[bytes]:
    """Frames of the manuals that a device sends, or a label holds. None where the files are not there."""
    rows = [
        json.loads(line)
        for file in sorted(VECTORS.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    named = (row for row in rows if row["protocol"] in protocols and row["direction"] != "host->device")
    return [bytes.fromhex(row["hex"]) for row in named]


class _Trial:
    def __init__(self, subject: Subject, size: int, rng: random.Random) -> None:
        self._subject = subject
        self._size = size
        self._frames = [*vectors_of(subject.vectors), *subject.frames]
        self._noise = Noise(rng, self._frames)
        self._rng = rng
        self._window = Window(WINDOW_BYTES)
        self._tried = Tried(subject.name, back=subject.back, vectors=len(self._frames))
        self._alone = self._known() if subject.back != "none" else {}
        self._parser = subject.new()

    def run(self) -> Tried:
        while self._tried.fed < self._size:
            whole, record = self._subject.per_read, self._subject.record_bytes
            self._block(
                self._noise.segments(BLOCK_BYTES) if whole else self._noise.reads(BLOCK_BYTES, record)
            )
        if self._subject.checked:
            self._flip()
        return self._tried

    def _known(self) -> dict[bytes, object]:
        """Frame → what a new parser understands of it."""
        known: dict[bytes, object] = {}
        for frame in self._frames:
            told = self._subject.new().feed([frame])
            if told:
                known[frame] = told[-1]
        return known

    def _block(self, reads: list[bytes]) -> None:
        frame = self._rng.choice(list(self._alone)) if self._alone else None
        renew = self._subject.back == "reconnect"
        tail = [] if frame is None or renew else [frame, frame]
        self._window.add(b"".join([*reads, *tail]))
        told = self._fed([*reads, *tail])
        if told is not None:
            self._judge(told)
            if renew:
                self._parser = self._subject.new()
                told = self._fed([frame]) if frame is not None else None
            if frame is not None and told is not None:
                self._look_for(frame, told)
        self._tried.kept_max = max(self._tried.kept_max, kept_bytes(self._parser))

    def _fed(self, reads: list[bytes]) -> list[object] | None:
        """None: it raised, and a new one takes its place."""
        self._tried.fed += sum(map(len, reads))
        before, begun = self._parser.faults, time.process_time()
        try:
            told = self._parser.feed(reads)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is what we look for
            self._tried.raised += 1
            self._tried.fault(f"raised {type(raised).__name__}: {raised}", b"".join(reads))
            self._parser = self._subject.new()
            return None
        self._tried.seconds += time.process_time() - begun
        self._tried.garbled += self._parser.faults - before
        self._tried.frames += len(told)
        return told

    def _judge(self, told: Sequence[object]) -> None:
        for one in told:
            why = one.why if isinstance(one, Wrong) else wrong(one, self._window)
            if why is not None:
                self._tried.wrong += 1
                self._tried.fault(f"{why}: {one}", self._window.data)

    def _look_for(self, frame: bytes, told: Sequence[object]) -> None:
        self._tried.resyncs += 1
        if not told or told[-1] != self._alone[frame]:
            self._tried.not_back += 1
            last = told[-1] if told else "nothing"
            self._tried.fault(f"{frame.hex(' ')} came twice and {last} was the last told", self._window.data)

    def _flip(self) -> None:
        """Each frame with each of its bits wrong. What is told must be what the whole frame tells, or no reading."""
        for frame in dict.fromkeys(self._frames):
            good = self._subject.new().feed([frame])
            for place in range(len(frame) * 8) if good else ():
                spoilt = bytearray(frame)
                spoilt[place // 8] ^= 1 << place % 8
                told = self._subject.new().feed([bytes(spoilt)])
                self._tried.flips += 1
                if any(one not in good and _is_reading(one) for one in told):
                    self._tried.wrong += 1
                    self._tried.fault(f"bit {place} wrong, and still it tells {told}", bytes(spoilt))


def _is_reading(told: object) -> bool:
    """An acknowledgement of one byte may be made by one bit."""
    return getattr(told, "kind", "") not in ("ack", "error") and type(told).__name__ != "TextLine"


def kept_bytes(thing: object, depth: int = DEPTH_MAX) -> int:
    """Of everything that hangs on it and can grow."""
    match thing:
        case bytes() | bytearray() | str():
            return len(thing)
        case int() | float() | None | type():
            return 8
        case Mapping():
            return sum(
                kept_bytes(key, depth - 1) + kept_bytes(value, depth - 1) for key, value in thing.items()
            )
        case list() | tuple() | set() | frozenset():
            return sum(kept_bytes(one, depth - 1) for one in thing) if depth else 8 * len(thing)
        case Iterable() if hasattr(thing, "__len__"):
            return sum(kept_bytes(one, depth - 1) for one in thing) if depth else 8
        case _:
            return _fields_bytes(thing, depth - 1) if depth else 8


def _fields_bytes(thing: object, depth: int) -> int:
    if type(thing).__module__.startswith(("hub_config", "builtins", "functools", "re")):
        return 8
    names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
    return sum(kept_bytes(getattr(thing, name), depth) for name in names if hasattr(thing, name))
