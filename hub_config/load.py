"""From a TOML file to a HubConfig, or to every fault of the file at once, in words, each with its line."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from hub_config.crosscheck import cross_findings
from hub_config.finding import Finding, KeyPath, show, value_at
from hub_config.hub import HubConfig
from hub_config.source_lines import source_lines
from hub_config.units import FROM_FILE
from hub_config.wording import findings_of

MAX_FILE_BYTES: Final = 1_000_000
"""A config is written by people; anything larger is some other file."""

_AT_LINE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LABELS: Final = ("id", "kid", "bay", "device")
"""Keys that name an array's element to people, better than its number does."""

Model = TypeVar("Model", bound=BaseModel)
CrossCheck = Callable[[Mapping[str, object]], Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file, as one line."""

    file: str
    line: int
    where: str
    what: str
    limit: str
    todo: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where}: {self.what}; {self.limit}; {self.todo}"


class ConfigFaults(Exception):  # noqa: N818 - the faults are the file's, and there are many
    """Why a file was refused: all its faults, in the order of its lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def load(path: str | Path, also: CrossCheck = lambda _data: ()) -> HubConfig:
    """`also`: what a caller can check that this package can't, such as what is installed. Raises ConfigFaults."""
    return read_model(path, HubConfig, lambda data: [*cross_findings(data), *also(data)])


def check(path: str | Path, also: CrossCheck = lambda _data: ()) -> list[Fault]:
    """Empty when the file is good."""
    try:
        load(path, also)
    except ConfigFaults as refused:
        return list(refused.faults)
    return []


def read_model(path: str | Path, model: type[Model], cross: CrossCheck) -> Model:
    """Any config file with its model and the checks between its parts. Raises ConfigFaults."""
    text = _read_text(path)
    data = _parse(path, text)
    found: list[Finding] = []
    value: Model | None = None
    try:
        value = model.model_validate(data, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError as error:
        found += findings_of(error.errors(include_url=False), model, data)
    found += cross(data)
    if value is None or found:
        lines = source_lines(text)
        faults = {
            Fault(str(path), lines.line(f.path), _where(f.path, data), f.what, f.limit, f.todo) for f in found
        }
        raise ConfigFaults(sorted(faults, key=lambda fault: (fault.line, fault.where, fault.what)))
    return value


def _read_text(path: str | Path) -> str:
    wanted = "a TOML file is wanted"
    try:
        if Path(path).is_dir():
            raise _whole(path, "this is a folder", wanted, "name the file inside it, for example hub.toml")
        if Path(path).exists() and not Path(path).is_file():
            raise _whole(path, "this is a device or a pipe", wanted, "correct the path")
        with Path(path).open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _whole(path, "there is no such file", wanted, "correct the path") from None
    except OSError as error:
        what = f"it can't be read: {error.strerror}"
        raise _whole(path, what, "a readable file is wanted", "correct its path or its rights") from None
    except ValueError:  # a NUL in the path
        raise _whole(path, "this is no path", wanted, "correct the path") from None
    if len(raw) > MAX_FILE_BYTES:
        raise _whole(path, "it is too large", f"at most {MAX_FILE_BYTES} bytes", "is this the right file?")
    try:
        text = raw.decode("utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise _whole(path, what, "the file must be UTF-8", "save it as UTF-8", line=line) from None
    if not text.strip():
        todo = "start from a copy of examples/bench.toml"
        raise _whole(path, "the file is empty", "a TOML file is wanted", todo)
    return text


def _parse(path: str | Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _whole(path, "tables or lists too deep", "a few levels", "is this the right file?") from None
    except ValueError as error:  # TOMLDecodeError, and integers of thousands of digits
        said = str(error)
        at = _AT_LINE.search(said)
        line = int(at[1]) if at else text.count("\n") + 1
        column = f", column {at[2]}" if at else ", end of file"
        what = show(said[: at.start()] if at else said).strip('"')
        limit, todo = (
            "no other fault can be seen before this one",
            "correct the line; texts go in double quotes",
        )
        raise _whole(path, f"{what}{column}", limit, todo, line=line, where="TOML") from None


def _whole(
    path: str | Path, what: str, limit: str, todo: str, *, line: int = 1, where: str = "file"
) -> ConfigFaults:
    return ConfigFaults([Fault(str(path), line, where, what, limit, todo)])


def _where(path: KeyPath, data: Mapping[str, object]) -> str:
    """`devices[1] scale-1.metrology.max`: numbers from 0, with the name of the element where it has one."""
    said = ""
    for depth, step in enumerate(path, start=1):
        if isinstance(step, int):
            said += f"[{step}]{_label(value_at(data, path[:depth]))}"
        else:
            key = step if _BARE_KEY.fullmatch(step) else show(step)
            said += f".{key}" if said else key
    return said or "file"


def _label(value: object) -> str:
    for key in _LABELS:
        name = value.get(key) if isinstance(value, dict) else None
        if isinstance(name, str) and _BARE_KEY.fullmatch(name):
            return f" {name}"
    return ""
