"""The import contracts bite: in a copy of the tree, each forbidden import planted there is refused by name.

`./hub test` checks the tree itself. All plants share one copy and one run, since a run is most of a second.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("hub_config", "firmware_bridge", "drivers", "edge", "simulators")

PLANTS: Final = {
    "hub_config/names.py": ("import drivers.reading", "Packages import one way"),
    "edge/rim/planted.py": ("import edge.web.planted", "Inside edge"),
    "edge/core/event.py": ("import time", "The core, driver sessions and the board"),
    "drivers/cameras/folder_camera.py": ("import threading", "The core, driver sessions and the board"),
    "drivers/decode.py": ("import cv2", "OpenCV and the decoders"),
    "drivers/pump.py": ("import drivers.cameras.worker", "Nothing imports the camera worker"),
    "edge/wire/planted.py": ("import socket", "The contract with the coordinator"),
    "simulators/devices/planted.py": ("import drivers.reading", "Simulated devices share no code"),
    "edge/wire/verifier.py": ("import edge.wire.planted", "The verifiers import nothing of ours"),
    "edge/wire/capsule_verifier.py": ("import edge.wire.verifier", "The verifiers import nothing of ours"),
    "simulators/report.py": ("import matplotlib", "Matplotlib stays with the pictures"),
    "edge/web/planted.py": ("import edge.wire.verifier", "Nothing the gateway runs imports a verifier"),
}


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = tmp_path_factory.mktemp("planted")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", copy)
    for name, (line, _) in PLANTS.items():
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [lint, "--no-logo", "--no-cache"],
        cwd=copy,
        env={"COLUMNS": "400", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize(("line", "contract"), PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_import_breaks_its_contract(verdict: str, line: str, contract: str) -> None:
    assert any(said.startswith(contract) and " BROKEN" in said for said in verdict.splitlines()), line
