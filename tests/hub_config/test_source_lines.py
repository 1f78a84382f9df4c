"""Every place of a TOML file is found on its line."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_config.finding import KeyPath
from hub_config.source_lines import source_lines

EXAMPLE = (Path(__file__).parents[2] / "examples/bench.toml").read_text(encoding="utf-8")

ALL_FORMS = """\
# a comment with [brackets] and "quotes
top = 1
dotted.a.b = "x = [1]"
"quoted key".'and "this"' = 2

[table]
text = \"\"\"
[not.a.table]
key = "no"\"\"\"\"
raw = '''
] # }
'''
esc = "say \\"hi\\" # no comment" # comment

[table.sub] # comment
list = [ # first
  1,
  [2, 3], # pair

  { a = 1, b.c = [ "]", '}' ] },
]

[[things]]
id = "one"
[[things.parts]]
n = 1
[[things.parts]]
n = 2
[things.parts.deep]
x = 2027-03-01
[[things]]
id = "two"
[[things.parts]]
n = 3
[late.header]
y = 1.5
"""


def places(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


@pytest.mark.parametrize("text", [ALL_FORMS, EXAMPLE])
def test_every_key_and_element_that_tomllib_sees_has_a_line(text: str) -> None:
    lines = source_lines(text)

    assert [path for path in places(tomllib.loads(text)) if path not in lines] == []


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        (("top",), "top"),
        (("dotted", "a", "b"), "dotted"),
        (("quoted key", 'and "this"'), '"quoted'),
        (("table", "text"), "text"),
        (("table", "raw"), "raw"),
        (("table", "esc"), "esc"),
        (("table", "sub"), "[table.sub]"),
        (("table", "sub", "list", 0), "1,"),
        (("table", "sub", "list", 1, 1), "[2, 3]"),
        (("table", "sub", "list", 2, "b", "c", 1), "{ a"),
        (("things", 0, "parts", 1, "n"), "n = 2"),
        (("things", 0, "parts", 1, "deep", "x"), "x ="),
        (("things", 1, "parts", 0, "n"), "n = 3"),
        (("late", "header", "y"), "y"),
    ],
)
def test_a_place_is_on_its_own_line(path: KeyPath, begins: str) -> None:
    line = source_lines(ALL_FORMS).line(path)

    assert ALL_FORMS.splitlines()[line - 1].strip().startswith(begins)


def test_a_place_that_is_not_there_is_on_the_line_of_the_table_around_it() -> None:
    lines = source_lines(ALL_FORMS)

    assert lines.line(("things", 1, "missing")) == lines.line(("things", 1))
    assert lines.line(("nothing", "of", "this")) == 1


def test_windows_line_ends_count_as_one_line() -> None:
    lines = source_lines(ALL_FORMS.replace("\n", "\r\n"))

    assert lines.line(("late", "header", "y")) == source_lines(ALL_FORMS).line(("late", "header", "y"))


@pytest.mark.parametrize("text", ["= = =", "[[[", "a = ", "a = [1, 2", "a = {", '"', "]", "a = [" * 3000])
def test_text_that_is_not_toml_ends_the_walk(text: str) -> None:
    assert source_lines(text).line(("a",)) == 1
