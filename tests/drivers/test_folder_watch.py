"""Which pictures of a folder are new, in which order, and what happens at each bound."""

import os
import time
from pathlib import Path

import pytest

from drivers.cameras import folder_watch
from drivers.cameras.folder_watch import FolderWatch, FullFolderError


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f".{name}").touch()
        os.rename(folder / f".{name}", folder / name)


def taken(watch: FolderWatch) -> list[str]:
    names = []
    while (sighting := watch.take()) is not None:
        names.append(sighting.name)
    return names


def test_what_lies_there_at_the_start_is_not_new(tmp_path: Path) -> None:
    put(tmp_path, "old.png")
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "new.png")

    assert watch.look() == 0
    assert taken(watch) == ["new.png"]


def test_only_pictures_under_their_final_name_count(tmp_path: Path) -> None:
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "a.png", "b.JPG", "c.jpeg", "d.webp")
    for name in (".e.png", "f.png.part", "g.txt", "png"):
        (tmp_path / name).touch()

    watch.look()

    assert sorted(taken(watch)) == ["a.png", "b.JPG", "c.jpeg", "d.webp"]


def test_a_picture_is_taken_once_even_if_another_replaces_it_under_its_name(tmp_path: Path) -> None:
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "a.png")
    watch.look()
    first = taken(watch)
    put(tmp_path, "a.png")
    watch.look()

    assert (first, taken(watch)) == (["a.png"], [])


def test_a_name_that_was_gone_and_comes_back_is_a_new_picture(tmp_path: Path) -> None:
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "a.png")
    watch.look()
    (tmp_path / "a.png").unlink()
    watch.look()
    put(tmp_path, "a.png")
    watch.look()

    assert taken(watch) == ["a.png", "a.png"]


def test_a_picture_s_instant_lies_between_the_two_looks_and_before_now(tmp_path: Path) -> None:
    before = time.monotonic_ns()
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "a.png")
    watch.look()
    after = time.monotonic_ns()

    sighting = watch.take()
    assert sighting is not None
    assert before <= sighting.seen_ns <= after


def test_a_wall_clock_that_was_set_moves_no_instant_out_of_the_time_between_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shift_ns in (-3_600_000_000_000, 3_600_000_000_000):
        before = time.monotonic_ns()
        watch = FolderWatch(str(tmp_path))
        put(tmp_path, f"{shift_ns}.png")
        wall = time.time_ns()
        monkeypatch.setattr(time, "time_ns", lambda set_to=wall + shift_ns: set_to)
        watch.look()
        monkeypatch.undo()

        sighting = watch.take()
        assert sighting is not None
        assert before <= sighting.seen_ns <= time.monotonic_ns()


def test_of_more_waiting_pictures_than_the_bound_the_oldest_are_skipped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_watch, "WAITING_MAX", 3)
    watch = FolderWatch(str(tmp_path))
    for name in ("1.png", "2.png", "3.png", "4.png", "5.png"):
        put(tmp_path, name)
        skipped = watch.look()

    assert skipped == 1
    assert taken(watch) == ["3.png", "4.png", "5.png"]


def test_of_the_pictures_that_were_taken_the_newest_stay_and_no_other_file_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_watch, "KEPT_MAX", 2)
    put(tmp_path, "old.png", "notes.txt")
    watch = FolderWatch(str(tmp_path))
    for name in ("1.png", "2.png", "3.png", "4.png"):
        put(tmp_path, name)
        watch.look()
        taken(watch)
        watch.tidy()

    assert sorted(os.listdir(tmp_path)) == ["3.png", "4.png", "notes.txt", "old.png"]


def test_a_folder_past_its_bound_is_refused_and_one_at_its_bound_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_watch, "FILES_MAX", 3)
    put(tmp_path, "1.png", "2.png", "notes.txt")
    watch = FolderWatch(str(tmp_path))
    put(tmp_path, "3.png")

    with pytest.raises(FullFolderError):
        watch.look()
    with pytest.raises(FullFolderError):
        FolderWatch(str(tmp_path))
