"""The rules that every driver keeps, tried on one from outside: its own samples, any cut, noise, bounds, its device."""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.kit import DEVICE, Kit, RoundTrip, Sample, is_told
from drivers.reading import DeviceUp, Reading
from drivers.session import Session
from hub_config.names import MILLISECOND, SECOND, Instant

HELD_MAX_BYTES: Final = 65_536
"""A driver that keeps more of what was sent than this has no bound."""
OUTPUT_MAX_BYTES: Final = 4_096
"""At one time; more would not fit into the gateway's own buffer."""
STEPS_MAX: Final = 100_000
"""Of one round trip; more is a loop without pause."""
FLOOD_BYTES: Final = 1_000_000
FUZZ_READS: Final = 2_000

_IMPURE: Final = (
    "time", "datetime", "threading", "queue", "asyncio", "random", "uuid", "os", "socket", "sqlite3", "serial",
    "subprocess", "multiprocessing",
)  # fmt: skip
_AT: Final = Instant(SECOND)


@dataclass(frozen=True, slots=True)
class Verdict:
    rule: str
    fault: str | None
    """None: kept."""
    tried: str


def check(kit: Kit, files: list[Path], seed: int) -> Iterator[Verdict]:
    """Rule by rule. What a driver raises is the fault of the rule that was tried."""
    rules: list[tuple[str, str, Callable[[], str | None]]] = [
        ("samples", f"{len(kit.samples)} samples", lambda: _samples(kit)),
        ("any-split", "every cut in two, and byte by byte", lambda: _any_split(kit)),
        ("fuzz", f"{FUZZ_READS} damaged or random reads, seed {seed}", lambda: _fuzz(kit, seed)),
        ("bounded", f"{FLOOD_BYTES:,} bytes without an end", lambda: _bounded(kit)),
        ("resync", "garbage, then a frame twice", lambda: _resync(kit)),
        ("pure", f"{len(files)} files", lambda: _pure(files)),
        ("independent-simulator", f"{len(kit.round_trips)} round trips", lambda: _round_trips(kit)),
    ]
    for rule, tried, run in rules:
        try:
            fault = run()
        except Exception as raised:  # noqa: BLE001 - whatever a stranger's code raises is its fault
            fault = f"raised {type(raised).__name__}: {raised}"
        yield Verdict(rule, fault, tried)


def _session(kit: Kit, settings: object) -> Session:
    session = kit.driver(DEVICE, kit.driver.Config.model_validate(settings))
    session.wake(Instant(0))
    session.take_output()
    return session


def _fed(kit: Kit, sample: Sample, *reads: bytes) -> list[Reading]:
    session = _session(kit, sample.settings)
    return [reading for data in reads for reading in session.receive(data, _AT)]


def _readings(kit: Kit, sample: Sample, *reads: bytes) -> list[Reading]:
    return [one for one in _fed(kit, sample, *reads) if not isinstance(one, DeviceUp)]


def _samples(kit: Kit) -> str | None:
    if not kit.samples:
        return "there are none; take frames from the device's manual"
    for sample in kit.samples:
        told = _readings(kit, sample, sample.sent)
        if len(told) != len(sample.told):
            return f"{sample.name}: {len(told)} readings, {len(sample.told)} wanted: {told}"
        for reading, wanted in zip(told, sample.told, strict=True):
            if not is_told(reading, wanted):
                return f"{sample.name}: {reading} is not {dict(wanted)}"
    return None


def _any_split(kit: Kit) -> str | None:
    for sample in kit.samples:
        whole = _fed(kit, sample, sample.sent)
        for cut in range(len(sample.sent) + 1):
            if _fed(kit, sample, sample.sent[:cut], sample.sent[cut:]) != whole:
                return f"{sample.name}: other readings when cut at byte {cut}"
        if _fed(kit, sample, *[bytes([byte]) for byte in sample.sent]) != whole:
            return f"{sample.name}: other readings byte by byte"
    return None


def _fuzz(kit: Kit, seed: int) -> str | None:
    dice = random.Random(seed)  # noqa: S311 - repeatable noise
    sample = kit.samples[0]
    session = _session(kit, sample.settings)
    at = _AT
    for _ in range(FUZZ_READS):
        data = bytearray(dice.choice(kit.samples).sent)
        for _ in range(dice.randrange(4)):
            place = dice.randrange(len(data) + 1)
            data[place : place + dice.randrange(3)] = dice.randbytes(dice.randrange(4))
        at = Instant(at + dice.randrange(500) * MILLISECOND)
        session.receive(bytes(data) if dice.random() < 0.7 else dice.randbytes(dice.randrange(300)), at)
        if session.wake_at is not None and session.wake_at <= at:
            session.wake(at)
            if session.wake_at is not None and session.wake_at < at:
                return f"after wake at {at} it still wants to be woken at {session.wake_at}: a loop without pause"
        if len(output := session.take_output()) > OUTPUT_MAX_BYTES:
            return f"{len(output)} bytes of output at once, at most {OUTPUT_MAX_BYTES}"
    return None


def _bounded(kit: Kit) -> str | None:
    session = _session(kit, kit.samples[0].settings)
    for _ in range(FLOOD_BYTES // 1_000):
        session.receive(b"7" * 1_000, _AT)
    held = getattr(session, "held_bytes", None)
    if not isinstance(held, int):
        return "it has no property held_bytes: how much of what was sent it keeps"
    return None if held <= HELD_MAX_BYTES else f"it keeps {held} bytes; at most {HELD_MAX_BYTES}"


def _resync(kit: Kit) -> str | None:
    if not kit.resyncs:
        return None
    for sample in kit.samples:
        alone = _readings(kit, sample, sample.sent)
        for garbage in (b"\xff\x00?" * 5, b"12.5", b"\x02\x02", b"\r\n", bytes(range(256))):
            after = _readings(kit, sample, garbage, sample.sent, sample.sent)
            if alone and after[-1:] != alone[-1:]:
                return f"{sample.name}: not understood the second time after {garbage[:8].hex(' ')}"
    return None


def _pure(files: list[Path]) -> str | None:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.partition(".")[0] in _IMPURE:
                    place = f"{file.name}:{getattr(node, 'lineno', 0)}"
                    return f"{place} imports {name}: a driver reads no clock, port or disk"
    return None


def _round_trips(kit: Kit) -> str | None:
    if not kit.round_trips:
        return "there are none; simulate the device from its manual"
    for trip in kit.round_trips:
        told = list(_run(kit, trip))
        left = list(trip.told)
        for reading in told:
            if left and is_told(reading, left[0]):
                left.pop(0)
        if left:
            return f"{trip.name}: never told {dict(left[0])}; told {told[-3:]}"
    return None


def _run(kit: Kit, trip: RoundTrip) -> Iterator[Reading]:
    """Both ends take turns; simulated time goes to whoever wants to be woken first."""
    session, device, now = _new(kit, trip), trip.device(), Instant(0)
    for _ in range(STEPS_MAX):
        due = [when for when in (session.wake_at, device.wake_at) if when is not None]
        quiet = not (sent := session.take_output()) and not (came := device.take_output())
        if quiet and (not due or min(due) > trip.seconds * SECOND):
            return
        if quiet:
            now = max(now, min(due))
            if device.wake_at is not None and device.wake_at <= now:
                device.wake(now)
            if session.wake_at is not None and session.wake_at <= now:
                yield from session.wake(now)
            continue
        now = Instant(now + MILLISECOND)  # of the wire
        if sent:
            device.receive(sent, now)
            came = device.take_output()
        if came:
            yield from session.receive(came, now)
    raise RuntimeError(f"{STEPS_MAX} steps within {trip.seconds} simulated seconds: a loop without pause")


def _new(kit: Kit, trip: RoundTrip) -> Session:
    return kit.driver(DEVICE, kit.driver.Config.model_validate(trip.settings))
