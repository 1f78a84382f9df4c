"""The bench that most tests of the core begin with: online, scale at zero, nothing on it."""

import pytest
from bench_driver import BenchDriver


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()
