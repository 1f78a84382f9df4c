"""What tests of drawing need: matplotlib. Absent, a test skips on a developer's machine and fails in CI."""

import os
from importlib.util import find_spec

import pytest


def need_matplotlib() -> None:
    if find_spec("matplotlib") is not None:
        return
    what = "matplotlib is not installed; the extra `plots` has it"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs this test to run: {what}")
    pytest.skip(what)
