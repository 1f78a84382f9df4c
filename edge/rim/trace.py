"""A trace: every input of the core, one JSON line each, and what a replay needs besides. A field run or a simulated
one that went wrong is replayed from it to the very same effects.

First line `{"trace": "inputs", "v": 1, …}` with config, entropy and what the last run left open; then one line per
input, `{"BeamChanged": {…}}`; last `{"digest": "sha256:…"}`. A trace holds the codes of labels: it is evidence, 0600.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from edge.core.effects import Effect, Record
from edge.core.gateway import Gateway
from edge.core.inputs import Input
from edge.core.snapshot import LastPlaced
from edge.core.visits import NOTHING_REMEMBERED, Recovered, Remembered
from edge.wire.canonical import ZERO_ID, event_id
from edge.wire.envelope import EventContext
from edge.wire.event_body import EventBodies
from hub_config.hub import HubConfig
from hub_config.names import LineId

TRACE_BYTES_MAX: Final = 4 * 1024**3
"""A trace grows no further: the run goes on, the trace says that it was cut."""
LINE_BYTES_MAX: Final = 64_000_000
"""The first line holds all visits that the last run left open, 10,000 of some hundred bytes each, and what was said of
20,000: some 2,000 bytes a decision."""
VERSION: Final = 1

_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Input)}
_RECOVERED: Final = TypeAdapter(list[Recovered])
_LAST: Final = TypeAdapter(dict[str, LastPlaced])
_REMEMBERED: Final = TypeAdapter(Remembered)


log = logging.getLogger("hub.trouble")


class TraceFault(Exception):  # noqa: N818  (the fault is the file's)
    """The trace can't be read or written; the text names file, line and next step."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a gateway was started with."""

    config: HubConfig
    entropy: bytes
    recovered: tuple[Recovered, ...]
    last: Mapping[LineId, LastPlaced]
    edge_version: str
    remembered: Remembered = NOTHING_REMEMBERED

    def gateway(self) -> Gateway:
        """One as it was when the trace began."""
        return Gateway(self.config, self.entropy, self.recovered, self.last, self.remembered)


class EffectDigest:
    """Of everything a core wants, in order: events chained from seq 1 as in a journal, everything else as it is."""

    def __init__(self, start: Start) -> None:
        self._bodies = EventBodies(replay_context(start.config, start.edge_version))
        self._seq = 0
        self._prev = ZERO_ID
        self._other = sha256()

    def add(self, effect: Effect) -> None:
        if isinstance(effect, Record):
            self._seq += 1
            self._prev = event_id(self._bodies.body(effect.event, self._seq, self._prev))
        else:
            self._other.update(repr(effect).encode())

    def told(self) -> str:
        return digest_of(self._prev, self._other.hexdigest())


def digest_of(last_id: str, others: str) -> str:
    return f"sha256:{sha256(f'{last_id} {others}'.encode()).hexdigest()}"


def replay_context(config: HubConfig, edge_version: str) -> EventContext:
    """Without the secrets of a gateway: the same in a replay anywhere."""
    return EventContext(
        hub=config.hub.id, gateway=config.gateway.id, mode=config.hub.mode, epoch=1, edge_version=edge_version,
        config_digest=config.digest(), devices={}, evidence_key=bytes(32),
    )  # fmt: skip


class TraceRecorder:
    """A trace of a running gateway, with the digest of what its core wants."""

    def __init__(self, path: Path, start: Start) -> None:
        self._trace = TraceWriter(path, start)
        self._digest = EffectDigest(start)

    def given(self, given: Input) -> None:
        self._trace.write(given)

    def wanted(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self._digest.add(effect)

    def close(self) -> None:
        self._trace.close(self._digest.told())


class TraceWriter:
    """One thread's. `write` before the core takes the input, `close` with the digest of what came of it."""

    def __init__(self, path: Path, start: Start) -> None:
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        except OSError as refused:
            raise TraceFault(f"{path}: {refused.strerror}; name a file that can be written") from refused
        self._bytes = 0
        self._path = path
        self._ended = False
        """The disk would not take more of it."""
        header = {
            "trace": "inputs",
            "v": VERSION,
            "edge": start.edge_version,
            "entropy": start.entropy.hex(),
            "config": json.loads(start.config.model_dump_json()),
            "recovered": _RECOVERED.dump_python(list(start.recovered)),
            "last": _LAST.dump_python({str(line): last for line, last in start.last.items()}),
            "remembered": _REMEMBERED.dump_python(start.remembered),
        }
        self._line(_encode(header))

    def write(self, given: Input) -> None:
        name = type(given).__name__
        self._line(_encode({name: _ADAPTERS[name].dump_python(given)}))

    def close(self, digest: str | None) -> None:
        """None: the run broke off, and there is nothing to compare with."""
        if digest is not None:
            self._line(_encode({"digest": digest}))
        try:
            self._file.close()
        except OSError as refused:
            self._end(refused)

    def _line(self, line: bytes) -> None:
        self._bytes += len(line) + 1
        if self._bytes > TRACE_BYTES_MAX or self._ended:
            return
        try:
            self._file.write(line + b"\n")
        except OSError as refused:
            self._end(refused)

    def _end(self, refused: OSError) -> None:
        """A trace is worth less than the run."""
        if not self._ended:
            log.warning("trace %s ends here: %s; the run goes on without it", self._path, refused.strerror)
        self._ended = True
        with suppress(OSError):
            self._file.close()


@dataclass(frozen=True, slots=True)
class Replayed:
    inputs: int
    digest: str
    recorded: str | None
    """What the trace says; None where it was cut off."""


class TraceReader:
    """A trace from its first line on. Raises TraceFault for a file that is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = _lines(path)
        self.start = _start(path, next(self._lines, (0, b"")))
        self.recorded: str | None = None
        """The digest it ends with, once all inputs have been read; None where it was cut off."""

    def inputs(self) -> Iterator[Input]:
        """Once, in order."""
        for number, line in self._lines:
            kind, value = _pair(self._path, number, line)
            if kind == "digest":
                self.recorded = str(value)
                return
            yield _input(self._path, number, kind, value)


def replay(path: Path) -> Replayed:
    """Raises TraceFault for a file that is no trace."""
    trace = TraceReader(path)
    gateway, digest, inputs = trace.start.gateway(), EffectDigest(trace.start), 0
    for given in trace.inputs():
        for effect in gateway.step(given):
            digest.add(effect)
        inputs += 1
    return Replayed(inputs, digest.told(), trace.recorded)


def _encode(value: object) -> bytes:
    """JSON has no bytes: they are an object with their hex digits."""
    return json.dumps(value, separators=(",", ":"), default=_hex).encode()


def _hex(value: object) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"a {type(value).__name__} in a trace")
    return {"hex": value.hex()}


def _unhex(pairs: dict[str, Any]) -> object:
    return bytes.fromhex(pairs["hex"]) if list(pairs) == ["hex"] else pairs


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), start=1):
                if not line.endswith(b"\n"):
                    return  # the run ended in the middle of it
                yield number, line
    except OSError as refused:
        raise TraceFault(f"{path}: {refused.strerror}; name a trace") from refused


def _pair(path: Path, number: int, line: bytes) -> tuple[str, Any]:
    try:
        ((kind, value),) = json.loads(line, object_hook=_unhex).items()
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise TraceFault(f"{path}:{number}: this is no line of a trace; was the file edited?") from None
    return kind, value


def _input(path: Path, number: int, kind: str, value: object) -> Input:
    adapter = _ADAPTERS.get(kind)
    try:
        if adapter is None:
            raise ValueError(f"there is no input {kind!r:.40}")
        given: Input = adapter.validate_python(value)
    except ValueError as fault:
        raise TraceFault(f"{path}:{number}: {_first_line(fault)}; was it made by another version?") from None
    return given


def _start(path: Path, first: tuple[int, bytes]) -> Start:
    try:
        header = json.loads(first[1], object_hook=_unhex)
        if not isinstance(header, dict) or header.get("trace") != "inputs":
            raise TraceFault(f"{path}: this is no trace of inputs; its first line must say so")
        if header["v"] != VERSION:
            raise TraceFault(f"{path}: a trace of version {header['v']}; this program reads {VERSION}")
        return Start(
            HubConfig.model_validate_json(json.dumps(header["config"])),
            bytes.fromhex(header["entropy"]),
            tuple(_RECOVERED.validate_python(header["recovered"])),
            {LineId(line): last for line, last in _LAST.validate_python(header["last"]).items()},
            header["edge"],
            _REMEMBERED.validate_python(header.get("remembered", {})),
        )
    except (ValueError, KeyError, TypeError, ValidationError) as fault:
        raise TraceFault(f"{path}:1: {_first_line(fault)}; this is no trace of inputs") from None


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
