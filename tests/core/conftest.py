"""What most tests of the core begin with: a bench with its scale at zero, and a belt line whose board is ready."""

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
