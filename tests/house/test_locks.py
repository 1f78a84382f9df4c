"""The lock files: every package pinned and hashed, no download address, nothing missing."""

import re
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = sorted(path.name for path in ROOT.glob("requirements*.lock"))
HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: str) -> dict[str, str]:
    """Package → the whole logical line that pins it."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {re.split(r"[=\s;]", line, maxsplit=1)[0]: line for line in lines}


def version(line: str) -> str:
    return line.split("==", 1)[1].split(maxsplit=1)[0]


def wanted(*extras: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(d for e in extras for d in project["optional-dependencies"][e])]
    return [re.split(r"[><=\s]", line, maxsplit=1)[0] for line in lines]


def test_every_set_has_its_lock_file() -> None:
    assert LOCKS == [
        "requirements-camera.lock", "requirements-dev.lock", "requirements-plots.lock", "requirements.lock",
    ]  # fmt: skip


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    loose = [line for line in pins(lock).values() if "==" not in line or not HASH.search(line)]

    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_download_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")

    assert "http" not in text
    assert " @ " not in text
    assert "\n-" not in text, "an option line, as for an index or a folder of packages"


def test_the_core_lock_holds_every_dependency_of_the_project() -> None:
    assert [name for name in wanted() if name not in pins("requirements.lock")] == []


def test_the_dev_lock_holds_the_tools_and_the_very_same_core() -> None:
    core, dev = pins("requirements.lock"), pins("requirements-dev.lock")

    assert [name for name in wanted("dev") if name not in dev] == []
    assert {n: version(line) for n, line in core.items()} == {n: version(dev[n]) for n in core if n in dev}


def test_the_camera_lock_holds_the_extra_and_the_very_same_core() -> None:
    core, camera = pins("requirements.lock"), pins("requirements-camera.lock")

    assert [name for name in wanted("camera") if name not in camera] == []
    assert {n: version(line) for n, line in core.items()} == {
        n: version(camera[n]) for n in core if n in camera
    }


@pytest.mark.parametrize(("one", "other"), list(combinations(LOCKS, 2)))
def test_no_two_locks_pin_a_package_differently(one: str, other: str) -> None:
    """So that a set stays complete when `./hub` installs another beside it."""
    first, second = pins(one), pins(other)

    assert [name for name in first if name in second and first[name] != second[name]] == []


def test_whoever_runs_the_tests_can_decode_pictures() -> None:
    dev = pins("requirements-dev.lock")

    assert [name for name in ("numpy", "opencv-python-headless", "zxing-cpp") if name not in dev] == []


def test_a_gateway_without_a_camera_downloads_no_opencv() -> None:
    assert [name for name in wanted("camera") if name in pins("requirements.lock")] == wanted()
