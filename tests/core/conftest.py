"""What most tests of the core begin with: a bench, online, scale at zero, nothing on it; a belt line, online, its board ready."""

import pytest
from bench_driver import BenchDriver
from line_driver import LineDriver


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


@pytest.fixture
def driver() -> LineDriver:
    """One belt line, online and ready."""
    return LineDriver().start()
