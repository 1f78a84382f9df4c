"""pydantic's errors in the words of the hub: what is wrong, what is allowed, what to do.

Also decides which key a misspelt one was meant to be, for which it walks the models along the file's path.
"""

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hub_config.finding import REFUSED, Finding, KeyPath, listed, show, value_at
from hub_config.values import DeviceEntry, nearest

_QUOTED: Final = re.compile(r"'([^']*)'|(?<![\w'])(\d+)")

_WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("a text is wanted", "put it in double quotes"),
    "bool_type": ("true or false is wanted", "write true or false, without quotes"),
    "float_type": ("a number is wanted", "write it without quotes, for example 1.5"),
    "date_type": ("a date is wanted", "write it without quotes, for example 2027-03-01"),
    "tuple_type": ("a list is wanted", "put it in square brackets: [ … ]"),
    "model_type": ("a table is wanted", "write its keys under a [header], or in { … }"),
    "model_attributes_type": ("a table is wanted", "write its keys under a [[header]], or in { … }"),
}
"""By pydantic's error type: the limit and what to do. The value itself says what is wrong."""


def findings_of(
    errors: Sequence[ErrorDetails], model: type[BaseModel], data: Mapping[str, object]
) -> list[Finding]:
    """All of them, with paths as in the file. A missing key that stands there misspelt is one finding, not two."""
    found: list[Finding] = []
    meant: set[KeyPath] = set()
    other_kinds = [error["loc"][:-1] for error in errors if _is_other_kind(error)]
    for error in sorted(errors, key=lambda error: error["type"] != "extra_forbidden"):
        path = _file_path(error["loc"], data)
        if error["loc"][:-1] in other_kinds and not _is_other_kind(error):
            continue  # its keys are those of the kind that may not stand here
        if error["type"] == "extra_forbidden":
            finding, key = _unknown_key(path, keys_at(model, path[:-1], data), data)
            found.append(finding)
            if key is not None:
                meant.add((*path[:-1], key))
        elif not (error["type"] == "missing" and path in meant):
            found += _in_words(error, path)
    return found


def _is_other_kind(error: ErrorDetails) -> bool:
    return error["type"] == "literal_error" and error["loc"][-1] == "kind"


def _in_words(error: ErrorDetails, path: KeyPath) -> list[Finding]:
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind == REFUSED:
        inner: Sequence[Finding] = context["findings"]
        return [Finding((*path, *found.path), found.what, found.limit, found.todo) for found in inner]
    if kind == "missing":
        what = f"the key {show(str(path[-1]))} is missing"
        return [Finding(path, what, "it has no default", f"add {path[-1]} here")]
    if kind == "literal_error":
        return [_not_one_of(path, show(value), _words(context["expected"]), value)]
    if kind == "union_tag_invalid":
        tag, known = str(context["tag"]), _words(context["expected_tags"])
        return [_not_one_of((*path, "kind"), show(tag), known, tag)]
    if kind == "union_tag_not_found":
        return [Finding((*path, "kind"), 'the key "kind" is missing', "it has no default", "add kind here")]
    if kind in ("too_short", "string_too_short"):
        least = context["min_length"]
        return [Finding(path, f"{show(value)} is too short", f"at least {least}", "add what is missing")]
    if kind in ("too_long", "string_too_long"):
        return [Finding(path, f"{show(value)} is too long", f"at most {context['max_length']}", "shorten it")]
    limit, todo = _WANTED.get(kind, (error["msg"], "correct it"))
    return [Finding(path, f"{show(value)} does not fit", limit, todo)]


def _not_one_of(path: KeyPath, shown: str, known: list[str], value: object) -> Finding:
    near = nearest(value, known) if isinstance(value, str) else None
    todo = f"did you mean {show(near)}?" if near else "choose one of these"
    return Finding(path, f"{shown} is not known", f"one of {listed(known)}", todo)


def _words(expected: str) -> list[str]:
    """From pydantic's "'none', 'even' or 'odd'"."""
    return [quoted or number for quoted, number in _QUOTED.findall(expected)]


def _unknown_key(
    path: KeyPath, known: tuple[str, ...], data: Mapping[str, object]
) -> tuple[Finding, str | None]:
    key = str(path[-1])
    table = value_at(data, path[:-1])
    free = [name for name in known if not (isinstance(table, dict) and name in table)]
    near = nearest(key, free)
    what = f"unknown key {show(key)}"
    limit = f"keys here are {listed(known)}"
    return Finding(path, what, limit, f"did you mean {show(near)}?" if near else "remove it"), near


def keys_at(model: type[BaseModel], path: KeyPath, data: Mapping[str, object]) -> tuple[str, ...]:
    """The keys a file may use in the table at `path`."""
    shape: object = model
    for depth, step in enumerate(path):
        shape = _one_of(shape, value_at(data, path[:depth]))
        shape = _element(shape) if isinstance(step, int) else _field(shape, step)
    shape = _one_of(shape, value_at(data, path))
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        own_first = sorted(shape.model_fields, key=lambda name: name in DeviceEntry.model_fields)
        return tuple(shape.model_fields[name].alias or name for name in own_first)
    return ()


def _one_of(shape: object, value: object) -> object:
    """Takes `Annotated` and unions off: the member whose `kind` the file gives, else the only model."""
    if get_origin(shape) is Annotated:
        return _one_of(get_args(shape)[0], value)
    if get_origin(shape) not in (Union, UnionType):
        return shape
    members = [_one_of(member, value) for member in get_args(shape)]
    models = [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]
    kind = value.get("kind") if isinstance(value, dict) else None
    for member in models:
        if "kind" in member.model_fields and kind in get_args(member.model_fields["kind"].annotation):
            return member
    return models[0] if models else None


def _element(shape: object) -> object:
    return get_args(shape)[0] if get_origin(shape) is tuple else None


def _field(shape: object, key: str) -> object:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        for name, field in shape.model_fields.items():
            if key == (field.alias or name):
                return field.annotation
    return None


def _file_path(loc: tuple[str | int, ...], data: Mapping[str, object]) -> KeyPath:
    """pydantic puts the tag of a union into the place; the file has no such step."""
    path: KeyPath = ()
    for step in loc:
        table = value_at(data, path)
        if isinstance(table, dict) and step not in table and table.get("kind") == step:
            continue
        path = (*path, step)
    return path
