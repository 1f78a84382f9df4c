"""Recorded calls made again on new sessions: the same driver code, the same instants, no port.

A trace that begins in the middle of an opening has a gap after the head. There a session may be in another state than
it was; it counts as in step again with the first bytes for which it tells the same as it did then.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final, get_args

from drivers.command import Command
from drivers.reading import Reading
from drivers.registry import new_session
from drivers.session import Actuator, Resumable, Session
from drivers.tap import Record, digest
from hub_config.devices import Device

_COMMANDS: Final = {kind.__name__: kind for kind in get_args(Command)}


@dataclass(frozen=True, slots=True)
class Again:
    """One call made again."""

    record: Record
    readings: tuple[Reading, ...]
    same: bool
    """It told the same readings and wanted the same bytes written as then."""


def again(device: Device, calls: Iterable[Record]) -> Iterator[Again]:
    """Raises ValueError for calls that no pump makes."""
    session: Session | None = None
    for record in calls:
        if record.call == "open":
            if isinstance(session, Resumable):
                session.reopened(record.at)
            else:
                session = new_session(device)
        if session is None:
            raise ValueError(f"{record.call} at {record.at} comes before any opening")
        readings = tuple(_call(session, record))
        out = session.take_output()
        yield Again(record, readings, digest(readings) == record.told and out == record.out)
        if record.call == "close" and not isinstance(session, Resumable):
            session = None


def _call(session: Session, record: Record) -> list[Reading]:
    match record.call:
        case "in":
            return session.receive(record.data, record.at)
        case "wake":
            return session.wake(record.at)
        case "order" if isinstance(session, Actuator):
            return session.command(command_of(record.data), record.at)
        case "close" if isinstance(session, Resumable):
            return session.closed(record.at)
        case _:
            return []


def command_text(command: Command) -> bytes:
    return json.dumps({type(command).__name__: asdict(command)}).encode()


def command_of(text: bytes) -> Command:
    """Raises ValueError."""
    try:
        ((name, fields),) = json.loads(text).items()
        command: Command = _COMMANDS[name](**fields)
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f"no command: {text!r:.80} ({fault})") from fault
    return command
