"""What `hub run` refuses in words, and what it does not refuse: a port that is not there yet."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_hub import EXAMPLE, LABELS, LiveHub, run_hub, write_config

from simulators.broker import free_port

pytestmark = pytest.mark.system


def run(config: Path, data: Path) -> "subprocess.CompletedProcess[str]":
    """A run that is expected to end by itself."""
    return run_hub("run", str(config), "--data", str(data))


def assert_one_sentence(told: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    assert told.returncode == code, told.stderr
    lines = told.stderr.splitlines()
    assert len(lines) == 1, told.stderr
    assert lines[0].startswith("hub run: ")
    for word in words:
        assert word in lines[0]


def missing(folder: Path) -> Path:
    return folder / "nowhere.toml"


def empty(folder: Path) -> Path:
    (folder / "empty.toml").touch()
    return folder / "empty.toml"


def a_folder(folder: Path) -> Path:
    return folder


def no_toml(folder: Path) -> Path:
    (folder / "notes.toml").write_text("the bench by the window\n")
    return folder / "notes.toml"


def binary(folder: Path) -> Path:
    (folder / "hub.bin").write_bytes(bytes(range(256)))
    return folder / "hub.bin"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (missing, "there is no such file"),
        (empty, "the file is empty"),
        (a_folder, "this is a folder"),
        (no_toml, ":1: TOML: "),
        (binary, "is not UTF-8"),
    ],
)
def test_a_config_that_is_none_is_refused_in_one_line(
    make: Callable[[Path], Path], says: str, tmp_path: Path
) -> None:
    config = make(tmp_path)
    told = run(config, tmp_path / "gateway")
    assert told.returncode == 78
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"{config}:")
    assert says in line
    assert not (tmp_path / "gateway").exists()


def test_a_wrong_config_is_refused_with_every_fault_and_its_line(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    text = (
        EXAMPLE.read_text()
        .replace('min_load = "20 g"', 'min_load = "20 mm"')
        .replace("fail_safe =", "fail_save =")
    )
    config.write_text(text)
    told = run(config, tmp_path / "gateway")
    assert told.returncode == 78
    assert "Traceback" not in told.stderr
    numbered = {line.split(":")[1]: line for line in told.stderr.splitlines()}
    wanted = {
        str(number): line.split(" =")[0]
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(("min_load", "fail_save"))
    }
    assert {number: key for number, key in wanted.items() if key in numbered.get(number, "")} == wanted


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port: int = other.getsockname()[1]
        yield port


def test_a_taken_web_port_is_refused_in_one_sentence(taken_port: int, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker_port=free_port(), web_port=taken_port)
    assert_one_sentence(
        run(config, tmp_path / "gateway"), 1, str(taken_port), "another program is using it", "[web]"
    )


def test_a_data_folder_that_others_may_write_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    data.mkdir()
    data.chmod(0o777)
    config = write_config(tmp_path, broker_port=free_port(), web_port=free_port())
    assert_one_sentence(run(config, data), 1, str(data), "chmod 700")


def test_a_key_file_that_others_may_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    data.mkdir(mode=0o700)
    (data / "gateway-practice.key").write_text("00" * 32)
    (data / "gateway-practice.key").chmod(0o644)
    config = write_config(tmp_path, broker_port=free_port(), web_port=free_port())
    assert_one_sentence(run(config, data), 1, "gateway-practice.key", "chmod 600")


def test_certificates_that_are_not_there_are_refused_in_one_sentence(tmp_path: Path) -> None:
    files = f'tls = {{ca = "{tmp_path}/ca.crt", cert = "{tmp_path}/gw.crt", key = "{tmp_path}/gw.key"}}'
    changes = {'# keepalive = "10 s"': files}
    config = write_config(tmp_path, broker_port=free_port(), web_port=free_port(), changes=changes)

    told = run(config, tmp_path / "data")

    assert_one_sentence(
        told, 1, f"[broker.tls] ca {tmp_path}/ca.crt can't be read: No such file", "correct its path"
    )


def test_a_data_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "gateway").touch()
    config = write_config(tmp_path, broker_port=free_port(), web_port=free_port())
    assert_one_sentence(run(config, tmp_path / "gateway"), 1, str(tmp_path / "gateway"), "--data")


def test_a_port_that_does_not_exist_is_said_once_and_used_when_it_appears(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as live:
        live.start_broker()
        live.start_coordinator()
        live.start_gateway(plugged=False)
        live.scale.line.plug()
        live.wait_screen(
            "the scanner is called for",
            lambda bench: (bench["state"], bench["device"]) == ("fault", "scan-1"),
        )
        assert live.gateway.page is not None
        seen = live.gateway.page["revision"]
        live.wait_screen(
            "some heartbeats have passed",
            lambda _: live.gateway.page is not None and live.gateway.page["revision"] > seen + 2,
        )
        assert live.gateway.bench["state"] == "fault"
        said = [line for line in live.gateway.said().splitlines() if "scan-1" in line]
        assert len(said) == 1, said
        assert "does not exist" in said[0]

        live.scanner.plug()
        live.wait_online()
        live.release(LABELS[0])
        live.scanner.unplug()
        live.wait_screen("the lost scanner is called for", lambda bench: bench["device"] == "scan-1")
        live.scanner.plug()
        live.release(LABELS[1])
        said = [line for line in live.gateway.said().splitlines() if "WARNING" in line and "scan-1" in line]
        assert len(said) == 2, said
        live.wait_settled()
        live.assert_each_once()


def test_a_second_gateway_on_the_same_data_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as live:
        live.start_gateway()
        (tmp_path / "second").mkdir()
        config = write_config(tmp_path / "second", broker_port=free_port(), web_port=free_port())
        assert_one_sentence(
            run(config, live.gateway.data), 1, str(live.gateway.data), "in use by process", "--data"
        )
        assert live.gateway.figures()["events"]["journalled"] >= 0
