"""GS1 element strings and GS1 Digital Links: AI → value.

Element strings after the GS1 General Specifications §7.8: FNC1 arrives as GS (0x1D), the first FNC1 is not sent,
a trailing one is tolerated. Digital Link URI syntax 1.x: the last position of the path where a primary key starts
a valid tail; a link is only read, never opened. Check digits are not judged here but by `failed_check`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

from drivers.identifiers.check_digits import mod10_ok
from drivers.identifiers.gs1_table import AI_FORMATS, KEYS_WITH_MOD10, LINK_KEYS, PREDEFINED_LENGTH

GS: Final = "\x1d"
CANONICAL_HOST: Final = "https://id.gs1.org"
LINK_MAX_CHARS: Final = 2_048
"""A longer text is no Digital Link; symbols hold about that much at most in practice."""

Elements = dict[str, str]

Gs1Error = Literal[
    "empty",
    "unknown_ai",
    "value",
    "repeated",
    "too_long",
    "scheme",
    "scheme_case",
    "no_domain",
    "character",
    "no_key",
    "trailing_slash",
    "empty_value",
    "unknown_key",
    "encoding",
]


@dataclass(frozen=True, slots=True)
class Gs1Fault:
    error: Gs1Error
    detail: str


_ELEMENT: Final = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_PRINTED: Final = re.compile(rf"(?:{_ELEMENT.pattern})+")
_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_SCHEMES: Final = ("https://", "http://", "HTTPS://", "HTTP://")
_GTIN_LENGTHS: Final = (8, 12, 13)
_ALONE: Final = frozenset(("235", "7040"))
"""Qualifiers beside which no other one stands (GS1 syntax dictionary, `dlpkey=22,10,21|235`)."""
_NOT_OF_A_URI: Final = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")
"""RFC 3986 §2: anything else is percent-encoded."""
_NOT_OF_A_HOST: Final = re.compile(r"[^A-Za-z0-9._:@\[\]-]")
"""A name or an address of either kind, a port; no zone of an interface."""


def parse_elements(data: str) -> Elements | Gs1Fault:
    """The whole of `data` as element strings, in the order sent. What is left is never copied: a text may be long."""
    end = len(data) - data.endswith(GS)
    if not end:
        return Gs1Fault("empty", "no element string")
    elements: Elements = {}
    at = 0
    while at < end:
        head = data[at : min(at + 4, end)]
        ai = next((head[:size] for size in (2, 3, 4) if head[:size] in AI_FORMATS), None)
        if ai is None:
            return Gs1Fault("unknown_ai", f"{head!r} starts no application identifier")
        value, at = _cut_value(ai, data, at, end)
        if (fault := _put(elements, ai, value)) is not None:
            return fault
    return elements


def from_brackets(text: str) -> str | None:
    """Element strings as they stand below a symbol, `(00)1234…(420)78745`, made what a scanner sends. None: they are
    not written so."""
    cut = _PRINTED.fullmatch(text)
    if cut is None:
        return None
    return GS.join(ai + value for ai, value in _ELEMENT.findall(text))


def failed_check(elements: Elements) -> str | None:
    """The first AI whose check digit is wrong."""
    checked = (ai for ai in elements if ai in KEYS_WITH_MOD10)
    return next((ai for ai in checked if not mod10_ok(elements[ai][: KEYS_WITH_MOD10[ai]])), None)


def is_link(text: str) -> bool:
    """It starts as a web address does; only `parse_link` tells whether it is a Digital Link."""
    return _SCHEME.match(text) is not None


def parse_link(text: str) -> Elements | Gs1Fault:
    """Key and qualifiers from the path, then the attributes of the query. Fragments are ignored."""
    if len(text) > LINK_MAX_CHARS:
        return Gs1Fault("too_long", f"{len(text)} characters; at most {LINK_MAX_CHARS}")
    scheme = next((scheme for scheme in _SCHEMES if text.startswith(scheme)), None)
    if scheme is None:
        error: Gs1Error = "scheme_case" if is_link(text) else "scheme"
        return Gs1Fault(error, f"{text[:8]!r} is neither http:// nor https://")
    if (wrong := _NOT_OF_A_URI.search(text)) is not None:
        place = wrong.start() + 1
        return Gs1Fault("character", f"{wrong.group()!r} at place {place} can't stand in a web address")
    address, _, query = text[len(scheme) :].partition("#")[0].partition("?")
    host, slash, path = address.partition("/")
    if (wrong := _NOT_OF_A_HOST.search(host)) is not None:
        place = len(scheme) + wrong.start() + 1
        return Gs1Fault("character", f"{wrong.group()!r} at place {place} can't stand in the name of a host")
    if not host or not slash:
        return Gs1Fault("no_domain" if not host else "no_key", "no path after the host")
    elements = _from_path(host, path)
    if isinstance(elements, Gs1Fault):
        return elements
    return _with_query(elements, query)


def canonical_link(elements: Elements) -> str:
    """The same key and qualifiers on GS1's own host, without the query."""
    key = next(ai for ai in elements if ai in LINK_KEYS)
    parts = [key, elements[key]]
    for qualifier in LINK_KEYS[key]:
        if qualifier in elements:
            parts += [qualifier, elements[qualifier]]
    return "/".join([CANONICAL_HOST, *(quote(part, safe="") for part in parts)])


def decimal_of(ai: str, value: str) -> str:
    """Value of an AI of four digits whose last one gives the decimals: 3301 `000125` → `12.5`."""
    decimals = int(ai[3])
    digits = value.lstrip("0").rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def _cut_value(ai: str, data: str, at: int, end: int) -> tuple[str, int]:
    """The value of the element at `at`, and where the next one begins."""
    length = PREDEFINED_LENGTH.get(ai[:2])
    if length is None:
        found = data.find(GS, at, end)
        stop = end if found < 0 else found
        return data[at + len(ai) : stop], stop + 1
    # Some printers put a separator after a field of predefined length too; it says nothing.
    stop = min(at + length, end)
    return data[at + len(ai) : stop], stop + data.startswith(GS, stop, end)


def _put(elements: Elements, ai: str, value: str) -> Gs1Fault | None:
    if AI_FORMATS[ai].fullmatch(value) is None:
        return Gs1Fault("value", f"({ai}) can't have the value {value[:90]!r}")
    if elements.setdefault(ai, value) != value:
        return Gs1Fault("repeated", f"({ai}) comes twice with different values")
    return None


def _from_path(host: str, path: str) -> Elements | Gs1Fault:
    segments = path.split("/")
    trailing = segments[-1] == ""
    if trailing:
        segments.pop()
    for start in range(len(segments) - 2, -1, -1):
        tail = segments[start:]
        if len(tail) % 2 == 0 and _is_key_path(tail[0::2]):
            if trailing:
                return Gs1Fault("trailing_slash", "nothing may follow the last value")
            return _from_tail(tail)
    error: Gs1Error = "no_domain" if host in LINK_KEYS else "no_key"
    return Gs1Fault(error, "no primary key with a valid tail in the path")


def _is_key_path(ais: Sequence[str]) -> bool:
    """A primary key, then some of its qualifiers in their order."""
    order = LINK_KEYS.get(ais[0])
    if order is None:
        return False
    if len(ais) > 2 and not _ALONE.isdisjoint(ais):
        return False
    places = [order.index(ai) if ai in order else -1 for ai in ais[1:]]
    return -1 not in places and places == sorted(set(places))


def _from_tail(tail: Sequence[str]) -> Elements | Gs1Fault:
    elements: Elements = {}
    for ai, coded in zip(tail[0::2], tail[1::2], strict=True):
        if (fault := _put_coded(elements, ai, coded)) is not None:
            return fault
    return elements


def _with_query(elements: Elements, query: str) -> Elements | Gs1Fault:
    for pair in re.split("[&;]", query):
        ai, _, coded = pair.partition("=")
        if not (ai.isascii() and ai.isdigit()):
            continue
        if ai not in AI_FORMATS:
            return Gs1Fault("unknown_key", f"query key {ai[:8]!r} is no application identifier")
        if (fault := _put_coded(elements, ai, coded.replace("+", " "))) is not None:
            return fault
    return elements


def _put_coded(elements: Elements, ai: str, coded: str) -> Gs1Fault | None:
    if not coded:
        return Gs1Fault("empty_value", f"({ai}) has no value")
    try:
        value = unquote_to_bytes(coded).decode("ascii")
    except UnicodeDecodeError:
        return Gs1Fault("encoding", f"({ai}) is not ASCII once decoded")
    if ai == "01" and len(value) in _GTIN_LENGTHS:
        value = value.rjust(14, "0")
    return _put(elements, ai, value)
