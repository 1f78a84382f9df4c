"""A full disk of the coordinator, for real: nothing is acknowledged that is not stored, it says so, and goes on by
itself once there is room, with every event there once.
"""

import errno
import logging
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from gateway_chain import links, payload
from test_coordinator_service import Desktop, arguments

from simulators.coordinator.__main__ import EXIT_NO_ROOM, main
from simulators.coordinator.full_disk import ROOM_BYTES, NoRoom, has_room, is_full
from simulators.coordinator.requests import Filing
from simulators.coordinator.store import Store

EVENTS: Final = 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Up to the last byte."""
    path = folder / "filler"
    room = 1
    with path.open("wb", buffering=0) as file:
        while room:
            room = os.statvfs(folder).f_bavail
            with suppress(OSError):
                file.write(b"x" * 4_096)
    return path


@pytest.mark.system
def test_with_a_full_disk_nothing_is_acknowledged_and_with_room_all_of_it_once(
    tmp_path: Path, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chain = links(EVENTS)
    desktop = Desktop(tmp_path, small_disk)
    try:
        desktop.tell(payload(chain[0]))
        desktop.until(lambda: any(ack["through_seq"] == 1 for ack in desktop.said("ack")), "the first ack")
        filler = fill(small_disk)
        with caplog.at_level(logging.INFO, "hub.coordinator"):
            desktop.tell(*(payload(link) for link in chain[1:]))
            desktop.until(lambda: desktop.coordinator.gauges.shown.disk_full, "that its disk is full")
            filing = Filing(())
            assert desktop.coordinator.submit(filing)
            with pytest.raises(NoRoom, match="free some"):
                filing.reply.result(5)
            stored = desktop.counts()["stored"]
            assert stored < EVENTS
            assert max(ack["through_seq"] for ack in desktop.said("ack")) <= stored

            filler.unlink()
            desktop.until(
                lambda: any(ack["through_seq"] == EVENTS for ack in desktop.said("ack")), "the last ack"
            )

        told = [record.message for record in caplog.records if "room" in record.message]
        assert desktop.counts()["stored"] == EVENTS
        assert desktop.counts()["rejected"] == {}
        assert not desktop.coordinator.gauges.shown.disk_full
        assert len([text for text in told if "nothing is taken or acknowledged" in text]) == 1
        assert told[-1] == "there is room on the disk again; going on"
    finally:
        desktop.stop()


@pytest.mark.system
def test_it_stops_while_its_disk_is_full(tmp_path: Path, small_disk: Path) -> None:
    desktop = Desktop(tmp_path, small_disk)
    try:
        fill(small_disk)
        desktop.tell(*(payload(link) for link in links(EVENTS)))
        desktop.until(lambda: desktop.coordinator.gauges.shown.disk_full, "that its disk is full")
    finally:
        desktop.stop()

    assert not desktop._thread.is_alive()


@pytest.mark.system
def test_a_start_on_a_full_disk_says_what_to_do(
    tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("manifest.json", "gateways.json"):
        (tmp_path / name).write_text("{}")
    words = arguments(tmp_path)
    data = small_disk / "data"
    data.mkdir()
    words[words.index("--data") + 1] = str(data)
    fill(small_disk)

    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == EXIT_NO_ROOM
    assert "no room on the disk of" in capsys.readouterr().err


def test_room_is_found_by_writing_it_and_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite")
    (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
    store.connection.execute(f"PRAGMA max_page_count = {pages + 8}")
    assert not has_room(store)

    store.connection.execute(f"PRAGMA max_page_count = {pages + ROOM_BYTES // 4_096 + 8}")

    assert has_room(store)
    assert store.first("SELECT count(*) FROM facts WHERE name = 'room'") == (0,)
    store.close()


def test_other_faults_of_a_database_are_no_full_disk() -> None:
    with pytest.raises(sqlite3.OperationalError) as refused:
        sqlite3.connect(":memory:").execute("SELECT nonsense")

    assert not is_full(refused.value)
    assert not is_full(OSError(errno.EACCES, "no"))
    assert is_full(OSError(errno.EDQUOT, "quota"))
