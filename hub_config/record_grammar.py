"""How a device that sends delimited text records writes them: framing, separator, words for good and bad.

Shared by scales and dimensioners that work in motion (dimensioners §4: assume nothing but what is declared).
"""

from typing import Annotated, Final

from pydantic import Field, model_validator

from hub_config.declared_check import Check, CheckRule, check_rule, text_check_findings
from hub_config.finding import Finding, refusal
from hub_config.values import Entry, entries, is_absent, text

ANY_LINE_END: Final = ("\r", "\n")
"""CR, LF and CR LF all end a line; the empty line inside CR LF is nothing."""
FIELDS_MAX: Final = 16
"""Of one record."""

Word = Annotated[str, text(1, 16)]


class RecordGrammar(Entry):
    """`[start] field separator field … [check] end`."""

    start: Annotated[str, Field(max_length=4)] = ""
    end: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=4)], ...], Field(strict=False), entries(1, 4)
    ] = ANY_LINE_END
    separator: Annotated[str, Field(min_length=1, max_length=4)] = ";"
    good: Annotated[tuple[Word, ...], Field(strict=False), entries(1, 16)] = ("OK",)
    """Status words of a result that counts. Any other is no result."""
    check: Check | None = Field(default=None, exclude_if=is_absent)
    """What stands right before the end, behind the last field."""

    @property
    def check_rule(self) -> CheckRule | None:
        return None if self.check is None else check_rule(self.check)

    @model_validator(mode="after")
    def _check_can_be_cut_off(self) -> "RecordGrammar":
        if found := text_check_findings(self.check):
            raise refusal(*found)
        return self


def once_findings(fields: tuple[str, ...], wanted: tuple[str, ...]) -> list[Finding]:
    """Each of these fields is there exactly once."""
    return [
        Finding(
            ("fields",), f"{fields.count(one)} fields are {one}", "exactly one is wanted", f"list {one} once"
        )
        for one in wanted
        if fields.count(one) != 1
    ]


def unit_finding(
    key: str, field: str, fields: tuple[str, ...], unit: str | None, example: str
) -> Finding | None:
    """The unit is said once: by a field of the record, or by one unit for all."""
    if (field in fields) != (unit is not None):
        return None
    what = "the unit is declared twice" if unit is not None else "nothing says the unit"
    limit = "a field of the record, or one unit for all"
    return Finding((key,), what, limit, f'write {key} = "{example}", or list the field {field}')
