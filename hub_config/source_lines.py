"""On which line of a TOML file a key or an array element stands.

`tomllib` keeps no positions, and a fault without a line is no help. The text has passed `tomllib` already, so this
scanner only finds its way: tables, arrays of tables, dotted and quoted keys, inline tables, arrays over many lines.
"""

import re
import tomllib
from bisect import bisect
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from hub_config.finding import KeyPath

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' + r"|'''.*?'''(?:'{0,2})" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}\n#]+")
_REST_OF_LINE: Final = re.compile(r"[^\n]*")


class SourceLines:
    """Lines count from 1."""

    def __init__(self, lines: Mapping[KeyPath, int]) -> None:
        self._lines = dict(lines)

    def line(self, path: KeyPath) -> int:
        """Of the place itself, else of the nearest table around it that the file mentions."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._lines


def source_lines(text: str) -> SourceLines:
    scan = _Scan(text)
    with suppress(RecursionError):  # lists nested deeper than any config: their fault gets an outer line
        scan.document()
    return SourceLines(scan.lines)


class _Scan:
    """One walk through the text; `_at` only moves forward."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [place.end() for place in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        """Elements so far of each array of tables."""

    def document(self) -> None:
        base: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            start = self._at
            if self._text.startswith("[", self._at):
                base = self._header()
            else:
                self._pair(base)
            self._skip(_REST_OF_LINE)
            self._skip(_BLANK)
            if self._at == start:
                break  # not TOML after all; what is known so far still helps

    def _header(self) -> KeyPath:
        line, is_array = self._line(), self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        parts = self._key()
        path: KeyPath = ()
        for part in parts[:-1]:
            path = self._inside((*path, part), line)
        path = (*path, parts[-1]) if parts else path
        self.lines.setdefault(path, line)
        if is_array:
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            path = (*path, number)
            self.lines[path] = line
        return path

    def _inside(self, path: KeyPath, line: int) -> KeyPath:
        """The table a header's part names: of an array of tables, its last element."""
        self.lines.setdefault(path, line)
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _pair(self, base: KeyPath) -> None:
        line, path = self._line(), base
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._skip(_SPACE)
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif not self._skip(_STRING):
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        number = 0
        self._skip(_BLANK)
        while self._at < len(self._text) and not self._take("]"):
            start = self._at
            element = (*path, number)
            self.lines[element] = self._line()
            self._value(element)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)
            number += 1
            if self._at == start:
                break

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        while self._at < len(self._text) and not self._take("}"):
            start = self._at
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)
            if self._at == start:
                break

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._skip(_BARE):
                parts.append(self._text[start : self._at])
            elif self._skip(_STRING):
                parts.append(str(tomllib.loads(f"key = {self._text[start : self._at]}")["key"]))
            self._skip(_SPACE)
            if not self._take("."):
                return parts

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._at)
        if found is None or found.end() == self._at:
            return False
        self._at = found.end()
        return True

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _line(self) -> int:
        return bisect(self._starts, self._at) + 1
