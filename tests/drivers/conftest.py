"""Fixtures of the driver tests."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from serial_pty import LINK, Pty


@pytest.fixture
def scanner_pty(tmp_path: Path) -> Iterator[Pty]:
    pty = Pty(tmp_path / LINK)
    yield pty
    with suppress(OSError):
        pty.close()
