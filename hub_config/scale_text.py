"""A scale that nobody knows: its frame is declared instead of programmed (docs/unknown-scale.md).

`start … end` with fields in fixed columns or between separators; what its units, letters and words mean; how its
numbers are written. The same keys stand in a file for `hub decode --grammar` and in the `[[devices]]` of a hub.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hub_config.bench_scale import BenchScaleConfig, MassUnit, ScaleMode
from hub_config.declared_check import Check, CheckRule, check_rule, text_check_findings
from hub_config.finding import Finding, listed, refusal, show
from hub_config.values import Entry, entries, is_absent, whole

FIELDS_MAX: Final = 24
COLUMNS_MAX: Final = 96
"""Bytes of a frame with its start, without its end."""
WORDS_MAX: Final = 64
WORD_CHARS: Final = 16
REQUEST_CHARS: Final = 32

WordMeaning = Literal[
    "stable",
    "unstable",
    "gross",
    "net",
    "zero",
    "overload",
    "underload",
    "out_of_range",
    "invalid",
    "ignore",
    "nothing",
]
"""`invalid`: the scale says that it has no weight; `ignore`: the frame is about something else; `nothing`: known, and
without a meaning here."""
FieldName = Literal["status", "sign", "mass", "unit", "mass_unit", "tare", "skip"]
_NAMES: Final[tuple[FieldName, ...]] = ("status", "sign", "mass", "unit", "mass_unit", "tare", "skip")
_MANY: Final = ("status", "skip")
_FIELD: Final = re.compile(r"([a-z_]+)(\??)(?: ([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_LATIN_1: Final = 0xFF


@dataclass(frozen=True, slots=True)
class TextField:
    name: FieldName
    first: int | None
    """Column from 1, the frame's first byte; None between separators."""
    last: int | None
    may_lack: bool
    """Between separators: at the end of a frame it may be missing, and is then blank."""


def _bytes(value: str) -> str:
    if any(ord(char) > _LATIN_1 for char in value):
        limit = "bytes 00 to FF, each as one character"
        raise refusal(Finding((), f"{show(value)} is no bytes", limit, 'write for example "\\u0002" for STX'))
    return value


def _meanings(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _words(value: Mapping[str, object]) -> Mapping[str, object]:
    long = next((word for word in value if len(word) > WORD_CHARS), None)
    if len(value) > WORDS_MAX or long is not None:
        what = f"{len(value)} words" if long is None else f"{show(long)} has {len(long)} characters"
        limit = f"at most {WORDS_MAX} words of {WORD_CHARS} characters"
        raise refusal(Finding((), what, limit, "declare the words of the scale's manual only"))
    return value


Bytes = Annotated[str, AfterValidator(_bytes)]
Request = Annotated[Bytes, Field(max_length=REQUEST_CHARS)]


class ScaleGrammar(Entry):
    """What `hub decode --grammar` reads."""

    start: Annotated[Bytes, Field(max_length=4)] = ""
    end: Annotated[
        tuple[Annotated[Bytes, Field(min_length=1, max_length=4)], ...], Field(strict=False), entries(0, 4)
    ] = ("\r", "\n")
    """Any of them ends a frame. None: the columns say how long it is."""
    fields: Annotated[tuple[str, ...], Field(strict=False), entries(1, FIELDS_MAX)]
    """`"mass 3-9"` in columns, `"mass"` between separators."""
    separator: Annotated[Bytes, Field(max_length=4)] = ""
    """Empty: the fields stand in columns. A blank: any number of blanks parts two fields."""
    words: Annotated[
        dict[str, Annotated[tuple[WordMeaning, ...], BeforeValidator(_meanings), entries(1, 4)]],
        AfterValidator(_words),
    ] = Field(default_factory=dict)
    """Of status fields, without blanks around them; `""` is a blank one. A word that is not here makes no weight."""
    units: Annotated[dict[str, MassUnit | Literal["pcs"]], AfterValidator(_words)] = Field(
        default_factory=dict
    )
    """Besides the usual names: `kg`, `g`, `lb`, …"""
    unit: MassUnit | None = None
    """Where the frame has none."""
    decimal_comma: bool = False
    decimals: Annotated[int, whole(0, 6)] = 0
    """Of numbers that are sent without their point."""
    seven_bits: bool = True
    """Bit 7 is parity or nothing; false where a byte of the frame uses all eight."""
    check: Check | None = Field(default=None, exclude_if=is_absent)
    """What stands right before the end and makes the frame sure; columns count without it."""

    @cached_property
    def check_rule(self) -> CheckRule | None:
        return None if self.check is None else check_rule(self.check)

    @cached_property
    def layout(self) -> tuple[TextField, ...]:
        return tuple(field for one in self.fields if (field := text_field(one)) is not None)

    @cached_property
    def width(self) -> int | None:
        """Of a frame in columns, with its start, without its check and end."""
        return None if self.separator else max((one.last or 0 for one in self.layout), default=0)

    @model_validator(mode="after")
    def _is_one_grammar(self) -> "ScaleGrammar":
        found = [*_field_findings(self.fields), *_number_findings(self)]
        if not found:
            found = [*_column_findings(self), *_once_findings(self.layout), *_word_findings(self)]
            found += _check_findings(self)
        if found:
            raise refusal(*found)
        return self


class ScaleTextConfig(ScaleGrammar, BenchScaleConfig):
    """A bench scale whose frame is declared."""

    kind: Literal["scale-text"]
    mode: ScaleMode = "continuous"
    request: Request = ""
    """What asks for a weight: needed where the mode is `polled`."""
    zero: Request = ""
    tare: Request = ""
    tare_clear: Request = ""

    @model_validator(mode="after")
    def _can_be_asked(self) -> "ScaleTextConfig":
        if self.mode == "polled" and not self.request:
            todo = 'write for example request = "W\\r", or mode = "continuous"'
            raise refusal(Finding(("request",), "it is polled, but nothing asks it", "a request", todo))
        return self

    @property
    def drops_first(self) -> bool:
        """Without a start and without columns nothing shows that the head of a frame was lost."""
        return not self.start and bool(self.separator)


def text_field(text: str) -> TextField | None:
    """None: it is no field."""
    found = _FIELD.fullmatch(text)
    name = next((one for one in _NAMES if found is not None and found[1] == one), None)
    if found is None or name is None:
        return None
    first = int(found[3]) if found[3] else None
    last = int(found[4]) if found[4] else first
    return TextField(name, first, last, bool(found[2]))


def _field_findings(fields: Sequence[str]) -> list[Finding]:
    todo = 'write "mass 3-9" for columns, "mass" between separators'
    return [
        Finding(("fields", place), f"{show(one)} is no field", f"fields are {listed(_NAMES)}", todo)
        for place, one in enumerate(fields)
        if text_field(one) is None
    ]


def _number_findings(grammar: ScaleGrammar) -> list[Finding]:
    found = []
    if grammar.decimal_comma and "," in grammar.separator:
        limit = "a comma parts fields, or stands before decimals"
        found.append(Finding(("decimal_comma",), "the comma has two meanings", limit, "correct separator"))
    twins = [(one, two) for one in grammar.end for two in grammar.end if one != two and two.startswith(one)]
    if twins:
        what = f"{show(twins[0][1])} begins with {show(twins[0][0])}, which ends the frame first"
        todo = 'list single bytes, for example end = ["\\r", "\\n"], or the longer one alone'
        found.append(Finding(("end",), what, "no end begins with another", todo))
    if not grammar.end and grammar.separator:
        todo = 'declare end, for example end = ["\\r"], or columns'
        found.append(Finding(("end",), "nothing says where a frame ends", "an end, or columns", todo))
    return found


def _column_findings(grammar: ScaleGrammar) -> list[Finding]:
    if grammar.separator:
        return [
            Finding(
                ("fields", place),
                f"{show(grammar.fields[place])} has columns",
                "none with a separator",
                "drop them",
            )
            for place, one in enumerate(grammar.layout)
            if one.first is not None
        ] + _lacking_findings(grammar)
    found, behind = [], len(grammar.start)
    for place, one in enumerate(grammar.layout):
        said = show(grammar.fields[place])
        if one.first is None or one.last is None or one.may_lack:
            limit = "without a separator each has its columns"
            found.append(
                Finding(("fields", place), f"{said} has no columns", limit, 'write for example "mass 3-9"')
            )
        elif one.first <= behind or not one.first <= one.last <= COLUMNS_MAX:
            limit = f"columns {behind + 1} to {COLUMNS_MAX}, from left to right, none twice"
            todo = "count from 1, the first byte of the frame with its start"
            found.append(Finding(("fields", place), f"{said} can't stand there", limit, todo))
        behind = max(behind, one.last or 0)
    return found


def _lacking_findings(grammar: ScaleGrammar) -> list[Finding]:
    layout, found = grammar.layout, []
    for place, one in enumerate(layout):
        if one.may_lack and not all(later.may_lack for later in layout[place:]):
            said = show(grammar.fields[place])
            limit = "only the last fields may be missing"
            found.append(
                Finding(("fields", place), f"{said} may be missing", limit, "drop its question mark")
            )
    return found


def _once_findings(layout: Sequence[TextField]) -> list[Finding]:
    names = [one.name for one in layout]
    found = []
    numbers = names.count("mass") + names.count("mass_unit")
    if numbers != 1:
        todo = "list mass or mass_unit once"
        found.append(Finding(("fields",), f"{numbers} fields hold the mass", "exactly one is wanted", todo))
    for name in _NAMES:
        if name not in _MANY and names.count(name) > 1:
            found.append(Finding(("fields",), f"{name} is listed twice", "once", "call the other one skip"))
    if "mass_unit" in names and "unit" in names:
        todo = "list mass and unit, or mass_unit alone"
        found.append(Finding(("fields",), "the unit is declared twice", "one field holds it", todo))
    return found


def _check_findings(grammar: ScaleGrammar) -> list[Finding]:
    rule = grammar.check_rule
    if rule is None:
        return []
    if grammar.width is None:
        return text_check_findings(grammar.check)
    found = []
    if rule.last is not None and rule.last > grammar.width:
        limit = f"columns 1 to {grammar.width}; the check stands behind them"
        found.append(Finding(("check",), f"columns reach to {rule.last}", limit, "correct check or fields"))
    if rule.is_raw and grammar.seven_bits and rule.kind.startswith("crc"):
        what, limit = f"a raw {rule.kind} uses all eight bits", "seven_bits drops one of them"
        found.append(Finding(("seven_bits",), what, limit, "write seven_bits = false"))
    return found


def _word_findings(grammar: ScaleGrammar) -> list[Finding]:
    if any(one.name == "status" for one in grammar.layout) and not grammar.words:
        todo = 'write for example words = { ST = "stable", US = "unstable" }'
        return [
            Finding(("words",), "a status field without words", "each word that counts is declared", todo)
        ]
    return []
