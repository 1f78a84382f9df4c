"""Keys and the epoch counter in the data folder."""

import stat
from pathlib import Path

import pytest

from edge.rim.keys import DataFolderFault, load_identity, next_epoch, read_epoch


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_once_and_only_ours_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    first = load_identity(folder, "practice")
    second = load_identity(folder, "practice")

    assert (first.signer.kid, first.evidence_key) == (second.signer.kid, second.evidence_key)
    assert first.entropy != second.entropy
    assert len(first.evidence_key) == len(first.entropy) == 32
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "gateway-practice.key": 0o600,
        "evidence.key": 0o600,
    }


def test_live_and_practice_have_different_keys(tmp_path: Path) -> None:
    live, practice = load_identity(tmp_path, "live"), load_identity(tmp_path, "practice")

    assert live.signer.kid != practice.signer.kid


@pytest.mark.parametrize("access", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path, access: int) -> None:
    load_identity(tmp_path, "live")
    (tmp_path / "gateway-live.key").chmod(access)

    with pytest.raises(
        DataFolderFault, match=rf"gateway-live\.key can be read by others \(mode {access:03o}\).*chmod 600"
    ):
        load_identity(tmp_path, "live")


@pytest.mark.parametrize("content", [b"", b"abc", b"00" * 31, b"zz" * 32, b"\xff" * 64])
def test_a_key_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evidence.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(DataFolderFault, match=r"evidence\.key"):
        load_identity(tmp_path, "live")
    assert path.read_bytes() == content


def test_a_folder_others_can_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(DataFolderFault, match=r"writable by others \(mode 777\).*chmod 700"):
        load_identity(folder, "live")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(DataFolderFault, match="--data"):
        load_identity(tmp_path / "data", "live")


def test_epochs_count_on(tmp_path: Path) -> None:
    assert read_epoch(tmp_path) is None
    assert [next_epoch(tmp_path) for _ in range(3)] == [1, 2, 3]
    assert read_epoch(tmp_path) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["epoch"]


@pytest.mark.parametrize("content", [b"", b"one", b"-1", b"0", b"1.5", b"9" * 10, b"\xff"])
def test_an_epoch_counter_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "epoch").write_bytes(content)

    with pytest.raises(DataFolderFault, match="it should hold"):
        next_epoch(tmp_path)
