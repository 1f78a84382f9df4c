"""House style that matters is a test, not advice (CONTRIBUTING.md).

Each rule is a function from a source to what it found, so that the rules themselves can be shown to bite.
"""

import ast
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("hub_config", "firmware_bridge", "drivers", "edge", "simulators")
PURE: Final = (
    "edge/core/",
    "edge/wire/",
    "drivers/reading.py",
    "drivers/command.py",
    "drivers/session.py",
    "drivers/buffers.py",
    "drivers/cameras/folder_camera.py",
    "drivers/conveyors/",
    "drivers/identifiers/",
    "drivers/scanners/",
    "drivers/scales/",
    "firmware_bridge/",
)
# Scripts of their own: they print and read files.
IMPURE_INSIDE: Final = ("edge/wire/verifier.py", "edge/wire/capsule_verifier.py")

FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 70
VERIFIER_LINES_MAX: Final = 300
TABLES: Final[tuple[str, ...]] = ()
"""Files that are one long table and may pass FILE_LINES_MAX. Only shrinks."""

VAGUE_FILE_NAMES: Final = ("manager", "handler", "helper", "helpers", "utils", "util", "common", "misc")
VAGUE_CLASS_ENDS: Final = ("Manager", "Handler", "Helper", "Utils")
CLOCK_MODULES: Final = {"time", "datetime", "random", "uuid", "os", "secrets", "threading", "socket", "sys"}
IMPURE_CALLS: Final = {"open", "print", "input", "hash", "id", "exec", "eval", "__import__", "globals"}
"""`hash` and `id` differ between two processes; the others reach outside."""


def python_files(*tops: str) -> list[Path]:
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))


def tracked_files() -> list[Path]:
    """What git holds or would hold; outside a git checkout, everything but what tools leave behind."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return sorted(
            ROOT / name for name in set(listed.stdout.split("\0")) if name and (ROOT / name).is_file()
        )
    hidden = (".venv", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
    return sorted(
        p for p in ROOT.rglob("*") if p.is_file() and not set(p.relative_to(ROOT).parts) & set(hidden)
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_pure(name: str) -> bool:
    return name.startswith(PURE) and name not in IMPURE_INSIDE


# --- rules: source in, findings out ---------------------------------------------------------------


def long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines, {FUNCTION_LINES_MAX} at most: split it"


def missing_docstring(source: str) -> Iterator[str]:
    if source.strip() and ast.get_docstring(ast.parse(source)) is None:
        yield "1: no module docstring: say what the file owns and which rule or document it follows"


def vague_classes(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name.endswith(VAGUE_CLASS_ENDS):
            yield f"{node.lineno}: class {node.name}: name it after a noun of the hub"


def impure_calls(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{node.lineno}: {name}() in a pure part: let it be given"
            case ast.Attribute(value=ast.Name(id=name)) if name in CLOCK_MODULES:
                yield f"{node.lineno}: {name}.{node.attr} in a pure part: time and chance are arguments"


def set_iterations(source: str) -> Iterator[str]:
    """Only what can be seen without types: the determinism test sees the rest."""
    for node in ast.walk(ast.parse(source)):
        looped = node.iter if isinstance(node, ast.For | ast.comprehension) else None
        match looped:
            case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                yield f"{looped.lineno}: loops over a set, whose order differs between processes: sort it"


def leftovers(source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), start=1):
        if "FIX" + "ME" in line:
            yield f"{number}: a leftover note: do it or file it"


Rule = Callable[[str], Iterator[str]]


def findings(rule: Rule, files: list[Path]) -> list[str]:
    return [f"{name_of(path)}:{found}" for path in files for found in rule(path.read_text("utf-8"))]


# --- the tree keeps them --------------------------------------------------------------------------


def test_no_function_is_longer_than_a_screen() -> None:
    assert findings(long_functions, python_files(*PACKAGES, "tests", "bench")) == []


def test_no_file_is_longer_than_four_hundred_lines_except_tables() -> None:
    lengths = {
        name_of(p): len(p.read_text("utf-8").splitlines()) for p in python_files(*PACKAGES, "tests", "bench")
    }

    assert {name: n for name, n in lengths.items() if n > FILE_LINES_MAX and name not in TABLES} == {}
    assert [name for name in TABLES if lengths.get(name, 0) <= FILE_LINES_MAX] == [], (
        "no longer exempt: take it off"
    )


def test_the_verifier_can_be_read_in_one_sitting() -> None:
    source = (ROOT / "edge/wire/verifier.py").read_text("utf-8")

    assert len(source.splitlines()) <= VERIFIER_LINES_MAX


def test_every_module_says_what_it_owns() -> None:
    assert findings(missing_docstring, python_files(*PACKAGES)) == []


def test_names_are_nouns_of_the_hub() -> None:
    files = python_files(*PACKAGES, "tests", "bench")

    assert [name_of(p) for p in files if set(p.stem.split("_")) & set(VAGUE_FILE_NAMES)] == []
    assert findings(vague_classes, python_files(*PACKAGES)) == []


def test_pure_parts_read_no_clock_and_reach_nothing_outside() -> None:
    pure = [p for p in python_files(*PACKAGES) if is_pure(name_of(p))]

    assert findings(impure_calls, pure) == []


def test_pure_parts_never_loop_over_a_set() -> None:
    pure = [p for p in python_files(*PACKAGES) if is_pure(name_of(p))]

    assert findings(set_iterations, pure) == []


def test_nothing_is_left_to_be_fixed() -> None:
    assert findings(leftovers, python_files(*PACKAGES, "tests", "bench")) == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    tops = ("root", "home", "Users", "work")
    homes = [f"{before}/{top}/" for before in " \"'`(=:" for top in tops] + [str(ROOT) + "/"]

    def named(path: Path) -> bool:
        text = path.read_bytes().decode("utf-8", errors="ignore")
        return any(home in text for home in homes)

    assert [name_of(p) for p in tracked_files() if named(p)] == []


# --- and the rules bite ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (long_functions, "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
        (missing_docstring, "x = 1\n"),
        (vague_classes, "class PortManager: ...\n"),
        (impure_calls, "import time\nx = time.monotonic_ns()\n"),
        (impure_calls, "x = hash('a')\n"),
        (set_iterations, "for x in set(y): ...\n"),
        (set_iterations, "z = [x for x in {1, 2}]\n"),
        (leftovers, "# FIX" + "ME: later\n"),
    ],
)
def test_a_rule_finds_what_it_forbids(rule: Rule, source: str) -> None:
    assert len(list(rule(source))) == 1


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (long_functions, "def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1)),
        (missing_docstring, ""),
        (impure_calls, "x = line.time\n"),
        (set_iterations, "for x in sorted(set(y)): ...\n"),
    ],
)
def test_a_rule_lets_pass_what_it_should(rule: Rule, source: str) -> None:
    assert list(rule(source)) == []
