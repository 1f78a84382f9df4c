"""A driver from outside the tree: its wheel is built and installed beside the hub, and a parcel goes its way by it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_hub import LABELS, ROOT, LiveHub, run_hub, wait_for, write_config
from serial_peers import ScalePeer, SerialLine

pytestmark = pytest.mark.system

TEMPLATE = ROOT / "examples" / "driver"
EXTERNAL = 'kind = "external"\ndriver = "template_scale:TemplateScale"\ngives = "weights"\nsettings = { poll_ms = 50 }'
CHANGES = {
    'kind = "mt-sics"         # Mettler-Toledo standard command set, also spoken by others': EXTERNAL,
    'poll = "100 ms"          # how often it is asked\nanswer_timeout = "500 ms"\n': "",
}
LOADED = b"   0.256 kg S\r\n"


class TemplatePeer(ScalePeer):
    END = b"\r"
    EMPTY = b"   0.000 kg S\r\n"

    def _answer(self, command: bytes) -> bytes:
        assert command == b"W"
        self._asked += 1
        return self.instead.pop(0) if self.instead else self._shows


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    subprocess.run(command, check=True, capture_output=True, timeout=100)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel."""
    folder = tmp_path_factory.mktemp("driver")
    source = folder / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text((TEMPLATE / "pyproject.toml").read_text())
    (source / "template_scale").mkdir()
    for file in (TEMPLATE / "template_scale").glob("*.py"):
        (source / "template_scale" / file.name).write_text(file.read_text())
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    pip("install", "--no-deps", "--no-index", "--target", str(folder / "site"), str(wheel))
    return folder / "site"


@pytest.fixture
def bench(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveHub]:
    monkeypatch.setenv("PYTHONPATH", f"{installed}:{ROOT}")
    with LiveHub(tmp_path, changes=CHANGES) as live:
        live.scale = TemplatePeer(SerialLine(tmp_path / "scale", seed=2))
        yield live.start()
        assert "Traceback" not in live.gateway.said()


def test_a_parcel_is_weighed_and_released_by_a_driver_from_a_wheel(bench: LiveHub) -> None:
    bench.measure(LABELS[0], LOADED)
    shown = bench.wait_state("release", "hold", "inspect", "ask")

    assert (shown["state"], shown["mass_mg"]) == ("release", 256_000)
    bench.take_to("HUBXGREEN")
    bench.scale.instead.append(b"garbage\r\n")
    wait_for(lambda: bench.gateway.rejected("garbled") == 1, "garbage is counted")
    bench.wait_settled()


def test_a_driver_that_is_not_installed_is_one_clear_fault(tmp_path: Path) -> None:
    config = write_config(tmp_path, broker_port=1, web_port=2, changes=CHANGES)

    ran = run_hub("check", str(config))

    assert ran.returncode == 1
    line = 1 + config.read_text().splitlines().index('driver = "template_scale:TemplateScale"')
    assert f"{config}:{line}: devices[1] scale-1.driver: no installed package declares" in ran.stdout
    assert run_hub("run", str(config)).returncode == 78


def test_a_setting_that_the_driver_refuses_is_one_clear_fault(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{installed}:{ROOT}")
    wrong = {**CHANGES, next(iter(CHANGES)): EXTERNAL.replace("50", "5")}

    ran = run_hub("check", str(write_config(tmp_path, broker_port=1, web_port=2, changes=wrong)))

    assert ran.returncode == 1
    assert "settings.poll_ms: 5: Input should be greater than or equal to 20" in ran.stdout
    assert "template_scale:TemplateScale" in run_hub("driver", "list").stdout


def test_the_template_keeps_every_rule() -> None:
    ran = run_hub(
        "driver", "check", "template_scale", cwd=TEMPLATE, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(" kept ") == 7
