"""A disk that fills, for real and made up: nothing told is lost, the line stops and says why, and goes on by itself."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Final

import pytest
from journal_samples import acked, event, open_journal
from refusing import full, malformed

from edge.commands import run
from edge.core.effects import Record
from edge.core.event import Event
from edge.core.inputs import Committed, Input, JournalTrouble, JournalWell, UsesKnown
from edge.core.standing import VisitWords
from edge.rim import clock
from edge.rim.disk import MIB, Disk, Room, room_of
from edge.rim.housekeeping import Housekeeping, Retention
from edge.rim.journal import Journal, JournalFault, JournalReader, Stored
from edge.rim.keys import DataFolderFault, load_identity
from edge.rim.preclearing import Preclearing
from edge.rim.voucher_store import VoucherStore
from edge.rim.writer import JournalWriter
from edge.wire.messages import Ack
from edge.wire.signing import TrustStore
from edge.wire.topics import Topics
from hub_config.names import SECOND, GatewayId, HubId, Instant

PATIENCE_S: Final = 20

Said = Committed | JournalTrouble | JournalWell


class Line:
    """A journal with its thread; what the core is told; a disk that the test looks at."""

    def __init__(self, folder: Path, room: Callable[[Path], Room] = room_of, ballast_mib: int = 1) -> None:
        self.journal = open_journal(folder)
        self.said: Queue[Said] = Queue()
        self.keeper = Housekeeping(
            self.journal,
            Disk(folder, ballast_mib, enough_mib=10_240, room=room),
            Retention(604_800, 576_000),
            clock.now,
            lambda: 0,
            self,
        )
        self.writer = JournalWriter(self.journal, self, self, clock.now, retry_ms=5, keeper=self.keeper)
        self._number = 0

    def put(self, given: Said) -> None:
        self.said.put(given)

    def committed(self, rows: Sequence[Stored]) -> None:
        pass

    def heard(self, decisions: Sequence[str]) -> None:
        pass

    def checkpoint(self, message: bytes) -> None:
        pass

    def record(self, count: int = 1) -> None:
        for _ in range(count):
            self._number += 1
            self.writer.put([Record(self._number, event(number=self._number))])

    def until(self, kind: type[Said]) -> Said:
        while not isinstance(given := self.said.get(timeout=PATIENCE_S), kind):
            pass
        return given


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A file system of so many MiB of its own."""
    folder = tmp_path / "small"

    def mount(mib: int) -> Path:
        folder.mkdir()
        told = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode:
            pytest.skip(f"no file system of its own: {told.stderr.strip()}")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Another program takes all that is left."""
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 65_536):
            pass
    assert room_of(folder).free_bytes == 0
    return hog


def test_a_real_disk_that_fills_stops_the_line_keeps_all_and_goes_on(
    small_disk: Callable[[int], Path],
) -> None:
    folder = small_disk(12)
    line = Line(folder, ballast_mib=2)
    line.writer.start()
    line.record(20)
    line.until(Committed)
    while not line.keeper.has_ballast:
        line.record()
        line.until(Committed)
    hog = fill(folder)

    line.record(700)  # more than the WAL has room for
    trouble = line.until(JournalTrouble)
    assert isinstance(trouble, JournalTrouble)
    assert trouble.lasting
    assert "under 10 %: nothing moves without evidence; free some space" in trouble.detail
    while line.writer.waiting:
        line.said.get(timeout=PATIENCE_S)
    assert not (folder / "ballast").exists()
    line.writer.acknowledge(acked_through(line.journal))  # draining goes on
    hog.unlink()
    line.until(JournalWell)
    line.record()
    line.until(Committed)

    assert line.writer.stop() == 0
    verified = line.journal.verify()
    assert verified.events == line.journal.last_seq
    assert line.journal.figures().acknowledged > 0
    line.journal.close()


def acked_through(journal: Journal) -> Ack:
    told = acked(journal)
    return Ack(told.epoch, told.through_seq, told.through_id)


def test_a_real_full_disk_without_ballast_keeps_what_waits_until_there_is_room(
    small_disk: Callable[[int], Path],
) -> None:
    folder = small_disk(8)
    line = Line(folder, ballast_mib=0)
    line.writer.start()
    line.record()
    line.until(Committed)
    hog = fill(folder)
    line.record(2_000)
    while not isinstance(trouble := line.said.get(timeout=PATIENCE_S), JournalTrouble) or trouble.lasting:
        pass
    assert "database or disk is full" in trouble.detail or "disk I/O error" in trouble.detail
    hog.unlink()
    while line.journal.last_seq < 2_001:
        line.said.get(timeout=PATIENCE_S)

    assert line.writer.stop() == 0
    assert line.journal.verify().events == 2_001
    line.journal.close()


def test_vouchers_are_used_once_a_real_disk_that_was_full_at_the_start_has_room(
    small_disk: Callable[[int], Path],
) -> None:
    folder = small_disk(8)
    journal, told = open_journal(folder), list[Input]()
    reader = JournalReader(journal.path)
    hog = fill(folder)
    preclearing = Preclearing(
        lambda: VoucherStore(
            folder / "vouchers.sqlite", TrustStore([]), HubId("MY-KUL-1"), GatewayId("gw-01"), "practice",
            keep_manifest=False,
        ),
        Topics("practice", HubId("MY-KUL-1"), GatewayId("gw-01")), SimpleNamespace(put=told.append),
    )  # fmt: skip
    preclearing.begin(reader, 1, 0, Instant(0))
    assert preclearing.trouble is not None
    assert "can't be opened" in preclearing.trouble
    preclearing.tend(reader, 1, lambda: 0, Instant(SECOND))
    assert told == []
    hog.unlink()
    preclearing.tend(reader, 1, lambda: 0, Instant(2 * SECOND))

    assert [type(given) for given in told] == [UsesKnown]
    assert preclearing.trouble is None
    assert not list(folder.glob("vouchers-damaged*")), "a full disk is no damage"
    preclearing.close()
    reader.close()
    journal.close()


class FullOnce:
    """A journal that has no room until the ballast is gone."""

    def __init__(self, journal: Journal, ballast: Path) -> None:
        self._journal = journal
        self._ballast = ballast

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    def append(self, events: Sequence[tuple[int, Event]], words: Sequence[VisitWords] = ()) -> list[Stored]:
        if self._ballast.exists():
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full
        return self._journal.append(events, words)


class MalformedOnce:
    """A journal whose file SQLite finds damaged while the cursor is written, once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.found = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    def keep_cursor(self) -> None:
        if not self.found:
            self.found = True
            raise malformed()
        self._journal.keep_cursor()


def test_a_file_that_sqlite_finds_damaged_stops_the_line_for_good_though_the_next_commit_goes_well(
    tmp_path: Path,
) -> None:
    line = Line(tmp_path, room=lambda _: Room(50 * MIB, 100 * MIB))
    line.writer._journal = MalformedOnce(line.journal)  # type: ignore[assignment]
    line.record()
    line.writer.start()
    first = line.until(JournalTrouble)
    line.record()
    lasting = line.until(JournalTrouble)

    assert isinstance(first, JournalTrouble)
    assert isinstance(lasting, JournalTrouble)
    assert (first.lasting, lasting.lasting) == (False, True)
    assert "the file itself is damaged: database disk image is malformed" in lasting.detail
    assert line.writer.stop() == 0
    assert line.journal.last_seq == 2
    line.journal.close()


def test_the_ballast_makes_room_for_what_waits_and_the_core_hears_of_no_failure(tmp_path: Path) -> None:
    room = Room(90 * MIB, 100 * MIB)
    line = Line(tmp_path, room=lambda _: room)
    line.keeper.tend(idle=False)
    line.writer._journal = FullOnce(line.journal, tmp_path / "ballast")  # type: ignore[assignment]
    line.record()
    line.writer.start()

    assert isinstance(line.said.get(timeout=PATIENCE_S), Committed)
    assert line.writer.stop() == 0
    assert line.journal.last_seq == 1


def test_a_disk_that_is_short_lasts_through_commits_and_is_said_once(tmp_path: Path) -> None:
    room = [Room(5 * MIB, 100 * MIB)]
    line = Line(tmp_path, room=lambda _: room[0])
    line.writer.start()
    line.until(JournalTrouble)
    for _ in range(3):
        line.record()
        given = line.said.get(timeout=PATIENCE_S)
        assert isinstance(given, Committed)
    room[0] = Room(50 * MIB, 100 * MIB)
    line.until(JournalWell)

    assert line.writer.stop() == 0
    assert line.said.empty()


def test_a_disk_that_does_not_answer_is_trouble_until_it_does(tmp_path: Path) -> None:
    answers = [False]

    def room(_: Path) -> Room:
        if not answers[0]:
            raise OSError(5, "Input/output error")
        return Room(50 * MIB, 100 * MIB)

    line = Line(tmp_path, room=room)
    line.writer.start()
    trouble = line.until(JournalTrouble)
    assert isinstance(trouble, JournalTrouble)
    assert "Input/output error; check the disk" in trouble.detail
    assert not trouble.lasting
    answers[0] = True
    line.until(Committed)

    assert line.writer.stop() == 0


def test_a_contradiction_lasts_and_the_next_start_begins_the_next_epoch(tmp_path: Path) -> None:
    line = Line(tmp_path, room=lambda _: Room(50 * MIB, 100 * MIB))
    line.writer.start()
    line.record(3)
    line.until(Committed)
    line.writer.acknowledge(Ack(1, 9, "ni:///sha-256;x"))
    trouble = line.until(JournalTrouble)
    assert isinstance(trouble, JournalTrouble)
    assert trouble.lasting
    assert "begins its next epoch" in trouble.detail
    line.record()
    line.writer.stop()
    assert line.journal.keeping().lost == 9
    line.journal.close()

    again = open_journal(tmp_path)

    assert (again.epoch, again.last_seq) == (2, 0)
    assert again.after_loss is not None
    assert (again.after_loss.epoch, again.after_loss.acknowledged, again.after_loss.by) == (
        1,
        9,
        "beyond_end",
    )
    assert again.keeping().lost == again.after_loss.lost
    sealed = tmp_path / again.after_loss.file
    assert sealed.name == "journal-epoch-1-contradicted.db"
    again.append([(1, event())])
    again.close()
    later = open_journal(tmp_path)
    assert (later.epoch, later.after_loss) == (2, again.after_loss)
    with pytest.raises(JournalFault, match="in use"):
        open_journal(tmp_path)
    later.close()


@pytest.mark.system
def test_wherever_a_first_start_runs_out_of_room_it_says_so_and_the_next_goes_well(
    small_disk: Callable[[int], Path],
) -> None:
    folder, fell_short = small_disk(1), 0
    data = folder / "data"
    for room in range(0, MIB, 16_384):
        hog = fill(folder)
        with hog.open("r+b") as file:
            file.truncate(hog.stat().st_size - room)
        try:
            load_identity(data, "practice")
            open_journal(data).close()
            break
        except (JournalFault, DataFolderFault) as fault:
            told = str(fault)
        assert str(folder) in told
        assert "free some" in told or "another with --data" in told
        assert "backup" not in told, "nothing is damaged"
        fell_short += 1
        hog.unlink()
        load_identity(data, "practice")
        open_journal(data).close()
        shutil.rmtree(data)
    assert fell_short > 3


def test_a_disk_that_fails_anywhere_in_a_start_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(*_: object) -> None:
        raise full()

    monkeypatch.setattr(run, "App", start)
    monkeypatch.setattr(run, "_log_to_stderr", lambda **_: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    example = Path(__file__).parents[2] / "examples/bench.toml"

    assert run.main([str(example), "--data", str(tmp_path), "--as-written"]) == 1
    assert "can't be written: database or disk is full" in capsys.readouterr().err
