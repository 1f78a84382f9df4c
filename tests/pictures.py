"""What tests of decoding need: the camera packages, and real photographs beside the checkout. Absent, a test skips with
a reason on a developer's machine and fails in CI."""

import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

PHOTOGRAPHS: Final = Path(__file__).resolve().parents[2] / "shared/data/barcodes"
PACKAGES: Final = ("cv2", "numpy", "zxingcpp")


@dataclass(frozen=True)
class Photograph:
    path: Path
    name: str
    symbology: str
    text: str | None
    """None: no code is on it, or nobody wrote down which."""


def need_camera_packages() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        _absent(
            f"the camera packages are not installed ({', '.join(missing)}); ./hub --cameras test sets them up"
        )


def photographs() -> list[Photograph]:
    manifest = PHOTOGRAPHS / "manifest.jsonl"
    if not manifest.exists():
        _absent("the photographs of barcodes are not there (shared/data/barcodes beside the checkout)")
    told = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    return [Photograph(PHOTOGRAPHS / t["file"], t["file"], t["symbology"], t["text"]) for t in told]


def _absent(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs this test to run: {what}")
    pytest.skip(what)
