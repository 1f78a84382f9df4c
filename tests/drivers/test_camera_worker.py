"""A real worker process on a real folder: its lines, what it refuses, and every way in which it ends.

Real time, but no sleep: every step waits for the lines it is about, with a deadline.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pictures import need_camera_packages
from serial_pty import DEADLINE_S
from worker_process import Worker, working

from drivers.cameras import EXIT_FULL_FOLDER, FILES_MAX
from drivers.cameras.worker import FILE_MAX_BYTES, PIXELS_MAX
from drivers.transports import worker_port
from drivers.transports.lost import PortLostError
from simulators.labels import draw, put
from simulators.parcels import LabelCode

pytestmark = pytest.mark.system

S10: Final = LabelCode("RB123456785GB", "]C0")


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    need_camera_packages()
    with working(tmp_path) as one:
        assert one.next()["ready"].startswith("zxing-cpp")
        yield one


def test_a_new_picture_is_told_with_its_digest_size_instant_and_codes(worker: Worker, tmp_path: Path) -> None:
    png = draw([S10], seed=1)
    before = time.monotonic_ns()
    put(png, tmp_path, "parcel 1.png")

    told = worker.next()

    (code,) = told["codes"]
    assert (told["file"], told["sha256"]) == ("parcel 1.png", hashlib.sha256(png).hexdigest())
    assert (code["data"], code["aim"]) == (S10.data, S10.aim)
    assert abs(code["x"] - told["width"] // 2) < told["width"] // 8, (
        "one code stands in the middle of its label"
    )
    # The instant of a file comes from the kernel's coarse clock, a few milliseconds behind at the most.
    assert before - 20_000_000 <= told["seen_ns"] <= time.monotonic_ns()


def test_pictures_are_told_once_each_and_one_without_a_code_has_none(worker: Worker, tmp_path: Path) -> None:
    put(draw([S10], seed=1), tmp_path, "1.png")
    first = worker.next()
    put(draw([], seed=2), tmp_path, "2.png")
    second = worker.next()

    assert [first["file"], second["file"]] == ["1.png", "2.png"]
    assert second["codes"] == []


def test_each_file_that_is_no_readable_picture_is_told_with_the_reason(
    worker: Worker, tmp_path: Path
) -> None:
    import cv2
    import numpy as np

    png = draw([S10], seed=1)
    jpeg = cv2.imencode(".jpg", np.zeros((600, 600), np.uint8))[1].tobytes()
    bomb = cv2.imencode(".png", np.zeros((PIXELS_MAX // 8_000 + 1, 8_000), np.uint8))[1].tobytes()
    target = tmp_path / "target"
    target.write_bytes(png)
    files = {
        "half.png": (png[:-100], "no whole PNG"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "no whole PNG"),
        "text.png": (b"not a picture", "no whole PNG"),
        "empty.png": (b"", "no whole PNG"),
        "broken.png": (png[:60] + b"\0" * 400 + png[460:500] + png[-12:], "broken"),
        "bomb.png": (bomb, f"more than {PIXELS_MAX} pixels"),
        "large.png": (b"\0" * (FILE_MAX_BYTES + 1), f"more than {FILE_MAX_BYTES} bytes"),
    }
    for name, (data, reason) in files.items():
        put(data, tmp_path, name)
        told = worker.next()
        assert (told["file"], reason in told["fault"]) == (name, True), told
    os.symlink(target, tmp_path / "link.png")
    assert "fault" in worker.next()
    os.mkfifo(tmp_path / "pipe.png")
    assert "fault" in worker.next()

    put(png, tmp_path, "good.png")
    assert worker.next()["codes"][0]["data"] == S10.data


def test_a_file_name_that_is_no_text_does_no_harm(worker: Worker, tmp_path: Path) -> None:
    put(draw([S10], seed=1), tmp_path, os.fsdecode(b"\xff\n.png"))

    assert worker.next()["file"] == "?\n.png"


def test_what_libraries_print_does_not_reach_the_lines(tmp_path: Path) -> None:
    need_camera_packages()
    script = """if True:
        import os, sys
        from drivers.cameras import worker
        decode = worker.Decoder.decode
        def noisy(self, data):
            os.write(1, b"noise")
            os.write(2, b"noise")
            return decode(self, data)
        worker.Decoder.decode = noisy
        sys.exit(worker.main(sys.argv[1:]))"""
    with working(tmp_path, script) as worker:
        worker.next()
        put(draw([S10], seed=1), tmp_path, "1.png")

        assert worker.next()["file"] == "1.png"


def test_a_worker_that_is_killed_is_a_lost_port(worker: Worker) -> None:
    os.kill(worker.port.pid, signal.SIGKILL)

    assert worker.loss().endswith("was ended by SIGKILL")


def test_a_crash_in_native_code_is_a_lost_port_and_the_picture_does_not_crash_the_next_worker(
    tmp_path: Path,
) -> None:
    need_camera_packages()
    script = """if True:
        import os, signal, sys
        from drivers.cameras import worker
        worker.Decoder.decode = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)
        sys.exit(worker.main(sys.argv[1:]))"""
    with working(tmp_path, script) as worker:
        worker.next()
        put(draw([S10], seed=1), tmp_path, "1.png")
        assert worker.loss().endswith("was ended by SIGSEGV")

    with working(tmp_path) as worker:
        worker.next()
        put(draw([], seed=2), tmp_path, "2.png")
        assert worker.next()["file"] == "2.png"


def test_a_picture_that_takes_too_long_ends_the_worker(tmp_path: Path) -> None:
    need_camera_packages()
    script = """if True:
        import sys, time
        from drivers.cameras import worker
        worker.DECODE_MAX_S = 1
        worker.Decoder.decode = lambda *_: time.sleep(60)
        sys.exit(worker.main(sys.argv[1:]))"""
    with working(tmp_path, script) as worker:
        worker.next()
        put(draw([S10], seed=1), tmp_path, "1.png")

        assert worker.loss().endswith("s for a picture and was ended")


def test_a_folder_that_goes_away_is_said(tmp_path: Path) -> None:
    need_camera_packages()
    folder = tmp_path / "pictures"
    folder.mkdir()
    with working(folder) as worker:
        worker.next()
        folder.rmdir()

        assert (
            worker.loss() == f"{folder} can't be read any more; check that the folder is there and its rights"
        )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"raise SystemExit({EXIT_FULL_FOLDER})", f"holds more than {FILES_MAX} files; empty it"),
        ("raise SystemExit(3)", "ended (exit status 3); see the log"),
        ("import os, time; os.close(1); time.sleep(60)", "closed its output"),
    ],
)
def test_however_a_worker_ends_the_port_says_why(tmp_path: Path, script: str, reason: str) -> None:
    need_camera_packages()
    with working(tmp_path, script) as worker:
        assert worker.loss().endswith(reason)


def test_a_sandbox_that_binds_nobody_to_a_processor_keeps_no_worker_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(worker_port, "PACKAGES", ())
    monkeypatch.setattr(os, "sched_setaffinity", refused)
    with working(tmp_path, "raise SystemExit(3)") as worker:
        assert worker.loss().endswith("ended (exit status 3); see the log")


def test_a_worker_ends_when_the_gateway_is_killed(tmp_path: Path) -> None:
    need_camera_packages()
    script = """if True:
        import sys, time
        from drivers.transports.worker_port import WorkerPort
        from hub_config.attach import FolderAttach
        port = WorkerPort(FolderAttach(kind="folder", path=sys.argv[1]))
        while not port.read():
            time.sleep(0.01)
        print("ready", flush=True)
        time.sleep(60)"""
    gateway = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert gateway.stdout is not None
    assert gateway.stdout.readline() == "ready\n"

    gateway.kill()

    # Both held the pipe of stderr; it ends when the last of them has ended.
    _, errors = gateway.communicate(timeout=DEADLINE_S)
    assert errors == ""


def test_closing_a_port_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    need_camera_packages()
    before = len(os.listdir("/proc/self/fd"))
    worker = Worker(tmp_path)
    worker.next()
    pid = worker.port.pid
    took = worker.port.write(b"nothing listens")
    worker.port.close()

    assert took == len(b"nothing listens")
    assert not Path(f"/proc/{pid}").exists()
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_the_camera_packages_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_port, "PACKAGES", ("cv2", "no_such_decoder"))

    with pytest.raises(PortLostError) as lost:
        Worker(tmp_path)
    assert str(lost.value) == (
        f"{tmp_path} needs the camera packages, which are not installed;"
        " set them up once with ./hub --cameras COMMAND …"
    )


def test_a_folder_that_is_none_is_said_before_a_worker_starts(tmp_path: Path) -> None:
    need_camera_packages()

    with pytest.raises(PortLostError, match="is no folder; create it"):
        Worker(tmp_path / "missing")
