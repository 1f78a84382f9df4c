"""The wrapper `./hub`, run with a script for a Python that only notes its calls, so nothing is downloaded."""

import os
import shutil
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = (
    "sh", "cat", "cp", "cut", "date", "dirname", "env", "flock", "grep", "id", "mkdir", "readlink", "rm",
    "sha256sum", "sort", "true",
)  # fmt: skip

FAKE_PYTHON: Final = """\
    #!/bin/sh
    # Reports VERSION; makes a venv that holds a copy of itself; notes every other call.
    [ "$1" != -P ] || shift
    case "$*" in
        *version_info\\[*) echo VERSION ;;
        *ensurepip*) exit ENSUREPIP ;;
        "-c "*) exit 0 ;;
        "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo "venv" >>LOG ;;
        "-m pip "*) echo "$*" >>LOG; [ ! -e LOG.break ] || { echo "ERROR: no index" >&2; exit 1; } ;;
        "-m edge.cli"*) shift 2; echo "cwd=$PWD"; for word; do echo "word=$word"; done ;;
        *) echo "$*" >>LOG ;;
    esac
"""


@dataclass(frozen=True)
class Checkout:
    """A tree with the wrapper in it, and a PATH on which only `TOOLS` and the fake Pythons exist."""

    tree: Path
    path: Path
    log: Path

    def python(self, name: str, version: str, ensurepip: bool = True) -> Path:
        script = self.path / name
        text = textwrap.dedent(FAKE_PYTHON).replace("VERSION", version).replace("LOG", str(self.log))
        script.write_text(text.replace("ENSUREPIP", "0" if ensurepip else "1"), "utf-8")
        script.chmod(0o755)
        return script

    def run(
        self, *words: str, hub: Path | None = None, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [hub or self.tree / "hub", *words],
            cwd=cwd or self.tree,
            env={"PATH": str(self.path), **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def tool(self, name: str, script: str) -> None:
        (self.path / name).unlink(missing_ok=True)
        (self.path / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (self.path / name).chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "a tree", tmp_path / "bin", tmp_path / "calls")
    made.tree.mkdir()
    made.path.mkdir()
    for name in ("hub", "pyproject.toml", *(lock.name for lock in ROOT.glob("requirements*.lock"))):
        shutil.copy(ROOT / name, made.tree)
    hub = (ROOT / "hub").read_text("utf-8").split("=/usr/bin/python3\n")
    (made.tree / "hub").write_text(f"='{made.path}/debian-python3'\n".join(hub), "utf-8")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is part of every Debian"
        (made.path / tool).symlink_to(found)
    return made


def test_the_wrapper_is_plain_posix_shell() -> None:
    subprocess.run(["sh", "-n", ROOT / "hub"], check=True)
    assert os.access(ROOT / "hub", os.X_OK)
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_an_unsuited_python_gets_one_sentence_before_anything_is_downloaded(checkout: Checkout) -> None:
    checkout.python("python3", "3.9.2")

    run = checkout.run("demo")

    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == (
        "ehub-edge needs Python 3.11 or newer; python3 here is 3.9.2."
        " Install python3.11 or set HUB_PYTHON=/path/to/python.\n"
    )
    assert checkout.calls() == []
    assert not (checkout.tree / ".venv").exists()


@pytest.mark.parametrize("version", ["2.7.18", "3.1.5", "3.10.14", "", "Segmentation fault"])
def test_whatever_is_older_than_3_11_or_does_not_answer_is_unsuited(checkout: Checkout, version: str) -> None:
    checkout.python("python3", version)

    assert checkout.run("demo").returncode == 1
    assert checkout.calls() == []


@pytest.mark.parametrize("version", ["3.11.0", "3.12.1", "3.20.0"])
def test_3_11_and_newer_are_suited(checkout: Checkout, version: str) -> None:
    checkout.python("python3", version)

    assert checkout.run("demo").returncode == 0


def test_no_python_at_all_is_said(checkout: Checkout) -> None:
    assert "no python3 was found here" in checkout.run("demo").stderr


def test_a_newer_python_beside_an_old_python3_is_used(checkout: Checkout) -> None:
    checkout.python("python3", "3.9.2")
    checkout.python("python3.11", "3.11.2")

    assert checkout.run("demo").returncode == 0


@pytest.mark.parametrize("has_venv", [True, False])
def test_debians_own_python_comes_first_where_it_can_make_a_venv(checkout: Checkout, has_venv: bool) -> None:
    checkout.python("debian-python3", "3.11.2", ensurepip=has_venv)
    checkout.python("python3", "3.9.2" if has_venv else "3.12.1")
    assert checkout.run("demo").returncode == 0


def test_a_python_asked_for_by_name_is_used_or_refused_never_replaced(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    run = checkout.run("demo", HUB_PYTHON="/nowhere/python")

    assert run.returncode == 1
    assert "HUB_PYTHON=/nowhere/python is not there" in run.stderr


def test_a_debian_without_the_venv_module_gets_the_exact_line(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2", ensurepip=False)

    run = checkout.run("demo")

    assert run.returncode == 1
    assert run.stderr == (
        "python3 (3.11.2) lacks the venv module; install it with: apt-get install -y python3.11-venv\n"
    )


def test_the_first_use_says_what_it_downloads_and_installs_by_hash(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    run = checkout.run("demo")

    assert "Setting up .venv once: 29 packages, about 20 MB" in run.stderr
    assert "Set up in" in run.stderr
    assert [call for call in checkout.calls() if "--require-hashes" in call and "requirements.lock" in call]
    assert [call for call in checkout.calls() if "--no-build-isolation" in call]


def test_the_second_use_installs_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("demo")
    before = checkout.calls()

    run = checkout.run("demo")

    assert run.stderr == ""
    assert checkout.calls() == before


def test_a_changed_lock_file_is_installed(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("demo")
    before = checkout.calls()
    with (checkout.tree / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# another\n")

    checkout.run("demo")

    assert len(checkout.calls()) > len(before)
    assert checkout.calls().count("venv") == 1, "the venv itself is kept"


def test_a_set_up_that_broke_off_is_begun_anew_and_never_taken_for_done(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    breaks = checkout.log.with_name("calls.break")
    breaks.touch()

    broken = checkout.run("demo")
    breaks.unlink()
    healed = checkout.run("demo")

    assert broken.returncode == 1
    assert "ERROR: no index" in broken.stderr
    assert "put it right and run the same command again" in broken.stderr
    assert healed.returncode == 0
    assert checkout.calls().count("venv") == 2


def test_a_copied_tree_does_not_run_the_code_of_the_tree_it_came_from(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("demo")
    copy = shutil.copytree(checkout.tree, tmp_path / "copy")

    assert "Setting up .venv" in checkout.run("demo", hub=copy / "hub").stderr


def test_two_first_uses_at_once_set_up_once(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: checkout.run("demo"), range(4)))

    assert [run.returncode for run in runs] == [0, 0, 0, 0]
    assert checkout.calls().count("venv") == 1


def test_words_and_folder_of_the_caller_reach_the_command_through_a_link(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.python("python3", "3.11.2")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "hub-link"
    link.symlink_to(checkout.tree / "hub")

    run = checkout.run("check", "my hub.toml", "", hub=link, cwd=elsewhere)

    assert run.stdout.splitlines() == [f"cwd={elsewhere}", "word=check", "word=my hub.toml", "word="]


def test_hub_test_explains_itself_without_setting_anything_up(checkout: Checkout) -> None:
    run = checkout.run("test", "--help")

    assert run.returncode == 0
    assert "--fast" in run.stdout
    assert not (checkout.tree / ".venv").exists()


def test_hub_test_fast_runs_the_cheap_checks_first_and_no_system_tests(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    run = checkout.run("test", "--fast", "-x")

    ran = [call for call in checkout.calls() if not call.startswith(("-m pip", "venv"))]
    assert run.returncode == 0, run.stderr
    assert [call.split()[1] for call in ran if call.startswith("-m ")] == ["ruff", "ruff", "mypy", "pytest"]
    assert ran[-1] == "-m pytest -m not system -x"
    assert [call for call in checkout.calls() if "requirements-dev.lock" in call]
    assert "apt-get" not in run.stderr


def installed(checkout: Checkout) -> list[str]:
    """The lock files that pip was given, in order."""
    calls = [call for call in checkout.calls() if "--require-hashes" in call]
    return [Path(call.split(" -r ", 1)[1]).name for call in calls]


def test_cameras_are_set_up_when_asked_for_and_the_command_follows(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    run = checkout.run("--cameras", "demo", "--seed", "7")

    assert run.stdout.splitlines()[1:] == ["word=demo", "word=--seed", "word=7"]
    assert installed(checkout) == ["requirements-camera.lock"]
    assert "33 packages, about 95 MB" in run.stderr


def test_what_pictures_need_is_set_up_when_asked_for(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    run = checkout.run("--plots", "simulate", "demo")

    assert run.stdout.splitlines()[1:] == ["word=simulate", "word=demo"]
    assert installed(checkout) == ["requirements-plots.lock"]
    assert "40 packages, about 60 MB" in run.stderr


def test_what_cameras_need_is_set_up_once_and_serves_without_the_flag_too(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("--cameras", "demo")

    again, without = checkout.run("--cameras", "demo"), checkout.run("demo")

    assert (again.stderr, without.stderr) == ("", "")
    assert len(installed(checkout)) == 1


def test_cameras_come_beside_the_tools_of_a_developer_and_neither_is_set_up_twice(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("test", "--fast")
    checkout.run("--cameras", "demo")

    runs = [checkout.run("test", "--fast"), checkout.run("--cameras", "demo"), checkout.run("demo")]

    assert [run.stderr for run in runs] == ["", "", ""]
    assert installed(checkout) == ["requirements-dev.lock", "requirements-camera.lock"]
    assert checkout.calls().count("venv") == 1


def test_a_venv_that_had_to_be_made_anew_has_only_what_was_asked_for(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")
    checkout.run("test", "--fast")
    (checkout.tree / ".venv/.unfinished").touch()

    checkout.run("--cameras", "demo")
    checkout.run("test", "--fast")

    assert installed(checkout) == [
        "requirements-dev.lock",
        "requirements-camera.lock",
        "requirements-dev.lock",
    ]


def test_the_tests_can_be_run_with_everything_cameras_may_use(checkout: Checkout) -> None:
    checkout.python("python3", "3.11.2")

    checkout.run("--cameras", "test", "--fast")

    assert installed(checkout) == ["requirements-camera.lock", "requirements-dev.lock"]
    assert checkout.calls()[-1] == "-m pytest -m not system"


@pytest.fixture
def bare_debian(checkout: Checkout) -> Checkout:
    """Root on a machine without Chromium (Mosquitto may be there: /usr/sbin is always looked at)."""
    checkout.python("python3", "3.11.2")
    checkout.tool("id", "echo 0")
    return checkout


def test_hub_test_installs_missing_debian_packages_after_an_update(bare_debian: Checkout) -> None:
    bare_debian.tool("mosquitto", "")
    bare_debian.tool(
        "apt-get",
        f'echo "apt-get $*" >>{bare_debian.log}; [ "$8" = update ] || cp "$0" {bare_debian.path}/chromium',
    )

    run = bare_debian.run("test")

    update, install = (call for call in bare_debian.calls() if call.startswith("apt-get"))
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends chromium")
    assert "skipped" not in run.stderr


def test_an_apt_get_without_network_does_not_stop_the_tests(bare_debian: Checkout) -> None:
    bare_debian.tool("apt-get", 'echo "E: Failed to fetch" >&2; exit 100')

    run = bare_debian.run("test")

    assert run.returncode == 0
    assert "E: Failed to fetch" in run.stderr
    assert "to install them: apt-get update && apt-get install -y --no-install-recommends" in run.stderr
    assert bare_debian.calls()[-2:] == [
        "-m pytest -n auto -m not system",
        "-m pytest -n auto --dist loadfile -m system",
    ]


def test_whoever_may_not_use_apt_get_is_told_the_line(bare_debian: Checkout) -> None:
    bare_debian.tool("id", "echo 1000")
    bare_debian.tool("apt-get", f'echo "apt-get $*" >>{bare_debian.log}')

    run = bare_debian.run("test")

    assert run.returncode == 0
    assert "chromium" in run.stderr
    assert [call for call in bare_debian.calls() if call.startswith("apt-get")] == []


def test_the_first_check_that_fails_ends_the_run_with_its_own_exit_code(bare_debian: Checkout) -> None:
    python = bare_debian.path / "python3"
    python.write_text(
        python.read_text("utf-8").replace('"-m pip "*)', '"-m mypy") exit 7 ;; "-m pip "*)'), "utf-8"
    )

    run = bare_debian.run("test", "--fast")

    assert run.returncode == 7
    assert run.stdout.splitlines()[-1] == "== -m mypy"
    assert bare_debian.calls()[-1] == "-m ruff format --check ."
